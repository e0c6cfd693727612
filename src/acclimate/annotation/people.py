"""Who works on a project: names, roles, sites, skills and passwords. What is not granted is refused."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Connection, Row, insert, select, update

from acclimate.annotation.store import ITSELF, Store
from acclimate.annotation.tables import outside_identities, people
from acclimate.core.errors import DataError

MIN_PASSWORD, MAX_PASSWORD = 12, 1000
SYSTEM = ITSELF
"""Who acts on the command line, where whoever holds the database adds the first owner."""
EVERY_SITE = "*"

_HASHER = PasswordHasher()


class Role(StrEnum):
    """What a person may do; roles are granted one by one."""

    OWNER = "owner"
    MANAGER = "manager"
    ANNOTATOR = "annotator"
    REVIEWER = "reviewer"
    VALIDATOR = "validator"
    APPROVER = "approver"
    AUDITOR = "auditor"


GRANTED_BY_MANAGERS = frozenset({Role.ANNOTATOR, Role.REVIEWER, Role.VALIDATOR})
"""The others are granted by owners alone: who manages the work must not choose who judges it."""
PROJECT_WIDE = frozenset({Role.OWNER, Role.MANAGER, Role.APPROVER, Role.AUDITOR})
"""Roles that reach every site unless the person has sites; the others reach a site only by its name."""


class RefusedError(DataError):
    """The person may not do this."""


@dataclass(frozen=True)
class Person:
    """A person. Their sites limit all their roles; items that need a skill go only to those who have it.

    Without sites, roles that are `PROJECT_WIDE` reach everything, the others only items without a site; `EVERY_SITE`
    among the sites is all of them. `quota` is how many readings of a task the person takes at most.
    """

    name: str
    roles: tuple[Role, ...]
    sites: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    quota: int | None = None

    def reaches(self, *roles: Role) -> frozenset[str] | None:
        """The sites whose items the person reaches in any of these roles, beside items without a site; None: all.

        >>> Person("ann", (Role.ANNOTATOR,), sites=("north",)).reaches(Role.ANNOTATOR)
        frozenset({'north'})
        >>> Person("mia", (Role.MANAGER, Role.ANNOTATOR)).reaches(Role.MANAGER) is None
        True
        >>> Person("mia", (Role.MANAGER, Role.ANNOTATOR)).reaches(Role.ANNOTATOR)
        frozenset()
        """
        held = set(self.roles) & set(roles)
        if held and (EVERY_SITE in self.sites or (not self.sites and held & PROJECT_WIDE)):
            return None
        return frozenset(self.sites if held else ())


def save_person(store: Store, person: Person, *, by: str) -> None:
    """Adds a person, or replaces what is said of one; the password stays."""
    if person.name in ("", SYSTEM) or person.name != person.name.strip():
        raise DataError(f"A person cannot be called {person.name!r}.", hint="give a name without spaces around it")
    values = {
        "roles": [str(role) for role in person.roles],
        "sites": list(person.sites),
        "skills": list(person.skills),
        "quota": person.quota,
        "active": True,
    }
    with store.write() as transaction:
        connection = transaction.connection
        earlier = _found(connection, person.name)
        require_authority(connection, by, *(one for one in (earlier, person) if one is not None))
        if earlier is not None:
            _require_another_owner(connection, earlier, roles=person.roles)
        changed = connection.execute(update(people).where(people.c.name == person.name).values(values))
        if not changed.rowcount:
            connection.execute(insert(people).values(name=person.name, **values))
        transaction.append(by, "person saved", person=person.name, **values)


def make_first_owner(store: Store, name: str, *, account: str) -> None:
    """Makes a person owner and manager, for whoever holds the database of a project that nobody leads yet.

    The chain tells it, with the account of the machine.
    """
    with store.write() as transaction:
        transaction.append(SYSTEM, "set up", person=name, account=account)
    save_person(store, Person(name, (Role.OWNER, Role.MANAGER)), by=SYSTEM)


def remove_person(store: Store, name: str, *, by: str) -> None:
    """Takes away all rights of a person; their answers stay."""
    with store.write() as transaction:
        connection = transaction.connection
        removed = person_named(connection, name)
        require_authority(connection, by, removed)
        _require_another_owner(connection, removed, roles=())
        connection.execute(update(people).where(people.c.name == name).values(active=False, password=None))
        transaction.append(by, "person removed", person=name)


def set_password(store: Store, name: str, password: str, *, by: str) -> None:
    """Gives a person a password, kept as an argon2id hash."""
    require_good_password(password)
    hashed = _HASHER.hash(password)
    with store.write() as transaction:
        person = person_named(transaction.connection, name)
        if by != name:
            require_authority(transaction.connection, by, person)
        transaction.connection.execute(update(people).where(people.c.name == name).values(password=hashed))
        transaction.append(by, "password set", person=name)


def require_good_password(password: str) -> None:
    """Raises DataError for a password that is too short, or so long that hashing it would keep the server busy."""
    if len(password) < MIN_PASSWORD:
        raise DataError(
            f"The password has {len(password)} characters, at least {MIN_PASSWORD} are needed.",
            hint="several words are easy to remember",
        )
    if len(password) > MAX_PASSWORD:
        raise DataError(f"The password has more than {MAX_PASSWORD} characters.", hint="choose a shorter one")


def password_is_right(store: Store, name: str, password: str) -> bool:
    """Whether an active person has this password; takes as long for a name that is not there.

    Call `prepare_password_check` once before: else the first name that is not there takes twice as long.
    """
    with store.read() as connection:
        found = connection.scalar(select(people.c.password).where(people.c.name == name, people.c.active))
    try:
        return _HASHER.verify(found or _nobodys_hash(), password) and found is not None
    except (VerifyMismatchError, InvalidHashError):
        return False


def prepare_password_check() -> None:
    """Makes what passwords are checked against where there is no such person."""
    _nobodys_hash()


def person_named(connection: Connection, name: str) -> Person:
    """The active person of a name; raises RefusedError where there is none."""
    person = _found(connection, name)
    if person is None:
        raise RefusedError(f"There is no active person {name!r} in this project.", hint="a manager can add people")
    return person


def active_people(connection: Connection) -> list[tuple[Person, bool]]:
    """Everybody active by name, each with whether they can sign in, by a password or an account elsewhere."""
    bound = set(connection.scalars(select(outside_identities.c.person)))
    rows = connection.execute(select(people).where(people.c.active)).all()
    found = [(_person(row), row.password is not None or row.name in bound) for row in rows]
    return sorted(found, key=lambda pair: pair[0].name)


def somebody_can_sign_in(connection: Connection) -> bool:
    """Whether anybody active has a password or an account elsewhere; where nobody has, the project is being set up."""
    return any(can_sign_in for _, can_sign_in in active_people(connection))


def require_role(connection: Connection, name: str, *roles: Role) -> Person:
    """The person, who has one of the roles; raises RefusedError where not."""
    person = person_named(connection, name)
    if not set(roles) & set(person.roles):
        raise RefusedError(
            f"{name} is no {' or '.join(roles)}, so this is refused.",
            hint="a manager can grant the role, if it is meant",
        )
    return person


def require_every_site(connection: Connection, name: str, *roles: Role) -> Person:
    """The person, who has one of the roles at every site; for what changes or shows records of all of them."""
    person = require_role(connection, name, *roles)
    if person.reaches(*roles) is not None:
        raise RefusedError(
            f"{name} has this role at some sites alone, and this concerns all of them.",
            hint="ask somebody who has it for the whole project",
        )
    return person


def require_authority(connection: Connection, by: str, *subjects: Person) -> None:
    """Raises RefusedError unless `by` may give and take the roles and sites of these people.

    Owners may all of it, managers the roles of those who work on records; neither beyond their own sites.
    """
    if by == SYSTEM:
        return
    person = require_role(connection, by, Role.OWNER, Role.MANAGER)
    own = person.reaches(Role.OWNER, Role.MANAGER)
    for subject in subjects:
        above = () if Role.OWNER in person.roles else sorted(set(subject.roles) - GRANTED_BY_MANAGERS)
        if above:
            raise RefusedError(f"{by} cannot give or take the role {', '.join(above)}.", hint="an owner can")
        reached = subject.reaches(*subject.roles)
        if own is not None and (reached is None or not reached <= own):
            raise RefusedError(
                f"{subject.name} is of sites that {by} is not of.", hint=f"sites of {by}: {', '.join(sorted(own))}"
            )


def _require_another_owner(connection: Connection, person: Person, *, roles: Collection[Role]) -> None:
    """Refuses to leave a project that had an owner without one."""
    owners = {one.name for one, _ in active_people(connection) if Role.OWNER in one.roles}
    if owners == {person.name} and Role.OWNER not in roles:
        raise RefusedError(f"{person.name} is the only owner.", hint="make somebody else an owner first")


def _found(connection: Connection, name: str) -> Person | None:
    row = connection.execute(select(people).where(people.c.name == name, people.c.active)).first()
    return _person(row) if row is not None else None


def _person(row: Row[Any]) -> Person:
    roles = tuple(Role(role) for role in row.roles)
    return Person(row.name, roles, sites=tuple(row.sites), skills=tuple(row.skills), quota=row.quota)


@cache
def _nobodys_hash() -> str:
    """What a password is checked against where there is no such person."""
    return _HASHER.hash(SYSTEM)

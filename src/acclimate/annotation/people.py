"""Who works on a project: names, roles, sites, skills and passwords. What is not granted is refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Connection, insert, select, update

from acclimate.annotation.store import Store
from acclimate.annotation.tables import people
from acclimate.core.errors import DataError

MIN_PASSWORD, MAX_PASSWORD = 12, 1000
SYSTEM = "acclimate"
"""Who acts on the command line, where whoever holds the database adds the first manager."""

_HASHER = PasswordHasher()


class Role(StrEnum):
    """What a person may do; roles are granted one by one."""

    MANAGER = "manager"
    ANNOTATOR = "annotator"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"


class RefusedError(DataError):
    """The person may not do this."""


@dataclass(frozen=True)
class Person:
    """A person. Items of a site go only to people of that site; items that need a skill only to those who have it.

    `quota` is how many readings of a task the person takes at most.
    """

    name: str
    roles: tuple[Role, ...]
    sites: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    quota: int | None = None


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
        if by != SYSTEM:
            require_role(transaction.connection, by, Role.MANAGER)
        changed = transaction.connection.execute(update(people).where(people.c.name == person.name).values(values))
        if not changed.rowcount:
            transaction.connection.execute(insert(people).values(name=person.name, **values))
        transaction.append(by, "person saved", person=person.name, **values)


def remove_person(store: Store, name: str, *, by: str) -> None:
    """Takes away all rights of a person; their answers stay."""
    with store.write() as transaction:
        require_role(transaction.connection, by, Role.MANAGER)
        transaction.connection.execute(update(people).where(people.c.name == name).values(active=False, password=None))
        transaction.append(by, "person removed", person=name)


def set_password(store: Store, name: str, password: str, *, by: str) -> None:
    """Gives a person a password, kept as an argon2id hash."""
    require_good_password(password)
    hashed = _HASHER.hash(password)
    with store.write() as transaction:
        if by not in (SYSTEM, name):
            require_role(transaction.connection, by, Role.MANAGER)
        person_named(transaction.connection, name)
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
    """Whether an active person has this password; takes as long for a name that is not there."""
    with store.read() as connection:
        found = connection.scalar(select(people.c.password).where(people.c.name == name, people.c.active))
    try:
        return _HASHER.verify(found or _nobodys_hash(), password) and found is not None
    except (VerifyMismatchError, InvalidHashError):
        return False


def person_named(connection: Connection, name: str) -> Person:
    """The active person of a name; raises RefusedError where there is none."""
    row = connection.execute(select(people).where(people.c.name == name, people.c.active)).first()
    if row is None:
        raise RefusedError(f"There is no active person {name!r} in this project.", hint="a manager can add people")
    person = Person(row.name, tuple(Role(role) for role in row.roles), quota=row.quota)
    return replace(person, sites=tuple(row.sites), skills=tuple(row.skills))


def active_people(connection: Connection) -> list[tuple[Person, bool]]:
    """Everybody active by name, each with whether they have a password."""
    names = connection.execute(select(people.c.name, people.c.password).where(people.c.active))
    found = [(person_named(connection, row.name), row.password is not None) for row in names]
    return sorted(found, key=lambda pair: pair[0].name)


def require_role(connection: Connection, name: str, *roles: Role) -> Person:
    """The person, who has one of the roles; raises RefusedError where not."""
    person = person_named(connection, name)
    if not set(roles) & set(person.roles):
        raise RefusedError(
            f"{name} is no {' or '.join(roles)}, so this is refused.",
            hint="a manager can grant the role, if it is meant",
        )
    return person


@cache
def _nobodys_hash() -> str:
    """What a password is checked against where there is no such person."""
    return _HASHER.hash(SYSTEM)

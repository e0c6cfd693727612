"""Who is at the browser: passwords with a lock after wrong ones, sessions, one-time invitations, and break-glass.

The database keeps digests of session and invitation tokens alone, so whoever reads it cannot sign in with what they find.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from acclimate.annotation.people import (
    MAX_PASSWORD,
    SYSTEM,
    Person,
    RefusedError,
    Role,
    active_people,
    password_is_right,
    person_named,
    remove_person,
    require_authority,
    require_good_password,
    save_person,
    set_password,
)
from acclimate.annotation.store import Store, Transaction, moment
from acclimate.annotation.tables import attempts, events, invitations, outside_identities, people, sessions
from acclimate.app.second_factor import forget_second_factor, passes_second_factor
from acclimate.core.errors import DataError

SESSION_HOURS = 12
IDLE_HOURS = 2
INVITATION_DAYS = 7
FREE_ATTEMPTS = 5
LOCK_MINUTES = 15
BREAK_GLASS = "break-glass access"
"""The action by which whoever holds the database lets somebody in; owners are shown it on their first page."""
BREAK_GLASS_DAYS = 30
WRONG = "That did not match, or there were too many attempts."

_TOUCH_MINUTES = 5
_HASHING = threading.BoundedSemaphore(2)
"""An argon2 hash takes 64 MB: more at once would let strangers fill the memory."""


def sign_in(store: Store, name: str, password: str, *, code: str = "", replaces: str = "") -> str | None:
    """The token of a new session, or None: for a wrong password or code, a name that is not there, and a locked one alike.

    The session of the token `replaces`, that the browser came with, ends.
    """
    return begin_session(store, name, replaces=replaces) if proves(store, name, password, code=code) else None


def proves(store: Store, name: str, password: str, *, code: str = "") -> bool:
    """Whether this is the person of the name; a failure counts as an attempt.

    A name is locked for a quarter of an hour after five failures, whether somebody has it or not.
    """
    key = _digest(name)
    with store.write() as transaction:
        now = transaction.now
        transaction.connection.execute(delete(attempts).where(attempts.c.until <= moment(now)))
        failures = transaction.connection.scalar(select(attempts.c.failures).where(attempts.c.name == key)) or 0
        if failures >= FREE_ATTEMPTS or len(password) > MAX_PASSWORD:
            return False
        # Counted before the password is checked, so that attempts made at the same moment do not slip through.
        _count_attempt(transaction.connection, key, failures + 1, now)
    with _HASHING:
        right = password_is_right(store, name, password)
    if not (right and passes_second_factor(store, name, code)):
        return False
    with store.write() as transaction:
        transaction.connection.execute(delete(attempts).where(attempts.c.name == key))
    return True


def begin_session(store: Store, name: str, *, replaces: str = "", how: str = "password") -> str:
    """A new session under a token nobody has seen before, so that one planted in a browser is worth nothing."""
    token = secrets.token_urlsafe(32)
    with store.write() as transaction:
        now = moment(transaction.now)
        ended = (sessions.c.expires_at <= now) | (sessions.c.token == _digest(replaces))
        transaction.connection.execute(delete(sessions).where(ended))
        expires = moment(transaction.now + timedelta(hours=SESSION_HOURS))
        transaction.connection.execute(
            insert(sessions).values(token=_digest(token), person=name, expires_at=expires, used_at=now)
        )
        transaction.append(name, "signed in", by=how)
    return token


def person_of(store: Store, token: str) -> Person | None:
    """Who a session belongs to; None where it has ended or its person was removed."""
    now, key = store.clock(), _digest(token)
    with store.read() as connection:
        row = connection.execute(select(sessions).where(sessions.c.token == key)).first()
        idle_since = moment(now - timedelta(hours=IDLE_HOURS))
        if row is None or row.expires_at <= moment(now) or row.used_at <= idle_since:
            return None
        try:
            person = person_named(connection, row.person)
        except RefusedError:
            return None
    if row.used_at <= moment(now - timedelta(minutes=_TOUCH_MINUTES)):
        with store.write() as transaction:
            transaction.connection.execute(update(sessions).where(sessions.c.token == key).values(used_at=moment(now)))
    return person


def sign_out(store: Store, token: str) -> None:
    """Ends a session."""
    with store.write() as transaction:
        gone = sessions.c.token == _digest(token)
        person = transaction.connection.scalar(select(sessions.c.person).where(gone))
        transaction.connection.execute(delete(sessions).where(gone))
        if person is not None:
            transaction.append(person, "signed out")


def open_sessions(store: Store, name: str) -> int:
    """In how many browsers a person is signed in."""
    now = store.clock()
    alive = (sessions.c.expires_at > moment(now)) & (sessions.c.used_at > moment(now - timedelta(hours=IDLE_HOURS)))
    with store.read() as connection:
        return len(connection.execute(select(sessions.c.token).where(sessions.c.person == name, alive)).all())


def sign_out_everywhere(store: Store, name: str) -> None:
    """Ends all sessions of a person."""
    with store.write() as transaction:
        transaction.connection.execute(delete(sessions).where(sessions.c.person == name))
        transaction.append(name, "signed out everywhere")


def change_password(store: Store, name: str, *, old: str, new: str, code: str = "") -> str:
    """Sets another password, ends all sessions of the person and begins a new one; returns its token."""
    require_good_password(new)
    if not proves(store, name, old, code=code):
        raise RefusedError(WRONG, hint="enter the password you have now, and a code where you use one")
    with _HASHING:
        set_password(store, name, new, by=name)
    sign_out_everywhere(store, name)
    return begin_session(store, name)


def invite(store: Store, name: str, *, by: str) -> str:
    """The token of a link that sets this person's password once; an earlier link of theirs ends."""
    token = secrets.token_urlsafe(32)
    with store.write() as transaction:
        require_authority(transaction.connection, by, person_named(transaction.connection, name))
        transaction.connection.execute(delete(invitations).where(invitations.c.person == name))
        expires = moment(transaction.now + timedelta(days=INVITATION_DAYS))
        transaction.connection.execute(
            insert(invitations).values(token=_digest(token), person=name, expires_at=expires)
        )
        transaction.append(by, "invited", person=name)
    return token


def invited_person(store: Store, token: str) -> str | None:
    """Whose invitation this is; None where it was used, has run out or never was."""
    with store.read() as connection:
        return _invited(connection, token, store.clock())


def accept_invitation(store: Store, token: str, password: str) -> str:
    """Sets the invited person's password, ends their other sessions and begins one; returns its token."""
    require_good_password(password)
    with store.write() as transaction:
        name = use_invitation(transaction, token)
    with _HASHING:
        set_password(store, name, password, by=name)
    return begin_session(store, name)


def use_invitation(transaction: Transaction, token: str) -> str:
    """Whose invitation this was: it is used up first, so that of two who open a link at once one alone gets in."""
    connection = transaction.connection
    name = _invited(connection, token, transaction.now)
    if name is None:
        raise RefusedError("This invitation was used or has run out.", hint="ask the manager for a new one")
    connection.execute(delete(invitations).where(invitations.c.person == name))
    connection.execute(delete(sessions).where(sessions.c.person == name))
    connection.execute(delete(attempts).where(attempts.c.name == _digest(name)))
    # Also for whoever lost the phone and the recovery codes.
    forget_second_factor(transaction, name)
    transaction.append(name, "invitation accepted")
    return name


def remove_access(store: Store, name: str, *, by: str) -> None:
    """Takes away all rights of a person and every way in; their answers stay."""
    remove_person(store, name, by=by)
    with store.write() as transaction:
        _close_every_way_in(transaction, name)


def break_glass(store: Store, name: str, *, reason: str, account: str) -> str:
    """Makes a person owner and manager of the whole project, with a new invitation as their only way in; its token.

    For whoever holds the database, when no owner can sign in. Reason and account of the machine stand in the chain.
    """
    if not reason.strip():
        raise DataError("Break-glass access needs a reason.", hint="give --reason: it stands in the audit chain")
    with store.write() as transaction:
        transaction.append(SYSTEM, BREAK_GLASS, person=name, reason=reason.strip(), account=account)
        _close_every_way_in(transaction, name)
        transaction.connection.execute(update(people).where(people.c.name == name).values(password=None))
        earlier = {person.name: person for person, _ in active_people(transaction.connection)}.get(name)
    others = earlier.roles if earlier else ()
    save_person(store, Person(name, tuple(dict.fromkeys((Role.OWNER, Role.MANAGER, *others)))), by=SYSTEM)
    return invite(store, name, by=SYSTEM)


@dataclass(frozen=True)
class BrokenGlass:
    """A break-glass access: when (a day), whom it let in, why, and the account of the machine that did it."""

    day: str
    person: str
    reason: str
    account: str


def broken_glass(store: Store) -> list[BrokenGlass]:
    """The break-glass accesses of the last thirty days, the newest first."""
    since = moment(store.clock() - timedelta(days=BREAK_GLASS_DAYS))
    wanted = select(events).where(events.c.action == BREAK_GLASS, events.c.at >= since)
    with store.read() as connection:
        rows = connection.execute(wanted.order_by(events.c.number.desc())).all()
    return [BrokenGlass(day=row.at[:10], **row.details) for row in rows]


def form_token(token: str) -> str:
    """What a form must carry that was made for the browser with this cookie."""
    return _digest(f"form\0{token}")


def _close_every_way_in(transaction: Transaction, name: str) -> None:
    for table in (sessions, invitations, outside_identities):
        transaction.connection.execute(delete(table).where(table.c.person == name))
    transaction.connection.execute(delete(attempts).where(attempts.c.name == _digest(name)))
    forget_second_factor(transaction, name)


def _count_attempt(connection: Connection, key: str, failures: int, now: datetime) -> None:
    connection.execute(delete(attempts).where(attempts.c.name == key))
    until = moment(now + timedelta(minutes=LOCK_MINUTES))
    connection.execute(insert(attempts).values(name=key, failures=failures, until=until))


def _invited(connection: Connection, token: str, now: datetime) -> str | None:
    found = (invitations.c.token == _digest(token)) & (invitations.c.expires_at > moment(now))
    return connection.scalar(select(invitations.c.person).where(found))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()

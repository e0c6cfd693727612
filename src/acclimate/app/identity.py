"""Who is at the browser: sessions, one-time invitations, and the lock after wrong passwords.

The database keeps digests of session and invitation tokens alone, so whoever reads it cannot sign in with what they find.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from datetime import datetime, timedelta

from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, delete, insert, select, update

from acclimate.annotation.people import (
    MAX_PASSWORD,
    SYSTEM,
    Person,
    RefusedError,
    Role,
    password_is_right,
    person_named,
    remove_person,
    require_good_password,
    require_role,
    set_password,
)
from acclimate.annotation.store import Store, moment

SESSION_HOURS = 12
IDLE_HOURS = 2
INVITATION_DAYS = 7
FREE_ATTEMPTS = 5
LOCK_MINUTES = 15
WRONG = "That name and password do not go together, or there were too many attempts."

_TOUCH_MINUTES = 5
_HASHING = threading.BoundedSemaphore(2)
"""An argon2 hash takes 64 MB: more at once would let strangers fill the memory."""

metadata = MetaData()
sessions = Table(
    "app_sessions",
    metadata,
    Column("token", String, primary_key=True),
    Column("person", String, nullable=False),
    Column("expires_at", String, nullable=False),
    Column("used_at", String, nullable=False),
)
invitations = Table(
    "app_invitations",
    metadata,
    Column("token", String, primary_key=True),
    Column("person", String, nullable=False, unique=True),
    Column("expires_at", String, nullable=False),
)
attempts = Table(
    "app_attempts",
    metadata,
    Column("name", String, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("until", String, nullable=False),
)


def make_tables(store: Store) -> None:
    """Makes the application's own tables beside those of the annotations, where they are not there yet."""
    with store.write() as transaction:
        metadata.create_all(transaction.connection)


def sign_in(store: Store, name: str, password: str) -> str | None:
    """The token of a new session, or None: for a wrong password, a name that is not there, and a locked one alike.

    A name is locked for a quarter of an hour after five failures, whether somebody has it or not.
    """
    key = _digest(name)
    with store.write() as transaction:
        now = transaction.now
        transaction.connection.execute(delete(attempts).where(attempts.c.until <= moment(now)))
        failures = transaction.connection.scalar(select(attempts.c.failures).where(attempts.c.name == key)) or 0
        if failures >= FREE_ATTEMPTS:
            return None
        if len(password) > MAX_PASSWORD:
            return None
        # Counted before the password is checked, so that attempts made at the same moment do not slip through.
        _count_attempt(transaction.connection, key, failures + 1, now)
    with _HASHING:
        right = password_is_right(store, name, password)
    return _begin(store, name) if right else None


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


def invite(store: Store, name: str, *, by: str) -> str:
    """The token of a link that sets this person's password once; an earlier link of theirs ends."""
    token = secrets.token_urlsafe(32)
    with store.write() as transaction:
        if by != SYSTEM:
            require_role(transaction.connection, by, Role.MANAGER)
        person_named(transaction.connection, name)
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
        connection = transaction.connection
        name = _invited(connection, token, transaction.now)
        if name is None:
            raise RefusedError("This invitation was used or has run out.", hint="ask the manager for a new one")
        # Used up first: of two who open the link at once, one alone sets the password.
        connection.execute(delete(invitations).where(invitations.c.person == name))
        connection.execute(delete(sessions).where(sessions.c.person == name))
        transaction.append(name, "invitation accepted")
    with _HASHING:
        set_password(store, name, password, by=name)
    return _begin(store, name)


def remove_access(store: Store, name: str, *, by: str) -> None:
    """Takes away all rights of a person, their sessions and their invitation; their answers stay."""
    remove_person(store, name, by=by)
    with store.write() as transaction:
        transaction.connection.execute(delete(sessions).where(sessions.c.person == name))
        transaction.connection.execute(delete(invitations).where(invitations.c.person == name))


def form_token(token: str) -> str:
    """What a form must carry that was made for the browser with this cookie."""
    return _digest(f"form\0{token}")


def _begin(store: Store, name: str) -> str:
    """A new session under a token nobody has seen before, so that one planted in a browser is worth nothing."""
    token = secrets.token_urlsafe(32)
    with store.write() as transaction:
        now = moment(transaction.now)
        transaction.connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
        transaction.connection.execute(delete(attempts).where(attempts.c.name == _digest(name)))
        expires = moment(transaction.now + timedelta(hours=SESSION_HOURS))
        transaction.connection.execute(
            insert(sessions).values(token=_digest(token), person=name, expires_at=expires, used_at=now)
        )
        transaction.append(name, "signed in")
    return token


def _count_attempt(connection: Connection, key: str, failures: int, now: datetime) -> None:
    connection.execute(delete(attempts).where(attempts.c.name == key))
    until = moment(now + timedelta(minutes=LOCK_MINUTES))
    connection.execute(insert(attempts).values(name=key, failures=failures, until=until))


def _invited(connection: Connection, token: str, now: datetime) -> str | None:
    found = (invitations.c.token == _digest(token)) & (invitations.c.expires_at > moment(now))
    return connection.scalar(select(invitations.c.person).where(found))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()

"""The annotation database: every change is one transaction that also appends an event to a hash chain.

SQLite (WAL, synchronous FULL) by default, PostgreSQL by URL. Writers take turns, so the chain has one order. An
acknowledged write survives a kill and a power cut. Events hold ids and digests, never text of a record or an answer.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, insert, inspect, select, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, InterfaceError, OperationalError

from acclimate.annotation import tables
from acclimate.annotation.migrations import MIGRATIONS, Migration
from acclimate.core.atomic import fsync_folder, json_digest
from acclimate.core.crash_points import crash_point
from acclimate.core.errors import ConfigError, ResourceError, WorkspaceError
from acclimate.project.audit import AuditLog

STORE_VERSION = 8
FILE = "annotation.db"
ITSELF = "acclimate"
"""Who acts when no person does: the program, or whoever holds the database, on the command line."""
Clock = Callable[[], datetime]

_EXAMPLE = "give one such as postgresql://user:password@host/database, or none: then it is a file of the project"
NO_EVENT = "0" * 64
_BUSY_SECONDS = 60
_WRITERS_LOCK = 0x61636C6D
"""PostgreSQL's advisory lock that writers of this database hold until they commit."""


def utc_now() -> datetime:
    """The real clock."""
    return datetime.now(UTC)


def moment(at: datetime) -> str:
    """A time as the tables hold it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def database_url(project: Path, given: str | None) -> str:
    """Where a project's annotations are: the given DATABASE_URL, or a file in its folder.

    >>> database_url(Path("/p"), None)
    'sqlite:////p/annotation.db'
    """
    return given or f"sqlite:///{project / FILE}"


@dataclass(frozen=True)
class Transaction:
    """One change under way: all of it is kept, or none."""

    connection: Connection
    now: datetime

    def append(self, who: str, action: str, **details: Any) -> int:
        """Adds an event to the chain; returns its number."""
        newest = self.connection.execute(
            select(tables.events.c.number, tables.events.c.digest).order_by(tables.events.c.number.desc()).limit(1)
        ).first()
        number, previous = (newest.number + 1, newest.digest) if newest else (1, NO_EVENT)
        said = {"number": number, "at": moment(self.now), "who": who, "action": action, "details": details}
        digest = json_digest({**said, "previous": previous})
        self.connection.execute(insert(tables.events).values(**said, previous=previous, digest=digest))
        return int(number)


@dataclass(frozen=True)
class Store:
    """The database of a project; made by `open`."""

    engine: Engine
    clock: Clock

    @classmethod
    def open(cls, url: str, *, clock: Clock = utc_now) -> Store:
        """The database at a URL, made where there is none, brought to this version where it is older.

        Raises ConfigError for a URL of another kind of database, ResourceError where it cannot be reached.
        """
        store = cls(_engine(url), clock)
        with _named_refusal(store.engine), store.write() as transaction:
            _bring_up_to_date(transaction)
        return store

    def close(self) -> None:
        """Gives the connections back."""
        self.engine.dispose()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that writes, one at a time; when it has ended without error, it is durable."""
        with _named_faults(), self.engine.connect() as connection:
            connection = connection.execution_options(writes=True)
            with connection.begin():
                if self.engine.dialect.name == "postgresql":
                    connection.execute(select(func.pg_advisory_xact_lock(_WRITERS_LOCK)))
                yield Transaction(connection, self.clock())
                crash_point("annotation.before_commit")
            crash_point("annotation.after_commit")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view that does not wait for writers."""
        with _named_faults(), self.engine.connect() as connection:
            if self.engine.dialect.name == "postgresql":
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    def head(self) -> str:
        """The digest of the newest event: kept elsewhere, it proves later that nothing up to it was changed or cut."""
        newest = select(tables.events.c.digest).order_by(tables.events.c.number.desc()).limit(1)
        with self.read() as connection:
            return connection.scalar(newest) or NO_EVENT

    def check_holds(self, digest: str) -> None:
        """Fails unless the chain is whole and an event with this digest, noted earlier, still stands in it."""
        if digest != NO_EVENT and digest not in {event["digest"] for event in self.events()}:
            raise WorkspaceError(
                f"No annotation event has the digest {digest[:16]}…: it, or one before it, was changed or removed.",
                hint="restore the database from a copy made after that digest was noted",
            )

    def anchor(self, log: AuditLog) -> str:
        """Notes the newest digest in the project's audit log, so that each chain vouches for the other."""
        head = self.head()
        log.append(ANCHORED, head=head)
        return head

    def events(self) -> Iterator[dict[str, Any]]:
        """All events, oldest first; fails at the first one that does not fit the chain."""
        previous, number = NO_EVENT, 0
        with self.read() as connection:
            for row in connection.execute(select(tables.events).order_by(tables.events.c.number)):
                said: dict[str, Any] = dict(row._mapping)
                number += 1
                digest = said.pop("digest")
                if said["number"] != number or said["previous"] != previous or json_digest(said) != digest:
                    raise WorkspaceError(
                        f"Annotation event {said['number']} does not follow from the one before it:"
                        " an event was changed, added or removed.",
                        hint="restore the database from a copy; events after this one prove nothing",
                    )
                previous = digest
                yield {**said, "digest": digest}

    def verify(self) -> int:
        """Checks the chain, and that every answer is the one its event speaks of, in the state events left it in or erased.

        Returns the number of events.
        """
        expected: dict[int, tuple[str, str, list[Any]]] = {}
        number = 0
        for said in self.events():
            number, details = said["number"], said["details"]
            if said["action"] in (ANSWERED, DECIDED, ACCEPTED_IN_BULK):
                expected[number] = (details["answer"], CURRENT, [details.get(name) for name in _SUGGESTED])
            for taken in details.get("taken_back", ()):
                answer, _, suggested = expected[taken]
                expected[taken] = (answer, said["action"], suggested)
            for erased in details.get("erased", ()):
                expected.pop(erased, None)
        with self.read() as connection:
            rows = connection.execute(select(tables.answers)).mappings().all()
        found = {
            row["number"]: (
                answer_digest(row["content"], row["salt"]),
                row["state"],
                [row[name] for name in _SUGGESTED],
            )
            for row in rows
        }
        wrong = sorted(place for place in expected.keys() | found.keys() if expected.get(place) != found.get(place))
        if wrong:
            raise WorkspaceError(
                f"{len(wrong)} answers are not what their events say, the first is answer {wrong[0]}.",
                hint="restore the database from a copy",
            )
        return number


def new_salt() -> str:
    """A random value that is digested with an answer and kept with it, not in its event."""
    return secrets.token_hex(16)


def answer_digest(content: Mapping[str, Any], salt: str | None) -> str:
    """What the event of an answer says of it; answers of before version 7 have no salt.

    Without a salt whoever may read events, but not the answers of a blind study, could try the few answers that there
    are to a question until one has the digest.
    """
    return json_digest(dict(content) if salt is None else [salt, dict(content)])


ANSWERED, DECIDED, ACCEPTED_IN_BULK = "answered", "decided", "accepted in bulk"
WITHDRAWN, REQUEUED, RETURNED, CORRECTED = "withdrawn", "requeued", "returned", "corrected"
"""Actions that make an answer, and those that take it back; a taken back answer keeps its content and says by which."""
_SUGGESTED = ("suggestion", "shown", "kept", "bulk")
"""What events and answers both say of a suggestion."""
ERASED = "subject erased"
"""The action that removes answers with the items they are about."""
STUDY_REGISTERED = "study registered"
"""The action that fixes the protocol of a blind review."""
STUDY_LOOKED = "study looked at"
"""The action that ends blinding for one look, the last one for good."""
CURRENT = "current"
ANCHORED = "annotation anchored"
"""What the audit log calls the note of a digest."""


@contextmanager
def _named_faults() -> Iterator[None]:
    """Turns a full disk, a database that stays busy or one that cannot be reached into a sentence."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise ResourceError(
            f"The annotation database could not be read or written ({error.orig}); nothing of this change was kept.",
            hint="see to the disk or the database server, then do the same again",
        ) from error


@contextmanager
def _named_refusal(engine: Engine) -> Iterator[None]:
    """Turns what a server says to a stranger, a wrong password or a database that is not there into a sentence."""
    try:
        yield
    except DatabaseError as error:
        if error.statement is not None or engine.dialect.name == "sqlite":
            raise
        raise ResourceError(
            f"The annotation database {engine.url!r} lets nobody in: {error.orig}.",
            hint="see that the user, the password and the database of the URL are right",
        ) from None


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigError("DATABASE_URL is no URL.", hint=_EXAMPLE) from None
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_engine(Path(parsed.database or ""))
    if parsed.get_backend_name() != "postgresql":
        raise ConfigError(f"Annotations cannot be kept in {parsed.get_backend_name()!r}.", hint=_EXAMPLE)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+pg8000")
    try:
        # Connections that a restart of the server broke are replaced when they are next used.
        return create_engine(parsed, hide_parameters=True, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"PostgreSQL needs {error.name}, which is not installed.", hint="pip install 'acclimate[postgres]'"
        ) from None


def _sqlite_engine(file: Path) -> Engine:
    if not file.parent.is_dir():
        raise WorkspaceError(
            f"There is no folder {file.parent}, so the annotation database cannot be there.", hint="make it first"
        )
    if not file.exists():
        # Made here, so that nobody else may read it from its first byte on; SQLite gives -wal and -shm the same rights.
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        fsync_folder(file.parent)
    # Parameters are record text, which must not get into a message.
    engine = create_engine(f"sqlite:///{file}", connect_args={"timeout": _BUSY_SECONDS}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # sqlite3 would begin transactions late, by itself; the listener below begins them.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_BUSY_SECONDS}000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _bring_up_to_date(transaction: Transaction) -> None:
    connection = transaction.connection
    if not inspect(connection).has_table("settings"):
        tables.metadata.create_all(connection)
        connection.execute(insert(tables.settings).values(name="version", value=str(STORE_VERSION)))
    for version in migrate(connection, MIGRATIONS, target=STORE_VERSION):
        transaction.append(ITSELF, "database brought up to date", version=version)


def migrate(connection: Connection, migrations: Mapping[int, Migration], *, target: int) -> list[int]:
    """Brings a database from its version to the target, a version at a time; refuses one from a later acclimate.

    Returns the versions it went through.
    """
    setting = tables.settings.c
    version = int(connection.scalar(select(setting.value).where(setting.name == "version")) or 0)
    if version > target:
        raise WorkspaceError(
            f"The annotation database has version {version}; this acclimate knows versions up to {target}.",
            hint="use the acclimate that wrote it, or a newer one",
        )
    for step in range(version, target):
        migrations[step](connection)
        connection.execute(update(tables.settings).where(setting.name == "version").values(value=str(step + 1)))
    return list(range(version + 1, target + 1))

"""Copies of the annotation database that are made while people work, and put back whole or not at all.

A backup is a SQLite database whichever kind it was made from, so that one of PostgreSQL can be put back as a file and
the other way round. Beside it stands `FILE.sha256`, as sha256sum writes it. The file itself gets its name last: where it
is, it is whole.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError

from acclimate.annotation.store import ITSELF, Clock, Store, utc_now
from acclimate.annotation.tables import PASSING, events, metadata, people, settings
from acclimate.core.atomic import file_digest, fsync_file, fsync_folder, named_disk_errors, write_bytes
from acclimate.core.crash_points import crash_point
from acclimate.core.errors import DataError, WorkspaceError
from acclimate.project.audit import account_name

_ROWS = 1000


@dataclass(frozen=True)
class Backup:
    """A backup, or what was put back from one: its file, digest, number of events and the digest of the newest."""

    file: Path
    sha256: str
    events: int
    head: str


def back_up(store: Store, file: Path) -> Backup:
    """Writes all of one moment to a file that only this user can read; sessions and invitations are left out.

    The copy is checked, its chain and its answers, before it gets its name. Killed, the same again makes it anew.
    Raises DataError where there is a file of that name.
    """
    if file.exists():
        raise DataError(f"There is {file} already, and a backup replaces nothing.", hint="name a new file")
    if not file.parent.is_dir():
        raise WorkspaceError(f"There is no folder {file.parent}.", hint="make it first")
    with store.write() as transaction:
        transaction.append(ITSELF, "backup begun", file=file.name, account=account_name())
    with _scratch(file) as partial, named_disk_errors(file):
        copy = Store.open(f"sqlite:///{partial}", clock=store.clock)
        with store.read() as source, copy.write() as target:
            _copy(source, target.connection)
        events, head = copy.verify(), copy.head()
        _close_as_one_file(copy)
        fsync_file(partial)
        digest = file_digest(partial)
        write_bytes(digest_file(file), f"{digest}  {file.name}\n".encode(), mode=0o600)
        crash_point("backup.before_rename")
        partial.replace(file)
        fsync_folder(file.parent)
    return Backup(file, digest, events, head)


def restore(file: Path, url: str, *, clock: Clock = utc_now) -> Backup:
    """Puts a backup back as a database that is not there yet or holds nothing; everybody has to sign in again.

    Refuses a backup that is not finished or not what its digest says, one of a later acclimate, and to replace anything.
    """
    digest = _checked(file)
    parsed = make_url(url)
    is_file = parsed.get_backend_name() == "sqlite"
    final = Path(parsed.database or "") if is_file else file
    if is_file and final.exists():
        raise WorkspaceError(f"There is {final} already, and nothing is replaced.", hint="move it away first")
    with _scratch(final, "restoring") as partial, named_disk_errors(final):
        shutil.copyfile(file, partial)
        copy = Store.open(f"sqlite:///{partial}", clock=clock)
        copy.verify()
        with copy.write() as transaction:
            transaction.append(ITSELF, "restored", sha256=digest, account=account_name())
        events, head = copy.verify(), copy.head()
        if is_file:
            _close_as_one_file(copy)
            fsync_file(partial)
            crash_point("restore.before_rename")
            partial.replace(final)
            fsync_folder(final.parent)
        else:
            with closing(Store.open(url, clock=clock)) as server, closing(copy):
                _restore_into(server, copy)
    return Backup(file, digest, events, head)


def digest_file(file: Path) -> Path:
    """Where the digest of a backup stands.

    >>> digest_file(Path("monday.db")).name
    'monday.db.sha256'
    """
    return file.with_name(f"{file.name}.sha256")


def _checked(file: Path) -> str:
    """The digest of a finished backup whose bytes are what it says."""
    if not file.is_file() or not digest_file(file).is_file():
        raise DataError(
            f"{file} with {digest_file(file).name} beside it is not there, so this is no finished backup.",
            hint="give the file that the backup wrote, with its .sha256 beside it",
        )
    said, found = digest_file(file).read_text(errors="replace").split(" ")[0], file_digest(file)
    if said != found:
        raise DataError(
            f"{file.name} is not what its digest says: it was changed or damaged.", hint="use another backup"
        )
    return found


def _copy(source: Connection, target: Connection) -> None:
    """Copies every row, some at a time, but those of sessions and the like."""
    target.execute(delete(settings))
    streamed = source.execution_options(stream_results=True, yield_per=_ROWS)
    for table in metadata.sorted_tables:
        if table in PASSING:
            continue
        for some in streamed.execute(select(table)).mappings().partitions(_ROWS):
            target.execute(insert(table), [dict(row) for row in some])


def _restore_into(store: Store, copy: Store) -> None:
    with copy.read() as source, store.write() as target:
        used = any(target.connection.execute(select(table).limit(1)).first() is not None for table in (events, people))
        if used:
            raise WorkspaceError("The database is not empty, and nothing is replaced.", hint="name an empty one")
        _copy(source, target.connection)
        crash_point("restore.before_commit")


def _close_as_one_file(store: Store) -> None:
    """Closes a SQLite database so that nothing of it lies in a file beside it."""
    store.close()
    with store.engine.connect() as connection:
        raw = connection.connection.driver_connection
        if raw is not None:
            raw.execute("PRAGMA journal_mode=DELETE")
    store.close()


@contextmanager
def _scratch(file: Path, word: str = "partial") -> Iterator[Path]:
    """A file beside another to write to first; what a kill left of it is removed before."""
    path = file.with_name(f".{file.name}.{word}")
    _remove(path)
    try:
        yield path
    except (DatabaseError, sqlite3.DatabaseError):
        raise DataError(
            f"{file.name} cannot be made: the backup is no annotation database.", hint="use another"
        ) from None
    finally:
        _remove(path)


def _remove(path: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + ending).unlink(missing_ok=True)

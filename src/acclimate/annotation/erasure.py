"""Takes an erased person out of the annotation database: the items about them with all that was answered and noted of these.

Events stay. They hold digests of ids and of answers, so that the chain goes on verifying without what was removed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, OperationalError

from acclimate.annotation.jobs import end_unfinished
from acclimate.annotation.people import SYSTEM
from acclimate.annotation.store import ERASED, FILE, Store, database_url
from acclimate.annotation.tables import (
    answers,
    assignments,
    checks,
    choices,
    exposures,
    items,
    jobs,
    remarks,
    suggestions,
    vectors,
)
from acclimate.core.crash_points import crash_point
from acclimate.core.errors import ResourceError, WorkspaceError
from acclimate.core.reinclusion import id_digest
from acclimate.project.erasure import Annotated

_AT_ONCE = 500
_ABOUT_ITEMS = (remarks, exposures, suggestions, choices, vectors, answers, assignments, items)
"""The tables whose rows are of one item, in the order in which they can be emptied."""


@dataclass(frozen=True)
class AnnotationDatabase:
    """The annotations of a project, as an erasure uses them."""

    url: str
    by: str = SYSTEM
    """Who erases, as the event tells it."""

    @classmethod
    def of_project(cls, folder: Path, given: str | None, *, by: str = SYSTEM) -> AnnotationDatabase | None:
        """That of the DATABASE_URL that is given, or the file in the project's folder; None where there is neither."""
        file = folder / FILE
        has_some = bool(given) or (file.exists() and file.stat().st_size > 0)
        return cls(database_url(folder.absolute(), given), by) if has_some else None

    @property
    def name(self) -> str:
        """The file's name, or the URL without its password."""
        url = make_url(self.url)
        is_file = url.get_backend_name() == "sqlite"
        return Path(url.database or "").name if is_file else url.render_as_string(hide_password=True)

    def records(self) -> Iterator[Mapping[str, Any]]:
        """Of every item's record the `id`, `subject_id` and `parents`."""
        with self.opened() as store, store.read() as connection:
            for row in connection.execute(select(items.c.record)):
                yield {name: row.record.get(name) for name in ("id", "subject_id", "parents")}

    def count(self, named: Set[str]) -> Annotated:
        """The items about a person, and the answers to them, also those taken back."""
        with self.opened() as store, store.read() as connection:
            found = _items_naming(connection, named)
            given = [
                connection.scalar(select(func.count()).select_from(answers).where(place))
                for place in _places(answers, found)
            ]
        return Annotated(items=sum(map(len, found.values())), answers=sum(int(number or 0) for number in given))

    def forget(self, named: Set[str], *, subject: str, receipt: str) -> str:
        """Removes them; the event names the erasure's receipt and the answers that went, by number."""
        with self.opened() as store:
            with store.write() as transaction:
                connection = transaction.connection
                found = _items_naming(connection, named)
                numbers = sorted(
                    number
                    for place in _places(answers, found)
                    for number in connection.scalars(select(answers.c.number).where(place))
                )
                for start in range(0, len(numbers), _AT_ONCE):
                    of_theirs = checks.c.answer.in_(numbers[start : start + _AT_ONCE])
                    connection.execute(delete(checks).where(of_theirs))
                for table in _ABOUT_ITEMS:
                    for place in _places(table, found):
                        connection.execute(delete(table).where(place))
                # What was sent along may be about the person too.
                end_unfinished(transaction, because="A person was erased meanwhile, so what was sent was not kept.")
                if found:
                    transaction.append(self.by, ERASED, subject=subject, receipt=receipt, erased=numbers)
            crash_point("annotation.forgotten")
            _wipe(store)
            crash_point("annotation.wiped")
            return store.head()

    @contextmanager
    def opened(self) -> Iterator[Store]:
        """The store; a database that is none, or is damaged, is one sentence."""
        store = None
        try:
            store = Store.open(self.url)
            yield store
        except OperationalError as error:
            raise ResourceError(
                f"The annotation database {self.name} cannot be reached or read ({error.orig}).",
                hint="see to the disk or the database server, then do the same again",
            ) from error
        except DatabaseError as error:
            raise WorkspaceError(
                f"The annotation database {self.name} is damaged ({error.orig}), so what it holds of a person is not known.",
                hint="restore it from a copy, or move it out of the project, then do the same again",
            ) from error
        finally:
            if store is not None:
                store.close()


def _items_naming(connection: Connection, named: Set[str]) -> dict[str, list[str]]:
    """The items whose record is the person's, by task."""
    found: dict[str, list[str]] = {}
    for row in connection.execute(select(items.c.task, items.c.id, items.c.record)):
        record = row.record
        ids = (row.id, record.get("subject_id"), *(record.get("parents") or ()))
        if any(id_digest(str(one)) in named for one in ids if one is not None):
            found.setdefault(row.task, []).append(row.id)
    return found


def _places(table: Table, found: Mapping[str, Sequence[str]]) -> Iterator[ColumnElement[bool]]:
    """The rows of a table that are about these items, some at a time: databases limit how many values a query holds."""
    item = table.c.id if table is items else table.c.item
    for task, ids in found.items():
        for start in range(0, len(ids), _AT_ONCE):
            yield (table.c.task == task) & item.in_(ids[start : start + _AT_ONCE])


def _wipe(store: Store) -> None:
    """Leaves nothing of deleted rows on the disk: SQLite keeps them in free pages and in its write-ahead log."""
    if store.engine.dialect.name == "postgresql":
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for table in (checks, jobs, *_ABOUT_ITEMS):
                connection.execute(text(f"VACUUM FULL {table.name}"))
        return
    raw = store.engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (is_busy, *_) = cursor.fetchone() or (1,)
    except sqlite3.OperationalError as error:
        raise _still_used(str(error)) from error
    finally:
        raw.close()
    if is_busy:
        raise _still_used("it is read by others")


def _still_used(why: str) -> ResourceError:
    return ResourceError(
        f"The person is out of the annotation database, and their rows could not be wiped from its file: {why}.",
        hint="stop acclimate annotate and whatever else reads it, then: acclimate erase --resume",
    )

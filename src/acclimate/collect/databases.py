"""The rows of a query as one file of JSON lines: read-only, streamed, its URL known by the name of a variable alone."""

from __future__ import annotations

import gzip
import io
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import CursorResult, Engine, create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from acclimate.collect.copies import take_over, write_stream
from acclimate.collect.erased_rows import ErasedRows, nothing_left
from acclimate.collect.secrets import secret_values
from acclimate.core.errors import SourceError
from acclimate.core.json_values import plain_value
from acclimate.core.snapshots import SnapshotFile
from acclimate.core.sources import SourceConfig

ROWS_FILE = "rows.jsonl.gz"
_ROWS_AT_ONCE, _CHUNK = 1000, 1024 * 1024
_READ_ONLY = {"sqlite": "PRAGMA query_only = ON", "postgresql": "SET TRANSACTION READ ONLY"}
"""Said before the query; what another database writes is rolled back, where it can be."""

_READS = re.compile(r"\s*(?:select|with|values|table)\b", re.IGNORECASE)
_TAKEN_FOR_A_PARAMETER = re.compile(r"(?<![:\w\\]):(?=\w)")


def fetch_rows(source: SourceConfig, *, copies: Path, erased: ErasedRows | None) -> SnapshotFile:
    """The result of the source's query, one JSON object a row, packed, as a copy; a batch of rows in memory at a time.

    Rows of erased subjects are left out before anything is written.
    Messages hold neither the URL nor what the driver says, which may quote the data: only its kind and SQLSTATE.
    """
    if not _READS.match(source.sql or ""):
        raise SourceError(
            f"The query of the source {source.name!r} does not begin with SELECT, and collect only reads.",
            hint="begin it with select, with, values or table",
        )
    url = _url(source)
    partial = copies / f".{source.name}.partial"
    try:
        engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
        size, digest = write_stream(_packed(_lines(engine, source, erased)), partial)
        return take_over(partial, ROWS_FILE, size=size, sha256=digest, copies=copies)
    except ImportError as error:
        raise SourceError(
            f"The driver for the database of the source {source.name!r} is not installed ({error.name}).",
            hint="pip install acclimate[postgres] for PostgreSQL; for others what their driver's page says",
        ) from None
    except (SQLAlchemyError, OSError) as error:
        raise _failed(source, error) from None
    finally:
        partial.unlink(missing_ok=True)


def reaches_out(source: SourceConfig) -> bool:
    """Whether the query goes over a network; SQLite is a file."""
    return _url(source).get_backend_name() != "sqlite"


def _url(source: SourceConfig) -> URL:
    try:
        url = make_url(secret_values(source)["url"])
    except (SQLAlchemyError, ValueError):
        raise SourceError(
            f"The environment variable {source.secrets['url']}, which the source {source.name!r} names, holds no URL of"
            " a database.",
            hint="its form is dialect+driver://user:password@host/database, for example postgresql+pg8000://…",
        ) from None
    if url.drivername == "postgresql":
        return url.set(drivername="postgresql+pg8000")
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise SourceError(
            f"The source {source.name!r}: the SQLite file that {source.secrets['url']} names does not exist.",
            hint="give its whole path: sqlite:////data/clinic.db",
        )
    return url


def _lines(engine: Engine, source: SourceConfig, erased: ErasedRows | None) -> Iterator[bytes]:
    with engine.connect() as connection:
        if engine.dialect.name in _READ_ONLY:
            connection.exec_driver_sql(_READ_ONLY[engine.dialect.name])
        # A colon in a query is the database's own (12:30, ::date), never a parameter of ours.
        statement = text(_TAKEN_FOR_A_PARAMETER.sub(r"\\:", source.sql or ""))
        result = connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(statement)
        columns = _columns(result, source)
        empty = True
        for number, row in enumerate(result, start=1):
            values = _values(columns, row, source, number)
            if erased is None or not erased.refuses(values):
                empty = False
                yield json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"
        connection.rollback()
    if empty and erased is not None and erased.refused:
        raise nothing_left(source)
    if empty:
        raise SourceError(f"The query of the source {source.name!r} gives no rows.", hint="try it in the database")


def _columns(result: CursorResult[Any], source: SourceConfig) -> Sequence[str]:
    columns = list(result.keys())
    for column in columns:
        if columns.count(column) > 1:
            raise SourceError(
                f"The query of the source {source.name!r} gives two columns called {column!r}.",
                hint="name one of them otherwise, with AS",
            )
    return columns


def _values(columns: Sequence[str], row: Sequence[Any], source: SourceConfig, number: int) -> dict[str, Any]:
    try:
        return {column: plain_value(value) for column, value in zip(columns, row, strict=True)}
    except TypeError as error:
        raise SourceError(
            f"The source {source.name!r}, row {number}: a column holds {error}, which has no form in JSON.",
            hint="cast it to text in the query",
        ) from None


def _packed(lines: Iterator[bytes]) -> Iterator[bytes]:
    """The lines as a gzip file that depends on them alone, in chunks."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=1, mtime=0, filename="") as packed:
        for line in lines:
            packed.write(line)
            if buffer.tell() >= _CHUNK:
                yield buffer.getvalue()
                buffer.seek(0)
                buffer.truncate()
    yield buffer.getvalue()


def _failed(source: SourceConfig, error: Exception) -> SourceError:
    kind = type(error).__name__
    if isinstance(error, DBAPIError) and error.orig is not None:
        kind = ", ".join([kind, *_states(error.orig)])
    return SourceError(
        f"The query of the source {source.name!r} failed ({kind}); what the database said is not shown, as it may quote"
        " its data or the URL.",
        hint=f"try the query with the database's own client and the URL in {source.secrets['url']}",
    )


def _states(error: BaseException) -> Iterator[str]:
    """The codes of an error: SQLSTATE, or SQLite's name for it."""
    first = error.args[0] if error.args else None
    if isinstance(first, dict) and re.fullmatch(r"\w{5}", str(first.get("C"))):
        yield f"SQLSTATE {first['C']}"
    name = getattr(error, "sqlite_errorname", None)
    if name:
        yield str(name)

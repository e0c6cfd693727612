"""Files in object stores and remote folders, through fsspec: listed, streamed, and landed as copies by digest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from fsspec.core import url_to_fs

from acclimate.collect.copies import check_not_empty, take_over, write_stream
from acclimate.collect.erased_rows import ErasedRows, land_stream
from acclimate.collect.secrets import secret_values
from acclimate.collect.unpacking import landed_source, unpack
from acclimate.core.errors import SourceError, UserError
from acclimate.core.snapshots import SetAsideFile, SnapshotFile, SnapshotSource
from acclimate.core.sources import WILDCARDS, SourceConfig, is_archive, source_format

HERE = frozenset({"file", "local", "memory"})
"""Schemes that reach nothing outside this machine."""

_CHUNK = 1024 * 1024


def fetch_files(source: SourceConfig, *, copies: Path, set_aside: bool, erased: ErasedRows | None) -> SnapshotSource:
    """The files behind the source's URL as copies; of an archive, its files. One chunk is in memory at a time.

    Rows of erased subjects are left out.
    """
    # A file system is a plug-in and may raise anything, with a password in its message: only the kind is told.
    try:
        return _fetch(source, copies, erased, set_aside=set_aside)
    except (UserError, KeyboardInterrupt):
        raise
    except ImportError as error:
        raise SourceError(
            f"The source {source.name!r}: what reads {scheme(source)}:// is not installed ({error.name or error}).",
            hint=f"fsspec's list of file systems says which package it is; s3fs for s3://, gcsfs for gs://, adlfs for"
            f" abfs://; install it beside acclimate, then run: acclimate collect {source.name}",
        ) from None
    except Exception as error:  # noqa: BLE001
        raise SourceError(
            f"The source {source.name!r} could not be fetched ({type(error).__name__}).",
            hint="check path:, options: and the variables under secrets: with the store's own client",
        ) from None


def scheme(source: SourceConfig) -> str:
    """What stands before :// in a source's URL."""
    return source.path.partition("://")[0]


def _fetch(source: SourceConfig, copies: Path, erased: ErasedRows | None, *, set_aside: bool) -> SnapshotSource:
    store, path = url_to_fs(source.path, **source.options, **secret_values(source))
    found = _find(store, path)
    if not found:
        raise SourceError(
            f"The source {source.name!r} is empty: there is no file at its path.",
            hint="check the path; files whose names begin with a dot are left out",
        )
    plain = [name for name in found if not is_archive(name)]
    if plain:
        source_format(source, plain)
    partial = copies / f".{source.name}.partial"
    parts: list[SnapshotFile | SetAsideFile] = []
    for name, remote in found.items():
        if erased is not None and not is_archive(name):
            stream = store.open(remote, "rb")
            parts += land_stream(name, stream, erased, source=source, copies=copies, set_aside=set_aside)
            continue
        with _fetched(store.open(remote, "rb"), partial) as (size, digest):
            if is_archive(name):
                parts += unpack(partial, name, erased, source=source, copies=copies, set_aside=set_aside)
            else:
                check_not_empty(name, size, source)
                parts.append(take_over(partial, name, size=size, sha256=digest, copies=copies))
    landed = landed_source(source, parts, erased)
    source_format(source, [file.name for file in landed.files])
    return landed


def _find(store: Any, path: str) -> dict[str, str]:
    """The files by their names relative to the path, sorted; hidden ones are left out."""
    if WILDCARDS & set(path):
        parts = path.split("/")
        first = next(index for index, part in enumerate(parts) if WILDCARDS & set(part))
        root = "/".join(parts[:first])
        found = [name for name, facts in store.glob(path, detail=True).items() if facts["type"] == "file"]
    elif store.isfile(path):
        return {PurePosixPath(path).name: path}
    else:
        root, found = path, store.find(path) if store.exists(path) else []
    names = {name.removeprefix(root).lstrip("/"): name for name in found}
    return {name: names[name] for name in sorted(names) if not any(part.startswith(".") for part in name.split("/"))}


@contextmanager
def _fetched(remote: IO[bytes], partial: Path) -> Iterator[tuple[int, str]]:
    """The size and digest of a file, which lies at `partial` until the block ends."""
    try:
        with remote:
            yield write_stream(iter(lambda: remote.read(_CHUNK), b""), partial)
    finally:
        partial.unlink(missing_ok=True)

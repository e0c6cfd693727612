"""Lands the files of the sources as a snapshot: found, digested, copied when small, so that a run can be repeated."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path

from acclimate.collect.archives import archive_members, is_archive
from acclimate.core.atomic import file_digest, write_bytes, write_json
from acclimate.core.crash_points import crash_point
from acclimate.core.errors import SourceError
from acclimate.core.snapshots import COPIES, SNAPSHOT_FILE, Snapshot, SnapshotFile, SnapshotSource, snapshot_digest
from acclimate.core.sources import DOCUMENT_FORMATS, WILDCARDS, SourceConfig, check_unique_names, source_format

LARGEST_COPY = 32 * 1024 * 1024
"""Bytes up to which a file is copied by default; a larger one is referenced where it lies."""


def collect(
    sources: Sequence[SourceConfig], *, folder: Path, snapshots: Path, largest_copy: int = LARGEST_COPY
) -> Snapshot:
    """The snapshot of the sources as they are now; paths are relative to `folder`.

    Equal contents and source configs give the same snapshot wherever they lie, and collecting again, also after a
    kill, adds nothing.
    """
    check_unique_names(sources)
    found = [find_files(source, folder) for source in sources]
    copies = _private_folder(_private_folder(snapshots) / COPIES)
    landed = []
    for source, paths in zip(sources, found, strict=True):
        land = partial(_land, source=source, copies=copies, largest_copy=largest_copy)
        files = chain.from_iterable(land(name, path) for name, path in paths.items())
        landed.append(SnapshotSource(config=source, files=tuple(sorted(files, key=lambda file: file.name))))
    digest = snapshot_digest(landed)
    snapshot = Snapshot(_private_folder(snapshots / digest), digest, tuple(landed))
    crash_point("collect.files_landed")
    _write_document(snapshot)
    return snapshot


def find_files(source: SourceConfig, folder: Path) -> dict[str, Path]:
    """The files of a source by their names relative to its folder, sorted by name; hidden ones are left out.

    An archive is one of them; that its files are of one format is checked too.
    """
    path = folder / Path(source.path).expanduser()
    if path.is_file():
        files = {path.name: path}
    elif path.is_dir():
        files = _visible_files(path, "**/*")
    elif WILDCARDS & set(source.path):
        root, pattern = _split_glob(path)
        files = _visible_files(root, pattern)
    else:
        raise SourceError(
            f"The source {source.name!r} is missing: there is no file or folder {source.path}.",
            hint=f"paths are relative to the project folder ({folder}); check the spelling of path:",
        )
    if not files:
        what = "no file matches" if WILDCARDS & set(source.path) else "there is no file in"
        raise SourceError(
            f"The source {source.name!r} is empty: {what} {source.path}.",
            hint="check the path; files whose names begin with a dot are left out",
        )
    source_format(source, [name for one, path in files.items() for name in _names(one, path)])
    return files


def _names(name: str, path: Path) -> list[str]:
    """The name of a file, or those of the files in an archive."""
    return [f"{name}/{member.name}" for member in archive_members(path, name)] if is_archive(name) else [name]


def _split_glob(path: Path) -> tuple[Path, str]:
    """The part of a path before its first wildcard, and the rest."""
    parts = path.parts
    first = next(index for index, part in enumerate(parts) if WILDCARDS & set(part))
    return Path(*parts[:first]), "/".join(parts[first:])


def _visible_files(root: Path, pattern: str) -> dict[str, Path]:
    found = {path.relative_to(root).as_posix(): path for path in root.glob(pattern) if path.is_file()}
    hidden = {name for name in found if any(part.startswith(".") for part in name.split("/"))}
    return {name: found[name] for name in sorted(found) if name not in hidden}


def _land(name: str, path: Path, *, source: SourceConfig, copies: Path, largest_copy: int) -> Iterator[SnapshotFile]:
    """The file with its digest; its content is copied unless it is large or already there. Of an archive, its files."""
    if is_archive(name):
        for member in archive_members(path, name):
            yield _copy(f"{name}/{member.name}", member.read(), source=source, copies=copies)
        return
    try:
        size = path.stat().st_size
        if size > largest_copy:
            yield SnapshotFile(name=name, size=size, sha256=file_digest(path), referenced=str(path.resolve()))
            return
        content = path.read_bytes()
    except OSError as error:
        raise SourceError(
            f"{name} of the source {source.name!r} cannot be read: {error.strerror}.",
            hint="check the file's permissions and that its disk is there",
        ) from error
    yield _copy(name, content, source=source, copies=copies)


def _copy(name: str, content: bytes, *, source: SourceConfig, copies: Path) -> SnapshotFile:
    """The file as a copy that all snapshots share."""
    if not content and not _may_be_empty(source, name):
        raise SourceError(
            f"{name} of the source {source.name!r} is empty (0 bytes).",
            hint="write it anew, or leave it out with a narrower path",
        )
    digest = hashlib.sha256(content).hexdigest()
    copy = copies / digest
    if not copy.exists() or copy.stat().st_size != len(content):
        write_bytes(copy, content)
    copy.chmod(0o600)
    return SnapshotFile(name=name, size=len(content), sha256=digest)


def _may_be_empty(source: SourceConfig, name: str) -> bool:
    """An empty file in a folder of documents is a row of its own: an empty text, or one that is set aside."""
    return source_format(source, [name]) in DOCUMENT_FORMATS and Path(source.path).name != name


def _write_document(snapshot: Snapshot) -> None:
    path = snapshot.folder / SNAPSHOT_FILE
    write_json(path, snapshot.to_json())
    path.chmod(0o600)


def _private_folder(folder: Path) -> Path:
    """The folder, readable by its owner alone: sources may hold identifiers."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder

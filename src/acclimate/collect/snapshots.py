"""Lands the files of the sources as a snapshot: found, digested, copied when small, so that a run can be repeated."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path

from acclimate.collect.archives import archive_members, is_archive
from acclimate.collect.copies import copy_content, private_folder
from acclimate.collect.elsewhere import Elsewhere
from acclimate.core.atomic import file_digest, write_json
from acclimate.core.crash_points import crash_point
from acclimate.core.errors import SourceError
from acclimate.core.snapshots import COPIES, SNAPSHOT_FILE, Snapshot, SnapshotFile, SnapshotSource, snapshot_digest
from acclimate.core.sources import WILDCARDS, SourceConfig, check_unique_names, source_format

LARGEST_COPY = 32 * 1024 * 1024
"""Bytes up to which a file is copied by default; a larger one is referenced where it lies."""


def collect(
    sources: Sequence[SourceConfig],
    *,
    folder: Path,
    snapshots: Path,
    largest_copy: int = LARGEST_COPY,
    network: bool = False,
    again: Collection[str] = (),
) -> Snapshot:
    """The snapshot of the sources as they are now; paths are relative to `folder`.

    What lies elsewhere (a database, a URL) is fetched once and kept; `again` names the sources to fetch anew. Equal
    contents and source configs give the same snapshot wherever they lie, and collecting again, also after a kill, adds
    nothing.
    """
    check_unique_names(sources)
    found = {source.name: find_files(source, folder) for source in sources if not source.is_elsewhere}
    copies = private_folder(private_folder(snapshots) / COPIES)
    elsewhere = Elsewhere(snapshots, network)
    landed = []
    for source in sources:
        if source.is_elsewhere:
            files = elsewhere.files(source, again=source.name in again)
            landed.append(SnapshotSource(config=source, files=files))
            continue
        paths = found[source.name]
        land = partial(_land, source=source, copies=copies, largest_copy=largest_copy)
        copied = chain.from_iterable(land(name, path) for name, path in paths.items())
        landed.append(SnapshotSource(config=source, files=tuple(sorted(copied, key=lambda file: file.name))))
    digest = snapshot_digest(landed)
    snapshot = Snapshot(private_folder(snapshots / digest), digest, tuple(landed))
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
            yield copy_content(f"{name}/{member.name}", member.read(), source=source, copies=copies)
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
    yield copy_content(name, content, source=source, copies=copies)


def _write_document(snapshot: Snapshot) -> None:
    path = snapshot.folder / SNAPSHOT_FILE
    write_json(path, snapshot.to_json())
    path.chmod(0o600)

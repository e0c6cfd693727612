"""Lands the files of the sources as a snapshot: found, digested, copied when small, so that a run can be repeated."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from acclimate.collect.copies import copy_content, private_folder
from acclimate.collect.elsewhere import Elsewhere
from acclimate.collect.erased_rows import FindErased, nobody_erased
from acclimate.collect.unpacking import archive_names, landed_source, unpack
from acclimate.core.atomic import PARTIAL, file_digest, write_json
from acclimate.core.crash_points import crash_point
from acclimate.core.errors import SourceError
from acclimate.core.snapshots import (
    COPIES,
    SNAPSHOT_FILE,
    SetAsideFile,
    Snapshot,
    SnapshotFile,
    snapshot_digest,
)
from acclimate.core.sources import WILDCARDS, SourceConfig, check_unique_names, is_archive, source_format

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
    set_aside: bool = False,
    find_erased: FindErased = nobody_erased,
) -> Snapshot:
    """The snapshot of the sources as they are now; paths are relative to `folder`.

    Of an archive that holds what a real one would not, nothing is taken; with `set_aside` its sound files are.

    What lies elsewhere (a database, a URL) is fetched once and kept; `again` names the sources to fetch anew. Equal
    contents and source configs give the same snapshot wherever they lie, and collecting again, also after a kill, adds
    nothing. The rows that `find_erased` tells are left out and counted.
    """
    check_unique_names(sources)
    local = [source for source in sources if not source.is_elsewhere]
    found = {source.name: find_files(source, folder, set_aside=set_aside) for source in local}
    copies = private_folder(private_folder(snapshots) / COPIES)
    elsewhere = Elsewhere(snapshots, network, set_aside, find_erased)
    landed = []
    for source in sources:
        if source.is_elsewhere:
            landed.append(elsewhere.landed(source, again=source.name in again))
            continue
        parts: list[SnapshotFile | SetAsideFile] = []
        erased = find_erased(source) if any(map(is_archive, found[source.name])) else None
        for name, path in found[source.name].items():
            if is_archive(name):
                parts += unpack(path, name, erased, source=source, copies=copies, set_aside=set_aside)
            else:
                parts.append(_land(name, path, source=source, copies=copies, largest_copy=largest_copy))
        landed.append(landed_source(source, parts, erased))
    digest = snapshot_digest(landed)
    snapshot = Snapshot(private_folder(snapshots / digest), digest, tuple(landed))
    crash_point("collect.files_landed")
    _write_document(snapshot)
    return snapshot


def find_files(source: SourceConfig, folder: Path, *, set_aside: bool = False) -> dict[str, Path]:
    """The files of a source by their names relative to its folder, sorted by name; hidden ones are left out.

    An archive is one of them; that its files are of one format, and with `set_aside` off that none of them is refused,
    is checked too.
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
    names = [name for one, path in files.items() for name in _names(one, path, set_aside=set_aside)]
    if names:
        source_format(source, names)
    return files


def remove_leftovers(snapshots: Path) -> None:
    """Removes what a killed fetch left, which may hold rows that must not be landed. To be called under the workspace's lock."""
    for leftover in (snapshots / COPIES).glob(f".*{PARTIAL}*"):
        leftover.unlink(missing_ok=True)


def _names(name: str, path: Path, *, set_aside: bool) -> list[str]:
    """The name of a file, or those of the files in an archive."""
    return archive_names(path, name, set_aside=set_aside) if is_archive(name) else [name]


def _split_glob(path: Path) -> tuple[Path, str]:
    """The part of a path before its first wildcard, and the rest."""
    parts = path.parts
    first = next(index for index, part in enumerate(parts) if WILDCARDS & set(part))
    return Path(*parts[:first]), "/".join(parts[first:])


def _visible_files(root: Path, pattern: str) -> dict[str, Path]:
    found = {path.relative_to(root).as_posix(): path for path in root.glob(pattern) if path.is_file()}
    hidden = {name for name in found if any(part.startswith(".") for part in name.split("/"))}
    return {name: found[name] for name in sorted(found) if name not in hidden}


def _land(name: str, path: Path, *, source: SourceConfig, copies: Path, largest_copy: int) -> SnapshotFile:
    """The file with its digest; its content is copied unless it is large or already there."""
    try:
        size = path.stat().st_size
        if size > largest_copy:
            return SnapshotFile(name=name, size=size, sha256=file_digest(path), referenced=str(path.resolve()))
        content = path.read_bytes()
    except OSError as error:
        raise SourceError(
            f"{name} of the source {source.name!r} cannot be read: {error.strerror}.",
            hint="check the file's permissions and that its disk is there",
        ) from error
    return copy_content(name, content, source=source, copies=copies)


def _write_document(snapshot: Snapshot) -> None:
    path = snapshot.folder / SNAPSHOT_FILE
    write_json(path, snapshot.to_json())
    path.chmod(0o600)

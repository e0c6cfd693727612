"""The list that people keep: a CSV file in the project, whose entries win over what is found."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from acclimate.core.artifacts import Artifact
from acclimate.core.csv_tables import plain_cell
from acclimate.core.errors import SourceError
from acclimate.core.glossary import folded
from acclimate.core.snapshots import Snapshot

COLUMNS = ("term", "expansion", "use", "kind", "subjects", "note")
"""What the file may hold; people write the first three, the others are for their eyes."""

USED = {"": True, "yes": True, "no": False}


@dataclass(frozen=True)
class Entry:
    """What people said of one term; an empty expansion leaves that which was found."""

    term: str
    expansion: str
    use: bool

    @property
    def key(self) -> str:
        """By what it is found again."""
        return folded(self.term)


def read_edited(collected: Artifact) -> dict[str, Entry]:
    """The entries of the collected file by key; the last one counts where a term stands twice.

    Raises SourceError for a file that is no such list, naming the line.
    """
    snapshot = Snapshot.read(collected.path)
    entries: dict[str, Entry] = {}
    for source in snapshot.sources:
        for file in source.files:
            entries |= parse_list(snapshot.locate(file).read_bytes(), file.name)
    return entries


def parse_list(content: bytes, name: str) -> dict[str, Entry]:
    """The entries of a list's bytes by key; `name` is what errors call the file."""
    return {entry.key: entry for entry in _entries(content, name)}


def _entries(content: bytes, name: str) -> Iterator[Entry]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{name} is not in UTF-8, so its terms cannot be read.", hint="save it as CSV in UTF-8"
        ) from error
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        strange = [column for column in reader.fieldnames or () if column not in COLUMNS]
        if strange or "term" not in (reader.fieldnames or ()):
            raise SourceError(
                f"{name}, line 1: the columns are {', '.join(reader.fieldnames or ())}.",
                hint=f"the first line names them: term, and if wanted {', '.join(COLUMNS[1:])}",
            )
        for row in reader:
            yield from _entry(row, f"{name}, line {reader.line_num}")
    except csv.Error as error:
        raise SourceError(
            f"{name}, line {reader.line_num}: this is not a line of CSV ({error}).", hint="mend that line"
        ) from error


def _entry(row: dict[str, str | None], place: str) -> Iterator[Entry]:
    told = (plain_cell(row.get(column) or "") for column in ("term", "expansion", "use"))
    term, expansion, use = (" ".join(cell.split()) for cell in told)
    if None in row or use.lower() not in USED:
        raise SourceError(
            f"{place}: use is neither yes, no nor empty, or the line has more cells than there are columns.",
            hint="write yes or no under use, and quotes around a cell with a comma in it",
        )
    if term:
        yield Entry(term, expansion, USED[use.lower()])

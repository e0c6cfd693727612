"""Rows that hold more than a table's row: fields inside objects, lists of what should be records, texts in parts.

`each`, `texts` and dotted column names of a source say so; the rows of every reader pass through here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from acclimate.core.sources import SourceConfig
from acclimate.stages.ingest.recognise import named_columns
from acclimate.stages.ingest.rows import Item, Row, RowError, escaped_json, parse_json_cell
from acclimate.stages.ingest.value_texts import value_text

MAX_RATIO = 250
"""How many times as large as a row its records may be, each of which repeats what stands beside the list."""

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Nesting:
    """What a source says of the inside of its rows: the column whose list holds the records, paths, texts to make."""

    each: str
    paths: frozenset[str]
    texts: Mapping[str, Sequence[str]]
    max_bytes: int

    def rows(self, items: Iterator[Item]) -> Iterator[Item]:
        """The items with their rows opened; a row, or an element of its list, that cannot be is a fault."""
        opened = frozenset(prefix for path in self.paths for prefix in _prefixes(path))
        for item in items:
            if not isinstance(item, Row):
                yield item
                continue
            try:
                if self.each:
                    yield from self._elements(item, opened)
                else:
                    yield self._made(replace(item, values=self._open(item.values, opened)))
            except RowError as error:
                yield error.at(item.position, escaped_json(item.values), unit=item.unit)

    def _elements(self, row: Row, opened: frozenset[str]) -> Iterator[Item]:
        """A row for each element of the list: its fields are columns `<each>.<field>` beside those of the row."""
        beside = dict(self._open(row.values, opened - {self.each}))
        elements = _listed(beside.pop(self.each, None), self.each)
        _check_growth(beside, elements)
        for number, element in enumerate(elements, start=1):
            try:
                if not isinstance(element, dict):
                    raise RowError("not_an_object", f"it is no object, as those in {self.each} must be")
                values = dict(beside)
                _add(values, self._open({self.each: element}, opened | {self.each}))
                made: Item = self._made(Row(row.position, values, row.unit, number))
            except RowError as error:
                made = error.at(row.position, escaped_json({self.each: element}), unit=row.unit, element=number)
            yield made

    def _open(self, values: Values, opened: frozenset[str]) -> Values:
        """The values with each object in an opened column replaced by its fields, `patient` by `patient.id`."""
        if opened.isdisjoint(values):
            return values
        found: dict[str, Any] = {}
        for column, value in values.items():
            inside: Values = {column: value}
            if column in opened and isinstance(value, dict):
                inside = self._open({f"{column}.{name}": field for name, field in value.items()}, opened)
            elif column in opened and isinstance(value, list):
                inside = self._open_list(column, value)
            _add(found, inside)
        return found

    def _open_list(self, column: str, objects: list[Any]) -> Values:
        """A list of objects as a list for each field that a path names, and the list of what else they hold."""
        if not all(isinstance(one, dict) for one in objects):
            return {column: objects}
        start = f"{column}."
        named = {path.removeprefix(start) for path in self.paths if path.startswith(start)}
        found = {
            f"{start}{name}": [one.get(name) for one in objects]
            for name in sorted(named)
            if any(name in one for one in objects)
        }
        others = [{name: value for name, value in one.items() if name not in named} for one in objects]
        return {**found, column: others} if any(others) else found

    def _made(self, row: Row) -> Row:
        """The row with the columns that `texts` makes of its others."""
        values = dict(row.values)
        _add(values, {name: self._text(row.values, columns) for name, columns in self.texts.items()})
        return replace(row, values=values)

    def _text(self, values: Values, columns: Sequence[str]) -> str | None:
        parts = [value_text(values.get(column), column, max_bytes=self.max_bytes) for column in columns]
        return "\n\n".join(part for part in parts if part) or None


def nesting(source: SourceConfig, columns: Collection[str] | None, *, max_bytes: int) -> Nesting | None:
    """How the rows of a file are opened; None where they are taken as they are.

    `columns` are those of the file where its format says them: a name among them is a column and no path.
    """
    known = columns or ()
    paths = frozenset(column for _, column in named_columns(source) if "." in column and column not in known)
    if not (source.each or source.texts or paths):
        return None
    inside = {path for path in (*paths, source.each) if "." in path}
    return Nesting(source.each, frozenset(inside), source.texts, max_bytes)


def _prefixes(path: str) -> list[str]:
    """The columns that must be opened for a path to be one: `a` and `a.b` for `a.b.c`."""
    return list(accumulate(path.split(".")[:-1], "{}.{}".format))


def _listed(value: Any, column: str) -> list[Any]:
    """The elements of a list, which a cell may also hold as JSON."""
    if isinstance(value, str):
        try:
            value = parse_json_cell(value)
        except ValueError as error:
            raise RowError("no_list", f"{column}, which each: names, is a text and not a list") from error
    if not isinstance(value, list):
        raise RowError("no_list", f"{column}, which each: names, is not there or not a list", type(value).__name__)
    if not value:
        raise RowError("empty_list", f"{column}, which each: names, is an empty list", 0)
    return value


def _check_growth(beside: Values, elements: Sequence[Any]) -> None:
    """Fails where a row of little becomes records of much, as each repeats what stands beside the list."""
    if len(elements) <= MAX_RATIO:
        return
    repeated = len(escaped_json(beside))
    size = repeated + len(escaped_json({"": elements}))
    if repeated * len(elements) > MAX_RATIO * size:
        sentence = f"its {len(elements)} elements, each with the rest of the row, would take {MAX_RATIO} times its size"
        raise RowError("bomb", sentence, len(elements))


def _add(values: dict[str, Any], more: Values) -> None:
    for column, value in more.items():
        if column in values:
            raise RowError("duplicate_key", "two of its columns would have one name")
        values[column] = value

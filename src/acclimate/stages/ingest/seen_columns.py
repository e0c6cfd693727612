"""The names of the columns that the rows of a source have, in bounded memory: JSON may name others in every row."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

MOST, LONGEST = 10_000, 200
LISTED = 100


@dataclass
class SeenColumns:
    """The first `MOST` names in alphabetical order, which does not depend on the order of the rows.

    >>> seen = SeenColumns()
    >>> seen.update(["text", "b", "a"])
    >>> seen.unused(frozenset({"text"}))
    ['a', 'b']
    """

    names: set[str] = field(default_factory=set)

    def update(self, names: Collection[str]) -> None:
        """Takes the names of a row's columns, cut where they are longer than is sensible."""
        if self.names.issuperset(names):
            return
        self.names.update(name[:LONGEST] for name in names)
        if len(self.names) > 2 * MOST:
            self.names = set(sorted(self.names)[:MOST])

    def unused(self, used: frozenset[str]) -> list[str]:
        """The names that nothing uses, sorted."""
        known = {name[:LONGEST] for name in used}
        return [name for name in sorted(self.names)[:MOST] if name not in known]

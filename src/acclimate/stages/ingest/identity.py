"""Record ids: the source's own where a column gives them, else from the content, so that file order means nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from acclimate.core.errors import DataError


class Identities:
    """All ids given so far in one run; fails when a source's own id comes twice."""

    def __init__(self) -> None:
        self._locators: dict[str, str] = {}
        self._equal: dict[bytes, int] = {}

    def own(self, source: str, value: str, locator: str) -> str:
        """The id of a record whose source names it: `<source>:<value>`."""
        record_id = f"{source}:{value}"
        self._take(record_id, locator)
        return record_id

    def own_of_all(self, source: str, values: Sequence[str], locators: Sequence[str]) -> list[str] | None:
        """The ids of many records whose source names them; None, and none of them given, where one comes twice."""
        record_ids = [f"{source}:{value}" for value in values]
        given = dict(zip(record_ids, locators, strict=True))
        if len(given) < len(record_ids) or not self._locators.keys().isdisjoint(record_ids):
            return None
        self._locators.update(given)
        return record_ids

    def check_piece(self, piece_id: str, locator: str) -> None:
        """Fails when the id of a document's piece is also that of another record."""
        if ":" in piece_id:  # only ids that a source gives have one; those from the content are never a piece's
            self._take(piece_id, locator)

    def _take(self, record_id: str, locator: str) -> None:
        first = self._locators.setdefault(record_id, locator)
        if first is not locator:
            raise DataError(
                f"Two records have the id {record_id!r}: {first} and {locator}.",
                hint="give each its own id, or map another column to id (without one, ids come from the content)",
            )

    def of_content(self, source: str, canonical: str) -> str:
        """The id of a record known by its content; further equal ones get -2, -3 and so on."""
        [record_id] = self.of_contents(source, [canonical.encode("utf-8", "surrogatepass")])
        return record_id

    def of_contents(self, source: str, canonicals: Iterable[bytes | memoryview]) -> list[str]:
        """The ids of many such records, one after another; their canonical JSON comes in UTF-8."""
        start, equal, sha256 = f"{source}\0".encode(), self._equal, hashlib.sha256
        record_ids = []
        for canonical in canonicals:
            digest = sha256(start + canonical).digest()[:16]
            count = equal[digest] = equal.get(digest, 0) + 1
            record_ids.append(f"r{digest.hex()}" if count == 1 else f"r{digest.hex()}-{count}")
        return record_ids

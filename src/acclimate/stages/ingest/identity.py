"""Record ids: the source's own where a column gives them, else from the content, so that file order means nothing."""

from __future__ import annotations

import hashlib
from collections import Counter

from acclimate.core.errors import DataError


class Identities:
    """All ids given so far in one run; fails when a source's own id comes twice."""

    def __init__(self) -> None:
        self._locators: dict[str, str] = {}
        self._equal: Counter[bytes] = Counter()

    def own(self, source: str, value: str, locator: str) -> str:
        """The id of a record whose source names it: `<source>:<value>`."""
        record_id = f"{source}:{value}"
        self._take(record_id, locator)
        return record_id

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
        content = f"{source}\0{canonical}".encode("utf-8", "surrogatepass")
        digest = hashlib.sha256(content).digest()[:16]
        self._equal[digest] += 1
        count = self._equal[digest]
        return f"r{digest.hex()}" if count == 1 else f"r{digest.hex()}-{count}"

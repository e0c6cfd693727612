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
        first = self._locators.setdefault(record_id, locator)
        if first is not locator:
            raise DataError(
                f"Two records have the id {record_id!r}: {first} and {locator}.",
                hint="give each its own id, or map another column to id (without one, ids come from the content)",
            )
        return record_id

    def of_content(self, source: str, canonical: str) -> str:
        """The id of a record known by its content; further equal ones get -2, -3 and so on."""
        content = f"{source}\0{canonical}".encode("utf-8", "surrogatepass")
        digest = hashlib.sha256(content).digest()[:16]
        self._equal[digest] += 1
        count = self._equal[digest]
        return f"r{digest.hex()}" if count == 1 else f"r{digest.hex()}-{count}"

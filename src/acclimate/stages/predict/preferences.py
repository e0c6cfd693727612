"""The test records of which two answers can be scored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from acclimate.core.errors import DataError
from acclimate.core.preferences import FAULTS, Record, preference_fault


def preferences_of(test: Sequence[Record]) -> tuple[list[Record], tuple[str, ...]]:
    """The preferences among test records, and what is to be said of the others; DataError where there is none."""
    faults = {record["id"]: fault for record in test if (fault := preference_fault(record)) is not None}
    if not faults:
        return list(test), ()
    counted = Counter(faults.values())
    said = "; ".join(
        f"{count} {FAULTS[fault]}, the first is {_first(faults, fault)}" for fault, count in counted.items()
    )
    if len(faults) == len(test):
        raise DataError(
            f"None of {len(test)} test records is a pair of answers to a prompt ({said}), so nothing can be compared.",
            hint="map the columns, for example: columns: {prompt: question, chosen: better, rejected: worse}",
        )
    kept = [record for record in test if record["id"] not in faults]
    return kept, (f"{len(faults)} of {len(test)} test records are no preferences and were left out: {said}.",)


def _first(faults: dict[str, str], wanted: str) -> str:
    return min(name for name, fault in faults.items() if fault == wanted)

"""Which texts are scored: each is one candidate of one item of one suite."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from acclimate.core.examples import example_of
from acclimate.core.hash_order import hash_rank
from acclimate.core.ports import Example
from acclimate.core.preferences import preference_fault, preference_of

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Item:
    """One text to score. `key` is its name among all texts of a run."""

    id: str
    suite: str
    candidate: str
    example: Example

    @property
    def key(self) -> str:
        """Suite, candidate and record id."""
        return f"{self.suite}/{self.candidate}/{self.id}"

    @property
    def named_example(self) -> Example:
        """The example under the item's key, since one record can give several texts."""
        return replace(self.example, id=self.key)


def reference_items(records: Iterable[Record], suite: str) -> list[Item]:
    """The reference text of each record."""
    return [Item(record["id"], suite, "reference", example_of(record)) for record in records]


def preference_items(records: Iterable[Record]) -> list[Item]:
    """Both answers of each record that is a preference."""
    pairs = [preference_of(record) for record in records if preference_fault(record) is None]
    return [
        Item(pair.id, "task", candidate, example)
        for pair in pairs
        for candidate, example in (("chosen", pair.chosen), ("rejected", pair.rejected))
    ]


def task_items(records: Iterable[Record], task: str) -> list[Item]:
    """What is scored of a task's own records: their reference texts, or both answers of preferences."""
    return preference_items(records) if task == "preference" else reference_items(records, "task")


def general_items(records: Iterable[Record]) -> list[Item]:
    """The general texts among the records that measure retention."""
    return reference_items([record for record in records if not is_probe(record)], "general")


def probe_items(records: Iterable[Record], *, per_ability: int, seed: int) -> list[Item]:
    """Both candidates of the ability probes among the records that measure retention."""
    by_ability = defaultdict(list)
    for record in records:
        if is_probe(record):
            by_ability[ability_of(record)].append(record)
    kept = [record for ability in by_ability.values() for record in chosen_by_hash(ability, per_ability, seed=seed)]
    return [
        Item(
            record["id"],
            "ability",
            candidate,
            Example(record["id"], text=record[candidate], opening=record["prompt"] or ""),
        )
        for record in kept
        for candidate in ("chosen", "rejected")
    ]


SET_ASIDE = 5
"""One retention text in so many serves to choose the strength of an adapter; reports rest on the others."""


def is_set_aside(id: str) -> bool:
    """Whether a retention text serves to choose, by a hash of its id, so that it is the same for every model."""
    return int(hash_rank(f"set aside {id}")[:8], 16) % SET_ASIDE == 0


def is_probe(record: Record) -> bool:
    """Whether a record sets a right continuation against a wrong one."""
    return record["chosen"] is not None and record["rejected"] is not None


def ability_of(record: Record) -> str:
    """The ability that a probe tests, from its declared attribute."""
    return next((pair["value"] for pair in record["attributes"] or () if pair["name"] == "ability"), "") or ""


def chosen_by_hash(records: Sequence[Record], count: int, *, seed: int) -> list[Record]:
    """So many records, the same ones for every model and whatever records are added or moved around them."""
    return sorted(records, key=lambda record: hash_rank(record["id"], seed))[:count]

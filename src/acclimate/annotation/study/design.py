"""Which outputs stand side by side: items of a study, drawn and ordered by its seed, their arms known to the database alone."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from acclimate.annotation.items import NewItem, unit_draw
from acclimate.annotation.study.protocol import REFERENCE, Protocol
from acclimate.core.errors import DataError

KNOWN_BAD = "known_bad"
"""The arm of an answer that was given to another record."""
_AGAIN = "again"


@dataclass(frozen=True)
class Answered:
    """A test record with what each arm answered; `cluster` is its subject, or whatever several records share."""

    id: str
    question: str
    outputs: Mapping[str, str]
    reference: str
    cluster: str
    site: str | None = None

    def output(self, arm: str) -> str:
        """What an arm answered, empty where it did not."""
        return self.reference if arm == REFERENCE else self.outputs.get(arm, "")


def study_items(protocol: Protocol, answered: Sequence[Answered]) -> list[NewItem]:
    """The items in the order in which they are read: comparisons and known-bad outputs mixed, repeats at the end.

    Raises DataError where fewer records have an output of every arm than the protocol draws. Equal protocols and records
    give equal items, in whatever order records come.
    """
    chosen = _chosen(protocol, answered)
    compared = [(one, arms) for one in chosen for arms in protocol.shown]
    drawn = sorted(compared, key=lambda pair: unit_draw(str(protocol.seed), _AGAIN, pair[0].id, *pair[1]))
    again = drawn[: round(protocol.repeats * len(compared))]
    repeated = {item_id(protocol, one.id, arms) for one, arms in again}
    main = [_comparison(protocol, one, arms, repeated) for one, arms in compared]
    repeats = [_repeat(protocol, one, arms) for one, arms in again]
    bad = list(_known_bad(protocol, chosen, round(protocol.known_bad * len(compared))))
    return [*_shuffled(protocol, [*main, *bad]), *_shuffled(protocol, repeats)]


def item_id(protocol: Protocol, record: str, arms: Sequence[str], kind: str = "") -> str:
    """A name that tells neither record nor arms."""
    parts = "\0".join([protocol.digest, record, *arms, kind])
    return f"s{hashlib.sha256(parts.encode()).hexdigest()[:16]}"


def shown_items(protocol: Protocol, record: str) -> list[str]:
    """The items that would show outputs to a record: its comparisons, their repeats and a known-bad output."""
    comparisons = [item_id(protocol, record, arms, kind) for arms in protocol.shown for kind in ("", _AGAIN)]
    return [*comparisons, item_id(protocol, record, (), KNOWN_BAD)]


def _chosen(protocol: Protocol, answered: Sequence[Answered]) -> list[Answered]:
    complete = [one for one in answered if all(one.output(arm).strip() for arm in protocol.arms)]
    if len(complete) < protocol.items:
        missing = [arm for arm in protocol.arms if not any(one.output(arm).strip() for one in answered)]
        raise DataError(
            f"{len(complete)} of {len(answered)} test records have an output of every arm, and the protocol draws"
            f" {protocol.items}" + (f"; no record has one of {', '.join(missing)}." if missing else "."),
            hint="draw fewer items, let predict.generations be larger, or leave an arm out",
        )
    return sorted(complete, key=lambda one: unit_draw(str(protocol.seed), one.id))[: protocol.items]


def _known_bad(protocol: Protocol, chosen: Sequence[Answered], wanted: int) -> Iterator[NewItem]:
    """Items where the reference stands beside the reference of another subject's record."""
    drawn = sorted(chosen, key=lambda one: unit_draw(str(protocol.seed), "bad", one.id))
    for place, one in enumerate(drawn[:wanted]):
        others = [other for other in (*drawn[place + 1 :], *drawn[:place]) if other.cluster != one.cluster]
        foreign = next((other.reference for other in others if other.reference != one.reference), None)
        if foreign is None:
            raise DataError(
                "All records drawn are of one subject, so none has an answer that is known to be bad for another.",
                hint="set known_bad: 0 in the protocol",
            )
        shown = {REFERENCE: one.reference, KNOWN_BAD: foreign}
        yield _new(one, item_id(protocol, one.id, (), KNOWN_BAD), shown, protocol.readers)


def _comparison(protocol: Protocol, one: Answered, arms: Sequence[str], repeated: Collection[str]) -> NewItem:
    name = item_id(protocol, one.id, arms)
    readings = protocol.readers if name in repeated else protocol.readings
    return _new(one, name, {arm: one.output(arm) for arm in arms}, readings)


def _repeat(protocol: Protocol, one: Answered, arms: Sequence[str]) -> NewItem:
    shown = {arm: one.output(arm) for arm in arms}
    first = item_id(protocol, one.id, arms)
    return _new(one, item_id(protocol, one.id, arms, _AGAIN), shown, protocol.readers, repeats=first)


def _new(one: Answered, name: str, shown: Mapping[str, str], readings: int, *, repeats: str | None = None) -> NewItem:
    record = {"id": name, "prompt": one.question, "cluster_id": one.cluster, "site": one.site}
    parents = {"parents": [repeats]} if repeats else {}
    return NewItem(record | parents, candidates=shown, readings=readings)


def _shuffled(protocol: Protocol, items: Sequence[NewItem]) -> list[NewItem]:
    return sorted(items, key=lambda item: unit_draw(str(protocol.seed), item.id))

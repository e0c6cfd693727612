"""What readers marked in outputs: how often each arm errs or leaves something out, and which marks a second reader confirms.

Arms are named here, so blinding is over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from acclimate.annotation.output_marks import SEVERITIES, OutputMark
from acclimate.annotation.study.protocol import Protocol
from acclimate.core.statistics import Estimate, Ratio, Resamples

ANY = "any"
"""All severities together."""


@dataclass(frozen=True)
class ReadOutput:
    """One output as one reader read it: whose it is, what it answers, and the marks that the reader set on it."""

    item: str
    cluster: str
    reader: str
    arm: str
    prompt: str
    text: str
    marks: Sequence[OutputMark]
    counts: bool = True
    """Whether rates count it: not where it stood in a repeat or beside a known-bad output."""


@dataclass(frozen=True)
class ArmMarks:
    """How many marks of a kind and severity an arm got, all readings of its outputs together.

    `per_output` is the number of marks a reading of one output. `confirmed` counts those that a second reader confirms.
    """

    arm: str
    kind: str
    severity: str
    readings: int
    marks: int
    confirmed: int
    per_output: Estimate


@dataclass(frozen=True)
class MarksDifference:
    """How many marks of a kind more an arm gets than another, an output read, where both stand on one page."""

    kind: str
    arm: str
    other: str
    difference: Estimate


@dataclass(frozen=True)
class Marked:
    """All that is counted of marks. Nothing of it has a verdict: only the comparisons on the axes were planned as tests."""

    arms: Sequence[ArmMarks] = ()
    differences: Sequence[MarksDifference] = ()


def count_marks(outputs: Sequence[ReadOutput], protocol: Protocol, *, resamples: int) -> Marked:
    """Marks by arm, kind and severity, and their differences; whole clusters (subjects) are resampled.

    Kinds are the protocol's. The same outputs in another order give the same counts.
    """
    confirming = _confirming(outputs)
    counted = sorted((one for one in outputs if one.counts), key=lambda one: (one.item, one.reader, one.arm))
    if not counted:
        return Marked()
    draws = {arm: _draws([one for one in counted if one.arm == arm], protocol, resamples) for arm in protocol.arms}
    arms = [
        _arm_marks([one for one in counted if one.arm == arm], arm, kind.name, severity, drawn, confirming)
        for arm, drawn in draws.items()
        if drawn is not None
        for kind in protocol.mark_kinds
        for severity in (ANY, *SEVERITIES)
    ]
    differences = [
        _difference(counted, kind.name, pair.arm, pair.other, protocol, resamples)
        for kind in protocol.mark_kinds
        for pair in protocol.pairs
    ]
    return Marked(arms, [one for one in differences if one is not None])


def confirming_readers(outputs: Sequence[ReadOutput]) -> list[tuple[ReadOutput, OutputMark, tuple[str, ...]]]:
    """Every mark on an output with the other readers who confirm it, by item, reader and place.

    A mark is confirmed where somebody else marked common words of the same field of the same output with the same kind,
    whatever the severity, on this page or another. A reader does not confirm their own marks.
    """
    confirming = _confirming(outputs)
    ordered = sorted(outputs, key=lambda one: (one.item, one.reader, one.arm))
    return [
        (one, mark, confirming.get((one.item, one.reader, one.arm, mark), ()))
        for one in ordered
        for mark in sorted(one.marks, key=lambda mark: (mark.field, mark.start, mark.end, mark.kind))
    ]


_Placed = tuple[str, str, str, OutputMark]


def _confirming(outputs: Sequence[ReadOutput]) -> dict[_Placed, tuple[str, ...]]:
    together: dict[tuple[str, str, str], list[tuple[ReadOutput, OutputMark]]] = defaultdict(list)
    for one in outputs:
        for mark in one.marks:
            together[one.arm, one.prompt, one.text].append((one, mark))
    return {
        (one.item, one.reader, one.arm, mark): others
        for same in together.values()
        for one, mark in same
        if (others := _others(one, mark, same))
    }


def _others(one: ReadOutput, mark: OutputMark, same: Sequence[tuple[ReadOutput, OutputMark]]) -> tuple[str, ...]:
    found = {
        other.reader
        for other, theirs in same
        if other.reader != one.reader and theirs.kind == mark.kind and theirs.overlaps(mark)
    }
    return tuple(sorted(found))


def _draws(outputs: Sequence[ReadOutput], protocol: Protocol, resamples: int) -> Resamples | None:
    clusters = [one.cluster for one in outputs]
    return Resamples(clusters, resamples=resamples, seed=protocol.seed) if clusters else None


def _arm_marks(
    outputs: Sequence[ReadOutput],
    arm: str,
    kind: str,
    severity: str,
    draws: Resamples,
    confirming: dict[_Placed, tuple[str, ...]],
) -> ArmMarks:
    marks = [[mark for mark in one.marks if _is_of(mark, kind, severity)] for one in outputs]
    numbers = np.array([len(some) for some in marks], dtype=np.float64)
    confirmed = sum(
        (one.item, one.reader, one.arm, mark) in confirming
        for one, some in zip(outputs, marks, strict=True)
        for mark in some
    )
    rate = draws.value(Ratio(numbers, np.ones(len(numbers))))
    return ArmMarks(arm, kind, severity, len(outputs), int(numbers.sum()), confirmed, rate)


def _difference(
    outputs: Sequence[ReadOutput], kind: str, arm: str, other: str, protocol: Protocol, resamples: int
) -> MarksDifference | None:
    """The difference on the pages, one a reading, that show both arms; None where there is none."""
    pages: dict[tuple[str, str], dict[str, ReadOutput]] = defaultdict(dict)
    for one in outputs:
        pages[one.item, one.reader][one.arm] = one
    both = [page for page in pages.values() if arm in page and other in page]
    draws = _draws([page[arm] for page in both], protocol, resamples)
    if draws is None:
        return None
    more = np.array([_number(page[arm], kind) - _number(page[other], kind) for page in both], dtype=np.float64)
    return MarksDifference(kind, arm, other, draws.value(Ratio(more, np.ones(len(more)))))


def _number(output: ReadOutput, kind: str) -> int:
    return sum(_is_of(mark, kind, ANY) for mark in output.marks)


def _is_of(mark: OutputMark, kind: str, severity: str) -> bool:
    return mark.kind == kind and severity in (ANY, mark.severity)

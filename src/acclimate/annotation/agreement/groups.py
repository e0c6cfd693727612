"""The same coefficient for each label, each slice or each pair of annotators, to see where people disagree."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from itertools import combinations
from typing import Protocol, Self, TypeVar

from acclimate.annotation.agreement.figure import Agreement, TooFewReadingsError, undefined
from acclimate.annotation.readings import Label


class Groupable(Protocol):
    """Readings of labels or of spans."""

    @property
    def annotators(self) -> Sequence[str]: ...
    @property
    def labels(self) -> Sequence[Label]: ...
    def only_items(self, items: Collection[str]) -> Self: ...
    def only_annotators(self, annotators: Collection[str]) -> Self: ...
    def one_label(self, label: Label) -> Self: ...


R = TypeVar("R", bound=Groupable)


def by_label(readings: R, measure: Callable[[R], Agreement]) -> dict[Label, Agreement]:
    """The coefficient of each label against all others."""
    return {label: measured(readings.one_label(label), measure) for label in readings.labels}


def by_slice(
    readings: R, measure: Callable[[R], Agreement], *, slices: Mapping[str, Collection[str]]
) -> dict[str, Agreement]:
    """The coefficient within each slice, given the ids of its items; undefined where no item has two readings."""
    return {name: measured(readings.only_items(items), measure) for name, items in slices.items()}


def by_pair(readings: R, measure: Callable[[R], Agreement]) -> dict[tuple[str, str], Agreement]:
    """The coefficient of every two annotators; undefined where they share no item."""
    pairs = combinations(readings.annotators, 2)
    return {pair: measured(readings.only_annotators(pair), measure) for pair in pairs}


def measured(readings: R, measure: Callable[[R], Agreement]) -> Agreement:
    """The coefficient, or why there is none where too few items were read twice."""
    try:
        return measure(readings)
    except TooFewReadingsError as error:
        named = measure.func if isinstance(measure, partial) else measure
        return undefined(getattr(named, "__name__", "agreement"), error.message)

"""Names to choose surrogates from: Faker's lists, without those that are also months, titles or words of an address."""

from __future__ import annotations

import functools

from faker.providers.person.en_US import Provider

from acclimate.core.folding import fold
from acclimate.stages.deidentify.dates import MONTHS, WEEKDAYS
from acclimate.stages.deidentify.people import TITLES
from acclimate.stages.deidentify.places import SUFFIXES

FEMALE, MALE = "female", "male"

_ALSO_OTHER_WORDS = frozenset(
    fold(word) for word in (*MONTHS, *WEEKDAYS, *SUFFIXES.split("|"), *TITLES, "Will", "Art", "Bill", "Mark", "Grant")
)


def _usable(names: object) -> tuple[str, ...]:
    listed = [str(name) for name in names]  # type: ignore[attr-defined]
    return tuple(name for name in sorted(set(listed)) if name.isalpha() and fold(name) not in _ALSO_OTHER_WORDS)


@functools.cache
def last_names() -> tuple[str, ...]:
    """Family names."""
    return _usable(Provider.last_names)


@functools.cache
def _first_names_by_gender() -> tuple[tuple[str, ...], tuple[str, ...]]:
    return _usable(Provider.first_names_female), _usable(Provider.first_names_male)


@functools.cache
def _folded(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(fold(name) for name in names)


@functools.cache
def _any_first_names() -> tuple[str, ...]:
    female, male = _first_names_by_gender()
    return tuple(sorted({*female, *male}))


def first_names(like: str, gender: str = "") -> tuple[str, ...]:
    """First names of a gender, by default that which a (folded) first name is given to; of any where that is not known."""
    female, male = _first_names_by_gender()
    return {FEMALE: female, MALE: male}.get(gender or gender_of(like), _any_first_names())


def gender_of(first_name: str) -> str:
    """The gender that a (folded) first name is given to; empty where it is given to both or unknown."""
    female, male = _first_names_by_gender()
    is_female, is_male = first_name in _folded(female), first_name in _folded(male)
    if is_female == is_male:
        return ""
    return FEMALE if is_female else MALE


@functools.cache
def of_length_like(names: tuple[str, ...], length: int) -> tuple[str, ...]:
    """Those names that are short, middling or long as a name of so many letters is; layouts stay what they were."""
    return tuple(name for name in names if _length_class(len(name)) == _length_class(length)) or names


def _length_class(length: int) -> int:
    return (length > 4) + (length > 7)

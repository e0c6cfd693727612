"""Small pieces of English: numbers, durations, lists, and filling a phrase."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from acclimate.examples.clinical.lexicon import headed, table, variants

ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
UNITS = {"day": "d", "week": "wk", "month": "mo", "year": "yr"}


@dataclass(frozen=True)
class Duration:
    """How long something has lasted, in the three ways it is written."""

    spoken: str
    north: str
    south: str


def in_words(number: int) -> str:
    """A number below 100 in words.

    >>> in_words(42)
    'forty-two'
    """
    if number < len(ONES):
        return ONES[number]
    tens, ones = divmod(number, 10)
    return f"{TENS[tens]}-{ONES[ones]}" if ones else TENS[tens]


def draw_duration(rng: random.Random, units: Sequence[str] = ("day", "week", "month", "year")) -> Duration:
    """A duration of at least two units."""
    number, unit = rng.randint(2, 12), rng.choice(units)
    south = f"{in_words(number)} {unit}s"
    return Duration(rng.choice((south, f"{number} {unit}s")), f"{number} {UNITS[unit]}", south)


def capitalised(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


def listed(items: Sequence[str], *, last: str = "and") -> str:
    """Items as a list in prose.

    >>> listed(["ice", "rest", "heat"])
    'ice, rest and heat'
    """
    return f"{', '.join(items[:-1])} {last} {items[-1]}" if len(items) > 1 else "".join(items)


def impersonal(text: str) -> str:
    """What a patient says of their own things, as a note puts it (`my inhaler` → `the inhaler`)."""
    return re.sub(r"\bmy\b", "the", text)


def without_article(text: str) -> str:
    """The noun without `a` or `an`, as short notes write it."""
    return re.sub(r"^an? ", "", text)


def phrase(rng: random.Random, heading: str, **slots: str) -> str:
    """One wording of a dialogue act, filled in; a slot written with a capital gets a capital."""
    template = rng.choice(headed("phrases")[heading])
    capitals = {name.capitalize(): capitalised(value) for name, value in slots.items()}
    return template.format(**slots, **capitals)


def spoken_number(rng: random.Random, number: int) -> str:
    """A number as people say or type it."""
    return rng.choice((in_words(number), str(number)))


def corrected(rng: random.Random, right: str, wrong: str, *, chance: float = 0.12) -> str:
    """The right value, sometimes after a slip of the tongue that the speaker takes back."""
    if wrong == right or rng.random() >= chance:
        return right
    return phrase(rng, "correction", wrong=wrong, right=right)


@dataclass(frozen=True)
class Frequency:
    """How often a drug is taken, in the three ways it is written."""

    spoken: str
    north: str
    south: str


def draw_frequency(rng: random.Random, name: str) -> Frequency:
    """One spoken wording of a frequency of the list."""
    row = next(row for row in table("frequencies") if row["name"] == name)
    return Frequency(rng.choice(variants(row["spoken"])), row["north"], name)

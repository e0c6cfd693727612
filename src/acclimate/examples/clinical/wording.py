"""Small pieces of English: numbers, durations, lists, and filling a phrase."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from acclimate.examples.clinical.lexicon import headed, table

ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


@dataclass(frozen=True)
class Duration:
    """How long something has lasted, as it is said and as it is written out."""

    spoken: str
    written: str


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
    written = f"{in_words(number)} {unit}s"
    return Duration(rng.choice((written, f"{number} {unit}s")), written)


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


@cache
def _shortenings() -> tuple[re.Pattern[str], dict[str, str]]:
    short = {row["long"].lower(): row["short"] for row in table("abbreviations")}
    short |= {in_words(number): str(number) for number in range(2, 100)}
    longest_first = sorted(short, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b", re.IGNORECASE), short


def telegraphic(text: str) -> str:
    """The text in the north hospital's style: no articles, numbers as digits, its few abbreviations.

    >>> telegraphic("the left knee hurts with a burning pain for three weeks")
    'L knee hurts w/ burning pain for 3 wk'
    """
    pattern, short = _shortenings()
    shortened = pattern.sub(lambda match: short[match[0].lower()], text)
    return re.sub(r"\b(?:an?|the) (?!day|wk|mo|yr)", "", shortened)

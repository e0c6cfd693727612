"""Numbers with their units, in digits or in words: doses, ages, counts, percentages and amounts of money."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from acclimate.stages.evaluate.support.text import listed

SMALL = {
    word: value
    for value, word in enumerate(
        listed(
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
            " seventeen eighteen nineteen"
        )
    )
}
TENS = {
    word: 10 * value
    for value, word in enumerate(listed("twenty thirty forty fifty sixty seventy eighty ninety"), start=2)
}
SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
OTHER_WORDS = {"half": 0.5, "dozen": 12, "once": 1, "twice": 2, "thrice": 3}
AS_NUMBER = SMALL | TENS

_UNIT_NAMES: tuple[tuple[str, float, str], ...] = (
    ("mass", 1e-6, "mcg µg ug microgram micrograms"),
    ("mass", 1e-3, "mg mgs milligram milligrams"),
    ("mass", 1.0, "g gram grams gm gms"),
    ("mass", 1e3, "kg kgs kilo kilos kilogram kilograms"),
    ("mass", 453.59237, "lb lbs pound pounds"),
    ("volume", 1e-3, "ml mls cc ccs milliliter milliliters millilitre millilitres"),
    ("volume", 1.0, "l liter liters litre litres"),
    ("length", 1e-3, "mm millimeter millimeters millimetre millimetres"),
    ("length", 1e-2, "cm centimeter centimeters centimetre centimetres"),
    ("length", 1.0, "m meter meters metre metres"),
    ("length", 1e3, "km kilometer kilometers kilometre kilometres"),
    ("length", 0.0254, "inch inches"),
    ("length", 0.3048, "foot feet ft"),
    ("length", 1609.344, "mile miles"),
    ("days", 1 / 1440, "minute minutes min mins"),
    ("days", 1 / 24, "hour hours hr hrs"),
    ("days", 1.0, "day days"),
    ("days", 7.0, "week weeks wk wks"),
    ("months", 1.0, "month months mo mos"),
    ("months", 12.0, "year years yr yrs yo"),
    ("percent", 1.0, "% percent pct"),
    ("times", 1.0, "time times x"),
    ("degrees", 1.0, "° degree degrees f fahrenheit c celsius"),
    ("pressure", 1.0, "mmhg"),
    ("pieces", 1.0, "tablet tablets tab tabs pill pills capsule capsules puff puffs drop drops spray sprays"),
    ("pieces", 1.0, "unit units iu"),
    ("equivalents", 1.0, "meq"),
    ("USD", 1.0, "$ usd dollar dollars"),
    ("EUR", 1.0, "€ eur euro euros"),
    ("GBP", 1.0, "£ gbp"),
)
_UNITS = {name: (dimension, factor) for dimension, factor, names in _UNIT_NAMES for name in names.split()}
"""The dimension of a unit, and how many of the dimension's base unit one of it is."""

MONEY = frozenset({"USD", "EUR", "GBP"})
DOSED = frozenset({"mass", "volume", "pieces", "equivalents"})
_SPELT_UNITS = frozenset(("mg", "ml", "kg", "cc", "mm", "cm"))
"""Units whose letters are said one by one: 4 M G."""
_PER_TIME = frozenset(listed("a daily every per weekly each monthly yearly more"))
_SHORT_SCALES = {"k": 1e3, "m": 1e6, "mn": 1e6, "mm": 1e6, "bn": 1e9, "b": 1e9}

_TOKEN = re.compile(
    r"(?P<ordinal>\d+(?:st|nd|rd|th)\b)|(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|(?<![\w.])\.\d+)(?!\d)"
    r"|(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)*)|(?P<sign>[%°$€£/–-])|(?P<other>[^\s])"
)


@dataclass(frozen=True)
class Quantity:
    """A number in a text. `value` is in the base unit of `dimension`, which is empty where no unit stands beside it."""

    value: float
    dimension: str
    start: int
    end: int
    plain: float
    """The number as it is written, before its unit is applied."""
    is_claim: bool = True
    """Whether it states a figure: the number of a list's item does not, nor `one` as a pronoun."""

    def equals(self, other: Quantity) -> bool:
        """Whether both say the same; a number without a unit says the same as one with any."""
        if self.dimension and other.dimension:
            return self.dimension == other.dimension and _same(self.value, other.value)
        return _same(self.plain, other.plain)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


def quantities(text: str, *, without: Sequence[tuple[int, int]] = ()) -> list[Quantity]:
    """The numbers of a text in their order; those inside the places `without` (dates, references) are left out.

    A place in an order (2nd, second) is none.

    >>> [(q.plain, q.dimension) for q in quantities("a 63-year-old on twenty five mg, BP 120/80, $1.2 million")]
    [(63.0, 'months'), (25.0, 'mass'), (120.0, ''), (80.0, ''), (1200000.0, 'USD')]
    """
    tokens = [_Token(found.lastgroup or "", found[0], found.start(), found.end()) for found in _TOKEN.finditer(text)]
    return [
        quantity
        for quantity in _share_units(list(_read(tokens)), text)
        if not any(start < quantity.end and quantity.start < end for start, end in without)
    ]


def _read(tokens: list[_Token]) -> Iterator[Quantity]:
    at = 0
    while at < len(tokens):
        number = _number(tokens, at)
        if number is None:
            at += 1
            continue
        value, following = number
        unit, end_at = _unit(tokens, following)
        before = tokens[at - 1].text if at else ""
        start = tokens[at].start
        if unit is None and before in ("$", "€", "£"):
            unit, start = _UNITS[before], tokens[at - 1].start
            value, following = _scaled(tokens, following, value)
            end_at = following
        dimension, factor = unit or ("", 1.0)
        is_claim = not _is_no_figure(tokens, at, following, unit is not None)
        yield Quantity(value * factor, dimension, start, tokens[end_at - 1].end, value, is_claim)
        at = max(following, at + 1)


def _number(tokens: list[_Token], at: int) -> tuple[float, int] | None:
    """The number that begins here and where it ends, or None."""
    token = tokens[at]
    if token.kind == "number":
        if _is_part_of_a_code(tokens, at):
            return None
        value = float(token.text.replace(",", ""))
        if (
            at + 2 < len(tokens)
            and tokens[at + 1].text == "/"
            and tokens[at + 2].text in ("2", "3", "4", "8")
            and value < float(tokens[at + 2].text)
        ):
            return value / float(tokens[at + 2].text), at + 3
        if at + 1 < len(tokens) and (scale := SCALES.get(tokens[at + 1].text.lower())):
            return value * scale, at + 2
        return value, at + 1
    return _spelt(tokens, at) if token.kind == "word" else None


def _is_no_figure(tokens: list[_Token], at: int, following: int, has_unit: bool) -> bool:
    """Whether it states no figure: the number of a list's item, `one` as a pronoun, `once` without a period, `half of`."""
    word = tokens[at].text.lower()
    after = tokens[following].text.lower() if following < len(tokens) else ""
    if word.isdigit() and len(word) < 3 and after in (".", ")", ":") and (at == 0 or tokens[at - 1].text in ".:;)"):
        return following + 1 < len(tokens) and tokens[following + 1].start > tokens[following].end
    if word in ("once", "twice", "thrice"):
        return after not in _PER_TIME
    return not has_unit and word in ("one", "half")


def _is_part_of_a_code(tokens: list[_Token], at: int) -> bool:
    """Whether letters touch the number, as in B12 or A1C."""
    token = tokens[at]
    return at > 0 and tokens[at - 1].kind == "word" and tokens[at - 1].end == token.start


def _spelt(tokens: list[_Token], at: int) -> tuple[float, int] | None:
    """A number in words: sixty three, two hundred and fifty, two thousand nine."""
    first = tokens[at].text.lower()
    if first in OTHER_WORDS:
        has_article = first == "half" and at + 1 < len(tokens) and tokens[at + 1].text.lower() in ("a", "an")
        return float(OTHER_WORDS[first]), at + 1 + has_article
    total = current = 0.0
    place, seen = at, False
    while place < len(tokens):
        word = tokens[place].text.lower()
        if (
            word == "-"
            and seen
            and place + 1 < len(tokens)
            and tokens[place + 1].text.lower() in SMALL
            and current >= 20
        ):
            place += 1
            continue
        if word in TENS and (current % 100 == 0 or not seen):
            current += TENS[word]
        elif word in SMALL and (
            not seen or current % 100 == 0 or (current % 10 == 0 and current % 100 and SMALL[word] < 10)
        ):
            current += SMALL[word]
        elif word == "hundred" and seen:
            current *= 100
        elif word in SCALES and seen:
            total, current = total + current * SCALES[word], 0.0
        elif (
            word == "and"
            and seen
            and place > at
            and tokens[place - 1].text.lower() in SCALES
            and _continues(tokens, place + 1)
        ):
            place += 1
            continue
        else:
            break
        seen = True
        place += 1
    return (total + current, place) if seen else None


def _continues(tokens: list[_Token], place: int) -> bool:
    return place < len(tokens) and tokens[place].text.lower() in AS_NUMBER


def _scaled(tokens: list[_Token], at: int, value: float) -> tuple[float, int]:
    scale = _SHORT_SCALES.get(tokens[at].text.lower()) if at < len(tokens) else None
    return (value * scale, at + 1) if scale else (value, at)


def _unit(tokens: list[_Token], at: int) -> tuple[tuple[str, float] | None, int]:
    """The unit behind a number and where it ends, a hyphen between them allowed."""
    place = at + 1 if at < len(tokens) and tokens[at].text == "-" else at
    if place < len(tokens):
        text, after = tokens[place].text, tokens[place + 1].text.lower() if place + 1 < len(tokens) else ""
        if text.lower() in ("m", "k", "c") and text.lower() + after in _SPELT_UNITS:
            return _UNITS[text.lower() + after], place + 2
        if text.lower() in _UNITS and text not in ("$", "€", "£"):
            return _UNITS[text.lower()], place + 1
    return None, at


_FREQUENCIES: tuple[tuple[re.Pattern[str], float], ...] = tuple(
    (re.compile(form, re.IGNORECASE), times)
    for form, times in (
        (r"\b(?:once (?:daily|a day|per day|every day)|qd|q\.d\.)\b", 1),
        (r"\b(?:(?:twice|two times|2 times|2x) (?:daily|a day|per day|every day)|bid|b\.i\.d)\b", 2),
        (r"\b(?:(?:three times|thrice|3 times|3x) (?:daily|a day|per day|every day)|tid|t\.i\.d)\b", 3),
        (r"\b(?:(?:four times|4 times|4x) (?:daily|a day|per day|every day)|qid|q\.i\.d)\b", 4),
        (
            r"\b(?:in the )?morning,? (?:noon|midday|afternoon),? and (?:at |in the |every )?(?:evening|night|bedtime)\b",
            3,
        ),
        (r"\b(?:with|at|before|after) (?:each|every|all) (?:meal|meals)\b", 3),
        (r"\bmorning and (?:at |in the |every |one at )?(?:evening|night|bedtime)\b", 2),
        (r"\bbreakfast and (?:with |at )?(?:dinner|supper)\b", 2),
    )
)
_EVERY_HOURS = re.compile(rf"\b(?:every |q ?)(\d+|{'|'.join(SMALL)})(?: ?h\b| ?hours?\b| ?hrs?\b)", re.IGNORECASE)


def frequencies(text: str) -> list[Quantity]:
    """How often a day something is done, in the ways that is said and written.

    >>> [one.value for one in frequencies("q8h, then BID, then one in the morning and at night, then every six hours")]
    [3.0, 2.0, 2.0, 4.0]
    """
    found = [
        Quantity(float(times), "daily", match.start(), match.end(), float(times))
        for form, times in _FREQUENCIES
        for match in form.finditer(text)
    ]
    for match in _EVERY_HOURS.finditer(text):
        hours = float(match[1]) if match[1].isdigit() else float(SMALL[match[1].lower()])
        if hours:
            found.append(Quantity(24 / hours, "daily", match.start(), match.end(), 24 / hours))
    return sorted(found, key=lambda one: one.start)


def _share_units(found: list[Quantity], text: str) -> list[Quantity]:
    """The first end of a range takes the unit of the second: 10 to 20 mg."""
    shared = found[:]
    for place, (one, two) in enumerate(pairwise(found)):
        between = text[one.end : two.start].strip().lower()
        if not one.dimension and two.dimension and between in ("-", "–", "to", "or"):
            factor = two.value / two.plain if two.plain else 1.0
            shared[place] = Quantity(one.plain * factor, two.dimension, one.start, one.end, one.plain, one.is_claim)
    return shared


def _same(one: float, two: float) -> bool:
    return abs(one - two) <= 1e-6 * max(1.0, abs(one), abs(two))

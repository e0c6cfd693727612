"""Dates in the ways people write and say them, as far as each is given: a year alone is not one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from acclimate.stages.evaluate.support.quantities import SMALL, TENS
from acclimate.stages.evaluate.support.text import listed

_MONTHS = {
    name: number
    for number, names in enumerate(
        [
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sept sep",
            "october oct",
            "november nov",
            "december dec",
        ],
        start=1,
    )
    for name in names.split()
}
_ORDINALS = {
    word: number
    for number, word in enumerate(
        listed(
            "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth"
            " fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
        ),
        start=1,
    )
} | {"thirtieth": 30, "thirty-first": 31, "thirty first": 31}
_ORDINALS |= {f"twenty{gap}{word}": 20 + number for gap in " -" for word, number in list(_ORDINALS.items())[:9]}

_SPELT_YEAR = rf"two thousand(?: and)?(?: (?:{'|'.join([*SMALL, *TENS])}))*"
_DAY = rf"\d{{1,2}}(?:st|nd|rd|th)?|{'|'.join(sorted(_ORDINALS, key=len, reverse=True))}"
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_YEAR = rf"(?:19|20)\d\d|{_SPELT_YEAR}"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        r"\b(?P<year>(?:19|20)\d\d)-(?P<month>\d{1,2})-(?P<day>\d{1,2})\b",
        r"(?<![\d/.])(?P<month>\d{1,2})[/.](?P<day>\d{1,2})[/.](?P<year>(?:19|20)?\d\d)(?![\d/])",
        r"(?<![\d/.])(?=0\d|\d\d/0)(?P<month>\d\d)/(?P<day>\d\d)(?![\d/])",
        rf"\b(?P<month>{_MONTH})\.?,? (?:the )?(?P<day>{_DAY})\b(?:,? (?:of )?(?P<year>{_YEAR})\b)?",
        rf"\b(?:the )?(?P<day>{_DAY}) (?:of )?(?P<month>{_MONTH})\b\.?(?:,? (?:of )?(?P<year>{_YEAR})\b)?",
        rf"\b(?P<month>{_MONTH})\.?,? (?:of )?(?P<year>{_YEAR})\b",
    )
)


@dataclass(frozen=True)
class Date:
    """A date in a text; what is not given is None. Day and month of 3/4/2024 may be meant either way round."""

    year: int | None
    month: int
    day: int | None
    start: int
    end: int
    is_numeric: bool = False

    def agrees(self, other: Date) -> bool:
        """Whether all that this one says, the other says too."""
        if self._reads(other, self.month, self.day):
            return True
        return self.is_numeric and self.day is not None and self._reads(other, self.day, self.month)

    def _reads(self, other: Date, month: int, day: int | None) -> bool:
        years = self.year is None or (other.year is not None and self.year % 100 == other.year % 100)
        return years and month == other.month and (day is None or day == other.day)


def dates(text: str) -> list[Date]:
    """The dates of a text, in their order.

    >>> [(d.year, d.month, d.day) for d in dates("on 01/10/09, then the fourth of May and August of two thousand eight")]
    [(9, 1, 10), (None, 5, 4), (2008, 8, None)]
    """
    found: list[Date] = []
    for form in _FORMS:
        for match in form.finditer(text):
            if any(match.start() < date.end and date.start < match.end() for date in found):
                continue
            date = _date(match)
            if date is not None:
                found.append(date)
    return sorted(found, key=lambda date: date.start)


def _date(match: re.Match[str]) -> Date | None:
    parts = match.groupdict()
    month = _MONTHS.get(parts["month"].lower()) or int(parts["month"])
    day = _day(parts.get("day"))
    year = _year(parts.get("year"))
    is_numeric = parts["month"].isdigit()
    least, most = min(month, day or month), max(month, day or month)
    if least < 1 or most > 31 or least > 12:
        return None
    return Date(year, month, day, match.start(), match.end(), is_numeric)


def _day(text: str | None) -> int | None:
    if text is None:
        return None
    return _ORDINALS.get(text.lower()) or int(re.sub(r"\D", "", text))


def _year(text: str | None) -> int | None:
    if text is None:
        return None
    if text.isdigit():
        return int(text)
    words = text.lower().split()[2:]
    return 2000 + sum((SMALL | TENS).get(word, 0) for word in words)

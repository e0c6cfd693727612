"""Dates as people write them: read, moved by a number of days, and written again in the same format."""

from __future__ import annotations

import calendar
import datetime
import functools
from collections.abc import Mapping
from dataclasses import dataclass

import re2

MONTHS = tuple(calendar.month_name)[1:]
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAYS_PER_MONTH = 30.4375
_SOME_MONDAY = datetime.date(2001, 1, 1)
_WORDS_THAT_ARE_NO_MONTHS = ("may", "march", "mar", "sep", "dec", "jan", "jun")

_MONTH = r"(?P<name>(?i:January|February|March|April|May|June|July|August|September|October|November|December|Sept|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Oct|Nov|Dec))\.?"
_WEEKDAY = r"(?:(?P<weekday>(?i:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|Tues|Thurs|Mon|Tue|Wed|Thu|Fri|Sat|Sun))\.?,?\s+(?:the\s+)?)?"
_DAY = r"(?P<day>0?[1-9]|[12]\d|3[01])(?P<ordinal>(?i:st|nd|rd|th))?"
_LAST_DAY = r"(?:\s?[-–]\s?(?P<last_day>0?[1-9]|[12]\d|3[01])(?P<last_ordinal>(?i:st|nd|rd|th))?)?"
_YEAR = r"(?P<year>(?:18|19|20)\d\d)"
_TWO = r"\d{1,2}"

FORMATS: Mapping[str, str] = {
    "month day year": _WEEKDAY + _MONTH + r"\s+" + _DAY + _LAST_DAY + r"\s*,?\s+" + _YEAR,
    "day month year": _WEEKDAY + _DAY + _LAST_DAY + r"(?:\s+of)?[\s./-]*" + _MONTH + r"[\s.,/-]*" + _YEAR,
    "day month short year": _DAY + r"[-/]" + _MONTH + r"[-/](?P<year>\d\d)",
    "month year": _MONTH + r"(?:\s+of)?[\s,/-]*" + _YEAR,
    "month day": _WEEKDAY + _MONTH + r"\s+" + _DAY + _LAST_DAY,
    "day month": _WEEKDAY + _DAY + _LAST_DAY + r"(?:\s+of\s+|\s+|-)" + _MONTH,
    "year first": _YEAR + rf"(?P<separator>[-/.])(?P<month>{_TWO})[-/.](?P<day>{_TWO})",
    "year last": rf"(?P<first>{_TWO})(?P<separator>[-/.])(?P<second>{_TWO})[-/.](?P<year>(?:18|19|20)\d\d|\d\d)",
    "month number year": r"(?P<month>0?[1-9]|1[0-2])/" + _YEAR,
    "two numbers": rf"(?P<first>{_TWO})/(?P<second>{_TWO})",
    "month": _MONTH,
    "weekday": r"(?P<weekday>(?i:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday))",
}
"""Ways of writing a date, the more complete first. Each group is a field of the date."""


@dataclass(frozen=True)
class WrittenDate:
    """A date as read from a text: its fields with their places, and the days they mean."""

    text: str
    spans: Mapping[str, tuple[int, int]]
    first: datetime.date
    last: datetime.date
    has_day: bool
    has_year: bool
    day_first: bool = False

    def field(self, name: str) -> str:
        """A field as it is written; empty where the format has none."""
        start, end = self.spans.get(name, (0, 0))
        return self.text[start:end]


@functools.cache
def _compiled(name: str) -> re2._Regexp:
    return re2.compile(FORMATS[name])


def read_date(text: str, *, day_first: bool = False) -> WrittenDate | None:
    """The date that a stretch of text is, or None when it is none.

    >>> read_date("3 Mar 2021").first
    datetime.date(2021, 3, 3)
    """
    for name in FORMATS:
        expression = _compiled(name)
        match = expression.fullmatch(text)
        if match is None:
            continue
        spans = {group: match.span(index) for group, index in expression.groupindex.items() if match.start(index) >= 0}
        return _understood(text, spans, day_first=day_first)
    return None


def _understood(text: str, spans: Mapping[str, tuple[int, int]], *, day_first: bool) -> WrittenDate | None:
    fields = {name: text[start:end] for name, (start, end) in spans.items()}
    if set(fields) == {"weekday"}:
        some = _SOME_MONDAY + datetime.timedelta(_number_of_weekday(fields["weekday"]))
        return WrittenDate(text, spans, some, some, has_day=True, has_year=False)
    separator = fields.get("separator", "")
    if separator and text.count(separator) != 2:
        return None
    if "first" in fields:
        day_first = int(fields["first"]) > 12 or (day_first and int(fields["second"]) <= 12)
        fields["day"], fields["month"] = (
            (fields["first"], fields["second"]) if day_first else (fields["second"], fields["first"])
        )
    month = month_number(fields["name"]) if "name" in fields else int(fields["month"])
    day = int(fields.get("day", "15"))
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    year = _year(fields.get("year", ""), month, day)
    first = _clamped(year, month, day)
    last = _clamped(year, month, int(fields.get("last_day", str(day))))
    return WrittenDate(text, spans, first, last, "day" in fields, "year" in fields, day_first)


def _year(written: str, month: int, day: int) -> int:
    if not written:
        return 2000 if (month, day) == (2, 29) else 2001
    if len(written) == 2:
        return int(written) + (2000 if int(written) < 50 else 1900)
    return int(written)


def _clamped(year: int, month: int, day: int) -> datetime.date:
    """A day that does not exist (February 30) counts as the month's last: a mistyped date is moved all the same."""
    return datetime.date(year, month, min(day, calendar.monthrange(year, month)[1]))


def month_number(name: str) -> int:
    """1 for January or Jan, whatever the case."""
    return next(index for index, month in enumerate(MONTHS, 1) if month.lower().startswith(name.lower()[:3]))


def may_be_no_month(written: WrittenDate) -> bool:
    """Whether a date without a year rests on a lower-case word that is also another word, as in 'may 3 times'."""
    name = written.field("name")
    return not written.has_year and name.islower() and name in _WORDS_THAT_ARE_NO_MONTHS


def shifted(written: WrittenDate, days: int) -> str:
    """The date moved by so many days (1 to 364 either way), in the format it was written in.

    A date without a day is moved by whole months, so that it changes and the months between two of them stay.

    >>> shifted(read_date("March 3rd, 2021"), 30)
    'April 2nd, 2021'
    """
    if written.has_day:
        first, last = written.first + datetime.timedelta(days), written.last + datetime.timedelta(days)
    else:
        first = last = _move_months(written.first, _whole_months(days, with_year=written.has_year))
    fields = _written_fields(written, first, last, days)
    pieces, end = [], 0
    for name, (start, stop) in sorted(written.spans.items(), key=lambda item: item[1]):
        pieces += [written.text[end:start], fields.get(name, written.text[start:stop])]
        end = stop
    return "".join([*pieces, written.text[end:]])


def _whole_months(days: int, *, with_year: bool) -> int:
    months = max(1, round(abs(days) / _DAYS_PER_MONTH))
    if not with_year:
        months = min(months, 11)  # twelve months on, a month without a year would stay what it was
    return months if days > 0 else -months


def _move_months(day: datetime.date, months: int) -> datetime.date:
    years, month = divmod(day.month - 1 + months, 12)
    return datetime.date(day.year + years, month + 1, day.day)


def _written_fields(written: WrittenDate, first: datetime.date, last: datetime.date, days: int) -> dict[str, str]:
    month_field, day_field = ("second", "first") if written.day_first else ("first", "second")
    padded = any(written.field(name).startswith("0") for name in ("first", "second", "month", "day"))
    month, day = _number(first.month, padded=padded), _number(first.day, padded=padded)
    return {
        "weekday": _name_like(written.field("weekday"), _weekday(written, first, days)),
        "month": month,
        month_field: month,
        day_field: day,
        "ordinal": _in_case(written.field("ordinal"), ordinal(first.day)),
        "last_ordinal": _in_case(written.field("last_ordinal"), ordinal(last.day)),
        "year": f"{last.year:04d}"[-len(written.field("year")) :] if written.has_year else "",
        **_days_and_names(written, day, first, last),
    }


def _days_and_names(written: WrittenDate, day: str, first: datetime.date, last: datetime.date) -> dict[str, str]:
    """The days of a range and its month; a range that has come to span two months names both."""
    name = written.field("name")
    first_name, last_name = (_name_like(name, MONTHS[date.month - 1]) for date in (first, last))
    last_day = _number(last.day, padded=written.field("last_day").startswith("0"))
    if first_name == last_name:
        return {"name": first_name, "day": day, "last_day": last_day}
    if written.spans["day"] < written.spans["name"]:
        return {"name": last_name, "day": f"{day} {first_name}", "last_day": last_day}
    return {"name": first_name, "day": day, "last_day": f"{last_name} {last_day}"}


def _weekday(written: WrittenDate, day: datetime.date, days: int) -> str:
    if written.has_year or not written.field("weekday"):
        return WEEKDAYS[day.weekday()]
    return WEEKDAYS[(_number_of_weekday(written.field("weekday")) + days) % 7]


def _number_of_weekday(name: str) -> int:
    """0 for Monday or Mon, whatever the case."""
    return next(index for index, weekday in enumerate(WEEKDAYS) if weekday[:3] == name[:3].title())


def _number(value: int, *, padded: bool) -> str:
    return f"{value:02d}" if padded else str(value)


def _name_like(model: str, name: str) -> str:
    """A month or weekday as short and in the case of the one it stands in for."""
    short = len(model) <= 5 and model.title() not in (*MONTHS, *WEEKDAYS)
    name = name[:3] if short else name
    return _in_case(model, name)


def _in_case(model: str, word: str) -> str:
    return word.upper() if model.isupper() else word.lower() if model.islower() else word


def ordinal(day: int) -> str:
    """The letters after a day: 1st, 2nd, 3rd, 4th.

    >>> [ordinal(day) for day in (1, 12, 22, 31)]
    ['st', 'th', 'nd', 'st']
    """
    return "th" if 11 <= day % 100 <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")

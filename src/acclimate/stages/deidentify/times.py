"""Patterns of dates, by form or by the words around them, and of ages over 89."""

from __future__ import annotations

import functools

import re2

from acclimate.stages.deidentify.dates import FORMATS, may_be_no_month, read_date
from acclimate.stages.deidentify.patterns import Find, Pattern, followed_by, preceded_by, stands_alone

_VERSION_BEFORE = preceded_by(r"\b(?:version|firmware|software|release|build|revision|section|clause|v|ver)\.?\s*|§\s*")
_COUNTED_AFTER = followed_by(
    r"\s*(?:%|percent|mg|mcg|ml|units?|tablets?|patients?|people|participants|subjects|cases|times|days|weeks|hours|doses)\b"
)
_SCORE_AFTER = followed_by(r"\s*(?:strength|pain|motor|power|scale|full|of\b|systolic|murmur|tablets?|cups?|/)")
_DATE_WORD = r"(?i:\b(?:on|dated|date|since|until|till|admitted|discharged|seen|visit|appointment|dob|born|birthday|birth)\b[\s:]{1,3})"
_MONTH_WORD = r"(?i:\b(?:in|since|until|last|next|early|late|mid|during|by|before|after|through|this|every)[\s-])"
_WEEKDAY_WORD = r"(?i:\b(?:on|since|until|till|last|next|this|by|before|after|through)\s{1,2})"
"""A weekday after one of these is a day of somebody's; every Sunday and Mondays are habits, and stay."""
_TIME_AFTER = followed_by(r"[T_]\d")
_SHORT_YEAR = re2.compile(r".*\D\d{2}$")


def _named(find: Find, *, day_first: bool) -> Find | None:
    """A date with the month's name."""
    written = read_date(find.value, day_first=day_first)
    if written is None or may_be_no_month(written):
        return None
    return find if written.has_year or not _COUNTED_AFTER(find) else None


def _numeric(find: Find, *, day_first: bool) -> Find | None:
    """A date of three numbers; with a year of two digits and dots or dashes, only when day and month have two as well."""
    if read_date(find.value, day_first=day_first) is None or not stands_alone_or_ranges(find):
        return None
    if _SHORT_YEAR.fullmatch(find.value) and "/" not in find.value and len(find.value) < 8:
        return None
    return None if _VERSION_BEFORE(find) else find


def stands_alone_or_ranges(find: Find) -> bool:
    """Whether a date is whole; 3/3/2021-3/10/2021 is two dates, 1/2/3/2021 none."""
    if stands_alone(find) or _TIME_AFTER(find):
        return True
    without_range = followed_by(r"-\d{1,4}[/.]")(find) or preceded_by(r"[/.]\d{2,4}-")(find)
    return without_range and "-" not in find.value


def _bare(find: Find, *, day_first: bool) -> Find | None:
    """Month and day as two numbers after a word that wants a date; a score like 3/5 strength is none."""
    if read_date(find.value, day_first=day_first) is None or not stands_alone(find) or _SCORE_AFTER(find):
        return None
    return find


def _month_alone(find: Find) -> Find | None:
    return None if find.value.islower() or _COUNTED_AFTER(find) else find


@functools.cache
def date_patterns(*, day_first: bool) -> tuple[Pattern, ...]:
    """The ways of writing a date. `day_first` reads 3/4/2021 as the third of April."""
    named = functools.partial(_named, day_first=day_first)
    numeric = functools.partial(_numeric, day_first=day_first)
    by_name = ("month day year", "day month year", "day month short year", "month year", "month day", "day month")
    by_number = ("year first", "year last", "month number year")
    return (
        *(Pattern("date", rf"\b({FORMATS[name]})(?:[T_]|\b)", named) for name in by_name),
        *(Pattern("date", rf"\b({FORMATS[name]})(?:[T_]|\b)", numeric) for name in by_number),
        Pattern("date", rf"{_DATE_WORD}({FORMATS['two numbers']})\b", functools.partial(_bare, day_first=day_first)),
        Pattern("date", rf"{_MONTH_WORD}({FORMATS['month']})\b", _month_alone),
        Pattern("date", rf"{_WEEKDAY_WORD}({FORMATS['weekday']})\b"),
    )


def _not_yet_general(find: Find) -> Find | None:
    """An age, unless it is a percentage or already reads 90 or older."""
    return None if _GENERAL_AFTER(find) or not stands_alone(find) else find


_GENERAL_AFTER = followed_by(r"\s*%|\s+or\s+older")
_OLD = r"(?:9\d|1[0-2]\d)"
_TENS = r"(?i:ninety(?:[\s-](?:one|two|three|four|five|six|seven|eight|nine))?|(?:a|one)\s+hundred(?:\s+and)?(?:\s+(?:one|two|three|four|five))?)"

AGE_PATTERNS = (
    Pattern("age", rf"\b((?:{_OLD}|{_TENS})(?:\s*-\s*|\s+)(?i:years?|yrs?)(?:\s*-\s*|\s+)(?i:olds?|of\s+age))\b"),
    Pattern("age", rf"\b({_OLD}[\s-]?(?i:y\.?\s?/?o\b\.?|yrs?\.?\s?/?o\b))"),
    Pattern(
        "age", rf"(?i:\b(?:aged?|age\s+of|age\s+is|turned|turning)\b[\s:=]{{1,3}})({_OLD}|{_TENS})\b", _not_yet_general
    ),
)


def general_age(age: str) -> str:
    """An age over 89 as the one group that all of them form.

    >>> general_age("93-year-old"), general_age("93 years old"), general_age("ninety-three")
    ('90-or-older', '90 years or older', '90 or older')
    """
    if "-old" in age.lower().replace(" ", ""):
        return "90-or-older"
    return "90 years or older" if "years" in age.lower() else "90 or older"

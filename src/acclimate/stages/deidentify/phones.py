"""Telephone numbers as people write them, brought to the digits that all ways of writing one share."""

from __future__ import annotations

import re

_EXTENSION = re.compile(r"(?:,|(?<!\s))\s*(?:x|ext\.?|extension)\s*\d+\s*$", re.IGNORECASE)
_COUNTRY_CODE = re.compile(r"\s*(?:\+|00)(\d{1,3})(?!\d)")


def without_extension(number: str) -> str:
    """A telephone number without what is dialled after it.

    >>> without_extension("312-555-0142 ext. 12")
    '312-555-0142'
    """
    return _EXTENSION.sub("", number)


def digits_of(text: str) -> str:
    """The digits of a text."""
    return "".join(character for character in text if character in "0123456789")


def national_digits(number: str) -> str:
    """A telephone number without country code and leading zero, as far as its form tells.

    >>> national_digits("+1 (312) 555-0142"), national_digits("+44 20 7946 0958"), national_digits("020 7946 0958")
    ('3125550142', '2079460958', '2079460958')
    """
    number = without_extension(number)
    digits = digits_of(number)
    code = _COUNTRY_CODE.match(number)
    if code:
        return digits.removeprefix("00").removeprefix(code.group(1)).lstrip("0")
    if number.strip().startswith("+"):
        return digits[1:] if digits.startswith("1") else digits[2:]
    if len(digits) == 11 and digits.startswith("1"):
        return digits[1:]
    return digits.lstrip("0")


def is_north_american(number: str, national: str) -> bool:
    """Whether a number has the form of the North American plan: ten or seven digits, no other country's code."""
    prefix = digits_of(number).removesuffix(national)
    return len(national) in (7, 10) and prefix in ("", "1", "001") and not (number.strip()[:1] == "+" and prefix != "1")

"""Patterns of what belongs to a person: vehicles by their number or plate, devices by serial number, label or address."""

from __future__ import annotations

from acclimate.stages.deidentify.numbers import CODE, IS, MUST_NAME_NUMBER, code
from acclimate.stages.deidentify.patterns import Find, Pattern

_VEHICLE_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_VEHICLE_VALUES = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", (*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True))
_DEVICE = (
    r"(?:serial|device|implant|pacemaker|defibrillator|insulin\s+pump|pump|hearing\s+aid|imei|udi"
    r"|unique\s+device\s+identification)"
)


def vehicle_valid(number: str) -> bool:
    """Whether the ninth character of a vehicle identification number is its check digit (49 CFR 565.15(c)).

    European makers need not follow that rule: theirs are found by the word before them.

    >>> vehicle_valid("1M8GDM9AXKP042788"), vehicle_valid("1M8GDM9A1KP042788")
    (True, False)
    """
    values = [int(one) if one.isdecimal() else _VEHICLE_VALUES.get(one, -1) for one in number.upper()]
    if len(values) != len(_VEHICLE_WEIGHTS) or -1 in values:
        return False
    remainder = sum(weight * value for weight, value in zip(_VEHICLE_WEIGHTS, values, strict=True)) % 11
    return number[8].upper() == ("X" if remainder == 10 else str(remainder))


def gtin_valid(digits: str) -> bool:
    """Whether the last digit of a trade item number is its check digit (GS1 General Specifications, 7.9).

    >>> gtin_valid("00614141999996"), gtin_valid("00614141999995")
    (True, False)
    """
    weighted = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(digits[-2::-1]))
    return (weighted + int(digits[-1])) % 10 == 0


def _vehicle(find: Find) -> Find | None:
    return find if find.digits and vehicle_valid(find.value) else None


def _plate(find: Find) -> Find | None:
    """A plate has digits and letters, or is announced by number: 'license plate is in the car' holds none."""
    return find if len(find.digits) >= 2 and not find.after(1).isalnum() else None


def _label(find: Find) -> Find | None:
    return find if gtin_valid(find.value[4:18]) else None


PATTERNS = (
    Pattern("vehicle", r"(?i)\b([A-HJ-NPR-Z0-9]{17})\b", _vehicle),
    Pattern("vehicle", rf"(?i)\b(?:vin|vehicle\s+identification){IS}([A-HJ-NPR-Z0-9]{{17}})\b"),
    Pattern(
        "vehicle",
        rf"(?i)\b(?:licen[cs]e|number|registration|vehicle)\s+plates?{IS}((?-i:[A-Z0-9]{{1,4}}(?:[ -][A-Z0-9]{{1,5}}){{0,2}}|[A-Z0-9]{{5,8}}))\b",
        _plate,
    ),
    Pattern("device", rf"(?i)\b{_DEVICE}{MUST_NAME_NUMBER}{CODE}", code),
    Pattern("device", rf"(?i)(?:\bs/n|\b(?:serial|imei|udi))\b{IS}{CODE}", code),
    Pattern("device", r"(\(01\)\d{14}(?:\s?\((?:10|11|17|21)\)[A-Za-z0-9/.-]{1,20}){0,4})", _label),
    Pattern("device", r"(?i)\b((?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2})\b"),
)

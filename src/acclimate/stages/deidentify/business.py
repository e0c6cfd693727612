"""Patterns of tax and company numbers, looked for on request: by their check digits, or by the words before them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from acclimate.stages.deidentify.numbers import CODE, IS, MUST_NAME_NUMBER, code, luhn_valid
from acclimate.stages.deidentify.patterns import Find, Pattern, stands_alone

_EIN_PREFIXES_NEVER_USED = frozenset(
    ["00", "07", "08", "09", "17", "18", "19", "28", "29", "49", "69", "70", "78", "79", "89", "96", "97"]
)
"""IRS, "How EINs are assigned and valid EIN prefixes"."""


def _british(digits: str) -> bool:
    """Weights 8 to 2 and the last two digits come to 0 or 42 modulo 97 (HMRC, VAT Notice 700, both series)."""
    total = sum(weight * int(digit) for weight, digit in zip(range(8, 1, -1), digits[:7], strict=True))
    return (total + int(digits[7:9])) % 97 in (0, 42)


def _german(digits: str) -> bool:
    """ISO 7064, MOD 11,10."""
    product = 10
    for digit in digits[:8]:
        product = 2 * ((int(digit) + product) % 10 or 10) % 11
    return (11 - product) % 10 == int(digits[8])


def _french(digits: str) -> bool:
    """The two digits in front are a key to the nine behind, which end in a Luhn digit (Code général des impôts, 286 ter)."""
    siren = digits[2:]
    return luhn_valid(siren) and int(digits[:2]) == (12 + 3 * (int(siren) % 97)) % 97


def _belgian(digits: str) -> bool:
    """The last two digits are 97 less the others modulo 97."""
    return int(digits[8:]) == 97 - int(digits[:8]) % 97


_VAT: Mapping[str, tuple[int, Callable[[str], bool]]] = {
    "GB": (9, _british),
    "DE": (9, _german),
    "FR": (11, _french),
    "IT": (11, luhn_valid),
    "BE": (10, _belgian),
}


def vat_valid(number: str) -> bool:
    """Whether a value-added tax number of Britain, Germany, France, Italy or Belgium has the right check digits.

    >>> [vat_valid(one) for one in ("GB980780684", "DE136695976", "FR40303265045", "IT00743110157", "BE0428759497")]
    [True, True, True, True, True]
    >>> vat_valid("DE136695978")
    False
    """
    country, digits = number[:2].upper(), "".join(character for character in number[2:] if character.isalnum())
    length, is_right = _VAT.get(country, (0, luhn_valid))
    return len(digits) == length and digits.isdecimal() and is_right(digits)


def entity_valid(number: str) -> bool:
    """Whether a legal entity identifier has the right check digits (ISO 17442; ISO 7064, MOD 97-10).

    >>> entity_valid("INR2EJN1ERAN0W5ZP974"), entity_valid("INR2EJN1ERAN0W5ZP975")
    (True, False)
    """
    return int("".join(str(int(character, 36)) for character in number.upper())) % 97 == 1


def _employer(find: Find) -> Find | None:
    return find if stands_alone(find) and find.digits[:2] not in _EIN_PREFIXES_NEVER_USED else None


def _vat(find: Find) -> Find | None:
    return find if vat_valid(find.value) and not find.after(1).isalnum() else None


def _entity(find: Find) -> Find | None:
    return find if find.digits and entity_valid(find.value) else None


PATTERNS: Mapping[str, tuple[Pattern, ...]] = {
    "tax": (
        Pattern("tax", r"\b(\d{2}-\d{7})\b", _employer),
        Pattern(
            "tax",
            rf"(?i)\b(?:ein|employer\s+identification|fein|federal\s+tax|tin|tax(?:payer)?|utr|unique\s+taxpayer\s+reference|vat){IS}(\d{{2}}-?\d{{7}}|\d{{5}}\s?\d{{5}}|\d{{3}}\s\d{{4}}\s\d{{2}}|[A-Z]{{2}}[0-9A-Z]{{8,12}})\b",
            code,
        ),
        Pattern("tax", r"\b((?:GB|DE|FR|IT|BE)[ ]?\d{2,4}(?:[ .]?\d{2,4}){1,4})\b", _vat),
    ),
    "company": (
        Pattern(
            "company",
            rf"(?i)\b(?:company(?:\s+registration)?|companies\s+house|registered|registration|crn|commercial\s+register){MUST_NAME_NUMBER}{CODE}",
            code,
        ),
        Pattern("company", r"\b(HR[AB]\s?\d{2,6}(?:\s?[A-Z])?)\b"),
        Pattern("company", r"\b([A-Z0-9]{18}\d{2})\b", _entity),
    ),
}
"""Classes beyond HIPAA, by the name under which `deidentify.also` asks for them."""

"""Patterns of numbers that name a person: social security, record, account, licence, plan, card and bank numbers."""

from __future__ import annotations

from acclimate.stages.deidentify.patterns import Find, Pattern, followed_by, stands_alone

IS = r"(?:\s*(?:number|num|no|nr|id|code|identifier)\b\.?)?(?:,?\s*(?:it\s+is|it['’]s|is|was|of)\b)?[\s:#=.(?]{0,4}"
MUST_NAME_NUMBER = (
    r"\s*(?:(?:number|num|no|nr|id|code|identifier)\b\.?|#)(?:,?\s*(?:it\s+is|it['’]s|is|was)\b)?[\s:#=.(]{0,4}"
)
CODE = r"([A-Za-z0-9]{1,6}(?:-[A-Za-z0-9]{1,8}){1,4}|[A-Za-z]{0,4}\d[A-Za-z0-9]{3,19}|\d{2,4}(?: \d{2,4}){1,4}|(?-i:[A-Z]{1,3} \d{4,12}))\b"

_RECORD = r"(?:mrn|mr#|medical\s+record|med\.?\s*rec\.?|health\s+record|hospital|chart|patient|unit\s+record|nhs|encounter|admission)"
_ACCOUNT = r"(?:account|acct|a/c|customer|routing|membership|client|bank\s+account)\.?"
_LICENCE = r"(?:driver'?s?'?\s+licen[cs]e|driving\s+licen[cs]e|drivers\s+licen[cs]e|licen[cs]e|dl|dea|npi|passport|certificate|permit)"
_PLAN = r"(?:member|policy|subscriber|beneficiary|insurance|health\s+plan|plan|group|claim|medicare|medicaid|mbi)"

IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20,
    "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15,
    "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24, "SI": 19,
    "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip
"""Length of an IBAN by country (the registry of ISO 13616)."""


def luhn_valid(digits: str) -> bool:
    """Whether a card number's last digit is right.

    >>> luhn_valid("4111111111111111"), luhn_valid("4111111111111112")
    (True, False)
    """
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(doubled) + sum(map(int, digits[-1::-2]))) % 10 == 0


def iban_valid(iban: str) -> bool:
    """Whether an IBAN without spaces has its country's length and the right check digits.

    >>> iban_valid("GB82WEST12345698765432")
    True
    """
    if IBAN_LENGTHS.get(iban[:2]) != len(iban):
        return False
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97 == 1


def _social_security(find: Find) -> Find | None:
    digits = find.digits
    issued = digits[:3] not in ("000", "666") and digits[3:5] != "00" and digits[5:] != "0000"
    return find if issued and stands_alone(find) else None


_FRACTION_AFTER = followed_by(r"/\d")


def code(find: Find) -> Find | None:
    """A number after a word that announces one: enough digits, and not a measure like 500mg."""
    return find if len(find.digits) >= 4 and not find.after(1).isalnum() and not _FRACTION_AFTER(find) else None


def _long_code(find: Find) -> Find | None:
    return code(find) if len(find.digits) >= 5 else None


def _card(find: Find) -> Find | None:
    digits = find.digits
    issued = digits[0] in "23456" or digits.startswith("1800")  # JCB has kept the old range 1800
    return find if issued and luhn_valid(digits) and stands_alone(find) else None


def _card_after_word(find: Find) -> Find | None:
    """A number that is called a card's: any first digit will do, for ISO/IEC 7812 gives all ten to some industry."""
    return find if luhn_valid(find.digits) and stands_alone(find) else None


def _iban(find: Find) -> Find | None:
    """The longest beginning of the find that is an IBAN: what follows it in the text may look like more of it."""
    compact, end = "", 0
    for offset, character in enumerate(find.value, 1):
        compact += character if character.isalnum() else ""
        if len(compact) == IBAN_LENGTHS.get(compact[:2].upper()) and character.isalnum():
            end = offset
            break
    return find.until(find.start + end) if end and iban_valid(compact.upper()) else None


_CARD = r"\b(\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{4}(?:[ -]\d{1,3})?|\d{4}[ -]\d{6}[ -]\d{4,5}|\d{13,19})\b"
_MEDICARE = (
    r"\b([1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y]{2}\d{2})\b"
)
"""A Medicare beneficiary identifier by its form alone (CMS, "Understanding the MBI format"): no S, L, O, I, B, Z."""

PATTERNS = (
    Pattern("ssn", r"\b(\d{3}-\d{2}-\d{4}|\d{3} \d{2} \d{4})\b", _social_security),
    Pattern(
        "ssn",
        rf"(?i)\b(?:ssn|social\s+security|(?:my|your|his|her|their)\s+social){IS}(\d{{3}}[ .-]?\d{{2}}[ .-]?\d{{4}})\b",
    ),
    Pattern("ssn", r"(?i)(?:xxx|\*\*\*)-(?:xx|\*\*)-(\d{4})\b"),
    Pattern(
        "ssn",
        rf"(?i)\blast\s+(?:four|4)\s+(?:digits\s+)?of\s+(?:\w+\s+)?(?:ssn|social(?:\s+security)?){IS}(\d{{4}})\b",
    ),
    Pattern("mrn", rf"(?i)\b(?:mrn|medical\s+record|med\.?\s*rec\.?){IS}{CODE}", code),
    Pattern("mrn", rf"(?i)\b{_RECORD}{MUST_NAME_NUMBER}{CODE}", code),
    Pattern("account", rf"(?i)\b(?:account|acct|a/c)\b{IS}{CODE}", _long_code),
    Pattern("account", rf"(?i)\b{_ACCOUNT}{MUST_NAME_NUMBER}{CODE}", code),
    Pattern(
        "licence", rf"(?i)\b(?:driver'?s?'?\s+licen[cs]e|driving\s+licen[cs]e|passport|dea|npi){IS}{CODE}", _long_code
    ),
    Pattern("licence", rf"(?i)\b{_LICENCE}{MUST_NAME_NUMBER}{CODE}", code),
    Pattern("plan", rf"(?i)\b{_PLAN}{MUST_NAME_NUMBER}{CODE}", code),
    Pattern("plan", _MEDICARE),
    Pattern("card", _CARD, _card),
    Pattern("card", r"(?i:\b(?:card|cc)\b[^\d.;]{0,20})(\d{12,19})\b", _card_after_word),
    Pattern("iban", r"(?i)\b([A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{1,4}){3,9})\b", _iban),
)

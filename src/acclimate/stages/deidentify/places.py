"""Patterns of street addresses and postal codes, by the words that stand with them."""

from __future__ import annotations

from acclimate.stages.deidentify.patterns import LETTER, UPPER, Find, Pattern, followed_by, stands_alone

STATES = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR"
    "|PA|PR|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY"
)
STATE_NAMES = (
    "Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|Hawaii|Idaho|Illinois|Indiana"
    "|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri|Montana|Nebraska"
    "|Nevada|New Hampshire|New Jersey|New Mexico|New York|North Carolina|North Dakota|Ohio|Oklahoma|Oregon|Pennsylvania"
    "|Rhode Island|South Carolina|South Dakota|Tennessee|Texas|Utah|Vermont|Virginia|Washington|West Virginia|Wisconsin|Wyoming"
)
SUFFIXES = (
    "Street|St|Avenue|Ave|Av|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Circle|Cir|Place|Pl|Way|Terrace|Ter|Parkway"
    "|Pkwy|Highway|Hwy|Square|Sq|Trail|Trl|Crescent|Cres|Close|Alley|Loop|Plaza|Row|Walk|Gardens|Grove|Heights|Hill|Mews"
    "|Pike|Turnpike|Crossing|Ridge|Point|Path|Expressway|Freeway"
)
DIRECTIONS = "North|South|East|West|Northeast|Northwest|Southeast|Southwest|NE|NW|SE|SW|N|S|E|W"
UNITS = "Apartment|Apt|Unit|Suite|Ste|Floor|Fl|Room|Rm|Building|Bldg|Flat|Lot"
SPARSE_ZIPS = (
    "036", "059", "063", "102", "203", "556", "692", "790", "821", "823", "830", "831", "878", "879", "884", "890", "893",
)  # fmt: skip
STATE_CODES = frozenset(STATES.split("|"))
PLAIN_WORDS = frozenset("|".join((SUFFIXES, DIRECTIONS, UNITS, "PO|P|O|Box|Post|Office|nd|th")).lower().split("|"))
"""Words of an address that are the same in many addresses and tell nothing of one."""

_CLOCK_OR_MEASURE = ("am", "pm", "mg", "ml", "mcg", "kg", "cm", "mm", "f", "m", "pt", "y", "days", "weeks", "patient")
_DOCTOR_FOLLOWS = followed_by(r"\.?\s+[A-Z]")
_WORD = rf"(?:[{UPPER}][{LETTER}0-9'’-]*\.?|\d{{1,3}}(?:st|nd|rd|th))"
_NUMBER = r"\d{1,6}(?:-\d{1,5})?[A-Za-z]?"
_UNIT = rf"(?:,?\s+(?:(?i:{UNITS})\b\.?\s*#?\s*|#\s*)[A-Za-z]?\d*[A-Za-z]?\b)?"
_STATE = rf"(?:{STATES}|(?i:{STATE_NAMES}))"
_ZIP = r"\d{5}(?:-\d{4})?"
_CITY = rf"[{UPPER}][{LETTER}'’.-]*(?:\s[{UPPER}][{LETTER}'’.-]*){{0,2}}"
_TOWN = rf"(?:(?:,\s*|\s+){_CITY},?\s+{_STATE}\b(?:,?\s+{_ZIP})?)?"


_POSTAL = (
    r"[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}|[A-Z]\d[A-Z]\s?\d[A-Z]\d|[A-Z]\d[\dW]\s?[A-Z\d]{4}"
    r"|(?:(?-i:[A-Z]{1,3})[ -]?)?\d{2,6}(?:[ -]\d{2,4})?(?:[ -]?(?-i:[A-Z]{2}))?"
)
"""Postal codes of the world by form (Universal Postal Union, postal addressing systems): mostly three to seven digits,
parted or not, some with letters; those of Britain, Canada and Ireland are letters and digits in turn."""


def _postal(find: Find) -> Find | None:
    """A code after a word for it, of three to ten letters and digits as everywhere."""
    length = sum(character.isalnum() for character in find.value)
    return find if 3 <= length <= 10 and stands_alone(find) else None


def _street(find: Find) -> Find | None:
    """An address, but not '10 AM Dr. Smith': a clock time or measure is no street name, nor Dr before a name."""
    words = find.value.replace(".", " ").split()
    name = [word.lower() for word in words[1:]]
    if name[0] in _CLOCK_OR_MEASURE:
        return None
    if name[-1] == "dr" and len(name) == 2 and name[0].isdigit():
        return None
    return None if name[-1] == "dr" and _DOCTOR_FOLLOWS(find) else find.stripped(".")


PATTERNS = (
    Pattern(
        "address",
        rf"\b({_NUMBER}\s+(?:(?:{DIRECTIONS})\b\.?\s+)?{_WORD}(?:\s+{_WORD}){{0,3}}?\s+(?:{SUFFIXES}|(?i:street|avenue|road|boulevard|lane|drive))\b"
        rf"(?:\s+(?:{DIRECTIONS})\b)?\.?{_UNIT}{_TOWN})",
        _street,
    ),
    Pattern("address", r"\b((?i:p\.?\s?o\.?\s*box|post\s+office\s+box)\s+#?\d+)\b"),
    Pattern("zip", rf"\b(?:{STATES})\b,?\s+({_ZIP})\b"),
    Pattern("zip", rf"\b(?i:{STATE_NAMES})\b,?\s+({_ZIP})\b"),
    Pattern(
        "zip",
        rf"(?i)\b(?:zip|zip\s?code|postal\s+code|post\s?code|postcode)\b(?:\s+is)?[\s:#]{{1,3}}({_POSTAL})\b",
        _postal,
    ),
)

"""The look of a value: its digits and letters changed, its groups, punctuation and case kept."""

from __future__ import annotations

import re
import string

from acclimate.stages.deidentify.dates import ordinal
from acclimate.stages.deidentify.draws import Draw
from acclimate.stages.deidentify.words import tokens

_ORDINAL = re.compile(r"\b(\d+)(?:st|nd|rd|th)\b")
_LABELS = frozenset({
    "mrn", "mr", "id", "no", "acct", "acc", "ssn", "pt",
})  # fmt: skip


def with_case_of(model: str, word: str) -> str:
    """A word in capitals, in small letters, or as it is, like the one it stands in for.

    >>> with_case_of("SMITH", "Olsen"), with_case_of("Smith", "Olsen")
    ('OLSEN', 'Olsen')
    """
    if model.islower():
        return word.lower()
    return word.upper() if model.isupper() else word


def with_digits(model: str, digits: str) -> str:
    """New digits in the places of the old ones.

    >>> with_digits("(312) 555-0142", "2065550199")
    '(206) 555-0199'
    """
    following = iter(digits)
    return "".join(next(following, character) if character.isdecimal() else character for character in model)


def disguised(value: str, draw: Draw) -> str:
    """Every digit another digit, every letter another letter; leading zeros and a label such as MRN stay."""
    first = tokens(value)[:1]
    kept = first[0].end if first and first[0].folded in _LABELS and first[0].end < len(value) else 0
    changed, leading = [value[:kept]], any(character in "123456789" for character in value[kept:])
    for character in value[kept:]:
        changed.append(_changed(character, draw, leading=leading))
        leading = leading and character not in "123456789"
    return "".join(changed)


def _changed(character: str, draw: Draw, *, leading: bool) -> str:
    if character.isdecimal():
        if leading:
            return "0" if character == "0" else str(1 + draw.below(9))
        return draw.digits(1)
    if character.isalpha():
        letter = string.ascii_lowercase[draw.below(26)]
        return letter.upper() if character.isupper() else letter
    return character


def with_ordinals(text: str) -> str:
    """A text whose numbered streets have the right ending again.

    >>> with_ordinals("12 73th Avenue")
    '12 73rd Avenue'
    """
    return _ORDINAL.sub(lambda match: match.group(1) + ordinal(int(match.group(1))), text)

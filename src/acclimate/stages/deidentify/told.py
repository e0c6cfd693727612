"""What a text itself tells of whom it is about: the name in a header, and titles, which say a gender.

Found once in one text, it holds for all texts of the person, like what the source's fields say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from acclimate.stages.deidentify.known_values import HEADER_NAME, TITLED_NAME, KnownValue
from acclimate.stages.deidentify.patterns import UPPER, Find, compiled
from acclimate.stages.deidentify.people import NAME, is_name, trimmed

_SPACE = r"[ \t]{1,2}"
_WORDS = rf"{NAME}(?:,?{_SPACE}{NAME}){{1,3}}"
_LOUD = rf"[{UPPER}][{UPPER}'’-]+(?:,?{_SPACE}[{UPPER}][{UPPER}.'’-]*){{1,3}}"
_LABEL = (
    r"(?:patient(?:['’]?s)?(?: name)?|pt(?: name)?|client(?: name)?|name(?: of (?:the )?(?:patient|client))?|full name)"
)
_BEHIND = r"[ \t*_]*(?:\r?$|[|;,(]|\t|[ ]{2}|(?i:dob|d\.o\.b|mrn|age|aged|sex|gender|date|born|id|nhs|ssn)\b)"
_LABELLED = rf"(?m)^[ \t>*#_|-]*(?i:({_LABEL}))[*_ \t]*:"
_ANY_LABEL = compiled(_LABELLED)
_HEADER = compiled(rf"{_LABELLED}[*_ \t]*(?:(?:Mr|Mrs|Ms|Miss|Mx)\b\.?{_SPACE})?({_WORDS}|{_LOUD}){_BEHIND}")
_TITLES = ("Mr", "Ms", "Miss")
_TITLED = compiled(rf"\b((?:Mr|Mrs|Ms|Miss)\b\.?{_SPACE}{NAME}(?:{_SPACE}{NAME}){{0,3}})")


def told_by(text: str) -> Iterator[KnownValue]:
    """Names in headers, two words or more alone in their line or field, and names after a title that says a gender.

    A label that comes again is a speaker of a conversation, not a header.

    >>> [value.value for value in told_by("Name: Roe, Jane\\nMrs. Roe was seen.")]
    ['Roe, Jane', 'Mrs. Roe']
    """
    headers = list(_HEADER.finditer(text)) if ":" in text else []
    labels = Counter(match.group(1).lower() for match in _ANY_LABEL.finditer(text)) if headers else Counter[str]()
    for match in headers:
        name = match.group(2)
        if labels[match.group(1).lower()] == 1 and all(_may_be_name(word) for word in name.split()):
            yield KnownValue(HEADER_NAME, name)
    for match in _TITLED.finditer(text) if any(title in text for title in _TITLES) else ():
        find = trimmed(Find(text, *match.span(1)))
        if find is not None and len(find.value.split()) > 1:
            yield KnownValue(TITLED_NAME, find.value)


def _may_be_name(word: str) -> bool:
    is_initial = word.endswith(".") and len(word) == 2
    return is_initial or is_name(word)

"""Patterns of names by the title before them, and a name in a text as first and last names."""

from __future__ import annotations

from acclimate.core.folding import fold
from acclimate.stages.deidentify.hits import NamePart
from acclimate.stages.deidentify.patterns import LETTER, LOWER, UPPER, Find, Pattern
from acclimate.stages.deidentify.words import squash

NAME_ENDINGS = frozenset({
    "md", "phd", "rn", "jr", "sr", "ii", "iii", "iv", "esq", "dds", "do", "np", "pa", "facc", "mph",
})  # fmt: skip
TITLES = frozenset({
    "mr", "mrs", "ms", "miss", "mx", "dr", "prof", "professor", "doctor", "sir", "madam", "nurse",
})  # fmt: skip

_NO_NAMES = frozenset({
    "i", "he", "she", "they", "we", "you", "it", "the", "a", "an", "and", "or", "but", "is", "was", "has", "had",
    "will", "would", "please", "thank", "thanks", "hello", "hi", "good", "yes", "no", "what", "when", "where",
    "who", "how", "why", "if", "in", "on", "at", "to", "for", "of", "with", "from", "this", "that", "his", "her",
    "their", "your", "my", "our", "patient", "pt", "clinic", "hospital", "office", "team", "said", "says",
    "reports", "notes", "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct",
    "nov", "dec", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "today",
    "tomorrow", "yesterday", "do", "are", "can", "have", "did", "does", "mrn", "dob", "ssn", "id", "age",
})  # fmt: skip
NAME = (
    rf"(?:[{UPPER}](?:[{LOWER}]|['’][{UPPER}])[{LETTER}'’-]*|(?:de|da|di|del|la|van|von|der|den|bin|al)\b|[{UPPER}]\.)"
)
"""A word of a name: with a capital, a particle, or an initial."""
_LOUD_NAME = rf"[{UPPER}][{UPPER}'’-]+"
_SPACE = r"[ \t]{1,2}"


def is_name(word: str) -> bool:
    """Whether a word with a capital may be one of a name: no pronoun, greeting, month or label."""
    return fold(word.strip(".,")) not in _NO_NAMES


def trimmed(find: Find) -> Find | None:
    """The name without what cannot be one: a sentence may go on with a capital, as in 'Dr. Ruiz Monday'."""
    words, end = _words(find), find.start
    for start, stop in words:
        word = find.text[start:stop]
        if not is_name(word):
            break
        end = stop
    find = find.until(end)
    if find.value.endswith("’s") or find.value.endswith("'s"):
        find = find.until(find.end - 2)
    find = find.stripped(".'’-")
    return find if len(squash(find.value)) >= 2 else None


def _words(find: Find) -> list[tuple[int, int]]:
    words, position = [], find.start
    for word in find.value.split():
        start = find.text.index(word, position)
        words.append((start, start + len(word)))
        position = start + len(word)
    return words


def name_parts(find: Find) -> tuple[NamePart, ...]:
    """The pieces of a name after a title: the last word is the last name, those before it first names."""
    words = [(start, end) for start, end in _words(find) if find.text[start:end].strip(".'’-")]
    parts = []
    for index, (start, end) in enumerate(words):
        end = start + len(find.text[start:end].rstrip(".,"))
        value = squash(find.text[start:end])
        role = "last" if index == len(words) - 1 else "first"
        parts.append(NamePart(start, end, role, value, initial=len(value) == 1))
    return tuple(parts)


PATTERNS = (
    Pattern(
        "name",
        rf"\b(?:Dr|Mr|Mrs|Ms|Miss|Mx|Prof|Professor|Doctor)\b\.?{_SPACE}({NAME}(?:{_SPACE}{NAME}){{0,3}})",
        trimmed,
    ),
    Pattern(
        "name",
        rf"\b(?:(?:DR|MR|MRS|MS|PROF)\.|(?:Dr|Mr|Mrs|Ms)\b\.?){_SPACE}({_LOUD_NAME}(?:{_SPACE}{_LOUD_NAME})?)",
        trimmed,
    ),
    Pattern(
        "name",
        rf"(?i:\b(?:patient(?:'s|’s)?|full|legal)\s+name\s*(?::|is)\s*)({NAME}(?:{_SPACE}{NAME}){{0,3}})",
        trimmed,
    ),
)

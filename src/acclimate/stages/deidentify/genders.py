"""The gender of a person's first names where a field, an attribute or a title says it, so that a surrogate has the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from acclimate.core.folding import fold
from acclimate.stages.deidentify.known_names import PersonName, complete_names, parse_name
from acclimate.stages.deidentify.name_pools import FEMALE, MALE, gender_of
from acclimate.stages.deidentify.words import folded_words, squash

_TITLES = {"mr": MALE, "sir": MALE, "mrs": FEMALE, "ms": FEMALE, "miss": FEMALE, "madam": FEMALE}
_DECLARED = {"m": MALE, "male": MALE, "man": MALE, "f": FEMALE, "female": FEMALE, "w": FEMALE, "woman": FEMALE}
_OTHERS = (
    *("physician", "doctor", "provider", "relative", "mother", "father", "maiden", "spouse", "kin", "contact"),
    *("guardian", "partner", "emergency", "referring", "author", "nurse"),
)
"""Words in the name of a field that holds the name of somebody else than the subject."""


def genders_of(own: Iterable[tuple[str, str]], titled: Iterable[str], declared: Iterable[str]) -> dict[str, str]:
    """The gender by (folded) first name. `own` are fields with the names in them, `titled` names after a title.

    What is declared holds for the subject's first name, or, where the fields name several people, for those first names
    whose gender no list knows. Contradictions say nothing.

    >>> genders_of([("name", "Kim Roe")], ["Mrs. Roe"], [])
    {'kim': 'female'}
    """
    fields = list(own)
    by_first: dict[str, set[str]] = {}
    by_last: dict[str, set[str]] = {}
    for value in (*(value for _, value in fields), *titled):
        gender = _of_title(value)
        name = _after_title(value)
        for word in _firsts(name) if gender else ():
            by_first.setdefault(word, set()).add(gender)
        if gender and not name.first:
            by_last.setdefault(squash("".join(name.last)), set()).add(gender)
    own_fields = [(fold(field), value) for field, value in fields if not any(sign in fold(field) for sign in _OTHERS)]
    names = complete_names(parse_name(value, field) for field, value in own_fields)
    for name in names:
        for gender in by_last.get(squash("".join(name.last)), ()) if name.first else ():
            for word in _firsts(name):
                by_first.setdefault(word, set()).add(gender)
    found = {word: next(iter(said)) for word, said in sorted(by_first.items()) if len(said) == 1}
    return found | _of_subject(names, {_DECLARED.get(fold(value.strip()), "") for value in declared})


def _of_subject(names: Sequence[PersonName], declared: set[str]) -> dict[str, str]:
    [gender] = declared if len(declared) == 1 else [""]
    firsts = {name.first[0] for name in names if name.first}
    words = {word for name in names for word in _firsts(name)} if gender else set()
    if len({squash(first) for first in firsts}) > 1:
        words = {word for word in words if not gender_of(word)}
    return dict.fromkeys(sorted(words), gender)


def _of_title(value: str) -> str:
    return _TITLES.get(next(iter(folded_words(value)), ""), "")


def _after_title(value: str) -> PersonName:
    """The name without its title; one word behind a title is a last name."""
    name = parse_name(value, "")
    return PersonName(last=name.first) if name.first and not name.last and _of_title(value) else name


def _firsts(name: PersonName) -> list[str]:
    """First and middle names, folded; initials say nothing."""
    return [word for word in map(squash, (*name.first, *name.middle)) if len(word) > 1]

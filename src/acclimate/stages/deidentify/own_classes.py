"""Classes of a user's own: names from a list, codes from a pattern; and which of the project's further classes are asked for."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import re2

from acclimate.stages.deidentify import business
from acclimate.stages.deidentify.forms import KnownForms, words_form
from acclimate.stages.deidentify.hits import KINDS, Hit
from acclimate.stages.deidentify.patterns import Find, Pattern, PatternSet, compiled
from acclimate.stages.deidentify.words import squash

_CLASS_NAME = re.compile(r"[a-z][a-z_]{1,30}")
FEWEST_LETTERS = 3
"""A shorter name is not looked for: it is a piece of too many other words and numbers."""


@dataclass(frozen=True)
class OwnClasses:
    """What is looked for beyond the classes of HIPAA; plain values, so that it travels to other processes.

    `also` names further classes of the project, `patterns` are class and expression, `lists` class and names.
    """

    also: tuple[str, ...] = ()
    patterns: tuple[tuple[str, str], ...] = ()
    lists: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def hits(self, text: str) -> Iterator[Hit]:
        """Everything in a text that belongs to one of the classes; hits may overlap."""
        if self.patterns or self.also:
            for kind, find in _pattern_set(self.also, self.patterns).finds(text):
                yield Hit(find.start, find.end, kind, canonical=squash(find.value))
        if self.lists:
            # Known means known of this person, whose surrogates may not be such a value; a list is of everyone.
            yield from (replace(hit, known=False) for hit in _forms(self.lists).hits(text))


NO_OWN_CLASSES = OwnClasses()


@functools.lru_cache(maxsize=8)
def _pattern_set(also: tuple[str, ...], patterns: tuple[tuple[str, str], ...]) -> PatternSet:
    own = (Pattern(kind, _with_group(expression), _not_empty) for kind, expression in patterns)
    return PatternSet((*(one for name in also for one in business.PATTERNS[name]), *own))


def _with_group(expression: str) -> str:
    """The expression with a first group around what is the identifier: its own, or all of it."""
    return expression if compiled(expression).groups else f"({expression})"


def _not_empty(find: Find) -> Find | None:
    return find if squash(find.value) else None


@functools.lru_cache(maxsize=8)
def _forms(lists: tuple[tuple[str, tuple[str, ...]], ...]) -> KnownForms:
    """Each name in whatever way its words are separated; a single word needs its capital, as a name among words does."""
    return KnownForms(
        words_form(name, kind, full=True, capital=" " not in name and not name[:1].islower())
        for kind, names in lists
        for name in names
        if len(squash(name)) >= FEWEST_LETTERS
    )


def check_class_name(name: str) -> str:
    """The name of a class; ValueError where it is none, or that of a class which exists."""
    if not _CLASS_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a class: use small letters and _")
    if name in KINDS or name in business.PATTERNS:
        raise ValueError(f"{name} is a class that deidentify has; give yours another name")
    return name


def check_lists(lists: Mapping[str, str]) -> Mapping[str, str]:
    """Classes and their files; ValueError for a class that cannot be one."""
    for name in lists:
        check_class_name(name)
    return lists


def check_patterns(patterns: Mapping[str, str]) -> Mapping[str, str]:
    """Expressions that RE2 takes, which no text can make slow; ValueError with RE2's reason for one that it does not."""
    for name, expression in patterns.items():
        check_class_name(name)
        try:
            matches_nothing = compiled(expression).fullmatch("") is not None
        except re2.error as error:
            raise ValueError(f"{name}: RE2 does not take this expression ({_reason(error)})") from error
        if matches_nothing:
            raise ValueError(f"{name}: this expression also matches no character at all, so it would match everywhere")
    return patterns


def _reason(error: Exception) -> str:
    said = error.args[0] if error.args else error
    return said.decode() if isinstance(said, bytes) else str(said)

"""What recognisers of other libraries find, as hits beside those of the tagger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from acclimate.core.ports import Recogniser
from acclimate.stages.deidentify.hits import Hit
from acclimate.stages.deidentify.phones import digits_of
from acclimate.stages.deidentify.rewrite import Finder
from acclimate.stages.deidentify.tagger import pieces_of_name
from acclimate.stages.deidentify.words import squash

_NUMBERS, _FEWEST_DIGITS = ("phone", "card", "iban", "ssn", "ip"), 4


@dataclass(frozen=True)
class RecogniserHits:
    """The finds of one recogniser; those of organisations only where they are wanted."""

    recogniser: Recogniser
    organisations: bool

    def __call__(self, text: str) -> Iterator[Hit]:
        """Hits in a text, which may overlap."""
        for found in self.recogniser(text):
            start, end = found.start, found.end
            kind = _class_of(found.kind, text[start:end])
            canonical = squash(text[start:end])
            if canonical and (self.organisations or kind != "organisation"):
                parts = pieces_of_name(text, start, end) if kind == "name" else ()
                yield Hit(start, end, kind, canonical=canonical if kind == "other" else "", parts=parts)


def _class_of(kind: str, value: str) -> str:
    """The class, or `other` where a number has too few digits for its class's surrogates to be made."""
    return "other" if kind in _NUMBERS and len(digits_of(value)) < _FEWEST_DIGITS else kind


@dataclass(frozen=True)
class Together:
    """Several finders as one."""

    finders: tuple[Finder, ...]

    def __call__(self, text: str) -> Iterator[Hit]:
        """What any of them finds."""
        for find in self.finders:
            yield from find(text)

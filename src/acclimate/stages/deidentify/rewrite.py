"""A text with its identifiers replaced, and where in it everything has moved to."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from acclimate.stages.deidentify.detect import pattern_hits
from acclimate.stages.deidentify.hits import Hit, apart, beside, moved, separate
from acclimate.stages.deidentify.known_values import KnownPerson
from acclimate.stages.deidentify.own_classes import NO_OWN_CLASSES, OwnClasses
from acclimate.stages.deidentify.rare import NO_OWN_TOKENS, OwnTokens
from acclimate.stages.deidentify.surrogates import Surrogates

_ROUNDS = 3

Finder = Callable[[str], Iterable[Hit]]
"""A further tier: what it finds in a text."""


def nothing(text: str) -> Iterable[Hit]:
    """The tier that finds nothing."""
    return ()


@dataclass(frozen=True)
class Edit:
    """A stretch of the original text and what is written in its place."""

    start: int
    end: int
    replacement: str
    kind: str

    @property
    def growth(self) -> int:
        """By how much the text becomes longer."""
        return len(self.replacement) - (self.end - self.start)


@dataclass(frozen=True)
class Rewritten:
    """A text with its identifiers replaced. `leftovers` are the classes of what could not be replaced: always none.

    `rare` are the classes of what is this person's alone and was found by nothing else.
    """

    text: str
    edits: tuple[Edit, ...] = ()
    leftovers: tuple[str, ...] = ()
    rare: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rewriter:
    """Replaces the identifiers in one person's texts."""

    person: KnownPerson
    surrogates: Surrogates
    day_first: bool
    names: Finder = nothing
    own: OwnClasses = NO_OWN_CLASSES
    rare: OwnTokens = NO_OWN_TOKENS

    def rewrite(self, text: str) -> Rewritten:
        """The text with surrogates, looked through again until nothing is found that is not a surrogate."""
        edits: tuple[Edit, ...] = ()
        output, hits = text, self._hits(text)
        found = [*hits, *self._trained(text, hits)]
        rare = apart(self.rare.hits(text), found)
        found += rare if self.rare.replaced else ()
        for _ in range(_ROUNDS):
            if not found:
                break
            new = [Edit(hit.start, hit.end, self.surrogates.stand_in(text, hit), hit.kind) for hit in separate(found)]
            edits = tuple(sorted((*edits, *new), key=lambda edit: edit.start))
            output = apply_edits(text, edits)
            hits = self._hits(output)
            found = untouched(hits, edits)
        left = (*found, *(known_in_replacements(hits, edits) if edits else ()))
        return Rewritten(output, edits, tuple(hit.kind for hit in left), tuple(hit.kind for hit in rare))

    def _trained(self, text: str, hits: Sequence[Hit]) -> list[Hit]:
        """What the trained tier adds. It looks once: a model finds names in what stands in for names, too."""
        return beside(text, self.names(text), hits)

    def _hits(self, text: str) -> list[Hit]:
        found = self.person.forms.hits(text), pattern_hits(text, day_first=self.day_first), self.own.hits(text)
        return [hit for hits in found for hit in hits]


def apply_edits(text: str, edits: Sequence[Edit]) -> str:
    """The text with every edit made."""
    pieces, end = [], 0
    for edit in edits:
        pieces += [text[end : edit.start], edit.replacement]
        end = edit.end
    return "".join([*pieces, text[end:]])


def untouched(hits: Sequence[Hit], edits: Sequence[Edit]) -> list[Hit]:
    """The hits in the new text that no edit touches, by their places in the original text."""
    growth = list(accumulate((edit.growth for edit in edits), initial=0))
    found = []
    for hit, before in _with_edit_before_end(hits, edits):
        if not before or hit.start >= edits[before - 1].end + growth[before]:
            found.append(moved(hit, -growth[before]))
    return found


def known_in_replacements(hits: Sequence[Hit], edits: Sequence[Edit]) -> list[Hit]:
    """The hits in the new text that are a known value of the person and stand in what was to replace one.

    Dates are left out: a moved date may by chance be another date of the same person.
    """
    growth = list(accumulate((edit.growth for edit in edits), initial=0))
    found = []
    for hit, before in _with_edit_before_end(hits, edits):
        edit = edits[before - 1]
        inside = before and hit.start >= edit.start + growth[before - 1] and hit.end <= edit.end + growth[before]
        if inside and hit.known and hit.full and "date" not in (hit.kind, edit.kind):
            found.append(hit)
    return found


def _with_edit_before_end(hits: Sequence[Hit], edits: Sequence[Edit]) -> Iterator[tuple[Hit, int]]:
    """Each hit in the new text with how many edits begin before its end."""
    growth = accumulate((edit.growth for edit in edits), initial=0)
    starts = [edit.start + grown for edit, grown in zip(edits, growth, strict=False)]
    for hit in hits:
        yield hit, bisect_left(starts, hit.end)


@dataclass(frozen=True)
class Stretch:
    """Two places in a text."""

    start: int
    end: int


def moved_stretch(stretch: Stretch, edits: Sequence[Edit]) -> Stretch:
    """Where a stretch of the original text lies in the new one; one that a replacement cuts grows to its bounds."""
    touched = [edit for edit in edits if stretch.start < edit.end and edit.start < stretch.end]
    start = min([stretch.start, *(edit.start for edit in touched)])
    end = max([stretch.end, *(edit.end for edit in touched)])
    before_start = sum(edit.growth for edit in edits if edit.end <= start)
    before_end = sum(edit.growth for edit in edits if edit.end <= end)
    return Stretch(start + before_start, end + before_end)

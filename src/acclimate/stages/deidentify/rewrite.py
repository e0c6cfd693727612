"""A text with its identifiers replaced, and where in it everything has moved to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from acclimate.stages.deidentify.detect import pattern_hits
from acclimate.stages.deidentify.hits import Hit, moved, overlaps, separate
from acclimate.stages.deidentify.known_values import KnownPerson
from acclimate.stages.deidentify.surrogates import Surrogates

_ROUNDS = 3


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
    """A text with its identifiers replaced. `leftovers` are the classes of what could not be replaced: always none."""

    text: str
    edits: tuple[Edit, ...] = ()
    leftovers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rewriter:
    """Replaces the identifiers in one person's texts."""

    person: KnownPerson
    surrogates: Surrogates
    day_first: bool

    def rewrite(self, text: str) -> Rewritten:
        """The text with surrogates, looked through again until nothing is found that is not a surrogate."""
        edits: tuple[Edit, ...] = ()
        found = self._hits(text)
        output = text
        for _ in range(_ROUNDS):
            if not found:
                return Rewritten(output, edits)
            new = (Edit(hit.start, hit.end, self.surrogates.stand_in(text, hit), hit.kind) for hit in separate(found))
            edits = tuple(sorted((*edits, *new), key=lambda edit: edit.start))
            output = apply_edits(text, edits)
            found = _untouched(self._hits(output), edits)
        return Rewritten(output, edits, tuple(hit.kind for hit in found))

    def _hits(self, text: str) -> list[Hit]:
        return [*self.person.forms.hits(text), *pattern_hits(text, day_first=self.day_first)]


def apply_edits(text: str, edits: Sequence[Edit]) -> str:
    """The text with every edit made."""
    pieces, end = [], 0
    for edit in edits:
        pieces += [text[end : edit.start], edit.replacement]
        end = edit.end
    return "".join([*pieces, text[end:]])


def _untouched(hits: Sequence[Hit], edits: Sequence[Edit]) -> list[Hit]:
    """The hits in the new text that no edit touches, by their places in the original text."""
    growths, grown = [], 0
    for edit in edits:
        growths.append((edit.start + grown, edit.start + grown + len(edit.replacement), grown + edit.growth))
        grown += edit.growth
    found = []
    for hit in hits:
        if not any(overlaps(hit, start, end) for start, end, _ in growths):
            before = max((growth for growth in growths if growth[1] <= hit.start), default=(0, 0, 0))
            found.append(moved(hit, -before[2]))
    return found


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

"""What of a record's identifiers was found and what was missed, once a reader's marks are laid over what was replaced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from acclimate.certificate.marks import MISSED, Mark
from acclimate.core.errors import DataError
from acclimate.stages.deidentify.records import Passage
from acclimate.stages.deidentify.rewrite import Edit


@dataclass(frozen=True)
class SampledRecord:
    """A record of the sample as it was before de-identification; `subject` is the open id, or the record's own."""

    id: str
    site: str
    subject: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True)
class Spans:
    """Identifiers of one record by class, and how many stretches were replaced, some of them `wrong`."""

    found: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    replaced: int = 0
    wrong: int = 0


class _Stretch(NamedTuple):
    place: str
    start: int
    end: int


def count_spans(record: SampledRecord, marks: Sequence[Mark]) -> Spans:
    """The record's identifiers; a replaced stretch beside a missed one is a piece of it, not an identifier found."""
    missed: dict[_Stretch, str] = {}
    wrong: set[_Stretch] = set()
    for mark in marks:
        stretches = list(_stretches(record, mark))
        if mark.mark == MISSED:
            missed |= dict.fromkeys(_not_covered(record, stretches, mark), mark.kind)
        else:
            wrong |= _replaced_within(record, stretches, mark)
    missed = _separate(missed)
    edits = [(passage.place, edit) for passage in record.passages for edit in passage.edits]
    found = Counter(
        edit.kind
        for place, edit in edits
        if _Stretch(place, edit.start, edit.end) not in wrong
        and not any(_touches(place, edit, stretch) for stretch in missed)
    )
    return Spans(found, Counter(missed.values()), len(edits), len(wrong))


def _stretches(record: SampledRecord, mark: Mark) -> Iterator[_Stretch]:
    """Where a quote stands: in the stretch that is named, else wherever it stands as whole words."""
    if mark.start is not None and mark.end is not None:
        text = next((passage.text for passage in record.passages if passage.place == mark.place), "")
        if text[mark.start : mark.end] != mark.quote:
            raise _refused(mark, f"the quote is not what stands there from {mark.start} to {mark.end}")
        yield _Stretch(mark.place, mark.start, mark.end)
        return
    found = False
    for passage in record.passages:
        for start in _occurrences(passage.text, mark.quote) if mark.place in ("", passage.place) else ():
            found = True
            yield _Stretch(passage.place, start, start + len(mark.quote))
    if not found:
        raise _refused(mark, "the quote does not stand in it as whole words")


def _occurrences(text: str, quote: str) -> Iterator[int]:
    start = text.find(quote)
    while start >= 0:
        before, after = text[start - 1 : start] if start else "", text[start + len(quote) : start + len(quote) + 1]
        inside_word = (quote[0].isalnum() and before.isalnum()) or (quote[-1].isalnum() and after.isalnum())
        if not inside_word:
            yield start
        start = text.find(quote, start + 1)


def _not_covered(record: SampledRecord, stretches: Iterable[_Stretch], mark: Mark) -> list[_Stretch]:
    """The stretches of which some letter or digit was not replaced."""
    left = [stretch for stretch in stretches if not _is_covered(record, stretch)]
    if not left:
        raise _refused(mark, "the quote was replaced wherever it stands in it")
    return left


def is_covered(passage: Passage, start: int, end: int) -> bool:
    """Whether every letter and digit of a stretch of the passage (code points, end exclusive) was replaced."""
    places = (place for place in range(start, end) if passage.text[place].isalnum())
    return all(any(edit.start <= place < edit.end for edit in passage.edits) for place in places)


def touches(edit: Edit, start: int, end: int) -> bool:
    """Whether what was replaced shares a code point with a stretch of its passage."""
    return edit.start < end and start < edit.end


def _is_covered(record: SampledRecord, stretch: _Stretch) -> bool:
    passage = next(passage for passage in record.passages if passage.place == stretch.place)
    return is_covered(passage, stretch.start, stretch.end)


def _replaced_within(record: SampledRecord, stretches: Iterable[_Stretch], mark: Mark) -> set[_Stretch]:
    replaced = {
        _Stretch(passage.place, edit.start, edit.end)
        for stretch in stretches
        for passage in record.passages
        for edit in passage.edits
        if _touches(passage.place, edit, stretch)
    }
    if not replaced:
        raise _refused(mark, "nothing of the quote was replaced in it")
    return replaced


def _touches(place: str, edit: Edit, stretch: _Stretch) -> bool:
    return place == stretch.place and touches(edit, stretch.start, stretch.end)


def _separate(missed: dict[_Stretch, str]) -> dict[_Stretch, str]:
    """Stretches that do not overlap, the longer before the shorter: a name and its last word are one identifier."""
    kept: dict[_Stretch, str] = {}
    for stretch in sorted(missed, key=lambda one: (one.start - one.end, one)):
        if not any(stretch.place == one.place and stretch.start < one.end and one.start < stretch.end for one in kept):
            kept[stretch] = missed[stretch]
    return kept


def _refused(mark: Mark, why: str) -> DataError:
    return DataError(
        f"line {mark.line}, record {mark.record}: {why}, so the mark cannot be counted.",
        hint="copy the words as the sheet shows them, in one piece; part of a word needs place, start and end",
    )

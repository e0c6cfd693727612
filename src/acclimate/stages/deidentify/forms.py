"""The ways in which a known value may stand in a text, and the search for all of them at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from acclimate.stages.deidentify.hits import Hit, NamePart
from acclimate.stages.deidentify.words import Token, folded_words, squash, tokens

WORD_GAPS = " \t\r\n,.-–—_/()'’#:&"
NUMBER_GAPS = " -"
PHONE_GAPS = " -./()\xa0"
CONTACT_GAPS = ".@-_+:/"
_LONGEST_GAP = 4
_MOST_WORDS = 32
_DECIMAL_BEFORE, _DECIMAL_AFTER = re.compile(r"\d[.,]$"), re.compile(r"[.,]\d")


@dataclass(frozen=True)
class Form:
    """One way of writing a known value: its letters and digits, and what may stand between them.

    `cuts` are the places where something may stand in between (None: anywhere); `capital` says that every piece must
    begin with a capital, which keeps a name like Hand or May apart from the word; `parts` are the pieces of a name by
    their places in `squashed`.
    """

    squashed: str
    kind: str
    gaps: str
    full: bool = False
    canonical: str = ""
    cuts: frozenset[int] | None = None
    capital: bool = False
    parts: tuple[NamePart, ...] = ()


def number_form(value: str, kind: str, *, gaps: str = NUMBER_GAPS, full: bool = True, canonical: str = "") -> Form:
    """A number, in whatever groups it is written."""
    return Form(squash(value), kind, gaps, full, canonical or squash(value))


def words_form(value: str, kind: str, *, full: bool, capital: bool = False) -> Form:
    """Words in a row, whatever separates them; each begins where it begins in the value."""
    pieces = [token.folded for token in tokens(value)]
    cuts = frozenset(sum(map(len, pieces[:index])) for index in range(1, len(pieces)))
    return Form("".join(pieces), kind, WORD_GAPS, full, "".join(pieces), cuts, capital)


class KnownForms:
    """All forms of one person's values, found in one walk over a text's words."""

    def __init__(self, forms: Iterable[Form]) -> None:
        self._forms: dict[str, list[Form]] = {}
        self._beginnings: set[str] = set()
        for form in forms:
            alike = self._forms.setdefault(form.squashed, [])
            if form not in alike:
                alike.append(form)
            ends = range(1, len(form.squashed)) if form.cuts is None else form.cuts
            self._beginnings.update(form.squashed[:end] for end in (*ends, len(form.squashed)) if end)

    def hits(self, text: str) -> Iterator[Hit]:
        """Every place where a form stands; of forms that begin at the same word, the longest."""
        folded, beginnings = folded_words(text), self._beginnings
        promising = [
            index for index, word in enumerate(folded) if word in beginnings and self._completes(folded, index)
        ]
        words = tokens(text) if promising else []
        following = 0
        for index in promising:
            found = self._longest(text, words, index) if index >= following else None
            if found is not None:
                yield found[0]
                following = found[1]

    def _completes(self, folded: Sequence[str], first: int) -> bool:
        """Whether some form stands here as far as letters and digits tell; spares most texts a closer look."""
        squashed = ""
        for word in folded[first : first + _MOST_WORDS]:
            squashed += word
            if squashed in self._forms:
                return True
            if squashed not in self._beginnings:
                return False
        return True

    def _longest(self, text: str, words: Sequence[Token], first: int) -> tuple[Hit, int] | None:
        squashed, gaps, starts = "", "", [0]
        best = None
        for last in range(first, len(words)):
            if last > first:
                gap = text[words[last - 1].end : words[last].start]
                if len(gap) > _LONGEST_GAP:
                    break
                gaps += gap
                starts.append(len(squashed))
            squashed += words[last].folded
            if squashed not in self._beginnings:
                break
            run = _Run(text, tuple(words[first : last + 1]), gaps, tuple(starts))
            form = next((form for form in self._forms.get(squashed, ()) if run.fits(form)), None)
            if form is not None:
                best = (run.hit(form), last + 1)
        return best


@dataclass(frozen=True)
class _Run:
    """Neighbouring words of a text; `starts` are their places in the letters and digits alone."""

    text: str
    words: tuple[Token, ...]
    gaps: str
    starts: tuple[int, ...]

    @property
    def start(self) -> int:
        return self.words[0].start

    @property
    def end(self) -> int:
        return self.words[-1].end

    def fits(self, form: Form) -> bool:
        if any(character not in form.gaps for character in self.gaps):
            return False
        if form.cuts is not None and not form.cuts.issuperset(self.starts[1:]):
            return False
        if form.cuts is None and self._is_piece_of_number():
            return False
        return not form.capital or self._has_capitals(form)

    def _is_piece_of_number(self) -> bool:
        before, after = self.text[max(0, self.start - 2) : self.start], self.text[self.end : self.end + 2]
        return bool(_DECIMAL_BEFORE.search(before) or _DECIMAL_AFTER.match(after))

    def _has_capitals(self, form: Form) -> bool:
        beginnings = {0, *(part.start for part in form.parts)}
        places = (self.place(beginning) for beginning in sorted(beginnings))
        return not any(self.text[place].islower() for place in places)

    def place(self, offset: int) -> int:
        """Where in the text the letter stands that has this place in the squashed form."""
        index = next(index for index in reversed(range(len(self.starts))) if self.starts[index] <= offset)
        word = self.words[index]
        return min(word.start + offset - self.starts[index], word.end - 1)

    def hit(self, form: Form) -> Hit:
        parts = tuple(
            NamePart(self.place(part.start), self.place(part.end - 1) + 1, part.role, part.value, part.initial)
            for part in form.parts
        )
        return Hit(self.start, self.end, form.kind, True, form.full, form.canonical, parts)

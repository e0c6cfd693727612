"""Words of answers that look like a misspelt term: one letter away from a term's word, and found in no text of the project.

A misspelling that is a word elsewhere in the records or the general text is not seen, nor one of two letters.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from acclimate.core.artifacts import Artifact
from acclimate.core.glossary import WORD, Term, folded
from acclimate.core.schema import TEXT_COLUMNS

FEWEST_LETTERS = 6
"""Of shorter words too many are one letter from each other."""

MOST_NAMED = 10
_WORDS_AT_ONCE = 500
"""Words of one pattern: larger ones pass the limit on its size."""


@dataclass(frozen=True)
class Spelling:
    """The words of terms, by what is left of each when a letter is taken out: words one edit apart share one such rest."""

    words: frozenset[str]
    by_rest: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, terms: Sequence[Term]) -> Spelling:
        """The words of all forms of the terms, if long enough and of letters alone."""
        forms = (word for term in terms for form in term.forms for word in form)
        words = frozenset(word for word in forms if word.isalpha() and len(word) >= FEWEST_LETTERS)
        by_rest: defaultdict[str, set[str]] = defaultdict(set)
        for word in words:
            for rest in _rests(word):
                by_rest[rest].add(word)
        return cls(words, {rest: frozenset(found) for rest, found in by_rest.items()})

    def meant_by(self, word: str) -> str | None:
        """The term's word, the first of them by the alphabet, that is one letter off; None for a term's word itself.

        >>> Spelling.of([Term("hypertension")]).meant_by("hypertenson")
        'hypertension'
        """
        if word in self.words or not word.isalpha() or len(word) < FEWEST_LETTERS:
            return None
        near = {like for rest in _rests(word) for like in self.by_rest.get(rest, ())}
        return next((like for like in sorted(near) if is_one_edit(word, like) and not _is_inflected(word, like)), None)


def is_one_edit(one: str, other: str) -> bool:
    """Whether a letter put in, taken out, replaced, or two neighbours swapped, make one word the other.

    >>> is_one_edit("dose", "does"), is_one_edit("dose", "dos"), is_one_edit("dose", "code")
    (True, True, False)
    """
    start = next((place for place, pair in enumerate(zip(one, other, strict=False)) if len(set(pair)) > 1), None)
    if start is None:
        return abs(len(one) - len(other)) == 1
    left, right = one[start:], other[start:]
    swapped = left[:2] == right[:2][::-1] and left[2:] == right[2:]
    return left[1:] == right[1:] or left[1:] == right or left == right[1:] or swapped


def look_alikes(
    answers: Mapping[str, Mapping[str, str]], terms: Sequence[Term], texts: Iterable[Artifact]
) -> dict[str, dict[str, Any]]:
    """For each arm how many of its answers hold a look-alike, and the commonest. `texts` hold what counts as known words."""
    spelling = Spelling.of(terms)
    found = {arm: {item: _suspects(text, spelling) for item, text in given.items()} for arm, given in answers.items()}
    suspects = {word for by_item in found.values() for words in by_item.values() for word in words}
    unknown = suspects - _known(suspects, texts)
    return {arm: _row(by_item, unknown) for arm, by_item in found.items()}


def _row(by_item: Mapping[str, Mapping[str, str]], unknown: set[str]) -> dict[str, Any]:
    left = [{word: like for word, like in words.items() if word in unknown} for words in by_item.values()]
    counts = Counter(pair for words in left for pair in words.items())
    ordered = sorted(counts, key=lambda pair: (-counts[pair], pair))
    return {
        "answers": len(left),
        "with_look_alikes": sum(bool(words) for words in left),
        "commonest": [
            {"word": word, "like": like, "answers": counts[word, like]} for word, like in ordered[:MOST_NAMED]
        ],
    }


def _suspects(text: str, spelling: Spelling) -> dict[str, str]:
    words = {folded(word) for word in WORD.findall(text)}
    return {word: like for word in words if (like := spelling.meant_by(word)) is not None}


def _known(words: set[str], texts: Iterable[Artifact]) -> set[str]:
    """Those of the words that stand anywhere in the texts."""
    ordered = sorted(words)
    patterns = [
        rf"\b(?:{'|'.join(ordered[start : start + _WORDS_AT_ONCE])})\b"
        for start in range(0, len(ordered), _WORDS_AT_ONCE)
    ]
    known: set[str] = set()
    for column in _columns(texts) if patterns else ():
        lower = column.drop_nulls().str.to_lowercase()
        for pattern in patterns:
            known.update(lower.str.extract_all(pattern).explode().drop_nulls().to_list())
    return known


def _columns(texts: Iterable[Artifact]) -> Iterator[pl.Series]:
    for artifact in texts:
        for batch in artifact.batches([*TEXT_COLUMNS, "messages"]):
            frame = pl.DataFrame(pl.from_arrow(batch))
            yield from (frame[name] for name in TEXT_COLUMNS)
            yield frame["messages"].explode().drop_nulls().struct.field("content")


def _rests(word: str) -> set[str]:
    """The word, and what is left of it when any one letter is taken out."""
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}


def _is_inflected(one: str, other: str) -> bool:
    """Whether a last s or d alone parts the words, as in dilated."""
    shorter, longer = sorted((one, other), key=len)
    return longer in (f"{shorter}s", f"{shorter}d")

"""Lists of codes too long to show: read from a manager's file, and searched by code or by the beginnings of words."""

from __future__ import annotations

import csv
import io
import re
import sys
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import nsmallest

from sqlalchemy import func, select

from acclimate.annotation.store import Store
from acclimate.annotation.tables import codes
from acclimate.core.errors import DataError

MAX_SHOWN = 20
MAX_CODE, MAX_TITLE = 100, 1000
_BETWEEN_WORDS = re.compile(r"[^\w.]+")
_HEADERS = {"code", "id", "codes"}


@dataclass(frozen=True)
class CodeIndex:
    """The codes of a list with their titles, each as the text that is searched: ` i21.0 i210 acute infarction`.

    `by_code` and `by_title` are sorted pairs of a beginning to look for and the place in the list.
    """

    codes: Sequence[str]
    titles: Sequence[str]
    searched: Sequence[str]
    lengths: Sequence[int]
    by_code: Sequence[tuple[str, int]]
    by_title: Sequence[tuple[str, int]]

    @classmethod
    def of(cls, titles: Sequence[tuple[str, str]]) -> CodeIndex:
        """The index of pairs of code and title."""
        codes, names = ([_plain(text) for text in texts] for texts in zip(*titles, strict=True)) if titles else ([], [])
        whole = [code.replace(".", "") for code in codes]
        searched = [f" {code} {short} {name}" for code, short, name in zip(codes, whole, names, strict=True)]
        return cls(
            codes=[code for code, _ in titles],
            titles=[title for _, title in titles],
            searched=searched,
            lengths=[len(text) for text in searched],
            by_code=sorted({(code, place) for texts in (codes, whole) for place, code in enumerate(texts)}),
            by_title=sorted((name, place) for place, name in enumerate(names)),
        )

    def search(self, words: str, *, at_most: int = MAX_SHOWN) -> list[tuple[str, str]]:
        """The codes in which every word begins a word: codes that begin so, then titles that do, then the shortest.

        What begins so is looked up; only if that is too little are all texts gone through, 10^5 in some milliseconds,
        which needs no index that two databases must agree on.

        >>> index = CodeIndex.of([("I21", "Acute myocardial infarction"), ("I25.2", "Old myocardial infarction")])
        >>> [code for code, _ in index.search("infarct old")], [code for code, _ in index.search("i2")]
        (['I25.2'], ['I21', 'I25.2'])
        """
        asked = _plain(words)
        if not asked:
            return []
        best = nsmallest(
            at_most, set(_beginning(self.by_code, asked)), key=lambda place: (len(self.codes[place]), place)
        )
        if len(best) < at_most:
            best = self._filled(best, _beginning(self.by_title, asked), at_most)
        if len(best) < at_most:
            best = self._filled(best, self._with_all(asked.split()), at_most)
        return [(self.codes[place], self.titles[place]) for place in best]

    def _filled(self, best: list[int], places: Sequence[int], at_most: int) -> list[int]:
        """The best so far, and the shortest of other places behind them."""
        shortest = nsmallest(2 * at_most, places, key=lambda place: (self.lengths[place], place))
        return [*best, *(place for place in shortest if place not in best)][:at_most]

    def _with_all(self, words: Sequence[str]) -> list[int]:
        """The places of the texts in which each word begins a word."""
        first, *others = sorted((f" {word}" for word in words), key=len, reverse=True)
        found = [place for place, text in enumerate(self.searched) if first in text]
        for beginning in others:
            found = [place for place in found if beginning in self.searched[place]]
        return found


def _beginning(texts: Sequence[tuple[str, int]], begin: str) -> list[int]:
    """The places of the texts, which are sorted, that begin so."""
    first, end = bisect_left(texts, (begin, -1)), bisect_left(texts, (begin + chr(sys.maxunicode), -1))
    return [place for _, place in texts[first:end]]


def search_codes(store: Store, code_list: str, words: str) -> list[tuple[str, str]]:
    """The codes of a list that fit the words, with their titles."""
    with store.read() as connection:
        count = connection.scalar(select(func.count()).where(codes.c.code_list == code_list)) or 0
    return _index(store, code_list, count).search(words)


def titles_of(store: Store, code_list: str, wanted: Sequence[str]) -> list[tuple[str, str]]:
    """The given codes that are in the list, with their titles."""
    query = select(codes.c.code, codes.c.title).where(codes.c.code_list == code_list, codes.c.code.in_(wanted))
    with store.read() as connection:
        return [(row.code, row.title) for row in connection.execute(query)]


def code_lists(store: Store) -> list[tuple[str, int]]:
    """The names of all lists with how many codes each has."""
    query = select(codes.c.code_list, func.count()).group_by(codes.c.code_list).order_by(codes.c.code_list)
    with store.read() as connection:
        return [(name, count) for name, count in connection.execute(query)]


def read_codes(text: str) -> dict[str, str]:
    """Code and name by line of a CSV text, with or without a header; further columns are left out.

    >>> read_codes("code,name\\nI21,Acute myocardial infarction\\n")
    {'I21': 'Acute myocardial infarction'}
    """
    found: dict[str, str] = {}
    for line, row in _rows(text):
        if len(row) < 2:
            raise DataError(
                f"Line {line} has {len(row)} cells, a code and its name are needed.", hint="separate by comma"
            )
        code, title = row[0].strip(), row[1].strip()
        if line == 1 and code.lower() in _HEADERS:
            continue
        if not code or len(code) > MAX_CODE or not code.isprintable() or len(title) > MAX_TITLE or "\0" in title:
            raise DataError(f"Line {line} has no usable code and name.", hint=f"codes have 1 to {MAX_CODE} characters")
        if code in found:
            raise DataError(f"Line {line}: the code {code} is there twice.", hint="give each code once")
        found[code] = title
    if not found:
        raise DataError("There is no code in what was given.", hint="give CSV with a code and a name in each line")
    return found


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        for row in rows:
            if row:
                yield rows.line_num, row
    except csv.Error as error:
        raise DataError(f"Line {rows.line_num} is not CSV: {error}.", hint="save it as CSV") from None


@lru_cache(maxsize=4)
def _index(store: Store, code_list: str, _count: int) -> CodeIndex:
    """Made anew when codes were added: they are never changed or taken away."""
    query = select(codes.c.code, codes.c.title).where(codes.c.code_list == code_list).order_by(codes.c.code)
    with store.read() as connection:
        return CodeIndex.of([(row.code, row.title) for row in connection.execute(query)])


def _plain(text: str) -> str:
    """Words in small letters without accents, parted by single spaces; points inside a word stay."""
    if not text.isascii():
        text = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return " ".join(word for part in _BETWEEN_WORDS.split(text.casefold()) if (word := part.strip(".")))

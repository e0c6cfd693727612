"""Cuts a long document where it is structured, into pieces that together are the document to the last character."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from acclimate.core.errors import ConfigError

_OTHER_PAYLOAD = ("prompt", "completion", "messages", "label", "spans", "chosen", "rejected")
_HEADINGS = tuple(re.compile(rf"^(?=#{{1,{level}}} )", re.MULTILINE) for level in range(1, 7))
_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")
_LINE = re.compile(r"\n\s*")
_SENTENCE = re.compile(r"[.!?…][\"')\]’”»]*\s+(?![a-z\s])|[。！？]+")
_WORD = re.compile(r"\s+")
_HEADING_ALONE = re.compile(r"\s*#{1,6} [^\n]*\s*")
_LEVELS = (*_HEADINGS, _PARAGRAPH, _LINE, _SENTENCE, _WORD)
"""Where a text may be cut, the best places first: before a heading, behind all others."""


class Cut(BaseModel):
    """How long a piece of a document may be, in one of two units."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    max_chars: int | None = Field(default=None, gt=0)
    """The most characters (Unicode code points) of a piece."""

    max_words: int | None = Field(default=None, gt=0)
    """The most words (what white space separates) of a piece."""

    @model_validator(mode="after")
    def _one_limit(self) -> Cut:
        if (self.max_chars is None) == (self.max_words is None):
            raise ConfigError(
                "ingest.cut needs one limit: max_chars or max_words.", hint="write for example cut: {max_words: 1500}"
            )
        return self

    @property
    def limit(self) -> int:
        """The most of the unit that a piece may have."""
        return self.max_chars or self.max_words or 0

    def size(self, text: str, start: int, end: int) -> int:
        """The size of a stretch in the unit."""
        return end - start if self.max_chars else len(text[start:end].split())


@dataclass(frozen=True)
class Stretch:
    """A piece of a text by its place, in code points, end exclusive."""

    start: int
    end: int


def cut_text(text: str, cut: Cut) -> list[Stretch]:
    """The stretches of a text, in order, none longer than the limit; joined they are the text.

    Neighbouring sections are put together while they fit; a section that does not fit alone is cut at its subsections,
    paragraphs, lines, sentences, words and, for `max_chars`, inside a word. A heading stays with what follows it.

    >>> text = "# One\\n\\nFirst. Second.\\n\\n# Two\\n\\nThird."
    >>> [text[piece.start : piece.end] for piece in cut_text(text, Cut(max_chars=24))]
    ['# One\\n\\nFirst. Second.\\n\\n', '# Two\\n\\nThird.']
    """
    return list(_packed(text, Stretch(0, len(text)), cut, level=0))


def piece_records(record: Mapping[str, Any], cut: Cut) -> list[dict[str, Any]]:
    """The records of a document's pieces; none where it need not or must not be cut.

    A piece is its document but for the text, the id (`<document>#<number>`), the parent, which is the document, and
    the locator, to which its place in the document's text is added as RFC 5147 has it: `guide.md:1#char=1200,2380`.
    """
    text = record.get("text")
    # An empty list of label weights says that the text has none of the labels.
    if not text or record.get("label_weights") is not None or any(record.get(column) for column in _OTHER_PAYLOAD):
        return []
    if cut.size(text, 0, len(text)) <= cut.limit:
        return []
    return [
        {
            **record,
            "id": f"{record['id']}#{number}",
            "text": text[piece.start : piece.end],
            "locator": f"{record['locator']}#char={piece.start},{piece.end}",
            "parents": [record["id"]],
        }
        for number, piece in enumerate(cut_text(text, cut), start=1)
    ]


def _packed(text: str, whole: Stretch, cut: Cut, *, level: int) -> Iterator[Stretch]:
    """The parts of a stretch at a level, put together while they fit."""
    start, end, held = whole.start, whole.start, 0
    for part in _parts(text, whole, cut, level=level):
        size = cut.size(text, part.start, part.end)
        if held + size > cut.limit and end > start and not _stays(text, start, end, level=level):
            yield Stretch(start, end)
            start, held = part.start, 0
        end, held = part.end, held + size
        if held > cut.limit:
            yield from _packed(text, Stretch(start, end), cut, level=level + 1)
            start, held = part.end, 0
    if end > start:
        yield Stretch(start, end)


def _stays(text: str, start: int, end: int, *, level: int) -> bool:
    """Whether a stretch goes with what follows it: a heading does, while what follows can be cut between words."""
    return _LEVELS[level + 1 :] != () and _HEADING_ALONE.fullmatch(text, start, end) is not None


def _parts(text: str, whole: Stretch, cut: Cut, *, level: int) -> Iterator[Stretch]:
    if level == len(_LEVELS):
        places: Iterator[int] = iter(range(whole.start + cut.limit, whole.end, cut.limit))
    else:
        places = (found.end() for found in _LEVELS[level].finditer(text, whole.start, whole.end))
    start = whole.start
    for place in places:
        if start < place < whole.end:
            yield Stretch(start, place)
            start = place
    yield Stretch(start, whole.end)

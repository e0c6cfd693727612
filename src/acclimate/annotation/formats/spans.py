"""Spans and relations while they are read from another tool, where they have names of that tool."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from acclimate.annotation.formats.offsets import Offsets, Unit

CONTINUED = "continued"
"""The relation from each piece of a span with gaps to its next piece."""


@dataclass
class SpanCollector:
    """The spans of one answer; equal ones are kept once, and names of either lead to it."""

    spans: list[dict[str, Any]] = field(default_factory=list)
    relations: list[dict[str, Any]] = field(default_factory=list)
    places: dict[Hashable, int] = field(default_factory=dict)
    repeated: int = 0
    """How often a span came that was there."""
    _known: dict[tuple[str, int, int, str], int] = field(default_factory=dict)

    def add(self, name: Hashable, column: str, start: int, end: int, label: str) -> int:
        """Adds a span under the tool's name for it; returns its place."""
        place = self._known.setdefault((column, start, end, label), len(self.spans))
        if place == len(self.spans):
            self.spans.append({"field": column, "start": start, "end": end, "label": label})
        else:
            self.repeated += 1
        self.places.setdefault(name, place)
        return place

    def relate(self, source: Hashable, target: Hashable, label: str) -> bool:
        """Adds a relation between two named spans; whether both are there."""
        if source not in self.places or target not in self.places:
            return False
        relation = {"source": self.places[source], "target": self.places[target], "label": label}
        if relation not in self.relations:
            self.relations.append(relation)
        return True

    @property
    def lost(self) -> list[str]:
        """What is said of spans that came more than once."""
        return ["spans, or pieces of them, that are marked twice"] * self.repeated

    def answer(self) -> dict[str, Any]:
        """As a question for spans takes it."""
        return {"spans": self.spans, "relations": self.relations}


class Translator:
    """Offsets of the texts of one item, each text prepared once."""

    def __init__(self, texts: Mapping[str, str], unit: Unit) -> None:
        self.texts, self.unit = texts, unit
        self._prepared: dict[str, Offsets] = {}

    def inward(self, column: str, start: int, end: int) -> tuple[int, int]:
        """Offsets of the tool as code points."""
        return self._of(column).inward(start, end)

    def outward(self, column: str, start: int, end: int) -> tuple[int, int]:
        """Code points as the tool counts them."""
        return self._of(column).outward(start, end)

    def quoted(self, column: str, start: int, end: int, quote: object) -> bool:
        """Whether a span is the text that was quoted for it, however line ends were shown."""
        if not isinstance(quote, str) or not quote.strip():
            return True
        return "".join(self.texts[column][start:end].split()) == "".join(quote.split())

    def _of(self, column: str) -> Offsets:
        if column not in self._prepared:
            self._prepared[column] = Offsets(self.texts[column], self.unit)
        return self._prepared[column]


def plain_label(label: str, lost: Counter[str]) -> str:
    """A label for formats in which a space ends it."""
    plain = "_".join(label.split()) or "_"
    lost["labels with a space, written with _"] += plain != label
    return plain

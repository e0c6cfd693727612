"""Items to write and read again: texts with emoji and both line ends, spans, relations, labels, several people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from acclimate.annotation.assignments import ADJUDICATION, READING
from acclimate.annotation.formats.exchange import ExchangeItem, GivenReading, ReadOptions, Suggestion
from acclimate.annotation.formats.survey import shaped
from acclimate.annotation.formats.table import FORMATS
from acclimate.annotation.schema import Choice, LabelSchema, Option, Rating, Spans, Text, plain_value

LABELS = ("drug", "dose", "site")
OPTIONS = tuple(Option(name=name) for name in LABELS)
KIND = Choice(name="kind", options=OPTIONS)
TOPICS = Choice(name="topics", options=OPTIONS, multiple=True, required=False)
MENTIONS = Spans(name="mentions", options=OPTIONS, relations=("of", "continued"), required=False)
NOTE = Text(name="note", required=False)
CARE = Rating(name="care", required=False)

texts = st.text(st.sampled_from('ab é🙂👩‍🚒\u0301\r\n\t"\\<&{日'), min_size=1, max_size=30) | st.sampled_from(
    ["a\r\nb\r\n🙂c", "🙂\r\n\r\n🙂", "x\u2028y\x85z"]
)
seconds = st.floats(0, 1000, allow_nan=False)


@st.composite
def spans_of(
    draw: st.DrawFn, text: str, *, at_least: int = 0, relations: bool = True, cut_line_ends: bool = True
) -> dict[str, Any]:
    """An answer to the question for spans."""
    places = [
        place
        for place in range(len(text) + 1)
        if cut_line_ends or not (0 < place < len(text) and text[place - 1 : place + 1] == "\r\n")
    ]
    ends = st.lists(st.sampled_from(places), min_size=2, max_size=2, unique=True).map(lambda pair: tuple(sorted(pair)))
    marked = draw(st.lists(st.tuples(ends, st.sampled_from(LABELS)), min_size=at_least, max_size=4, unique=True))
    spans = [{"field": "text", "start": start, "end": end, "label": label} for (start, end), label in marked]
    if not spans or not relations:
        return {"spans": spans, "relations": []}
    place = st.integers(0, len(spans) - 1)
    arrows = draw(st.lists(st.tuples(place, place, st.sampled_from(["of", "continued"])), max_size=3, unique=True))
    return {"spans": spans, "relations": [{"source": a, "target": b, "label": name} for a, b, name in arrows]}


@st.composite
def items(draw: st.DrawFn, *, people: int = 3, relations: bool = True, decisions: bool = True) -> ExchangeItem:
    """An item with answers to every question by several people, a decision perhaps, and a suggestion."""
    text = draw(texts)

    def answer() -> dict[str, Any]:
        return {
            "kind": draw(st.sampled_from(LABELS)),
            "topics": draw(st.lists(st.sampled_from(LABELS), unique=True, min_size=1)),
            "mentions": draw(spans_of(text, relations=relations)),
            "note": draw(texts),
            "care": {"overall": draw(st.integers(1, 5))},
        }

    readings = [
        GivenReading(f"p{number}", answer(), READING, draw(seconds)) for number in range(draw(st.integers(0, people)))
    ]
    if decisions and draw(st.booleans()):
        readings.append(GivenReading("rae", answer(), ADJUDICATION, draw(seconds)))
    suggested = [Suggestion("model-1", {"kind": draw(st.sampled_from(LABELS))}, 0.5)] * draw(st.integers(0, 1))
    identity = draw(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8))
    return ExchangeItem({"id": identity, "text": text, "site": "north"}, readings, suggested)


def by_one(text: str, name: str, answer: Any, *, identity: str = "i1") -> ExchangeItem:
    """An item with one person's answer to one question, which is what counts."""
    return ExchangeItem({"id": identity, "text": text}, [GivenReading("ann", {name: answer})], settled={name: answer})


def everything() -> LabelSchema:
    return LabelSchema(questions=(KIND, TOPICS, MENTIONS, NOTE, CARE))


def written(name: str, items: Sequence[ExchangeItem], schema: LabelSchema, folder: Path) -> Counter[str]:
    """Writes items in a format; what was lost."""
    lost: Counter[str] = Counter()
    FORMATS[name].write(iter(items), folder, schema, lost)
    return +lost


def read_again(name: str, folder: Path, **options: Any) -> list[ExchangeItem]:
    return list(FORMATS[name].read(folder, ReadOptions(**options)))


def said(items: Sequence[ExchangeItem], schema: LabelSchema, *, who: bool = True) -> list[Any]:
    """What everybody said of each item, in a form that is equal for equal answers."""
    return [[(given.person if who else "", form(schema, given.answer)) for given in item.readings] for item in items]


def form(schema: LabelSchema, answer: Any) -> dict[str, Any]:
    formed = shaped(schema, answer)
    return {asked.name: plain_value(asked, formed.get(asked.name)) for asked in schema.questions}

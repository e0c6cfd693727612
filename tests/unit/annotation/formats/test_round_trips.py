from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.annotation.formats.exchanged import (
    KIND,
    LABELS,
    MENTIONS,
    NOTE,
    TOPICS,
    by_one,
    everything,
    items,
    read_again,
    said,
    spans_of,
    texts,
    written,
)

from acclimate.annotation.formats.exchange import ExchangeItem, GivenReading
from acclimate.annotation.schema import LabelSchema

quick = settings(max_examples=25, deadline=None)


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory() as name:
        yield Path(name)


def in_new_folder(name: str, given: list[ExchangeItem], schema: LabelSchema, **options: Any) -> list[ExchangeItem]:
    with TemporaryDirectory() as folder:
        written(name, given, schema, Path(folder))
        return read_again(name, Path(folder), **options)


@pytest.mark.parametrize("name", ["label-studio", "hf"])
@quick
@given(st.lists(items(), max_size=4))
def test_what_everybody_said_comes_back(name: str, given: list[ExchangeItem]) -> None:
    back = in_new_folder(name, given, everything())
    assert said(back, everything()) == said(given, everything())
    assert [item.record for item in back] == [dict(item.record) for item in given]
    for before, after in zip(given, back, strict=True):
        assert [(one.purpose, one.seconds) for one in after.readings] == [
            (one.purpose, one.seconds) for one in before.readings
        ]
        assert [one.by for one in after.suggestions] == [one.by for one in before.suggestions]


@quick
@given(st.lists(items(relations=False, decisions=False), max_size=4))
def test_argilla_gives_back_what_everybody_said(given: list[ExchangeItem]) -> None:
    back = in_new_folder("argilla", given, everything())
    assert said(back, everything()) == said(given, everything())
    assert [item.record for item in back] == [dict(item.record) for item in given]


def marked(**options: bool) -> st.SearchStrategy[ExchangeItem]:
    """An item with one person's spans, one at least."""
    return texts.flatmap(
        lambda text: spans_of(text, at_least=1, **options).map(lambda value: by_one(text, "mentions", value))
    )


@quick
@given(marked())
def test_doccano_gives_back_spans_and_relations(item: ExchangeItem) -> None:
    schema = LabelSchema(questions=(MENTIONS,))
    back = in_new_folder("doccano", [item], schema, question="mentions", annotator="ann")
    assert said(back, schema) == said([item], schema)
    assert back[0].record == item.record


@quick
@given(marked())
def test_prodigy_gives_back_spans_and_relations(item: ExchangeItem) -> None:
    schema = LabelSchema(questions=(MENTIONS,))
    back = in_new_folder("prodigy", [item], schema, question="mentions")
    assert said(back, schema) == said([item], schema)
    assert back[0].record == item.record


@quick
@given(marked(cut_line_ends=False))
def test_brat_gives_back_spans_and_relations_and_the_text_as_it_stood(item: ExchangeItem) -> None:
    schema = LabelSchema(questions=(MENTIONS,))
    back = in_new_folder("brat", [item], schema, question="mentions", annotator="ann")
    assert said(back, schema) == said([item], schema)
    assert back[0].record == item.record


@quick
@given(
    st.lists(st.tuples(st.sampled_from(["No", "pain", "🙂", "é", "."]), st.sampled_from([None, *LABELS])), min_size=1)
)
def test_conll_gives_back_the_labels_of_words(words: list[tuple[str, str | None]]) -> None:
    schema = LabelSchema(questions=(MENTIONS,))
    spans = []
    at = 0
    for word, label in words:
        if label:
            spans.append({"field": "text", "start": at, "end": at + len(word), "label": label})
        at += len(word) + 1
    item = by_one(" ".join(word for word, _ in words), "mentions", {"spans": spans, "relations": []})
    back = in_new_folder("conll", [item], schema, question="mentions", annotator="ann")
    assert said(back, schema) == said([item], schema)
    assert back[0].record["text"] == item.record["text"]


@pytest.mark.parametrize("name", ["doccano", "prodigy"])
@pytest.mark.parametrize(("question", "answer"), [(KIND, "dose"), (TOPICS, ["dose", "site"])])
def test_labels_come_back(name: str, question: Any, answer: Any, folder: Path) -> None:
    schema = LabelSchema(questions=(question,))
    item = by_one("a 🙂", question.name, answer)
    written(name, [item], schema, folder)
    assert said(read_again(name, folder, question=question.name, annotator="ann"), schema) == said([item], schema)


@pytest.mark.parametrize("name", ["doccano-seq2seq", "prodigy"])
def test_texts_come_back(name: str, folder: Path) -> None:
    schema = LabelSchema(questions=(NOTE,))
    item = by_one("a 🙂", "note", "an answer\nof two lines")
    written(name, [item], schema, folder)
    assert said(read_again(name, folder, question="note", annotator="ann"), schema) == said([item], schema)


def test_several_people_come_back_from_prodigy(folder: Path) -> None:
    schema = LabelSchema(questions=(KIND,))
    item = replace(
        by_one("a", "kind", "dose"), readings=[GivenReading(who, {"kind": "dose"}) for who in ("ann", "bob")]
    )
    written("prodigy", [item], schema, folder)
    assert [item.readings[0].person for item in read_again("prodigy", folder)] == ["ann", "bob"]

"""A long document becomes pieces that know their place, and joined are the document."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.stages.ingest.test_ingest_properties import quick

from acclimate.core.errors import ConfigError, DataError
from acclimate.stages.ingest.pieces import Cut, cut_text

fragments = [
    "# A\n",
    "## B\n",
    "\n\n",
    "\n",
    "One two. ",
    "Three! ",
    "four ",
    "  ",
    "x" * 9,
    "你好。",
    "e\u0301",
    "\r\n",
    ".",
]
texts = st.lists(st.sampled_from(fragments) | st.text(max_size=4), max_size=60).map("".join)
limits = st.builds(Cut, max_chars=st.integers(1, 40)) | st.builds(Cut, max_words=st.integers(1, 8))
GUIDE = "Intro.\n\n# One\n\nFirst part. Second part.\n\n## Deep\n\nThird part.\n\n# Two\n\nLast part.\n"


def rows(*records):
    return "".join(json.dumps(record) + "\n" for record in records)


@given(text=texts, cut=limits)
def test_the_pieces_joined_are_the_text_and_none_is_longer_than_the_limit(text, cut):
    pieces = cut_text(text, cut)
    assert "".join(text[piece.start : piece.end] for piece in pieces) == text
    assert all(cut.size(text, piece.start, piece.end) <= cut.limit for piece in pieces)


@pytest.mark.parametrize(
    ("limit", "pieces"),
    [
        (64, [GUIDE[: GUIDE.index("# Two")], "# Two\n\nLast part.\n"]),
        (
            40,
            ["Intro.\n\n", "# One\n\nFirst part. Second part.\n\n", "## Deep\n\nThird part.\n\n", "# Two\n\nLast part.\n"],
        ),
        (21, ["Intro.\n\n", "# One\n\nFirst part. ", "Second part.\n\n", "## Deep\n\nThird ", "part.\n\n",
              "# Two\n\nLast part.\n"]),
    ],
)  # fmt: skip
def test_the_highest_structure_that_suffices_is_cut(limit, pieces):
    assert [GUIDE[piece.start : piece.end] for piece in cut_text(GUIDE, Cut(max_chars=limit))] == pieces


def test_a_piece_is_a_record_of_its_document_with_parent_and_place(ingest):
    row = {"id": 7, "text": "One. Two. Three.", "subject_id": "p1", "licence": "MIT", "ward": "x"}
    ingested = ingest({"a.jsonl": rows(row)}, {"path": "a.jsonl", "name": "a", "site": "north"}, cut={"max_words": 1})
    assert ingested.columns("id", "text", "locator", "parents") == [
        ("a:7#1", "One. ", "a.jsonl:1#char=0,5", ["a:7"]),
        ("a:7#2", "Two. ", "a.jsonl:1#char=5,10", ["a:7"]),
        ("a:7#3", "Three.", "a.jsonl:1#char=10,16", ["a:7"]),
    ]
    assert set(ingested.columns("subject_id", "site", "licence", "extra")) == {("p1", "north", "MIT", '{"ward":"x"}')}


def test_the_report_counts_documents_and_the_pieces_they_became(ingest):
    ingested = ingest({"a.jsonl": rows({"text": "One. Two. Three."}, {"text": "One."})}, cut={"max_words": 1})
    counts, source = ingested.report.counts, ingested.report.metrics["sources"]["a"]
    assert (counts.inputs, counts.created, counts.kept) == (2, 2, 4)
    assert (source["cut"], source["records"]) == ({"documents": 1, "pieces": 3}, 4)


@quick
@given(documents=st.lists(texts.filter(str.strip), min_size=1, max_size=4), cut=limits, batch_rows=st.integers(1, 4))
def test_every_document_can_be_put_together_from_its_pieces(ingest, documents, cut, batch_rows):
    written = rows(*({"id": number, "text": text} for number, text in enumerate(documents)))
    try:
        written.encode()
        ingested = ingest({"a.jsonl": written}, cut=cut.model_dump(), batch_rows=batch_rows)
    except UnicodeEncodeError:
        return
    joined: dict[str, str] = {}
    for record in ingested.records:
        [document] = record["parents"] or [record["id"]]
        place = re.search(r"#char=(\d+),(\d+)$", record["locator"])
        assert place is None or (int(place[1]), int(place[2]) - int(place[1])) == (
            len(joined.get(document, "")), len(record["text"])
        )  # fmt: skip
        joined[document] = joined.get(document, "") + record["text"]
    assert joined == {f"a:{number}": text for number, text in enumerate(documents)}


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "One. Two. Three.", "completion": "One. Two. Three."},
        {"text": "One. Two. Three.", "label": "x"},
        {
            "messages": [
                {"role": "user", "content": "One. Two. Three."},
                {"role": "assistant", "content": "Four. Five."},
            ]
        },
    ],
)
def test_what_is_not_a_plain_text_is_never_cut(ingest, row):
    assert len(ingest({"a.jsonl": rows(row)}, cut={"max_words": 1}).records) == 1


def test_a_piece_with_the_id_of_another_record_is_named(ingest):
    with pytest.raises(DataError, match="Two records have the id 'a:1#2'"):
        ingest({"a.jsonl": rows({"id": "1#2", "text": "x"}, {"id": 1, "text": "One. Two."})}, cut={"max_words": 1})


@pytest.mark.parametrize("cut", [{}, {"max_words": 5, "max_chars": 5}])
def test_a_cut_needs_one_limit(ingest, cut):
    with pytest.raises(ConfigError, match="one limit"):
        ingest({"a.jsonl": "x"}, cut=cut)


@pytest.mark.parametrize("text", ["x" * 3_000_000, ". " * 1_000_000, "\n" * 2_000_000, " \n" * 1_000_000, ".'" * 10**6])
def test_hostile_texts_are_cut_in_seconds(text):
    pieces = cut_text(text, Cut(max_chars=1000))
    assert sum(piece.end - piece.start for piece in pieces) == len(text)

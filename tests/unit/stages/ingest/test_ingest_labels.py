"""Sources in which a record may have several labels."""

from __future__ import annotations

import json

import pytest

from acclimate.core.errors import ConfigError
from acclimate.core.sources import SourceConfig
from acclimate.stages.ingest.label_lists import read_labels
from acclimate.stages.ingest.rows import RowError

COLUMNS = {"text": "message", "labels": "topics"}


def named(cell, separator=";"):
    found = read_labels(cell, separator=separator)
    return None if found is None else [one["label"] for one in found]


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        (["b", "a", "b"], ["b", "a"]),
        (["7", 7, True], ["7", "true"]),
        ([], []),
        ("b; a ;", ["b", "a"]),
        ('["a;b"]', ["a;b"]),
        ("[]", []),
        (3, ["3"]),
        ("", None),
        (None, None),
    ],
)
def test_lists_and_joined_names_are_the_labels_of_a_record(cell, labels):
    assert named(cell) == labels


def test_without_a_separator_a_text_is_one_name():
    assert named("billing; urgent", separator="") == ["billing; urgent"]


@pytest.mark.parametrize("cell", [[""], [None], [["a"]], [{"label": "a"}], {"a": 1}, ";;", "[a", '["a"'])
def test_anything_else_is_a_fault_of_the_row(cell):
    with pytest.raises(RowError) as refused:
        read_labels(cell, separator=";")
    assert refused.value.reason == "bad_labels"


def test_csv_and_json_lines_give_the_same_records(ingest):
    rows = [("a", ["x", "y"]), ("b", []), ("c", None)]
    table = "message,topics\n" + "".join(
        f'{text},"{"" if labels is None else "; ".join(labels) or "[]"}"\n' for text, labels in rows
    )
    lines = "".join(json.dumps({"message": text, "topics": labels}) + "\n" for text, labels in rows)
    read = [
        [
            (record["text"], record["label"], record["label_weights"])
            for record in ingest({name: content}, {"path": name, "columns": COLUMNS, **settings}).records
        ]
        for name, content, settings in (("a.csv", table, {"label_separator": ";"}), ("a.jsonl", lines, {}))
    ]
    weights = [[{"label": "x", "weight": 1.0}, {"label": "y", "weight": 1.0}], [], None]
    assert read[0] == read[1] == [(text, None, weight) for (text, _), weight in zip(rows, weights, strict=True)]


@pytest.mark.parametrize("labels", [["x"], []])
def test_a_text_whose_labels_are_known_is_never_cut(ingest, labels):
    line = json.dumps({"message": "One. Two. Three.", "topics": labels}) + "\n"
    assert ingest({"a.jsonl": line}, {"path": "a.jsonl", "columns": COLUMNS}, cut={"max_words": 1}).record


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"columns": {**COLUMNS, "label": "category"}}, "labels stands beside label"),
        ({"columns": {**COLUMNS, "label_weights": "votes"}}, "labels stands beside label_weights"),
        ({"columns": {"text": "message"}, "label_separator": ";"}, "maps no column to labels"),
    ],
)
def test_a_mapping_that_says_labels_twice_or_not_at_all_is_refused(settings, said):
    with pytest.raises(ConfigError, match=said):
        SourceConfig(path="a.csv", **settings)

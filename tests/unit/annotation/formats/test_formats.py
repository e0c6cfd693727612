"""Each format as its tool publishes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.unit.annotation.formats.exchanged import KIND, MENTIONS, by_one, everything, read_again, written
from tests.unit.annotation.formats.published import (
    CONFIG,
    HIGH,
    LOW,
    annotation,
    json_lines,
    label_studio,
    result,
    task,
)

from acclimate.annotation.assignments import ADJUDICATION, READING
from acclimate.annotation.formats import label_studio as label_studio_module
from acclimate.annotation.formats.argilla import schema as argilla_schema
from acclimate.annotation.formats.exchange import ExchangeItem, ReadOptions, SetAside
from acclimate.annotation.formats.label_studio_config import read_config, write_config
from acclimate.annotation.formats.offsets import Unit
from acclimate.annotation.formats.parquet_files import feature_metadata
from acclimate.annotation.schema import LabelSchema
from acclimate.core.errors import SourceError


def spans(*marked: tuple[int, int, str], relations: tuple[tuple[int, int, str], ...] = ()) -> dict[str, Any]:
    return {
        "spans": [{"field": "text", "start": start, "end": end, "label": label} for start, end, label in marked],
        "relations": [{"source": source, "target": target, "label": label} for source, target, label in relations],
    }


def only(items: list[ExchangeItem]) -> ExchangeItem:
    assert len(items) == 1
    return items[0]


# Label Studio


def test_a_labeling_configuration_is_a_label_schema(tmp_path: Path) -> None:
    schema = read_config(label_studio(tmp_path) / "config.xml").schema
    asked = {question.name: question for question in schema.questions}
    assert list(asked) == ["urgency", "topic", "mention", "why", "care"]
    assert asked["urgency"].model_dump()["required"] and not asked["care"].required
    assert [option["name"] for option in asked["urgency"].model_dump()["options"]] == ["low", "high"]
    assert [(one["name"], one["parent"]) for one in asked["topic"].model_dump()["options"]] == [
        ("heart", None),
        ("rhythm", "heart"),
        ("skin", None),
    ]
    assert asked["mention"].model_dump()["relations"] == ("of",)
    assert asked["care"].model_dump()["high"] == 4


def test_a_configuration_that_was_written_asks_the_same(tmp_path: Path) -> None:
    (tmp_path / "config.xml").write_bytes(write_config(everything()))
    assert read_config(tmp_path / "config.xml").schema == everything()


def test_label_studio_offsets_count_code_points_and_relations_find_their_spans(tmp_path: Path) -> None:
    marks = (
        result("labels", "mention", {"start": 2, "end": 9, "text": "aspirin", "labels": ["drug"]}, id="a"),
        result("labels", "mention", {"start": 10, "end": 16, "text": "100 mg", "labels": ["dose"]}, id="b"),
        {"type": "relation", "from_id": "b", "to_id": "a", "direction": "right", "labels": ["of"]},
    )
    folder = label_studio(
        tmp_path, task(1, "🙂 aspirin 100 mg", annotation({"id": 3, "email": "ann@x.org"}, LOW, *marks))
    )
    reading = only(read_again("label-studio", folder)).readings[0]
    assert (reading.person, reading.purpose, reading.seconds) == ("ann@x.org", READING, 4.2)
    assert reading.answer["urgency"] == ["low"]
    assert reading.answer["mention"] == spans((2, 9, "drug"), (10, 16, "dose"), relations=((1, 0, "of"),))


def test_offsets_that_do_not_fit_their_quote_are_set_aside_until_the_unit_is_said(tmp_path: Path) -> None:
    mark = result("labels", "mention", {"start": 3, "end": 10, "text": "aspirin", "labels": ["drug"]})
    folder = label_studio(tmp_path, task(1, "🙂 aspirin", annotation(4, LOW, mark)))
    assert only(read_again("label-studio", folder)).aside == [SetAside("user-4", "other_offsets")]
    read = only(read_again("label-studio", folder, offsets=Unit.UTF16)).readings[0]
    assert read.answer["mention"] == spans((2, 9, "drug"))


def test_skips_drafts_and_reviews_of_label_studio(tmp_path: Path) -> None:
    reviewed = {"reviews": [{"created_by": {"email": "rae@x.org"}, "accepted": True}]}
    refused = {"reviews": [{"created_by": {"email": "rae@x.org"}, "accepted": False}]}
    folder = label_studio(
        tmp_path,
        task(
            1,
            "a",
            annotation(1, LOW, **reviewed),
            annotation(2, HIGH, **refused),
            annotation(3, was_cancelled=True),
            annotation(4, HIGH, ground_truth=True),
            drafts=[{"user": "eve@x.org", "result": []}],
        ),
    )
    item = only(read_again("label-studio", folder))
    assert [(given.person, given.purpose) for given in item.readings] == [
        ("user-1", READING),
        ("rae@x.org", ADJUDICATION),
        ("user-4", ADJUDICATION),
    ]
    assert item.aside == [SetAside("eve@x.org", "draft"), SetAside("user-2", "rejected"), SetAside("user-3", "skipped")]


def test_what_label_studio_says_of_pictures_or_single_spans_is_named(tmp_path: Path) -> None:
    box = result("rectanglelabels", "box", {"x": 1, "rectanglelabels": ["Moonwalker"]})
    about_a_span = result("choices", "sure", {"start": 0, "end": 1, "choices": ["yes"]})
    config = CONFIG.replace("<Header", '<Image name="i" value="$image"/><Header')
    folder = label_studio(tmp_path, task(1, "a", annotation(1, LOW, box, about_a_span)), config=config)
    assert set(only(read_again("label-studio", folder)).lost) == {
        "results of the type rectanglelabels",
        "answers about one span",
        "Image tags",
    }


def test_the_last_label_of_a_path_is_the_one_that_was_chosen(tmp_path: Path) -> None:
    chosen = result("taxonomy", "topic", {"taxonomy": [["heart", "rhythm"], ["skin"]]})
    folder = label_studio(tmp_path, task(1, "a", annotation(1, chosen)))
    assert only(read_again("label-studio", folder)).readings[0].answer["topic"] == ["rhythm", "skin"]


def test_a_hierarchy_leaves_as_paths(tmp_path: Path) -> None:
    schema = read_config(label_studio(tmp_path) / "config.xml").schema
    item = by_one("a", "topic", ["rhythm"])
    [told] = label_studio_module._results(item, item.readings[0].answer, schema)
    assert told["value"] == {"taxonomy": [["heart", "rhythm"]]}


def test_a_configuration_may_lie_elsewhere_and_have_another_name(tmp_path: Path) -> None:
    (tmp_path / "labels.xml").write_text(CONFIG)
    (tmp_path / "project-3.json").write_text(json.dumps([{**task(1, "a"), "data": {"note": "a", "title": "b"}}]))
    options = {"config": tmp_path / "labels.xml"}
    assert only(read_again("label-studio", tmp_path / "project-3.json", **options)).record["text"] == "a"


# Argilla


def argilla(folder: Path, *records: dict[str, Any]) -> Path:
    options = [{"value": name, "text": name, "description": None} for name in ("drug", "dose")]
    questions = [
        {
            "name": "mentions",
            "title": "Mark",
            "required": True,
            "settings": {"type": "span", "field": "text", "options": options},
        },
        {"name": "kind", "required": True, "settings": {"type": "label_selection", "options": options}},
        {"name": "rank", "required": False, "settings": {"type": "ranking", "options": options}},
        {
            "name": "care",
            "required": False,
            "settings": {"type": "rating", "options": [{"value": n} for n in range(1, 8)]},
        },
    ]
    (folder / ".argilla").mkdir()
    (folder / ".argilla/settings.json").write_text(
        json.dumps({"guidelines": None, "fields": [], "questions": questions})
    )
    (folder / "records.json").write_text(json.dumps(records))
    return folder


def test_argilla_records_with_responses_and_suggestions(tmp_path: Path) -> None:
    record = {
        "id": "r1",
        "fields": {"text": "aspirin 100 mg"},
        "metadata": {"site": "north", "ward": 4},
        "suggestions": {"kind": {"value": "drug", "score": 0.8, "agent": "m1"}},
        "responses": {
            "kind": [{"value": "dose", "user_id": "u-1"}, {"value": "drug", "user_id": "u-2"}],
            "mentions": [{"value": [{"start": 0, "end": 7, "label": "drug"}], "user_id": "u-1"}],
        },
        "vectors": {"v": [0.1]},
        "status": "completed",
        "_server_id": "6f",
    }
    item = only(read_again("argilla", argilla(tmp_path, record)))
    assert item.record == {"id": "r1", "text": "aspirin 100 mg", "site": "north", "extra": '{"ward": 4}'}
    assert {one.person: dict(one.answer) for one in item.readings} == {
        "u-1": {"kind": ["dose"], "mentions": spans((0, 7, "drug"))},
        "u-2": {"kind": ["drug"]},
    }
    assert [(one.by, one.score) for one in item.suggestions] == [("m1", 0.8)]
    assert item.lost == ["vectors"]


def test_argilla_settings_are_a_label_schema_without_what_is_not_known(tmp_path: Path) -> None:
    schema = argilla_schema(argilla(tmp_path), ReadOptions())
    assert schema is not None
    assert [(asked.name, asked.kind) for asked in schema.questions] == [
        ("mentions", "spans"),
        ("kind", "choice"),
        ("care", "rating"),
    ]


def test_a_dataset_of_argilla_on_the_hub_is_flat_and_tells_drafts(tmp_path: Path) -> None:
    rows = [
        {
            "id": "r1",
            "status": "pending",
            "_server_id": "x",
            "text": "aspirin",
            "kind.responses": ["drug", "dose"],
            "kind.responses.users": ["u-1", "u-2"],
            "kind.responses.status": ["submitted", "draft"],
            "kind.suggestion": 1,
            "kind.suggestion.score": 0.5,
            "kind.suggestion.agent": "m1",
        }
    ]
    labels = {"kind.suggestion": {"names": ["drug", "dose"], "_type": "ClassLabel"}}
    (tmp_path / "data").mkdir()
    table = pa.Table.from_pylist(rows).replace_schema_metadata(feature_metadata(labels))
    pq.write_table(table, tmp_path / "data/train-00000-of-00001.parquet")
    item = only(read_again("argilla", tmp_path))
    assert [(one.person, one.answer) for one in item.readings] == [("u-1", {"kind": ["drug"]})]
    assert item.aside == [SetAside("u-2", "draft")]
    assert [one.answer for one in item.suggestions] == [{"kind": ["dose"]}]


# doccano


def test_doccano_in_all_its_forms(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"id": 1, "text": "good", "label": ["positive"], "Comments": ["why?"], "ward": "b"},
        {"id": 2, "text": "🙂 aspirin", "label": [[3, 10, "drug"]]},
        {"id": 3, "text": "none of it", "label": []},
        {
            "id": 4,
            "text": "aspirin 100 mg",
            "entities": [
                {"id": 61, "label": "drug", "start_offset": 0, "end_offset": 7},
                {"id": 62, "label": "dose", "start_offset": 8, "end_offset": 14},
            ],
            "relations": [{"id": 9, "from_id": 62, "to_id": 61, "type": "of"}],
            "Comments": [],
        },
        {"id": 5, "text": "book a flight", "cats": ["travel"], "entities": [[7, 13, "what"]]},
    ]
    items = read_again("doccano", json_lines(tmp_path / "ann.jsonl", rows), annotator="ann")
    assert [item.readings[0].answer if item.readings else None for item in items] == [
        {"label": ["positive"]},
        {"spans": spans((2, 9, "drug"))},
        None,
        {"spans": spans((0, 7, "drug"), (8, 14, "dose"), relations=((1, 0, "of"),))},
        {"label": ["travel"], "spans": spans((7, 13, "what"))},
    ]
    assert items[0].record == {"id": "1", "text": "good", "extra": '{"ward": "b"}'}
    assert (items[0].lost, len(items[2].lost)) == (["comments"], 1)
    assert items[1].readings[0].person == "ann"


# Prodigy


def test_prodigy_answers_of_several_kinds(tmp_path: Path) -> None:
    rows = [
        {
            "text": "aspirin 100 mg",
            "_input_hash": -12,
            "_task_hash": 5,
            "tokens": [
                {"text": "aspirin", "start": 0, "end": 7, "id": 0},
                {"text": "100", "start": 8, "end": 11, "id": 1},
                {"text": "mg", "start": 12, "end": 14, "id": 2},
            ],
            "spans": [
                {"start": 0, "end": 7, "token_start": 0, "token_end": 0, "label": "drug"},
                {"start": 8, "end": 14, "token_start": 1, "token_end": 2, "label": "dose"},
            ],
            "relations": [{"head": 0, "child": 2, "label": "of"}, {"head": 0, "child": 1, "label": "of"}],
            "_view_id": "relations",
            "answer": "accept",
            "_session_id": "notes-ann",
            "_annotator_id": "ann",
        },
        {
            "text": "b",
            "options": [{"id": "low", "text": "Low"}, {"id": "high", "text": "High"}],
            "accept": ["high"],
            "answer": "accept",
            "_session_id": "notes-bob",
        },
        {"text": "c", "label": "low", "answer": "reject"},
        {"text": "d", "label": "low", "answer": "ignore", "_annotator_id": "ann"},
        {"text": "e", "label": "low"},
        {"text": "f", "user_input": "typed", "answer": "accept", "meta": {"id": "n7", "site": "north"}},
    ]
    items = read_again("prodigy", json_lines(tmp_path / "db-out.jsonl", rows))
    assert items[0].id == "-12"
    assert items[0].readings[0].answer == {"spans": spans((0, 7, "drug"), (8, 14, "dose"), relations=((0, 1, "of"),))}
    assert items[0].lost == ["relations between words that are no spans"]
    assert (items[1].readings[0].person, items[1].readings[0].answer) == ("notes-bob", {"label": ["high"]})
    assert [item.aside for item in items[2:4]] == [[SetAside("imported", "rejected")], [SetAside("ann", "skipped")]]
    assert [one.answer for one in items[4].suggestions] == [{"label": ["low"]}]
    assert items[5].record == {"id": "n7", "text": "f", "site": "north"}
    assert items[5].readings[0].answer == {"answer": "typed"}


# CoNLL


@pytest.mark.parametrize(
    "tags",
    [
        ["I-ORG", "O", "I-PER", "I-PER", "B-PER"],
        ["B-ORG", "O", "B-PER", "I-PER", "B-PER"],
        ["S-ORG", "O", "B-PER", "E-PER", "S-PER"],
        ["U-ORG", "O", "B-PER", "L-PER", "U-PER"],
    ],
    ids=["IOB1", "BIO", "IOBES", "BILOU"],
)
def test_conll_in_each_way_of_tagging(tags: list[str], tmp_path: Path) -> None:
    words = ["EU", "tells", "Ann", "Lee", "Bob"]
    lines = ["-DOCSTART- -X- -X- O", "", *(f"{word} NN I-NP {tag}" for word, tag in zip(words, tags, strict=True)), ""]
    (tmp_path / "a.conll").write_text("\n".join(lines))
    item = only(read_again("conll", tmp_path / "a.conll"))
    assert item.record["text"] == "EU tells Ann Lee Bob"
    assert item.readings[0].answer["spans"] == spans((0, 2, "ORG"), (9, 16, "PER"), (17, 20, "PER"))


def test_conll_documents_keep_their_sentences_and_files_without_documents_give_sentences(tmp_path: Path) -> None:
    sentences = "No O\npain B-FINDING\n\nFever B-FINDING\n"
    (tmp_path / "a.conll").write_text(f"-DOCSTART- O\n\n{sentences}\n-DOCSTART- O\n\nNo O\n")
    (tmp_path / "b.conll").write_text(sentences + "\nFever B-FINDING\n")
    assert [item.record["text"] for item in read_again("conll", tmp_path / "a.conll")] == ["No pain\nFever", "No"]
    found = read_again("conll", tmp_path / "b.conll")
    assert [item.record["text"] for item in found] == ["No pain", "Fever", "Fever"]
    assert len({item.id for item in found}) == 3


def test_what_conll_does_not_hold_is_counted(tmp_path: Path) -> None:
    marked = spans((0, 7, "drug"), (0, 14, "dose"), (10, 14, "site"), (14, 15, "drug"), relations=((0, 1, "of"),))
    lost = written(
        "conll", [by_one("aspirin 100 mg  x", "mentions", marked)], LabelSchema(questions=(MENTIONS,)), tmp_path
    )
    assert lost == {
        "ids": 1,
        "relations": 1,
        "spans that overlap a longer one": 2,
        "spans without a word": 1,
        "texts whose spaces are not kept": 1,
    }


# brat


def test_brat_with_everything_it_can_say(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/doc.txt").write_bytes("North and South\r\nAmerica binds 🙂 p53".encode())
    marks = [
        "T1\tLocation 0 5;16 23\tNorth America",
        "T2\tLocation 10 23\tSouth America",
        "T3\tProtein 32 35\tp53",
        "T4\tBinding 24 29\tbinds",
        "R1\tNear Arg1:T1 Arg2:T2\t",
        "E1\tBinding:T4 Theme:T3",
        "A1\tNegation E1",
        "N1\tReference T3 UniProt:P04637\tp53",
        "*\tEquiv T1 T2",
        "#1\tAnnotatorNotes T1\tsure?",
    ]
    (tmp_path / "sub/doc.ann").write_text("\n".join(marks) + "\n")
    item = only(read_again("brat", tmp_path, annotator="ann"))
    assert item.id == "sub/doc"
    answer = item.readings[0].answer["spans"]
    text = str(item.record["text"])
    assert [text[span["start"] : span["end"]] for span in answer["spans"]] == [
        "North", "America", "South\r\nAmerica", "p53", "binds",
    ]  # fmt: skip
    assert [(one["source"], one["target"], one["label"]) for one in answer["relations"]] == [
        (0, 1, "continued"),
        (0, 2, "Near"),
        (4, 3, "Theme"),
    ]
    assert sorted(set(item.lost)) == [
        "attributes", "equivalences", "events, taken as relations from their trigger", "normalizations", "notes",
    ]  # fmt: skip


def test_a_span_with_gaps_is_one_again_when_it_leaves(tmp_path: Path) -> None:
    marked = spans((0, 5, "site"), (16, 23, "site"), relations=((0, 1, "continued"),))
    item = by_one("North and South America", "mentions", marked)
    lost = written("brat", [item], LabelSchema(questions=(MENTIONS,)), tmp_path)
    assert (tmp_path / "i1.ann").read_text() == "T1\tsite 0 5;16 23\tNorth America\n"
    assert not lost


def test_an_id_that_is_no_file_name_never_leads_out_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    item = by_one("a b", "mentions", spans((0, 1, "site")), identity="../../escaped")
    assert written("brat", [item], LabelSchema(questions=(MENTIONS,)), folder)["ids that are no file names"] == 1
    assert {path.name for path in tmp_path.iterdir()} == {"out"}


# Datasets


def test_the_datasets_library_reads_what_was_written(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    folder = tmp_path / "out"
    folder.mkdir()
    written("hf", [by_one("a 🙂", "kind", "dose")], LabelSchema(questions=(KIND,)), folder)
    loaded = datasets.Dataset.from_parquet(str(next(folder.rglob("*.parquet"))), cache_dir=str(tmp_path / "cache"))
    assert loaded.features["kind"].names == ["drug", "dose", "site"]
    assert (loaded[0]["text"], loaded[0]["kind"]) == ("a 🙂", 1)


def test_class_labels_tokens_and_spans_of_other_datasets(tmp_path: Path) -> None:
    names = {"names": ["neg", "pos"], "_type": "ClassLabel"}
    tags = {"feature": {"names": ["O", "B-PER", "I-PER"], "_type": "ClassLabel"}, "_type": "List"}
    rows = [{"text": "fine", "label": 1, "tokens": None, "ner_tags": None}]
    table = pa.Table.from_pylist(rows).replace_schema_metadata(feature_metadata({"label": names}))
    pq.write_table(table, tmp_path / "a.parquet")
    words = pa.Table.from_pylist([{"tokens": ["Ann", "Lee", "came"], "ner_tags": [1, 2, 0]}])
    pq.write_table(words.replace_schema_metadata(feature_metadata({"ner_tags": tags})), tmp_path / "b.parquet")
    marked = [{"text": "Ann came", "entities": [{"start": 0, "end": 3, "label": "PER"}]}]
    pq.write_table(pa.Table.from_pylist(marked), tmp_path / "c.parquet")
    found = read_again("hf", tmp_path)
    assert [dict(item.readings[0].answer) for item in found] == [
        {"label": ["pos"]},
        {"spans": spans((0, 7, "PER"))},
        {"spans": spans((0, 3, "PER"))},
    ]
    assert found[1].record["text"] == "Ann Lee came"


def test_which_field_is_the_text_must_be_said_where_there_are_several(tmp_path: Path) -> None:
    path = json_lines(tmp_path / "a.jsonl", [{"title": "x", "body": "y", "label": ["low"]}])
    with pytest.raises(SourceError, match="2 fields are texts"):
        read_again("doccano", path)
    assert only(read_again("doccano", path, text="body")).record["text"] == "y"


def test_no_field_of_another_tool_is_lost(tmp_path: Path) -> None:
    fields = {"id": 4, "text": "short", "body": "long", "extra": "not json", "split": "test", "site": 7}
    path = json_lines(tmp_path / "a.jsonl", [{**fields, "label": ["low"]}])
    record = only(read_again("doccano", path, text="body")).record
    assert (record["id"], record["text"]) == ("4", "long")
    assert json.loads(record["extra"]) == {"text": "short", "extra": "not json", "split": "test", "site": 7}

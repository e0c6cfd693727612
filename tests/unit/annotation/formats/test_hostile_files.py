"""Files that are broken, cut, huge, or try something: one sentence each, without a word of their texts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.annotation.formats.exchanged import read_again
from tests.unit.annotation.formats.published import CONFIG, LOW, annotation, task
from tests.unit.annotation.project_of_four import open_store

from acclimate.annotation.formats import json_files
from acclimate.annotation.formats.json_files import json_rows
from acclimate.annotation.formats.label_studio_config import read_config
from acclimate.annotation.formats.taking import ImportSource, import_annotations
from acclimate.core.errors import AcclimateError, SourceError

SECRET = "Achebe"
GOOD = json.dumps(task(1, f"{SECRET} has a cold", annotation("ann", LOW)))


def refused(name: str, path: Path) -> str:
    with pytest.raises(SourceError) as caught:
        read_again(name, path)
    assert SECRET not in str(caught.value)
    return caught.value.message


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (f"[{GOOD}, {GOOD[:-40]}", "Record 2 of a.json is not whole: the file ends in it"),
        (f"[{GOOD}", "the list has no end"),
        (f"[{GOOD}] {GOOD}", "stands after the end of the list"),
        (f"[{GOOD} {GOOD}]", "does not follow after a comma"),
        (f'[{GOOD}, "text"]', "Record 2 of a.json is no object"),
        ("hello " * 50, "Record 1 of a.json is no object"),
        ('{"a": tru, "b": "' + "x" * 99 + '"}', "is not JSON"),
        ('{"a": NaN}', "holds a number that is none"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
        ('{"a": ' + "9" * 10_000 + "}", "a number that is none"),
        ('{"text": "half \\ud83d"}', "holds half a character"),
        ('{"data": {"text": "a"}, "annotations": {}}', "annotations is no list"),
        ('{"data": {"text": "a"}, "annotations": [1]}', "annotations 1 is no object"),
        ('{"data": {"text": "a"}, "annotations": [{"result": [{"type": 3}]}]}', "type is no text"),
        ('{"data": {"text": "a"}, "annotations": [{"was_cancelled": "no"}]}', "was_cancelled is no true or false"),
        ('{"data": "a"}', "data is no object"),
    ],
)
def test_broken_json_is_one_sentence(content: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(content)
    assert says in refused("label-studio", path)


def test_an_object_larger_than_what_is_held_in_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_files, "LARGEST", 2**20)
    path = tmp_path / "a.json"
    path.write_text('{"text": "' + "a" * 4 * 2**20 + '"}')
    assert "more than 1 million characters" in refused("doccano", path)


def test_a_list_of_any_length_is_read_object_by_object(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("[" + ",\n".join(json.dumps({"n": n, "text": "x" * 3000}) for n in range(1000)) + "]")
    assert [row.values["n"] for row in json_rows(path)] == list(range(1000))


@pytest.mark.parametrize("name", ["label-studio", "argilla", "doccano", "prodigy", "conll"])
def test_bytes_that_are_no_utf8_are_named_by_their_place(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text": "caf\xe9"}\n')
    assert refused(name, path) == "a.jsonl is not UTF-8 at byte 13."


@pytest.mark.parametrize(
    ("name", "row", "says"),
    [
        ("doccano", {"text": "abc", "label": [[0, "1", "x"]]}, "an end is no whole number"),
        ("doccano", {"text": "abc", "label": [[0, 1]]}, "no start, end and name"),
        ("doccano", {"text": "abc", "entities": [{"label": "x", "start_offset": -1, "end_offset": 2}]}, "start_offset"),
        ("prodigy", {"text": "abc", "spans": [{"start": 0, "end": 10**12, "label": "x"}]}, "end is no whole number"),
        ("prodigy", {"text": "abc", "spans": {}}, "spans is no list"),
        ("argilla", {"fields": {"text": "abc"}, "responses": {"q": [{"value": None}]}}, "no form that is known"),
        ("argilla", {"fields": {"text": "abc"}, "responses": {"q": 4}}, "all is no list"),
    ],
)
def test_wrong_types_are_one_sentence(name: str, row: dict[str, object], says: str, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(row))
    assert says in refused(name, tmp_path / "a.jsonl")


@pytest.mark.parametrize(
    "content",
    [
        '<!DOCTYPE v [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><View>&b;</View>',
        '<!DOCTYPE v [<!ENTITY x SYSTEM "file:///etc/passwd">]><View>&x;</View>',
        '<!DOCTYPE v SYSTEM "http://example.org/v.dtd"><View/>',
        "<View><Choices>",
        "not xml",
        "<View/>",
        '<View><Choices name="a" toName="t"/></View>',
        '<View><Choices name="a" toName="t"><Choice value="x"/><Choice value="x"/></Choices></View>',
        '<?xml version="1.0" encoding="nonsense"?><View/>',
    ],
)
def test_a_configuration_that_is_none_or_tries_to_grow_is_one_sentence(content: str, tmp_path: Path) -> None:
    (tmp_path / "config.xml").write_text(content)
    with pytest.raises(AcclimateError) as caught:
        read_config(tmp_path / "config.xml")
    assert "passwd" not in str(caught.value)


def test_a_configuration_without_end_is_refused_before_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.xml").write_text(CONFIG + " " * 5 * 2**20)
    with pytest.raises(SourceError, match="more than 4 MB"):
        read_config(tmp_path / "config.xml")


@pytest.mark.parametrize(
    "line",
    [
        "T1\tDrug 0\taspirin",
        "T1\tDrug 0 7;\taspirin",
        "T1\tDrug 0 99999999999999\taspirin",
        "R1\tOf Arg1:T8 Arg2:T9",
        "R1\tOf T1 T2",
        "E1\tDrug:R1",
        "X1\tsomething",
        "no standoff at all",
    ],
)
def test_broken_standoff_is_named_by_its_line(line: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("aspirin")
    (tmp_path / "a.ann").write_text(line + "\n")
    assert "line 1 of a.ann" in refused("brat", tmp_path)


def test_a_mark_outside_its_text_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("aspirin")
    (tmp_path / "a.ann").write_text("T1\tDrug 3 90\taspirin\n")
    [item] = read_again("brat", tmp_path)
    assert [one.reason for one in item.aside] == ["other_offsets"]


@pytest.mark.parametrize("content", ["one-column\n", "Ann B-\n", "Ann person\n", "x" * 2**21])
def test_words_without_tags_are_named_by_their_line(content: str, tmp_path: Path) -> None:
    (tmp_path / "a.conll").write_text(content)
    assert "line 1 of a.conll" in refused("conll", tmp_path / "a.conll")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"\0" * 100 + b"PAR1", b"{}"])
def test_what_is_no_parquet_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(content)
    assert "a.parquet is no Parquet file" in refused("hf", tmp_path / "a.parquet")


@pytest.mark.parametrize("name", ["hf", "brat", "argilla"])
def test_a_folder_without_any_of_its_files_is_one_sentence(name: str, tmp_path: Path) -> None:
    assert "There is no" in refused(name, tmp_path)


def test_an_id_that_no_database_holds_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"id": "a\0b", "text": "abc", "label": ["x"]}))
    assert "its id holds" in refused("doccano", tmp_path / "a.jsonl")


def test_names_of_things_in_a_file_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    hostile = "\x1b[2Jann"
    marks = {"from_name": "q", "type": hostile, "value": {}}
    rows = [{"id": 1, "data": {"text": "a", "id": hostile}, "annotations": [annotation(hostile, LOW, marks)]}]
    (tmp_path / "tasks.json").write_text(json.dumps(rows))
    account = import_annotations(store, "new", ImportSource("label-studio", tmp_path), by="mia")
    shown = [*account.people, *account.first_faults.values(), *account.lost]
    assert account.people["?[2Jann"]["nameless"] == 1
    assert all(one.isprintable() for one in shown)

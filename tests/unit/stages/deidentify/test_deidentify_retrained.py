"""A tagger trained anew on what people marked: it finds what the packaged one does not, and the stage uses it."""

from __future__ import annotations

import io
import json
import re
import shutil
import signal
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from acclimate.api import Project
from acclimate.cli.main import main
from acclimate.core.errors import ConfigError, DataError, ModelError
from acclimate.core.schema import records_table
from acclimate.core.surrogates import subject_hash
from acclimate.core.taggers import read_tagger_file
from acclimate.project.keys import load_key
from acclimate.stages.deidentify.tagger.annotated import read_annotations, shared_words
from acclimate.stages.deidentify.tagger.retrain import held_out

WARDS = ("zulu kestrel", "yarrow merlin", "tango osprey", "quartz harrier", "indigo falcon", "velvet plover")
QUICK = ("--texts", "60", "--iterations", "30", "--label", "ward=LOC")


def span(text: str, value: str, label: str) -> dict[str, object]:
    start = text.index(value)
    return {"field": "text", "start": start, "end": start + len(value), "label": label}


def snapshot(folder: Path, rows: list[dict[str, object]]) -> Path:
    folder.mkdir(exist_ok=True)
    pq.write_table(records_table(rows), folder / "data-00000.parquet")
    return folder


def json_lines(file: Path, rows: list[dict[str, object]]) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def ward_notes(count: int) -> list[dict[str, object]]:
    """Notes with ward names in small letters, which nobody could know for names."""
    rows = []
    for number in range(count):
        ward = WARDS[number % len(WARDS)]
        text = f"pt moved to ward {ward} at {number % 12} pm, obs stable."
        spans = [span(text, ward, "Ward"), span(text, "obs", "finding")]
        rows.append({"id": f"n{number}", "subject_id": f"p{number}", "text": text, "spans": spans})
    return rows


@dataclass(frozen=True)
class Told:
    """What a command printed, and its exit code."""

    stdout: str
    stderr: str
    code: int


def retrain(project: Path, *arguments: object) -> Told:
    stdout, stderr = io.StringIO(), io.StringIO()
    on_interrupt = signal.getsignal(signal.SIGINT)
    words = ["acclimate", "tagger", "retrain", *map(str, arguments), "--project", str(project)]
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(stdout), redirect_stderr(stderr):
        patch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as ended:
            main()
    signal.signal(signal.SIGINT, on_interrupt)
    return Told(stdout.getvalue(), stderr.getvalue(), int(ended.value.code or 0))


@dataclass(frozen=True)
class Made:
    """A tagger trained once for this file's tests, and what the command said."""

    file: Path
    project: Path
    said: dict[str, object]
    stderr: str


@pytest.fixture(scope="module")
def retrained(fresh_project, tmp_path_factory) -> Made:
    pytest.importorskip("pycrfsuite")
    folder = tmp_path_factory.mktemp("retrained")
    project = shutil.copytree(fresh_project, folder / "tiny")
    notes = snapshot(folder / "snapshot", ward_notes(60))
    told = retrain(project, notes, "--output", folder / "ours.json", *QUICK, "--json")
    assert told.code == 0, told.stderr
    return Made(folder / "ours.json", project, json.loads(told.stdout), told.stderr)


def test_what_people_marked_is_learnt_and_measured_on_other_people(retrained):
    before, after = (retrained.said[when]["LOC"] for when in ("before", "after"))
    assert after["covered"] == after["spans"] == retrained.said["measured"]["spans"] > before["covered"]
    assert retrained.said["learnt"]["people"] + retrained.said["measured"]["people"] == 60
    assert retrained.said["unused"] == {"finding": 60}
    assert "60 spans with the label finding were not used" in retrained.stderr
    assert "next: acclimate run" in retrained.stderr
    assert retrained.file.stat().st_mode & 0o777 == 0o600


def test_the_file_says_by_keyed_hashes_whom_it_was_trained_on_and_an_audit_event_names_it(retrained):
    key = load_key("tiny", "surrogates")
    learnt = held_out(read_annotations([retrained.file.parent / "snapshot"], labels={"ward": "LOC"}).texts).learnt
    tagger = read_tagger_file(retrained.file)
    assert tagger.people == {subject_hash(key, text.named) for text in learnt}
    assert "kestrel" not in tagger.words
    [event] = [
        event
        for event in Project.open(retrained.project).workspace.audit.events()
        if event["action"] == "tagger trained"
    ]
    assert (event["file"], event["digest"]) == (str(retrained.file.resolve()), retrained.said["sha256"])


def test_the_stage_uses_it_and_another_file_makes_the_step_stale(retrained, project):
    model = project / "ours.json"
    model.write_bytes(retrained.file.read_bytes())
    file = project / "data/north.jsonl"
    file.write_text(file.read_text().replace("headache", "moved to ward zulu kestrel at 3 pm"))
    opened = Project.open(project, overrides=["deidentify.tagger=names", "deidentify.tagger_model=ours.json"])
    opened.run(until="deidentify")
    assert "kestrel" not in str(list(opened.artifact("deidentify").rows()))
    assert "kestrel" in opened.draw_audit_sample(40).sheet.read_text()
    model.write_bytes(model.read_bytes() + b"\n")
    assert {step.step.name: step.finished is None for step in opened.plan(until="deidentify")}["deidentify"]


def test_a_file_that_is_no_tagger_is_one_sentence(project):
    (project / "ours.json").write_text('{"labels": ["O", "B-CAT"]}')
    opened = Project.open(project, overrides=["deidentify.tagger=names", "deidentify.tagger_model=ours.json"])
    with pytest.raises(ModelError, match="holds no tagger"):
        opened.run(until="deidentify")


def test_a_model_for_a_tagger_that_is_off_is_refused(project):
    with pytest.raises(ConfigError, match="tagger is off"):
        Project.open(project, overrides=["deidentify.tagger_model=ours.json"]).plan()


def test_only_columns_that_were_read_count_and_of_two_overlapping_spans_the_longer(tmp_path):
    text = "Anna Lee called."
    rows = [
        {"id": "a", "text": text, "completion": "Tom", "spans": [span(text, "Anna", "PER"), span(text, "Anna Lee", "Name")]},
        {"id": "b", "text": "Nobody.", "completion": "Tom", "spans": []},
    ]  # fmt: skip
    found = read_annotations([snapshot(tmp_path / "s", rows)], labels={})
    assert [(text.example.text, text.example.stretches) for text in found.texts] == [
        ("Anna Lee called.", ((0, 8, "PER"),)),
        ("Nobody.", ()),
    ]


def test_words_of_a_few_people_or_of_names_are_not_kept_in_the_model(tmp_path):
    rows = [{"id": f"n{number}", "text": f"seen by merlin, code{number}", "spans": []} for number in range(4)]
    rows += [{"id": "m", "text": "merlin called", "spans": [span("merlin called", "merlin", "PER")], "prompt": None}]
    texts = read_annotations([snapshot(tmp_path / "s", rows)], labels={}).texts
    assert shared_words(texts) == {"seen", "by", "code"}


def test_nobody_is_learnt_from_and_measured_on(tmp_path):
    rows = [{**row, "subject_id": f"p{number // 4}"} for number, row in enumerate(ward_notes(60))]
    halves = held_out(read_annotations([snapshot(tmp_path / "s", rows)], labels={"ward": "LOC"}).texts)
    assert len(halves.learnt) + len(halves.measured) == 60
    assert not {text.person for text in halves.learnt} & {text.person for text in halves.measured}


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (ward_notes(49), "There are 49 spans to learn from"),
        ([{**row, "subject_id": "p1"} for row in ward_notes(60)], r"of too few people \(1\)"),
    ],
    ids=["spans", "people"],
)
def test_too_few_spans_or_people_are_refused_before_anything_is_trained(tmp_path, rows, sentence):
    texts = read_annotations([snapshot(tmp_path / "s", rows)], labels={"ward": "LOC"}).texts
    with pytest.raises(DataError, match=sentence):
        held_out(texts)


def test_json_lines_teach_what_the_same_snapshot_teaches(tmp_path):
    rows = ward_notes(6)
    lines = json_lines(tmp_path / "marked.jsonl", rows)
    labels = {"ward": "LOC"}
    assert read_annotations([lines], labels=labels) == read_annotations([snapshot(tmp_path / "s", rows)], labels=labels)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            '{"text": "Ann Lee", "spans": [{"start": 0, "end": 8, "label": "PER"}]}',
            "0 to 8 does not lie in its text of 7",
        ),
        (
            '{"text": "Ann Lee", "spans": [{"start": 0, "end": 3, "label": "PER", "field": "x"}]}',
            "does not lie in its x",
        ),
        ('{"text": "Ann Lee", "spans": [{"start": "0", "end": 3, "label": "PER"}]}', r"spans.0.start: Input should be"),
        ('{"text": "Ann \\ud800"}', "half of a character"),
        ('["Ann"]', "the line: Input should be"),
        ('{"text": "Ann', "no JSON in UTF-8"),
    ],
)
def test_a_line_that_is_no_annotated_record_is_named_by_its_number_without_its_text(tmp_path, line, sentence):
    (tmp_path / "marked.jsonl").write_text("\n" + line + "\n")
    with pytest.raises(DataError, match=f"line 2.*{sentence}") as refused:
        read_annotations([tmp_path / "marked.jsonl"], labels={})
    assert "Ann" not in str(refused.value)


def test_a_span_of_a_snapshot_that_lies_outside_its_text_is_refused_by_its_record(tmp_path):
    rows = [{"id": "n7", "text": "Ann", "spans": [{"field": "text", "start": 2, "end": 9, "label": "PER"}]}]
    with pytest.raises(DataError, match="record n7: the span 2 to 9 does not lie in its text of 3"):
        read_annotations([snapshot(tmp_path / "s", rows)], labels={})


@pytest.mark.parametrize("spans", [[], [{"field": "text", "start": 0, "end": 3, "label": "finding"}]])
def test_a_snapshot_without_a_span_to_learn_from_is_refused(tmp_path, spans):
    with pytest.raises(DataError, match="No span has a label"):
        read_annotations([snapshot(tmp_path / "s", [{"id": "a", "text": "pain", "spans": spans}])], labels={})


def test_what_cannot_be_used_is_one_sentence_and_writes_nothing(project, tmp_path):
    (tmp_path / "x.parquet").write_text("no table")
    notes = json_lines(tmp_path / "marked.jsonl", ward_notes(20))
    ours = tmp_path / "ours.json"
    for arguments in (
        (tmp_path / "none", "--output", ours),
        (tmp_path, "--output", ours),
        (tmp_path / "x.parquet", "--output", ours),
        (notes, "--output", ours, "--label", "ward=LOC"),
        (notes, "--output", ours, "--label", "ward=PLACE"),
        (notes, "--output", tmp_path / "nowhere/ours.json"),
        (notes, "--output", tmp_path),
        (notes, "--output", notes),
    ):
        told = retrain(project, *arguments)
        assert (told.code, told.stdout) == (2, ""), arguments
        assert "hint: " in told.stderr
    assert not ours.exists() and notes.read_text().count("\n") == 20


def test_whoever_was_erased_is_not_learnt_again(project, tmp_path):
    pytest.importorskip("pycrfsuite")
    key = load_key("tiny", "surrogates")
    for subject in ("p7", "p8"):
        Project.open(project).erase(subject, in_advance=True)
    rows = ward_notes(60)
    rows[8]["subject_id"] = subject_hash(key, "p8")  # as the open zone knows them
    told = retrain(project, json_lines(tmp_path / "marked.jsonl", rows), "--output", tmp_path / "o.json", *QUICK)
    assert told.code == 0, told.stderr
    assert "2 texts of people who were erased were left out" in told.stderr
    assert re.search(r"^LOC +\d+ +\d+ whole, \d+ false", told.stdout, re.MULTILINE)
    people = read_tagger_file(tmp_path / "o.json").people
    assert people and not people & {subject_hash(key, "p7"), subject_hash(key, "p8")}


def test_a_tagger_that_is_named_and_not_there_is_one_sentence_with_the_command_that_makes_it(project):
    opened = Project.open(project, overrides=["deidentify.tagger=names", "deidentify.tagger_model=ours.json"])
    with pytest.raises(ConfigError, match=r"there is no such file.*\n.*acclimate tagger retrain"):
        opened.run(until="deidentify")

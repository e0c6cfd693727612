"""A tagger trained anew on what people marked: it finds what the packaged one does not, and the stage uses it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from acclimate.api import Project
from acclimate.core.errors import ConfigError, DataError, ModelError
from acclimate.core.schema import records_table
from acclimate.stages.deidentify.tagger.annotated import read_annotations, shared_words
from acclimate.stages.deidentify.tagger.retrain import held_out

WARDS = ("zulu kestrel", "yarrow merlin", "tango osprey", "quartz harrier", "indigo falcon", "velvet plover")


def span(text: str, value: str, label: str) -> dict[str, object]:
    start = text.index(value)
    return {"field": "text", "start": start, "end": start + len(value), "label": label}


def snapshot(folder: Path, rows: list[dict[str, object]]) -> Path:
    folder.mkdir(exist_ok=True)
    pq.write_table(records_table(rows), folder / "data-00000.parquet")
    return folder


def ward_notes(count: int) -> list[dict[str, object]]:
    """Notes with ward names in small letters, which nobody could know for names."""
    rows = []
    for number in range(count):
        ward = WARDS[number % len(WARDS)]
        text = f"pt moved to ward {ward} at {number % 12} pm, obs stable."
        spans = [span(text, ward, "Ward"), span(text, "obs", "finding")]
        rows.append({"id": f"n{number}", "subject_id": f"p{number}", "text": text, "spans": spans})
    return rows


def retrain(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "acclimate.stages.deidentify.tagger.retrain", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def retrained(tmp_path_factory) -> tuple[Path, str, str]:
    pytest.importorskip("pycrfsuite")
    folder = tmp_path_factory.mktemp("retrained")
    notes = snapshot(folder / "snapshot", ward_notes(60))
    quick = ("--texts", 60, "--iterations", 30, "--label", "ward=LOC")
    ended = retrain(notes, "--output", folder / "ours.json", *quick)
    assert ended.returncode == 0, ended.stderr
    return folder / "ours.json", ended.stdout, ended.stderr


def test_what_people_marked_is_learnt_and_measured_on_other_people(retrained):
    path, said, warned = retrained
    covered = {name: re.search(rf"{name}, LOC: (\d+)/(\d+)", said).groups() for name in ("packaged", "retrained")}
    found, measured = covered["retrained"]
    assert found == measured and f"measured on {measured} of other people" in said
    assert int(covered["packaged"][0]) < int(found)
    assert "60 spans with the label finding were not used" in warned
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_stage_uses_it_and_another_file_makes_the_step_stale(retrained, project):
    model = project / "ours.json"
    model.write_bytes(retrained[0].read_bytes())
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
    learnt, measured = held_out(read_annotations([snapshot(tmp_path / "s", rows)], labels={"ward": "LOC"}).texts)
    assert len(learnt) + len(measured) == 60
    assert not {text.person for text in learnt} & {text.person for text in measured}


@pytest.mark.parametrize("spans", [[], [{"field": "text", "start": 0, "end": 3, "label": "finding"}]])
def test_a_snapshot_without_a_span_to_learn_from_is_refused(tmp_path, spans):
    with pytest.raises(DataError, match="No span has a label"):
        read_annotations([snapshot(tmp_path / "s", [{"id": "a", "text": "pain", "spans": spans}])], labels={})


def test_what_is_no_snapshot_is_one_sentence_without_traceback(tmp_path):
    (tmp_path / "x.parquet").write_text("no table")
    for place in (tmp_path / "none", tmp_path, tmp_path / "x.parquet"):
        ended = retrain(place, "--output", tmp_path / "ours.json")
        assert (ended.returncode, ended.stdout) == (2, "")
        assert "Traceback" not in ended.stderr and "hint:" in ended.stderr

"""Taggers of a project's own when somebody is erased: who was learnt decides what goes, and the receipt says what to do."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from acclimate.api import Project
from acclimate.core.surrogates import subject_hash
from acclimate.project.erasure import Affected, Erased, read_receipts
from acclimate.project.keys import fingerprint, load_key
from acclimate.stages.deidentify.tagger import shipped

SUBJECT, NAME = "p3", "Omar Haddad"


def write_tagger(file: Path, *people: str, words: Iterable[str] = ()) -> Path:
    """A small tagger's file that was learnt from these people."""
    key = load_key("tiny", "surrogates")
    said = {"fingerprint": fingerprint(key), "people": [subject_hash(key, one) for one in people]}
    stored = {
        "labels": list(shipped().labels), "scale": 1000, "lean": 2.0, "lists": {"last": "vale"}, "weights": {"w=ward": [[0], [1]]},
        "transitions": shipped().transitions.tolist(), "vocabulary": " ".join(words), "learnt_from": said,
    }  # fmt: skip
    file.write_text(json.dumps(stored))
    return file


def run_with(project: Path, tagger: str) -> Project:
    opened = Project.open(project, overrides=["deidentify.tagger=names", f"deidentify.tagger_model={tagger}"])
    opened.run(until="deidentify")
    return opened


def told_of_tagger(erased: Erased) -> Affected:
    [told] = [one for one in erased.affected if one.kind == "tagger"]
    return told


def test_a_tagger_that_learnt_the_person_goes_with_its_copies_and_the_receipt_says_what_to_do(project: Path) -> None:
    tagger = write_tagger(project / "ours.json", "p1", SUBJECT)
    content = tagger.read_bytes()
    opened = run_with(project, "ours.json")
    told = told_of_tagger(opened.erase(SUBJECT))
    assert told.name == "ours.json"
    assert told.what.startswith("trained on texts of theirs") and "acclimate tagger retrain" in told.what
    assert not tagger.exists()
    assert not [file for file in project.rglob("*") if file.is_file() and file.read_bytes() == content]
    [receipt] = read_receipts(opened.workspace.erased)
    assert [(one.file, one.what) for one in receipt.taggers] == [(told.name, told.what)]
    assert receipt.removed["ours.json"] == receipt.taggers[0].sha256


def test_a_tagger_stays_for_a_reason_that_the_receipt_repeats(project: Path) -> None:
    tagger = write_tagger(project / "ours.json", SUBJECT)
    opened = run_with(project, "ours.json")
    opened.erase(SUBJECT, keep_models="decision 12")
    assert tagger.exists()
    [receipt] = read_receipts(opened.workspace.erased)
    assert "kept, because: decision 12" in receipt.taggers[0].what


def test_a_tagger_that_learnt_others_alone_stays_and_is_listed(project: Path) -> None:
    tagger = write_tagger(project / "ours.json", "p1", "p2")
    told = told_of_tagger(run_with(project, "ours.json").erase(SUBJECT))
    assert told.what == "not trained on them; stays"
    assert tagger.exists()


def test_of_a_tagger_that_says_nothing_of_whom_it_learnt_the_worst_is_assumed(project: Path) -> None:
    tagger = write_tagger(project / "ours.json")
    stored = json.loads(tagger.read_text())
    tagger.write_text(json.dumps({name: value for name, value in stored.items() if name != "learnt_from"}))
    told = told_of_tagger(run_with(project, "ours.json").erase(SUBJECT))
    assert "whether it was trained on them cannot be told" in told.what
    assert not tagger.exists()


def test_a_tagger_outside_the_project_is_listed_and_not_touched(project: Path, tmp_path: Path) -> None:
    tagger = write_tagger(tmp_path / "ours.json", SUBJECT)
    told = told_of_tagger(run_with(project, str(tagger)).erase(SUBJECT))
    assert "outside the project, not changed" in told.what and "delete this one" in told.what
    assert tagger.exists()


def test_words_of_the_person_in_a_tagger_are_counted_and_not_repeated(project: Path) -> None:
    opened = run_with(project, str(write_tagger(project / "ours.json", "p1", words=("omar", "haddad", "vale", "ward"))))
    names = {
        item["value"]: row["subject_id"] for row in opened.table("ingest").to_pylist() for item in row["identifiers"]
    }
    told = told_of_tagger(opened.erase(names[NAME]))
    assert "holds 2 words of their identifiers" in told.what
    assert "omar" not in told.what


def test_a_trained_tagger_that_no_run_used_is_found_by_its_event(project: Path) -> None:
    opened = Project.open(project)
    opened.run(until="ingest")
    opened.workspace.audit.append("tagger trained", file="ours.json", digest="", people=1)
    tagger = write_tagger(project / "ours.json", SUBJECT)
    left = tagger.with_name(".ours.json.partial")
    left.write_text('{"labels"')
    assert {one.name for one in opened.erase(SUBJECT).affected if one.kind == "tagger"} == {tagger.name, left.name}
    assert not tagger.exists() and not left.exists()


def test_a_file_that_is_no_tagger_any_more_is_left_alone(project: Path) -> None:
    write_tagger(project / "ours.json", SUBJECT)
    opened = run_with(project, "ours.json")
    (project / "ours.json").write_text('{"minutes": "of a meeting"}')
    assert "look what it is" in told_of_tagger(opened.erase(SUBJECT)).what
    assert (project / "ours.json").exists()


def test_a_receipt_from_before_taggers_were_listed_is_still_the_one_that_was_written(project: Path) -> None:
    opened = Project.open(project)
    opened.run(until="ingest")
    file = opened.erase(SUBJECT).receipt
    assert file is not None
    stored = json.loads(file.read_text())
    assert stored.pop("taggers") == []
    file.write_text(json.dumps(stored))
    assert [receipt.id for receipt in read_receipts(opened.workspace.erased)] == [file.stem]

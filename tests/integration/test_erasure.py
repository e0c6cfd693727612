"""A person is erased: nothing of them is left, they do not come back, and a receipt says so."""

from __future__ import annotations

import gzip
import io
import itertools
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.integration.erasing import DAMAGED, SUBJECT, TRACES, remove_from_sources, traces, write_finished_project
from tests.integration.test_kills import ROOT, files_of
from tests.tiny_project import write_lines

from acclimate.annotation.answering import Submission, submit
from acclimate.annotation.export import export_snapshot
from acclimate.annotation.people import SYSTEM, Person, Role, save_person
from acclimate.annotation.queue import next_item
from acclimate.annotation.schema import read_schema
from acclimate.annotation.store import Store, database_url
from acclimate.annotation.tasks import NewItem, Overlap, add_items, create_task
from acclimate.api import Project
from acclimate.cli.main import main
from acclimate.core.errors import ConfigError, WorkspaceError
from acclimate.core.reinclusion import id_digest, kept_digests
from acclimate.core.surrogates import record_hash, subject_hash
from acclimate.pipeline.lineage import ancestors, record_way
from acclimate.project.annotation_snapshots import ANNOTATION_SNAPSHOTS
from acclimate.project.audit import AuditLog
from acclimate.project.erasure import read_receipts
from acclimate.project.judgements import Judgement, add_judgements, read_judgements
from acclimate.project.kept_records import kept_records, list_kept
from acclimate.project.keys import has_key, load_key, new_key
from acclimate.project.verification import check_project, first_fault
from acclimate.testing.forks import Forks

OWN_FILES = ("data/",)


@pytest.fixture(scope="module")
def with_person(fresh_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished project that holds the person; copy it, do not change it."""
    return write_finished_project(fresh_project, tmp_path_factory.mktemp("with-person") / "tiny")


@pytest.fixture(scope="module")
def erased_project(with_person: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after the erasure, before the next run."""
    folder = shutil.copytree(with_person, tmp_path_factory.mktemp("erased") / "tiny")
    Project.open(folder).erase(SUBJECT)
    return folder


@pytest.fixture
def held(with_person: Path, tmp_path: Path) -> Path:
    return shutil.copytree(with_person, tmp_path / "tiny")


@pytest.fixture
def erased(erased_project: Path, tmp_path: Path) -> Path:
    return shutil.copytree(erased_project, tmp_path / "tiny")


@dataclass(frozen=True)
class Told:
    """What a command printed, and its exit code."""

    stdout: str
    stderr: str
    code: int


def acclimate(folder: Path, *arguments: str, given: str = "") -> Told:
    """Runs a command in this process: starting another takes longer than the command."""
    stdout, stderr = io.StringIO(), io.StringIO()
    on_interrupt = signal.getsignal(signal.SIGINT)
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(stdout), redirect_stderr(stderr):
        patch.setattr(sys, "argv", ["acclimate", *arguments, "--project", str(folder)])
        patch.setattr(sys, "stdin", io.StringIO(given))
        with pytest.raises(SystemExit) as ended:
            main()
    signal.signal(signal.SIGINT, on_interrupt)
    return Told(stdout.getvalue(), stderr.getvalue(), int(ended.value.code or 0))


def test_the_search_for_traces_finds_the_person_in_every_kind_of_file(with_person: Path) -> None:
    places = {line.rsplit(": ", 1)[0] for line in traces(with_person, leaving_out=OWN_FILES)}
    kinds = {
        "restricted/snapshots/files",
        "restricted/ingest",
        "restricted/dedup",
        "artifacts/split",
        "artifacts/train",
    }
    assert all(any(place.startswith(kind) for place in places) for kind in kinds)
    assert "artifacts/partial/train-0/work/step.json" in places
    assert any("dropped.parquet" in place for place in places)
    assert any(place.startswith("quick/restricted") for place in places)


def test_nothing_of_the_person_is_left_after_the_erasure(erased: Path) -> None:
    assert traces(erased, leaving_out=OWN_FILES) == []


def test_nothing_of_the_person_comes_back_with_the_next_run_though_the_source_still_has_them(erased: Path) -> None:
    project = Project.open(erased)
    project.run()
    project.write_report()
    assert traces(erased, leaving_out=OWN_FILES) == []
    dropped = project.report("ingest").counts.dropped
    assert dropped == {"erased_subject": 3, "bad_json": 1}


def test_once_the_user_has_mended_the_source_nothing_is_left_anywhere(erased: Path) -> None:
    remove_from_sources(erased)
    project = Project.open(erased)
    project.run()
    project.write_report()
    assert traces(erased) == []
    assert not project.report("ingest").counts.dropped
    assert not any(outcome.made for outcome in project.run())


def test_a_refused_row_keeps_its_reason_and_two_keyed_hashes(erased: Path) -> None:
    project = Project.open(erased)
    project.run(until="ingest")
    rows = project.artifact("ingest").dropped().to_pylist()
    refused = [row for row in rows if row["reason"] == "erased_subject"]
    key = load_key("tiny", "surrogates")
    told = [{name: value for name, value in row.items() if value is not None} for row in refused]
    assert told[0] == {
        "reason": "erased_subject",
        "value": subject_hash(key, SUBJECT),
        "id": record_hash(key, "north:zq-first"),
        "source": "north",
        "site": "north",
        "licence": "Apache-2.0",
    }
    assert [row["extra"] for row in rows] == [None] * 4


def test_the_others_stay_and_the_ledger_keeps_its_assignments(with_person: Path, erased: Path) -> None:
    before = {row["id"]: row["split"] for row in Project.open(with_person).table("split").to_pylist()}
    project = Project.open(erased)
    project.run(until="split")
    after = {row["id"]: row["split"] for row in project.table("split").to_pylist()}
    gone = before.keys() - after.keys()
    assert len(gone) == 2
    assert after == {name: split for name, split in before.items() if name not in gone}
    ledger = pq.read_table(project.where("split") / "ledger.parquet").to_pylist()
    assert {row["id"]: row["split"] for row in ledger} == before


def test_the_list_the_receipt_and_the_audit_log_hold_the_keyed_hash_alone(erased: Path) -> None:
    hashed = subject_hash(load_key("tiny", "surrogates"), SUBJECT)
    told = [erased / "erased/subjects.jsonl", *(erased / "erased/receipts").glob("*.json"), erased / "audit.jsonl"]
    assert len(told) == 3
    assert all(hashed in file.read_text() and SUBJECT not in file.read_text() for file in told)


def test_a_preview_tells_what_would_go_and_changes_nothing(held: Path) -> None:
    before = files_of(held)
    told = acclimate(held, "erase", "--subject", SUBJECT, "--dry-run", "--json")
    said = json.loads(told.stdout)
    assert files_of(held) == before
    assert said["receipt"] is None
    assert {one["kind"] for one in said["affected"]} == {"artifact", "split", "model", "file"}
    assert [place["locator"] for place in said["places"]] == [f"north.jsonl:{line}" for line in (25, 26, 27)]


def test_a_model_trained_on_the_person_goes(held: Path) -> None:
    models = [Project.open(held).where(step) / "model" for step in ("train", "dial")]
    told = [one.what for one in Project.open(held).erase(SUBJECT).affected if one.kind == "model"]
    assert len(told) == 2
    assert all("trained on" in what and "is deleted" in what for what in told)
    assert not any(model.exists() for model in models)


def test_a_model_stays_for_a_reason_that_the_receipt_repeats(held: Path) -> None:
    project = Project.open(held)
    weights, scaled = (project.where(step) / "model" for step in ("train", "dial"))
    receipt = project.erase(SUBJECT, keep_models="decision 12 of the data office").receipt
    assert receipt is not None
    assert json.loads(receipt.read_text())["kept_models"][0]["reason"] == "decision 12 of the data office"
    assert list(weights.glob("*.safetensors")) and list(scaled.glob("*.safetensors"))
    assert not list(weights.parent.glob("*.parquet"))
    assert first_fault(check_project(project.workspace)) is None


def test_a_reason_that_names_the_subject_is_refused(held: Path) -> None:
    with pytest.raises(ConfigError, match="holds the subject's id"):
        Project.open(held).erase(SUBJECT, keep_models=f"asked about {SUBJECT}")


def test_of_a_test_subject_the_report_page_goes_and_the_model_stays(held: Path) -> None:
    project = Project.open(held)
    page = held / "report.html"
    shown = next(
        row for row in project.table("split").to_pylist() if row["split"] == "test" and row["id"] in page.read_text()
    )
    released = held / "releases/1.0/annex/report.html"
    released.parent.mkdir(parents=True)
    shutil.copy(page, released)
    weights = project.where("train") / "model"
    told = [one for one in project.erase(shown["subject_id"]).affected if one.kind == "model"]
    assert [one.what.partition(",")[0] for one in told] == ["not trained on them"] * 2
    assert list(weights.glob("*.safetensors"))
    assert not page.exists()
    assert not released.exists()


def test_a_release_made_from_an_erased_artifact_is_named(held: Path) -> None:
    key = Project.open(held).where("train").name
    (held / "releases/1.0").mkdir(parents=True)
    (held / "releases/1.0/lineage.json").write_text(json.dumps({"train": key}))
    (held / "releases/0.9").mkdir()
    (held / "releases/0.9/lineage.json").write_text("{}")
    told = Project.open(held).erase(SUBJECT).affected
    assert [one.name for one in told if one.kind == "release"] == ["releases/1.0"]


def annotate(project: Path) -> Store:
    """Two tasks as people annotate them, one of open records and one of plain ones, each read once and exported."""
    store = Store.open(database_url(project, None))
    save_person(store, Person("mia", (Role.MANAGER,), sites=("north", "south")), by=SYSTEM)
    save_person(store, Person("ann", (Role.ANNOTATOR,), sites=("north", "south")), by="mia")
    schema = read_schema({"questions": [{"kind": "text", "name": "remark"}]})
    for step in ("split", "dedup"):
        records = Project.open(project).table(step).to_pylist()
        create_task(store, step, schema, by="mia")
        add_items(store, step, [NewItem(record) for record in records], overlap=Overlap(), by="mia")
        while (lease := next_item(store, step, "ann")) is not None:
            said = {"remark": f"Quoted: {lease.record['prompt']}"}
            submit(store, Submission(step, lease.item, "ann", f"ann-{step}-{lease.item}", said))
        export_snapshot(store, step, project / ANNOTATION_SNAPSHOTS / step, by="mia")
    return store


def test_annotations_of_the_person_go_with_what_was_exported_of_them_and_the_chain_holds(held: Path) -> None:
    annotate(held).close()
    assert {line.partition("/")[0] for line in traces(held)} >= {"annotation.db: harpsichord"}
    assert any(line.startswith(str(ANNOTATION_SNAPSHOTS)) for line in traces(held))
    erased = Project.open(held).erase(SUBJECT)
    assert traces(held, leaving_out=OWN_FILES) == []
    [told] = [one.what for one in erased.affected if one.kind == "database"]
    assert told.startswith("4 items of theirs with 4 answers are deleted")
    assert erased.receipt is not None
    assert json.loads(erased.receipt.read_text())["annotated"] == {"items": 4, "answers": 4}
    store = Store.open(database_url(held, None))
    assert store.verify() > 10
    assert [event["head"] for event in AuditLog(held / "audit.jsonl").events() if "head" in event] == [store.head()]
    assert first_fault(check_project(Project.open(held).workspace)) is None
    assert Project.open(held).erase(SUBJECT).receipt == erased.receipt


def test_somebody_whom_only_the_annotations_name_is_erased_too(project: Path) -> None:
    store = Store.open(database_url(project, None))
    save_person(store, Person("mia", (Role.MANAGER,)), by=SYSTEM)
    create_task(store, "letters", read_schema({"questions": [{"kind": "text", "name": "remark"}]}), by="mia")
    letter = NewItem({"id": "letter", "subject_id": SUBJECT, "text": "the marzipan"})
    add_items(store, "letters", [letter], overlap=Overlap(), by="mia")
    store.close()
    if not has_key("tiny", "surrogates"):
        new_key("tiny", "surrogates")
    previewed = Project.open(project).preview_erasure(SUBJECT)
    assert "1 items" in previewed.affected[0].what
    Project.open(project).erase(SUBJECT)
    assert [line for line in traces(project) if line.startswith("annotation.db")] == []


def test_an_erasure_that_began_with_a_database_does_not_end_without_it(held: Path, tmp_path: Path) -> None:
    annotate(held).close()
    assert interrupted(held, 12) == -signal.SIGKILL
    assert (held / "restricted/erasing.json").exists()
    (held / "annotation.db").rename(tmp_path / "annotation.db")
    refused = acclimate(held, "erase", "--resume")
    assert refused.code == 2 and "is not here" in refused.stderr
    (tmp_path / "annotation.db").rename(held / "annotation.db")
    assert acclimate(held, "erase", "--resume").code == 0
    assert traces(held, leaving_out=OWN_FILES) == []


@pytest.mark.parametrize("place", ["people/judgements.json", "people/keep/clean/kept.json"])
def test_a_damaged_list_of_records_stops_an_erasure_before_anything_is_deleted(held: Path, place: str) -> None:
    damaged = held / "restricted" / place
    damaged.parent.mkdir(parents=True, exist_ok=True)
    damaged.write_text('{"format": 1, "judge')
    before = files_of(held)
    refused = acclimate(held, "erase", "--subject", SUBJECT)
    assert refused.code == 2
    assert re.search(rf"error: .*{damaged.name} is damaged.*\nhint: ", refused.stderr)
    assert files_of(held) == before


def test_a_near_copy_under_another_subject_is_named_and_loses_the_persons_cluster(held: Path) -> None:
    copy = {"id": "zz", "patient": "somebody", "patient_name": "Ann Other", "note": "marzipan rash, both arms"}
    said = "Doctor: What is it, Ann Other? Patient: the marzipan at the fair gave a rash on both arms that has not gone away."
    with (held / "data/north.jsonl").open("a") as file:
        file.write(json.dumps(copy | {"dialogue": said}) + "\n")
    project = Project.open(held)
    project.run(until="split")
    told = project.erase(SUBJECT)
    assert [place.id for place in told.copies] == ["north:zz"]
    project.run(until="split")
    row = next(row for row in project.table("dedup").to_pylist() if row["id"] == "north:zz")
    assert row["cluster_id"] == "north:zz"


EXAM = """\
    - path: data/exam.jsonl
      role: test
      columns: {id: id, prompt: dialogue, completion: note, subject_id: patient}
"""
SAID = "fell on the left hand and the thumb has been numb since the spring"


@pytest.fixture(scope="module")
def third_round(fresh_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose first split tested the person, whose second lacks them, whose third quotes them; do not change it."""
    folder = shutil.copytree(fresh_project, tmp_path_factory.mktemp("rounds") / "tiny")
    written = (folder / "acclimate.yaml").read_text().replace("split:\n", "split:\n  shared_passages: drop\n", 1)
    (folder / "acclimate.yaml").write_text(written.replace("general:\n", f"{EXAM}general:\n", 1))
    theirs = {"id": "zq-first", "patient": SUBJECT, "dialogue": f"a harpsichord {SAID}", "note": "-"}
    stays = {"id": "stays", "patient": "other", "dialogue": "what may be taken against a fever", "note": "-"}
    quoting = {"id": "quoting", "patient": "new", "dialogue": f"a flowerpot {SAID}", "note": "-"}
    for tested, learnt in (([theirs, stays], ""), ([stays], ""), ([stays], json.dumps(quoting))):
        write_lines(folder / "data/exam.jsonl", tested)
        with (folder / "data/north.jsonl").open("a") as file:
            file.write(learnt)
        Project.open(folder).run(until="split")
    return folder


def test_what_quotes_a_test_text_of_the_first_round_is_left_out_in_the_third(third_round: Path) -> None:
    dropped = Project.open(third_round).artifact("split").dropped().to_pylist()
    assert [(row["reason"], row["value"]) for row in dropped] == [("leak_passage", "earlier test")]


def test_the_way_back_from_a_third_round_is_followed_once(third_round: Path) -> None:
    workspace = Project.open(third_round).workspace
    shown = [(one.step, one.key) for one in ancestors(workspace, "split")]
    inputs = {(one.manifest.step, one.manifest.key): one.manifest.inputs for one in workspace.finished()}
    assert len(shown) == 1 + sum(len(inputs[name]) for name in inputs.keys() & set(shown))


def test_a_test_text_of_the_first_round_stays_until_its_person_is_erased(third_round: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(third_round, tmp_path / "tiny")
    assert acclimate(folder, "gc", "--yes").code == 0
    [told] = [one.what for one in Project.open(folder).erase(SUBJECT).affected if one.kind == "split"]
    assert told.startswith("records of theirs: 1 in test; ")
    assert traces(folder) == []
    Project.open(folder, overrides=["split.seed=9"]).run(until="split")
    report = Project.open(folder).report("split")
    assert (report.metrics["earlier_test_texts_gone"], report.counts.dropped) == (1, {})


def test_what_was_erased_is_shown_with_its_receipt(erased: Path) -> None:
    project = Project.open(erased)
    [receipt] = (erased / "erased/receipts").glob("*.json")
    shown = ancestors(project.workspace, "train")
    states = {one.step: (one.facts.get("state"), one.facts.get("receipt")) for one in shown}
    assert states["train"] == states["ingest"] == ("erased", f"erased/receipts/{receipt.name}")
    assert states["sample"] == (None, None)
    for name in ("north:zq-first", record_hash(load_key("tiny", "surrogates"), "north:zq-first")):
        [sighting] = record_way(project.workspace, project.config, name)
        assert (sighting.step, sighting.outcome) == ("erase", "erased")
        assert sighting.facts == {"receipt": f"erased/receipts/{receipt.name}"}


def test_the_command_line_shows_an_erased_record_and_artifact(erased: Path) -> None:
    assert "receipt=erased/receipts/" in acclimate(erased, "show", "north:zq-first").stdout
    assert "state=erased  receipt=erased/receipts/" in acclimate(erased, "show", "split").stdout


def test_every_file_is_accepted_after_an_erasure_and_the_next_run(erased: Path) -> None:
    Project.open(erased).run()
    audited = acclimate(erased, "audit", "--files")
    assert audited.code == 0, audited.stderr
    assert audited.stdout.count("erased  ") >= 11


def spoil_receipt(project: Path) -> str:
    [receipt] = (project / "erased/receipts").glob("*.json")
    receipt.write_text(receipt.read_text().replace("restricted", "unrestricted", 1))
    return "is not the receipt that was written"


def lose_receipt(project: Path) -> str:
    shutil.rmtree(project / "erased/receipts")
    return "no receipt names it"


def put_rows_back(project: Path) -> str:
    folder = next((project / "artifacts/sample").iterdir())
    shutil.copy(folder / "data-00000.parquet", next((project / "artifacts/split").iterdir()))
    return "data-00000.parquet is there and not in its manifest"


def forget_the_person(project: Path) -> str:
    (project / "erased/subjects.jsonl").unlink()
    return "not on the list of erased subjects any more"


def lose_an_artifact(project: Path) -> str:
    shutil.rmtree(next((project / "artifacts/sample").iterdir()))
    return "it was published, and neither it nor a receipt is there"


def call_it_erased(project: Path) -> str:
    manifest = next((project / "artifacts/sample").glob("*/manifest.json"))
    manifest.write_text(manifest.read_text().replace('"complete"', '"erased"'))
    return "no receipt names it"


@pytest.mark.parametrize(
    "spoil",
    [spoil_receipt, lose_receipt, put_rows_back, forget_the_person, lose_an_artifact, call_it_erased],
    ids=lambda spoil: spoil.__name__,
)
def test_what_does_not_fit_its_receipt_is_named(erased: Path, spoil) -> None:
    sentence = spoil(erased)
    refused = acclimate(erased, "audit", "--files")
    assert refused.code == 2
    assert sentence in refused.stderr + refused.stdout
    assert "hint: " in refused.stderr


def test_erasing_again_says_that_nothing_is_left(erased: Path) -> None:
    receipts = sorted((erased / "erased/receipts").iterdir())
    again = acclimate(erased, "erase", "--subject", "-", given=f"{SUBJECT}\n")
    assert again.code == 0, again.stderr
    assert again.stdout == "nothing of them is left here\n"
    assert str(receipts[0].name) in again.stderr
    assert sorted((erased / "erased/receipts").iterdir()) == receipts


def test_a_subject_nobody_knows_is_one_sentence_that_does_not_repeat_the_id(held: Path) -> None:
    before = files_of(held)
    refused = acclimate(held, "erase", "--subject", "mrn-00000")
    assert refused.code == 2
    assert "No record in this project names that subject" in refused.stderr and "mrn-00000" not in refused.stderr
    assert files_of(held) == before


def test_a_subject_can_be_refused_in_advance(project: Path) -> None:
    Project.open(project).erase("p3", in_advance=True)
    opened = Project.open(project)
    opened.run(until="ingest")
    assert opened.report("ingest").counts.dropped == {"erased_subject": 2}


def test_an_open_id_erases_the_same_person(held: Path) -> None:
    hashed = subject_hash(load_key("tiny", "surrogates"), SUBJECT)
    assert Project.open(held).erase(hashed).subject == hashed
    assert traces(held, leaving_out=OWN_FILES) == []


def test_without_the_key_nobody_is_erased(held: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "ACCLIMATE_KEYS", str(tmp_path / "no-keys"))
    with pytest.raises(WorkspaceError, match="restore it from its copy"):
        Project.open(held).erase(SUBJECT)


def test_a_list_made_with_a_key_that_is_gone_stops_the_run(
    erased: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "ACCLIMATE_KEYS", str(tmp_path / "other-keys"))
    new_key("tiny", "surrogates")
    with pytest.raises(WorkspaceError, match="The list of erased subjects was made with the key"):
        Project.open(erased).run(until="ingest")


def test_what_was_made_with_another_key_counts_as_holding_the_person(
    held: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "ACCLIMATE_KEYS", str(tmp_path / "other-keys"))
    new_key("tiny", "surrogates")
    told = Project.open(held).erase(SUBJECT).affected
    assert "whether it was trained on them cannot be told" in next(one.what for one in told if one.kind == "model")
    assert traces(held, leaving_out=OWN_FILES) == []


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> sqlite3.Connection:
    """A database of four visits of two persons and one without, read by the project `clinic` beside it."""
    database = tmp_path / "clinic.db"
    monkeypatch.setenv("CLINIC_DB", f"sqlite:///{database}")
    connection = sqlite3.connect(database)
    connection.execute("create table notes (visit, patient, note)")
    notes = (("v1", SUBJECT, "the marzipan"), ("v2", SUBJECT, "the harpsichord"), ("v3", "p-2", "a sprain"))
    connection.executemany("insert into notes values (?, ?, ?)", notes)
    connection.execute("insert into notes values ('v4', null, 'one two three obsidian five six')")
    connection.commit()
    (tmp_path / "clinic").mkdir()
    (tmp_path / "clinic/acclimate.yaml").write_text(
        "project: clinic\ntask: pretraining\ningest:\n  cut: {max_words: 3}\n  sources:\n"
        "    - name: clinic\n      sql: select visit, patient, note from notes order by visit\n"
        "      secrets: {url: CLINIC_DB}\n      columns: {id: visit, subject_id: patient, text: note}\n"
    )
    monkeypatch.setenv("ACCLIMATE_KEYS", str(tmp_path / "keys"))
    new_key("clinic", "surrogates")
    return connection


def fetched(project: Path) -> str:
    """All copies of what was fetched, as text."""
    return "".join(gzip.decompress(copy.read_bytes()).decode() for copy in project.glob("restricted/snapshots/files/*"))


def test_what_was_fetched_from_a_database_goes_and_comes_back_without_the_person(clinic, tmp_path: Path) -> None:
    folder = tmp_path / "clinic"
    project = Project.open(folder)
    project.run(until="deidentify")
    assert "marzipan" in fetched(folder)
    erased = project.erase(SUBJECT)
    assert traces(folder) == []
    assert fetched(folder) == ""
    assert "source" not in {one.kind for one in erased.affected}
    assert "  2 rows of erased subjects left out  fetched" in acclimate(folder, "collect", "clinic").stdout
    assert "sprain" in fetched(folder) and not [word for word in TRACES[:-1] if word in fetched(folder)]
    project.run(until="deidentify")
    report = project.report("ingest")
    assert report.metrics["sources"]["clinic"]["not_landed"] == 2
    assert report.warnings[0].startswith("source clinic: 2 rows of erased subjects were left out when it was landed")
    assert report.counts.inputs == 2 and not report.counts.dropped
    clinic.execute("delete from notes where patient = ?", [SUBJECT])
    clinic.commit()
    project.collect()
    project.run(until="deidentify")
    assert project.report("ingest").metrics["sources"]["clinic"]["not_landed"] == 0
    clinic.execute("delete from notes where visit <> 'v4'")
    clinic.commit()
    project.erase("clinic:v4")
    refused = acclimate(folder, "run", "--until", "ingest")
    assert refused.code == 2 and "All rows of the source 'clinic' are of erased subjects" in refused.stderr
    assert fetched(folder) == ""


def test_a_document_in_an_archive_comes_back_is_named_and_goes_when_the_subject_is_given_again(project: Path) -> None:
    with zipfile.ZipFile(project / "data/letters.zip", "w") as archive:
        archive.writestr("one.md", f"---\npatient: {SUBJECT}\n---\nthe marzipan")
        archive.writestr("two.md", "---\npatient: p-2\n---\na sprain")
    with zipfile.ZipFile(project / "data/rows.zip", "w") as archive:
        rows = [{"patient": SUBJECT, "text": "a harpsichord"}, {"patient": "p-2", "text": "a cough"}]
        archive.writestr("rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    columns = "columns: {subject_id: patient, text: text}"
    (project / "acclimate.yaml").write_text(
        "project: tiny\ntask: pretraining\ningest:\n  sources:\n"
        f"    - {{path: data/letters.zip, {columns}}}\n    - {{path: data/rows.zip, {columns}}}\n"
    )
    opened = Project.open(project)
    opened.run(until="ingest")
    told = acclimate(project, "erase", "--subject", SUBJECT)
    assert "source    letters.zip  an archive; its content comes back into restricted/snapshots" in told.stdout
    assert "warning: a source that is fetched or unpacked brings them back" in told.stderr
    assert [receipt.returning for receipt in read_receipts(opened.workspace.erased)] == [{"letters.zip": "an archive"}]
    assert traces(project, leaving_out=OWN_FILES) == []
    for again in ("collect", "ingest"):
        (project / "restricted/snapshots/files/.far.partial").write_text("left by a kill: obsidian")
        told_again = acclimate(project, again)
        assert told_again.code == 0
        assert len(traces(project, leaving_out=OWN_FILES)) == 2
        assert acclimate(project, "erase", "--subject", SUBJECT).code == 0
        assert traces(project, leaving_out=OWN_FILES) == []
    assert "source rows.zip: 1 rows of erased subjects were left out when it was landed" in told_again.stderr
    assert first_fault(check_project(opened.workspace)) is None


def test_a_damaged_row_in_an_archive_may_be_theirs_so_that_its_copy_goes_with_every_erasure(project: Path) -> None:
    with zipfile.ZipFile(project / "data/rows.zip", "w") as archive:
        archive.writestr("rows.jsonl", json.dumps({"patient": "p-2", "text": "a cough"}) + "\n" + DAMAGED)
    (project / "acclimate.yaml").write_text(
        "project: tiny\ntask: pretraining\ningest:\n  on_error: set_aside\n"
        "  sources: [{path: data/rows.zip, columns: {subject_id: patient, text: text}}]\n"
    )
    opened = Project.open(project)
    opened.erase(SUBJECT, in_advance=True)
    opened.run(until="ingest")
    assert opened.report("ingest").counts.dropped == {"bad_json": 1}
    assert len(traces(project, leaving_out=OWN_FILES)) == 2
    opened.erase(SUBJECT)
    assert traces(project, leaving_out=OWN_FILES) == []


def test_a_document_without_a_subject_is_erased_with_all_its_pieces_and_refused(clinic, tmp_path: Path) -> None:
    folder = tmp_path / "clinic"
    project = Project.open(folder)
    project.run(until="deidentify")
    assert project.report("ingest").counts.created == 1
    project.erase("clinic:v4")
    assert not [found for found in traces(folder) if "obsidian" in found]
    project.run(until="deidentify")
    assert project.report("ingest").metrics["sources"]["clinic"]["not_landed"] == 1
    assert project.report("ingest").counts.created == 0
    assert "obsidian" not in fetched(folder)


def interrupted(project: Path, visit: int) -> int:
    """The exit code of an erasure that is killed at a crash point."""
    code = (
        "import sys\nfrom acclimate.api import Project\nfrom acclimate.core import crash_points\n"
        "crash_points.arm(int(sys.argv[2]))\nProject.open(sys.argv[1]).erase(sys.argv[3])"
    )
    command = [sys.executable, "-c", code, str(project), str(visit), SUBJECT]
    return subprocess.run(command, check=False, env=os.environ).returncode


def test_an_interrupted_erasure_holds_up_every_run_until_it_is_ended(held: Path) -> None:
    assert interrupted(held, 60) == -signal.SIGKILL
    refused = acclimate(held, "run")
    assert refused.code == 2
    assert re.search("acclimate erase .*--resume", refused.stderr)
    ended = acclimate(held, "erase", "--resume")
    assert ended.code == 0, ended.stderr
    assert "source    north north.jsonl:25  north:zq-first: remove it there" in ended.stdout
    assert traces(held, leaving_out=OWN_FILES) == []
    assert first_fault(check_project(Project.open(held).workspace)) is None


def end_state(project: Path) -> object:
    """All files by digest; receipts, whose names are made of it, without their time."""
    files = {name: digest for name, digest in files_of(project).items() if not name.startswith("erased/receipts/")}
    receipts = [json.loads(file.read_text()) for file in (project / "erased/receipts").glob("*.json")]
    return files, [{name: value for name, value in receipt.items() if name != "at"} for receipt in receipts]


@pytest.mark.slow
def test_killed_at_every_crash_point_an_erasure_ends_as_undisturbed(
    with_person: Path, erased_project: Path, tmp_path: Path
) -> None:
    expected, project, kills = end_state(erased_project), tmp_path / "tiny", 0
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
    with Forks("tests.integration.killed_erasures", environment=environment, folder=ROOT) as forks:
        for visit in itertools.count(1):
            shutil.rmtree(project, ignore_errors=True)
            shutil.copytree(with_person, project)
            code = forks.run({"project": str(project), "fatal_visit": visit})
            if code != -signal.SIGKILL:
                break
            kills += 1
            assert forks.run({"project": str(project), "fatal_visit": 0}) == 0
            assert end_state(project) == expected, f"crash point {visit}"
            assert first_fault(check_project(Project.open(project).workspace)) is None
    assert code == 0
    assert kills > 100


def test_lists_of_judged_and_re_included_records_forget_the_person_and_keep_the_others(held: Path) -> None:
    workspace = Project.open(held).workspace
    theirs, other = id_digest("north:zq-again"), id_digest("north:N10001")
    list_kept(workspace, "dedup", [theirs, other])
    add_judgements(
        workspace,
        [Judgement(step="dedup", rule="near_duplicate", record=name, rightly_dropped=True) for name in (theirs, other)],
    )
    sample = workspace.people / "samples" / "dedup.csv"
    sample.parent.mkdir()
    sample.write_text("a harpsichord fell")
    erased = Project.open(held).erase(SUBJECT)
    assert erased.receipt is not None
    assert not sample.exists()
    assert kept_digests(kept_records(workspace, "dedup")) == {other}
    assert [judgement.record for judgement in read_judgements(workspace)] == [other]
    assert not [file for file in held.rglob("*") if file.is_file() and theirs.encode() in file.read_bytes()]
    assert traces(held, leaving_out=OWN_FILES) == []
    assert Project.open(held).erase(SUBJECT).receipt == erased.receipt

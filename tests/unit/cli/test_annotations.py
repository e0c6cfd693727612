from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from tests.unit.annotation.openai_endpoint import saying, served

from acclimate.cli.main import main

ROWS = [
    {"text": "chest pain", "label": "high", "answer": "accept", "_annotator_id": "ann", "meta": {"id": "n1"}},
    {"text": "chest pain", "label": "low", "answer": "accept", "_annotator_id": "bob", "meta": {"id": "n1"}},
    {"text": "a cold", "label": "low", "answer": "ignore", "_annotator_id": "bob", "meta": {"id": "n2"}},
]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "acclimate.yaml").write_text("project: demo\n")
    (tmp_path / "db-out.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return folder


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["acclimate", "annotations", *words])
    try:
        main()
    except SystemExit as left:
        return int(left.code or 0)
    return 0


BRING_IN = ("import", "db-out.jsonl", "--format", "prodigy", "--task", "notes", "--project", "demo", "--as", "mia")


@pytest.mark.parametrize(
    "words",
    [("agreement",), ("export", "out", "--format", "prodigy"), ("order", "active"), ("accept",)],
)
def test_a_command_that_begins_nothing_makes_no_database(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert run(monkeypatch, *words, "--task", "notes", "--project", "demo") == 2
    assert "There are no annotations in" in capsys.readouterr().err
    assert [path.name for path in project.iterdir()] == ["acclimate.yaml"]


@pytest.mark.usefixtures("project")
def test_the_table_says_for_each_annotator_what_came_and_what_became_of_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, *BRING_IN) == 0
    assert capsys.readouterr().out.splitlines() == [
        "annotator    came  taken   here  aside",
        "ann             1      1      0      0",
        "bob             2      1      0      1",
        "                1 set aside: the person skipped the item",
        "items: 3 came, 2 new, 0 here with another text",
        "new task: notes",
        "new people, without a password: ann, bob",
        "first skipped: item n2",
    ]


def test_a_dry_run_says_the_same_as_json_and_leaves_no_database(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, *BRING_IN, "--dry-run", "--json", "--quiet") == 0
    shown = json.loads(capsys.readouterr().out)
    assert [row["annotator"] for row in shown["annotators"]] == ["ann", "bob"]
    assert not list(project.glob("annotation.db*"))
    assert run(monkeypatch, *BRING_IN, "--json", "--quiet") == 0
    assert json.loads(capsys.readouterr().out) == shown


@pytest.mark.usefixtures("project")
def test_an_export_says_where_it_is_and_what_it_does_not_hold(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, *BRING_IN)
    capsys.readouterr()
    leave = ("export", "out", "--format", "doccano", "--task", "notes", "--project", "demo", "--as", "mia")
    assert run(monkeypatch, *leave, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "folder": "out",
        "items": 2,
        "answers": 0,
        "not_held": {
            "items whose readers differ without a decision": 1,
            "single answers, of which only what counts is written": 2,
        },
    }


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("import", "missing.json", "--format", "prodigy", "--task", "notes"), "There is no file missing.json"),
        (("import", "db-out.jsonl", "--format", "excel", "--task", "notes"), "There is no format 'excel'"),
        (("import", "db-out.jsonl", "--format", "conll", "--task", "notes"), "line 1 of db-out.jsonl"),
        (("import", "db-out.jsonl", "--format", "brat", "--task", "notes"), "There is no .txt file"),
        (("import", "db-out.jsonl", "--format", "hf", "--task", "notes"), "There is no Parquet file"),
        (("import", "db-out.jsonl", "--format", "prodigy", "--task", "n", "--person", "ann"), "names nobody"),
        (("import", "db-out.jsonl", "--format", "prodigy", "--task", "n", "--schema", "db-out.jsonl"), "is no YAML"),
        (("export", "out", "--format", "hf", "--task", "nothing"), "There is no task 'nothing'"),
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_with_two(
    words: tuple[str, ...], says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, *BRING_IN)
    capsys.readouterr()
    assert run(monkeypatch, *words, "--project", "demo", "--as", "mia") == 2
    shown = capsys.readouterr().err
    assert says in shown
    assert "chest pain" not in shown


@pytest.mark.usefixtures("project")
def test_only_the_first_importer_becomes_a_manager_by_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, *BRING_IN)
    assert run(monkeypatch, *BRING_IN[:-1], "eve") == 2
    assert "There is no active person 'eve'" in capsys.readouterr().err


def test_a_schema_of_ones_own_decides_what_the_task_asks(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (project.parent / "schema.yaml").write_text(
        "questions: [{kind: choice, name: label, options: [{name: high}, {name: middle}]}]"
    )
    assert run(monkeypatch, *BRING_IN, "--schema", "schema.yaml", "--json") == 0
    [ann, bob] = json.loads(capsys.readouterr().out)["annotators"]
    assert (ann["taken"], bob["aside"]) == (1, {"not_valid": 1, "skipped": 1})


@pytest.mark.usefixtures("project")
def test_a_labeling_configuration_can_be_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = (
        '<View><Text name="t" value="$note"/><Choices name="urgent" toName="t"><Choice value="yes"/></Choices></View>'
    )
    Path("labels.xml").write_text(asked)
    chosen = {"from_name": "urgent", "to_name": "t", "type": "choices", "value": {"choices": ["yes"]}}
    tasks = [{"id": 1, "data": {"note": "a"}, "annotations": [{"completed_by": 1, "result": [chosen]}]}]
    Path("project-1.json").write_text(json.dumps(tasks))
    words = ("import", "project-1.json", "--format", "label-studio", "--schema", "labels.xml", "--task", "notes")
    assert run(monkeypatch, *words, "--project", "demo", "--as", "mia", "--json") == 0
    assert json.loads(capsys.readouterr().out)["annotators"][0]["taken"] == 1


def test_a_dictionary_suggests_spans_and_says_how_many(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    span = {"start": 0, "end": 5, "label": "sign"}
    rows = [{"text": "fever, chest pain", "spans": [span], "answer": "accept", "_annotator_id": "ann"}]
    Path("db-out.jsonl").write_text(json.dumps(rows[0]) + "\n")
    run(monkeypatch, *BRING_IN, "--readings", "2")
    Path("signs.csv").write_text("term,label\nchest pain,sign\n")
    suggest = ("suggest", "--task", "notes", "--project", "demo", "--as", "mia", "--json")
    capsys.readouterr()
    assert run(monkeypatch, *suggest, "--dictionary", "signs.csv") == 0
    account = json.loads(capsys.readouterr().out)
    assert (account["source"], account["outcomes"]) == ("dictionary signs.csv", {"kept": 1})
    assert run(monkeypatch, *suggest, "--dictionary", "nowhere.csv") == 2
    assert "There is no file nowhere.csv" in capsys.readouterr().err


def test_an_endpoint_is_asked_only_where_the_network_is_on(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, *BRING_IN, "--readings", "2")
    monkeypatch.setenv("MODEL_KEY", "secret")
    with served(lambda _request, key: saying("low") if key == "Bearer secret" else (401, b"")) as url:
        ask = ("suggest", "--task", "notes", "--project", "demo", "--as", "mia", "--endpoint", url, "--model", "m1")
        assert run(monkeypatch, *ask, "--key-from", "MODEL_KEY") == 2
        assert "network access is off" in capsys.readouterr().err
        (project / "acclimate.yaml").write_text("project: demo\nnetwork: true\n")
        assert run(monkeypatch, *ask, "--key-from", "NO_SUCH_KEY") == 2
        assert run(monkeypatch, *ask) == 2
        assert run(monkeypatch, *ask, "--key-from", "MODEL_KEY") == 0
    assert "1 new" in capsys.readouterr().out


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "one source at a time"),
        (("--dictionary", "a.csv", "--predictions", "predict.base"), "one source at a time"),
        (("--predictions", "nowhere.jsonl"), "There is no file nowhere.jsonl"),
        (("--predictions", "predict.base"), "predict.base has not been run"),
        (("--endpoint", "https://models.example/v1"), "No model is named"),
    ],
)
def test_a_source_that_is_not_there_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    run(monkeypatch, *BRING_IN)
    assert run(monkeypatch, "suggest", "--task", "notes", "--project", "demo", "--as", "mia", *words) == 2
    assert says in capsys.readouterr().err


def test_sure_suggestions_are_accepted_in_bulk_and_anchoring_says_that_there_are_too_few_readings(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, *BRING_IN, "--readings", "2")
    rows = [{"id": "n2", "answer": "low", "score": 0.9}]
    Path("answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    about = ("--task", "notes", "--project", "demo", "--as", "mia")
    assert run(monkeypatch, "suggest", "--predictions", "answers.jsonl", *about) == 0
    capsys.readouterr()
    assert run(monkeypatch, "accept", "--least-score", "0.8", "--dry-run", *about) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == ["     1 accepted"] and "nothing was changed" in said.err
    assert run(monkeypatch, "accept", "--least-score", "0.8", "--json", *about) == 0
    assert json.loads(capsys.readouterr().out)["outcomes"] == {"accepted": 1}
    about = ("--task", "notes", "--project", "demo", "--by", "mia")
    assert run(monkeypatch, "anchoring", *about) == 0
    assert "Not enough readings: 0 with the suggestion shown" in capsys.readouterr().out
    assert run(monkeypatch, "anchoring", "--json", *about) == 0
    assert json.loads(capsys.readouterr().out)["shown"] == 0
    assert run(monkeypatch, "anchoring", "--clustered", "moon", *about) == 2

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.unit.annotation.project_of_four import TASK, notes, open_store, read_all, start_task

from acclimate.annotation.people import SYSTEM, set_password
from acclimate.annotation.store import Store, database_url
from acclimate.cli.main import main


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project without acclimate.yaml, with two answers."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    folder = tmp_path / "study"
    folder.mkdir()
    store = open_store(folder)
    start_task(store, notes(2), readings=1)
    read_all(store, {"ann": {"n0": "low", "n1": "low"}})
    store.close()
    return folder


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["acclimate", *words])
    try:
        main()
    except SystemExit as left:
        return int(left.code or 0)
    return 0


@pytest.mark.usefixtures("study")
def test_a_backup_is_put_back_and_the_audit_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "annotate", "backup", "monday.db", "--project", "study") == 0
    assert capsys.readouterr().out == "monday.db\n"
    assert run(monkeypatch, "annotate", "restore", "monday.db", "--project", "again", "--json") == 0
    put_back = json.loads(capsys.readouterr().out)
    assert run(monkeypatch, "audit", "verify", "--project", "again", "--json") == 0
    found = json.loads(capsys.readouterr().out)["annotation"]
    assert (found["restored"], found["events"], found["head"]) == (1, put_back["events"], put_back["head"])
    assert run(monkeypatch, "annotate", "restore", "monday.db", "--project", "again") == 2
    assert "nothing is replaced" in capsys.readouterr().err


def test_break_glass_prints_a_link_and_both_chains_say_who_did_it_and_why(
    study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("annotate", "break-glass", "rae", "--project", "study", "--public-url", "https://notes.example")
    assert run(monkeypatch, *words, "--reason", "mia has left") == 0
    assert capsys.readouterr().out.startswith("https://notes.example/join/")
    (said,) = (
        event for event in Store.open(database_url(study, None)).events() if event["action"] == "break-glass access"
    )
    assert said["details"]["reason"] == "mia has left" and said["details"]["account"]
    assert run(monkeypatch, "audit", "verify", "--project", "study") == 0
    told = capsys.readouterr().out
    assert "1 digests that the audit log noted stand in the annotations" in told and "unproved" not in told
    set_password(store := Store.open(database_url(study, None)), "ann", "a long password", by=SYSTEM)
    store.close()
    assert run(monkeypatch, "audit", "verify", "--project", "study") == 0
    assert "unproved: the newest 1 events" in capsys.readouterr().out


def test_an_event_changed_in_the_database_is_named_by_verify(
    study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store.open(database_url(study, None)).write() as transaction:
        transaction.connection.execute(text("DROP TRIGGER events_no_update"))
        transaction.connection.execute(text("UPDATE events SET who = 'bob' WHERE number = 4"))
    assert run(monkeypatch, "audit", "verify", "--project", "study") == 2
    assert "event 4" in capsys.readouterr().err


@pytest.mark.usefixtures("study")
def test_events_are_found_by_person_record_kind_and_time_for_those_who_may_audit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def found(*words: str) -> list[tuple[str, str]]:
        assert run(monkeypatch, "audit", "annotations", "--project", "study", "--by", "mia", "--json", *words) == 0
        return [(event["who"], event["action"]) for event in json.loads(capsys.readouterr().out)]

    assert found("--kind", "answered", "--person", "ann") == [("ann", "answered")] * 2
    assert found("--record", "n1") == [("ann", "leased"), ("ann", "answered")]
    assert found("--person", "rae") == [("mia", "person saved")]
    assert found("--since", "2026-01-02") == found("--task", "none") == []
    assert len(found("--since", "2026-01-01T01:00+01:00")) == len(found()) > 9
    assert run(monkeypatch, "audit", "annotations", "--project", "study", "--by", "mia", "--kind", "answered") == 0
    told = capsys.readouterr()
    assert "ann answered answer=" in told.out and "note" not in told.out and "2 of" in told.err


def test_commands_that_only_read_note_nothing_in_the_name_that_is_given(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody proved to be Mia, so no event may say that she looked."""
    (study / "acclimate.yaml").write_text("sources: {}\n")
    before = Store.open(database_url(study, None)).head()
    about = ("--project", "study", "--by", "mia")
    assert run(monkeypatch, "audit", "annotations", *about) == 0
    assert run(monkeypatch, "annotations", "anchoring", "--task", TASK, *about) == 0
    assert Store.open(database_url(study, None)).head() == before


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["annotate", "backup", "a.db", "--project", "nowhere"], "There is no annotation.db"),
        (["annotate", "backup", "missing/a.db", "--project", "study"], "There is no folder missing"),
        (["annotate", "restore", "a.db", "--project", "other"], "no finished backup"),
        (["annotate", "break-glass", "rae", "--reason", " ", "--project", "study"], "needs a reason"),
        (["annotate", "--project", "study", "--listen", "0.0.0.0"], "passwords in clear"),
        (["annotate", "--project", "study", "--oidc-issuer", "https://id.example"], "client id"),
        (["annotate", "--project", "study", "backup", "a.db"], "--project stands before backup"),
        (["audit", "verify", "--project", "nowhere"], "neither an audit log nor"),
        (["audit", "annotations", "--project", "nowhere"], "There is no annotation.db"),
        (["audit", "annotations", "--project", "study", "--by", "ann"], "ann is no owner or manager or auditor"),
        (["audit", "annotations", "--project", "study", "--by", "mia", "--kind", "x"], "kinds here: answered"),
        (["audit", "annotations", "--project", "study", "--by", "mia", "--since", "noon"], "no day and no moment"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], fault: str
) -> None:
    assert run(monkeypatch, *words) == 2
    said = capsys.readouterr().err
    assert fault in said and "Traceback" not in said


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("mysql://scott:tiger@127.0.0.1/x", "cannot be kept in 'mysql'"),
        ("no url", "DATABASE_URL is no URL"),
        ("postgresql://scott:tiger@127.0.0.1:1/x", "nothing of this change was kept"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_sentence_without_its_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str, fault: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    assert run(monkeypatch, "annotate", "backup", "a.db", "--project", "study") == 2
    said = capsys.readouterr().err
    assert fault in said and "tiger" not in said


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--endpoint", "https://models.example/v1"), "go together"),
        (("--endpoint", "http://models.example/v1", "--model", "m"), "is not reached by https"),
    ],
)
def test_a_model_that_managers_may_ask_is_named_whole_and_reached_safely(
    words: tuple[str, ...], says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "annotate", "--project", "study", *words) == 2
    assert says in capsys.readouterr().err

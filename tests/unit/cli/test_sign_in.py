"""Commands of consequence ask who one is, by the passwords, codes, roles and lock of the pages."""

from __future__ import annotations

import base64
import getpass
import io
import sys
from pathlib import Path

import pytest
from tests.unit.annotation.project_of_four import notes, open_store, start_task
from tests.unit.cli.test_annotate import run
from typer.main import get_command

from acclimate.annotation.people import SYSTEM, set_password
from acclimate.annotation.store import Store, database_url, utc_now
from acclimate.app.identity import FREE_ATTEMPTS, invite, sign_in
from acclimate.app.second_factor import STEP_SECONDS, begin_second_factor, code_at, confirm_second_factor
from acclimate.cli.main import VERBS, app_of

PASSWORD = "correct horse battery"
ROOT = Path(__file__).parents[3]
EXPORT = ("annotations", "export", "out", "--format", "hf", "--task", "urgency", "--as", "mia")
ORDER = ("annotations", "order", "active", "--task", "urgency", "--as", "mia")
SIGNED_IN = {
    "annotations accept": ("--task", "urgency"),
    "annotations agreement": ("--task", "urgency"),
    "annotations export": EXPORT[2:-2],
    "annotations import": ("records.jsonl", "--format", "doccano", "--task", "urgency"),
    "annotations order": ORDER[2:-2],
    "annotations rank": ("--task", "urgency"),
    "annotations suggest": ("--task", "urgency", "--predictions", "records.jsonl"),
    "certificate judge": ("--task", "urgency"),
    "certificate sample": ("--task", "urgency"),
    "erase": ("--subject", "p1"),
    "study export": ("notes",),
    "study look": ("notes",),
    "study open": ("protocol.yaml",),
    "study show": ("notes", "--look", "1"),
}
"""The commands that the guide lists, with what else they need."""


def project_in(folder: Path) -> Store:
    """A project of five people, of whom the manager and a reader can sign in."""
    (folder / "acclimate.yaml").write_text("project: demo\ningest: {sources: [{path: records.jsonl}]}\n")
    (folder / "records.jsonl").write_text("")
    (folder / "protocol.yaml").write_text("name: notes\narms: [adapted, base]\nitems: 4\nreaders: 1\n")
    store = open_store(folder, utc_now)
    start_task(store, notes(2))
    for name in ("mia", "ann"):
        set_password(store, name, PASSWORD, by=SYSTEM)
    return store


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO())


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.chdir(tmp_path)
    return project_in(tmp_path)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that no test changes."""
    folder = tmp_path_factory.mktemp("untouched")
    project_in(folder).close()
    return folder


def said_by(store: Store, action: str) -> list[tuple[str, str]]:
    return [
        (event["who"], event["details"].get("command", "")) for event in store.events() if event["action"] == action
    ]


def test_who_proves_to_be_the_manager_acts_as_the_manager(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACCLIMATE_PASSWORD", PASSWORD)
    assert run(monkeypatch, *ORDER) == 0
    events = list(store.events())[-2:]
    assert [(event["who"], event["action"]) for event in events] == [("mia", "signed in"), ("mia", "settings changed")]
    assert events[0]["details"]["command"] == "annotations order" and events[0]["details"]["account"]
    assert run(monkeypatch, "annotations", "agreement", "--task", "urgency", "--as", "mia") == 0
    assert [event["who"] for event in store.events() if event["action"] == "readings exported"] == ["mia", "mia"]
    # The roles are those of the pages: a reader who is who they say still exports and erases nothing.
    for words in (EXPORT[:-2], ("erase", "--subject", "p1")):
        assert run(monkeypatch, *words, "--as", "ann") == 2
        assert "ann is no owner or manager" in capsys.readouterr().err
    assert said_by(store, "annotations exported") == []


def test_wrong_passwords_lock_the_name_at_commands_and_on_the_pages_alike(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACCLIMATE_PASSWORD", "not the password")
    for _ in range(FREE_ATTEMPTS):
        assert run(monkeypatch, *ORDER) == 2
    assert "did not match" in capsys.readouterr().err
    monkeypatch.setenv("ACCLIMATE_PASSWORD", PASSWORD)
    assert run(monkeypatch, *ORDER) == 2
    assert sign_in(store, "mia", PASSWORD) is None
    assert said_by(store, "settings changed") == said_by(store, "signed in") == []


def test_a_second_factor_is_asked_for_where_the_account_has_one(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret, step = begin_second_factor(store, "mia"), int(utc_now().timestamp()) // STEP_SECONDS
    confirm_second_factor(store, "mia", code_at(secret, step))
    monkeypatch.setenv("ACCLIMATE_PASSWORD", PASSWORD)
    assert run(monkeypatch, *ORDER) == 2
    assert "Code of mia is needed" in capsys.readouterr().err
    monkeypatch.setenv("ACCLIMATE_CODE", code_at(base64.b32encode(b"another").decode(), step))
    assert run(monkeypatch, *ORDER) == 2
    monkeypatch.setenv("ACCLIMATE_CODE", code_at(secret, step + 1))
    assert run(monkeypatch, *ORDER) == 0


def test_on_a_terminal_the_password_is_asked_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(getpass, "getpass", lambda prompt: asked.append(prompt) or PASSWORD)
    assert run(monkeypatch, *ORDER) == 0
    assert asked == ["Password of mia: "]


@pytest.mark.parametrize("command", SIGNED_IN)
def test_every_command_of_consequence_wants_a_password_and_does_nothing_without(
    untouched: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    monkeypatch.chdir(untouched)
    store = Store.open(database_url(untouched, None))
    before = store.head()
    assert run(monkeypatch, *command.split(), *SIGNED_IN[command], "--as", "mia") == 2
    shown = capsys.readouterr()
    assert "Password of mia is needed" in shown.err and "ACCLIMATE_PASSWORD" in shown.err and shown.out == ""
    assert store.head() == before and not Path("out").exists()


def test_the_guide_lists_the_commands_that_sign_in() -> None:
    """No more and no fewer than those that take --as."""
    offered = set()
    for verb in VERBS:
        group = get_command(app_of(verb))
        below = {f"{verb} {name}": one for name, one in getattr(group, "commands", {}).items()}
        offered |= {name for name, one in {verb: group, **below}.items() if any("--as" in it.opts for it in one.params)}
    assert offered == set(SIGNED_IN)
    guide = (ROOT / "docs/guides/annotation-server.md").read_text()
    assert [name for name in SIGNED_IN if f"`{name}" not in guide] == []


def test_while_nobody_can_sign_in_the_name_is_taken_as_given_and_the_chain_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("acclimate.yaml").write_text("project: demo\n")
    Path("one.jsonl").write_text('{"id": 7, "text": "A cold.", "label": ["later"]}\n')
    bring = ("annotations", "import", "one.jsonl", "--format", "doccano", "--task", "urgency", "--as", "mia")
    assert run(monkeypatch, *bring) == 0
    store = Store.open(database_url(tmp_path, None))
    assert said_by(store, "set up") == [(SYSTEM, "")]
    assert said_by(store, "acted before anybody could sign in") == [(SYSTEM, "annotations import")]
    invite(store, "mia", by=SYSTEM)
    assert run(monkeypatch, *ORDER) == 0
    set_password(store, "mia", PASSWORD, by=SYSTEM)
    capsys.readouterr()
    assert run(monkeypatch, *ORDER) == 2
    assert "Password of mia is needed" in capsys.readouterr().err

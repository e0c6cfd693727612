"""The commands and examples on the docs' pages run as written, and generated pages are what the code says."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from tests.page_commands import blocks, commands, mentioned, require_complete, require_known
from tests.page_projects import read_study, write_annotations, write_protocol

from acclimate.certificate.safe_harbor import SAFE_HARBOR

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))


DATED = [ROOT / "docs/log.md", *(ROOT / "docs/decisions").iterdir()]
"""Pages that say what was so on their day."""
TODAYS = [page for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *PAGES) if page not in DATED]

SERVES = "a server that keeps running"
NOT_RUN = {
    "acclimate annotate --project study": SERVES,
    "acclimate annotate --project /srv/study --public-url https://annotate.example.org": SERVES,
    "ACCLIMATE_OIDC_SECRET=… acclimate annotate --project /srv/study --public-url https://annotate.example.org"
    " --oidc-issuer https://id.example.org --oidc-client acclimate": "an identity provider outside",
    "ACCLIMATE_ENDPOINT_KEY=… acclimate annotate --project /srv/study --endpoint https://models.example.org/v1"
    " --model large-1": SERVES,
    "ACCLIMATE_PASSWORD=… ACCLIMATE_CODE=… acclimate study look notes-review --as mia --project /srv/study": (
        "a person's password"
    ),
    "acclimate annotations suggest --task notes --endpoint https://models.example.org/v1 --model large-1"
    " --key-from MODEL_KEY --project study --as manager": "a model outside",
    "acclimate run --set engine.kind=ray --set engine.address=10.0.0.5:6379   # on a machine that is a node": (
        "a Ray cluster of several machines"
    ),
    "acclimate run --project demo": "a training of some minutes; the page runs it with --quick",
    "acclimate report --project demo": "the report of that training",
}
"""Commands that pages show and no test runs from there, each with its reason."""


def run_all(written: Sequence[str], folder: Path, *, editor: str = "false") -> None:
    """Runs the lines of a page in a shell each."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "EDITOR": editor}
    for command in written:
        ran = subprocess.run(
            command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, f"{command}\n{ran.stderr[-2000:]}"


PREPARED: Mapping[str, tuple[str, Callable[[Path], None]]] = {
    "adapting": ("demo", lambda folder: None),
    "preferences": ("notes", lambda folder: None),
    "releasing": ("demo", lambda folder: None),
    "annotation-manager": ("study", write_annotations),
    "annotation-server": ("study", write_annotations),
}
"""Pages that begin where a project has been run: what they call it, and what else they find in it."""
BLIND_REVIEW = ROOT / "docs/guides/blind-review.md"
WITH_COMMANDS = [page for page in PAGES if commands(page)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [page for page in WITH_COMMANDS if page.stem not in PREPARED and page != BLIND_REVIEW],
    ids=lambda page: page.stem,
)
def test_every_command_of_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its keys are its own: a project that it makes may be called like one of another test."""
    monkeypatch.setenv("ACCLIMATE_KEYS", str(tmp_path / "keys"))
    run_all(commands(page), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in WITH_COMMANDS if page.stem in PREPARED], ids=lambda page: page.stem)
def test_every_command_of_a_page_about_a_finished_project_runs(page: Path, finished: Path) -> None:
    name, prepare = PREPARED[page.stem]
    prepare(finished.rename(finished.parent / name))
    run_all(commands(page), finished.parent)


@pytest.mark.slow
def test_every_command_of_the_page_on_blind_reviews_runs_with_people_reading_in_between(finished: Path) -> None:
    project, written = finished.rename(finished.parent / "demo"), commands(BLIND_REVIEW)
    write_protocol(BLIND_REVIEW, project.parent)
    opened = next(number for number, line in enumerate(written, start=1) if "study open" in line)
    run_all(written[:opened], project.parent)
    read_study(project, "notes-review")
    run_all(written[opened:], project.parent)


def test_every_command_that_a_page_shows_is_run_or_has_a_reason_not_to_be() -> None:
    shown = [line for page in (ROOT / "README.md", *PAGES) for block in blocks(page) for line in block.only_shown]
    assert sorted(shown) == sorted(NOT_RUN)


@pytest.mark.parametrize(
    "page", [page for page in TODAYS if "acclimate " in page.read_text()], ids=lambda page: page.stem
)
def test_every_command_that_a_page_names_has_a_verb_and_options_that_there_are(page: Path) -> None:
    for block in blocks(page):
        for line in (*block.run, *block.only_shown):
            require_complete(line)
    for line in mentioned(page):
        require_known(line)


@pytest.mark.slow
def test_every_command_of_the_readme_runs(project: Path, tmp_path: Path) -> None:
    """The editor is a script that writes the settings and data of a tiny project, as a user would write their own."""
    editor = tmp_path / "editor"
    editor.write_text(f'#!/bin/sh\ncp -r {project}/. "$(dirname "$1")"\n')
    editor.chmod(0o700)
    written = commands(ROOT / "README.md")
    assert [line.split()[:2] for line in written if "EDITOR" not in line] == [
        ["acclimate", verb] for verb in ("init", "plan", "run", "report")
    ]
    run_all(written, tmp_path, editor=str(editor))
    assert (tmp_path / "notes/report.html").is_file()


def test_the_commands_of_the_example_are_those_that_guides_run() -> None:
    written = commands(ROOT / "examples/clinical/README.md")
    assert written and set(written) <= {command for page in PAGES for command in commands(page)}


@pytest.mark.parametrize("page", [page for page in PAGES if ">>>" in page.read_text()], ids=lambda page: page.stem)
def test_every_python_example_of_a_page_gives_what_it_shows(page: Path) -> None:
    shown = doctest.testfile(str(page), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert shown.attempted > 0
    assert shown.failed == 0


def test_the_notebook_recipe_of_the_readme_runs_as_written(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert recipe is not None
    monkeypatch.chdir(finished.parent)
    finished.rename("notes")
    shutil.rmtree("notes/restricted/evaluate", ignore_errors=True)
    shutil.rmtree("notes/artifacts/evaluate", ignore_errors=True)
    exec(compile(recipe[1], "README.md", "exec"), {})


def test_generated_pages_are_what_the_code_says() -> None:
    checked = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("command", ["train", "train preview", "key new", "key show"])
def test_the_command_line_page_has_the_verbs_below_a_verb(command: str) -> None:
    assert f"\n## acclimate {command}\n" in (ROOT / "docs/reference/cli.md").read_text()


def test_the_guide_to_identifiers_has_a_row_for_every_paragraph_of_safe_harbor() -> None:
    rows = re.findall(r"^\| ([A-R](?:, [A-R])*) \|", (ROOT / "docs/guides/identifiers.md").read_text(), re.MULTILINE)
    assert [letter for row in rows for letter in row.split(", ")] == [one.paragraph for one in SAFE_HARBOR]


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *PAGES], ids=lambda page: page.stem)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []

"""The commands and examples on the docs' pages run as written, and generated pages are what the code says."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from acclimate.certificate.safe_harbor import SAFE_HARBOR

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))


def commands(page: Path) -> list[str]:
    """The lines after `$` in console blocks."""
    blocks = re.findall(r"```console\n(.*?)```", page.read_text(), re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def run_all(written: Sequence[str], folder: Path, *, editor: str = "false") -> None:
    """Runs the lines of a page in a shell each."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "EDITOR": editor}
    for command in written:
        ran = subprocess.run(
            command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, f"{command}\n{ran.stderr[-2000:]}"


ON_A_FINISHED_PROJECT = [ROOT / "docs/guides/adapting.md"]
"""Pages that begin where a project has been run, as the page on the first project leaves it."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if commands(page) and page not in ON_A_FINISHED_PROJECT],
    ids=lambda page: page.stem,
)
def test_every_command_of_a_page_runs(page: Path, tmp_path: Path) -> None:
    run_all(commands(page), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("page", ON_A_FINISHED_PROJECT, ids=lambda page: page.stem)
def test_every_command_of_a_page_about_a_finished_project_runs(page: Path, finished: Path) -> None:
    finished.rename(finished.parent / "demo")
    run_all(commands(page), finished.parent)


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

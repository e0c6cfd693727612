from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.page_commands import require_complete
from typer.main import get_command

from acclimate.api import Project
from acclimate.cli import main
from acclimate.cli.compare import Task
from acclimate.cli.main import STAGE_VERBS, VERBS, app_of
from acclimate.cli.stages import run_stage
from acclimate.core.errors import ConfigError
from acclimate.core.labels import LABEL_TASKS
from acclimate.pipeline.config import TASKS
from acclimate.pipeline.table import STAGE_NAMES


def acclimate(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from acclimate.cli.main import main; main()", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_every_stage_has_a_verb() -> None:
    assert tuple(STAGE_VERBS) == STAGE_NAMES


def test_compare_takes_every_task_but_those_of_labels_whose_base_tells_none() -> None:
    assert (*Task, *LABEL_TASKS) == TASKS


def test_help_lists_every_verb_and_begins_with_what_and_an_example(tmp_path: Path) -> None:
    shown = acclimate("--help", folder=tmp_path)
    assert shown.returncode == 0
    assert all(f"  {verb} " in shown.stdout for verb in VERBS)
    assert "example: acclimate init" in shown.stdout


def test_help_imports_no_heavy_library(tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['acclimate', '--help']\n"
        "from acclimate.cli.main import main; main()\n"
        "print(sorted({'torch', 'transformers', 'pyarrow', 'polars', 'pydantic', 'typer'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.endswith("[]\n")


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_a_verb_begins_with_a_sentence_and_an_example(tmp_path: Path, verb: str) -> None:
    shown = acclimate(verb, "--help", folder=tmp_path)
    assert shown.returncode == 0
    usage, says, *paragraphs = shown.stdout.split("\n\n")
    with_verbs = {
        "train",
        "drops",
        "key",
        "certificate",
        "glossary",
        "annotations",
        "annotate",
        "audit",
        "tagger",
        "study",
        "release",
    }
    assert ("COMMAND" in usage) == (verb in with_verbs)
    assert says.endswith(".")
    assert any("example: " in text and f"acclimate {verb}" in text for text in paragraphs)


def options(verb: str) -> dict[str, set[str]]:
    """The options of a verb and of those below it; a verb that only has verbs below it takes none."""
    command = get_command(app_of(verb))
    taken = {verb: command} if verb not in ("key", "certificate", "annotations", "tagger", "study") else {}
    taken |= {f"{verb} {name}": below for name, below in getattr(command, "commands", {}).items()}
    return {words: {name for one in command.params for name in one.opts} for words, command in taken.items()}


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_takes_the_options_that_the_help_promises(verb: str) -> None:
    anywhere = ("init", "compare", "verify", "doctor", "key signing", "release decide", "release memo")
    for words, taken in options(verb).items():
        assert {"--json", "--quiet"} <= taken, words
        assert ("--project" in taken) == (words not in anywhere), words


@pytest.mark.parametrize("verb", VERBS)
def test_every_example_in_the_help_of_a_verb_names_options_that_there_are(verb: str) -> None:
    command = get_command(app_of(verb))
    helps = [one.help or "" for one in (command, *getattr(command, "commands", {}).values())]
    examples = [line for text in helps for line in re.findall(r"example: (.*acclimate .*)", text)]
    assert examples
    for line in examples:
        require_complete(line)


def test_a_preview_of_training_can_be_of_other_settings_and_of_the_trial() -> None:
    assert {"--set", "--quick"} <= options("train")["train preview"]


@pytest.mark.parametrize("stage", STAGE_VERBS)
def test_the_help_of_a_stage_says_what_the_stage_does(stage: str) -> None:
    command = get_command(app_of(stage))
    assert STAGE_VERBS[stage][1:] in (command.help or "")


@pytest.mark.parametrize(
    ("stage", "extra", "hint"),
    [
        ("select_model", "", "set select_model.candidates"),
        ("clean", "model: ./adapter\n", "it compares a model trained elsewhere .*its steps are: ingest, general"),
        ("select_model", "model: ./adapter\n", "it compares a model trained elsewhere"),
    ],
)
def test_a_stage_that_a_project_lacks_is_explained(tmp_path: Path, stage: str, extra: str, hint: str) -> None:
    (tmp_path / "acclimate.yaml").write_text(f"project: notes\n{extra}ingest: {{sources: [{{path: a.jsonl}}]}}\n")
    with pytest.raises(ConfigError, match=f"has no step {stage}.*\n.*{hint}"):
        run_stage(stage, Project.open(tmp_path), as_json=False, quiet=True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["trian"], "acclimate has no verb 'trian'"),
        (["plan"], "There is no acclimate.yaml in"),
        (["init", "x", "--example", "legal"], "There is no example 'legal'"),
        (["init", "a-file"], "a-file is a file"),
        (["init", "a-file/notes"], "a-file/notes: Not a directory"),
        (["audit", "--project", "notes"], "audit.jsonl: Is a directory"),
    ],
)
def test_a_mistake_is_one_sentence_with_exit_code_2(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    (tmp_path / "a-file").touch()
    (tmp_path / "notes/audit.jsonl").mkdir(parents=True)
    (tmp_path / "notes/acclimate.yaml").touch()
    failed = acclimate(*arguments, folder=tmp_path)
    assert failed.returncode == 2
    assert failed.stdout == ""
    assert failed.stderr.startswith("error: ") and sentence in failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "acclimate.yaml").touch(mode=0)
    failed = acclimate("plan", folder=tmp_path)
    assert failed.returncode == 2
    assert "acclimate.yaml: Permission denied.\nhint: " in failed.stderr and "Traceback" not in failed.stderr


def test_the_exit_codes_that_are_documented_are_those_that_are_returned() -> None:
    documented = set(re.findall(r"\b\d+\b", (main.__doc__ or "").split("Exit codes:")[1]))
    files = Path(main.__file__).parent.glob("*.py")
    returned = {code for file in files for code in re.findall(r"Exit\((\d+)\)", file.read_text())}
    assert documented == {"0", *returned}


def test_init_writes_a_project_whose_settings_are_all_explained(tmp_path: Path) -> None:
    made = acclimate("init", "notes", "--json", folder=tmp_path)
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["project"] == "notes"
    assert "next: name your data in notes/acclimate.yaml, then acclimate plan --project notes" in made.stderr
    written = (tmp_path / "notes/acclimate.yaml").read_text()
    assert all(f"# {stage}:" in written for stage in STAGE_NAMES)
    assert acclimate("init", "notes", folder=tmp_path).returncode == 2


@pytest.mark.parametrize("option", [["--quick"], ["--project", "tiny"], ["--set", "train.seed=3"], ["--json"]])
def test_an_option_before_a_verb_below_a_verb_is_refused_and_not_ignored(tmp_path: Path, option: list[str]) -> None:
    refused = acclimate("train", *option, "preview", folder=tmp_path)
    assert refused.returncode == 2
    assert refused.stderr == (
        f"error: {option[0]} stands before preview, which would not see it.\n"
        f"hint: write it after: acclimate train preview {option[0]} …\n"
    )


def test_the_command_in_a_hint_acts_on_the_project_that_was_given(project: Path) -> None:
    refused = acclimate("where", "split", "--project", project.name, folder=project.parent)
    assert refused.returncode == 2
    assert f"hint: acclimate run --project {project.name} --until split" in refused.stderr

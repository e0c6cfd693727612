from __future__ import annotations

import json
import re
from pathlib import Path

from typer.testing import CliRunner

from acclimate.cli.main import app_of


def preview(project: Path, *options: str) -> str:
    told = CliRunner().invoke(app_of("train"), ["preview", "--project", str(project), "--rows", "1", *options])
    assert told.exit_code == 0, told.output
    return told.stdout


def test_a_preview_marks_the_answer_and_its_stop_token_and_nothing_of_the_prompt(finished: Path) -> None:
    [row] = json.loads(preview(finished, "--json"))
    told = preview(finished)
    assert told.startswith(f"--- {row['id']}\n")
    marked = re.findall(r"⟦(.*?)⟧", told, re.DOTALL)
    assert marked == [text for text, trained in row["pieces"] if trained]
    assert "".join(marked).startswith("c/o ") and "visit" in "".join(marked)
    assert "Doctor: What brings you in" in re.sub(r"⟦.*?⟧", "", told, flags=re.DOTALL)

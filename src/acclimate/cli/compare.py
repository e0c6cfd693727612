"""acclimate compare: a model or adapter trained elsewhere against its base, without a project."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import typer

from acclimate.api import Project, answer_side_by_side
from acclimate.cli.console import listener, print_json, say, tell
from acclimate.cli.options import JsonOption, QuietOption, new_app
from acclimate.core.errors import ConfigError
from acclimate.pipeline.comparison import write_comparison
from acclimate.report.words import TRAINED_ELSEWHERE


class Task(StrEnum):
    """What the test items are."""

    GENERATION = "generation"
    PRETRAINING = "pretraining"
    PREFERENCE = "preference"


BESIDE: Mapping[Task, Mapping[str, str]] = {
    Task.GENERATION: {"prompt": "completion", "completion": "prompt"},
    Task.PRETRAINING: {},
    Task.PREFERENCE: {"prompt": "chosen", "chosen": "rejected", "rejected": "chosen"},
}
"""By task, what a column that is named must have beside it: none is recognised once one is named."""


app = new_app("acclimate compare --base smollm2-135m --model ./my-adapter --test test.jsonl")


@app.command()
def command(
    base: str = typer.Option(help="The model it was trained from: a folder, a GGUF file, or smollm2-135m."),
    model: str = typer.Option(help="The adapter or model to judge: a folder."),
    test: Path | None = typer.Option(None, help="Test items: JSONL, CSV, Parquet or text, also .gz."),
    columns: list[str] = typer.Option(
        [],
        "--column",
        help="What a column means: prompt=question, completion=answer, text=note. By default recognised.",
    ),
    task: Task = typer.Option(
        Task.GENERATION,
        help="generation: prompts with answers; pretraining: plain texts; preference: prompts with a chosen and a rejected answer.",
    ),
    prompts: list[str] = typer.Option([], "--prompt", help="Print both answers to a prompt of your own; repeatable."),
    output: Path = typer.Option(Path("comparison"), help="The folder of the table and the report."),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Compare a model trained elsewhere with its base: gain on a test file, retention, intervals, a report.

    example: acclimate compare --base smollm2-135m --model ./my-adapter --test test.jsonl --column prompt=question
    --column completion=answer
    """
    if test is None and not prompts:
        raise ConfigError("There is nothing to compare on.", hint="give --test FILE, or --prompt TEXT")
    result: dict[str, Any] = {}
    if prompts:
        result["answers"] = answer_side_by_side(base, model, prompts)
        if not as_json:
            _print_answers(result["answers"])
    if test is not None:
        write_comparison(output, base=base, model=model, test=test, columns=_mapping(columns, task), task=task)
        project = Project.open(output)
        project.run(listener=listener(quiet=quiet))
        metrics = project.report("evaluate").metrics
        result |= {"metrics": metrics, "not_known": TRAINED_ELSEWHERE, "report": str(project.write_report())}
        if not as_json:
            _print_table(metrics)
            say(f"report: {result['report']}", quiet=quiet)
    if as_json:
        print_json(result)


def _mapping(columns: list[str], task: Task) -> dict[str, str]:
    pairs = [column.partition("=") for column in columns]
    wrong = [name for name, equals, _ in pairs if not equals]
    if wrong:
        raise ConfigError(f"--column {wrong[0]!r} has no column to read.", hint="write it as prompt=question")
    mapping = {name: column for name, _, column in pairs}
    for name, other in BESIDE[task].items():
        if name in mapping and other not in mapping:
            raise ConfigError(
                f"--column names the {name} and not the {other}, and no column is recognised once one of them is named.",
                hint=f"add --column {other}=COLUMN",
            )
    return mapping


def _print_answers(answers: list[dict[str, str]]) -> None:
    for row in answers:
        for name, key in (("prompt: ", "prompt"), ("  base:  ", "base"), ("  model: ", "model")):
            for place, line in enumerate(row[key].split("\n")):
                tell(f"{name if not place else ' ' * len(name)}{line}")


def _print_table(metrics: Mapping[str, Any]) -> None:
    tell(f"{'metric':<28} {'base':>8} {'model':>8} {'change':>8}  {'interval':<20} verdict")
    for row in metrics["comparisons"]:
        interval = "–" if row["low"] is None else f"{row['low']:+.3f} to {row['high']:+.3f}"
        tell(
            f"{row['metric']:<28} {row['other']:>8.3f} {row['adapted']:>8.3f} {row['difference']:>+8.3f}  {interval:<20} {row['verdict']}"
        )
    general = metrics["retention"]["general"]
    if general:
        interval = "–" if general["low"] is None else f"{general['low']:+.2%} to {general['high']:+.2%}"
        tell(
            f"{'general text, bits per byte':<28} {general['base']:>8.3f} {general['adapted']:>8.3f}"
            f" {general['value']:>+8.2%}  {interval:<20} {general['verdict']}"
        )
    for row in metrics["retention"]["abilities"]:
        interval = f"{row['low']:+.3f} to {row['high']:+.3f}"
        tell(
            f"{row['ability'].replace('_', ' '):<28} {row['base']:>8.3f} {row['adapted']:>8.3f}"
            f" {row['difference']:>+8.3f}  {interval:<20} {row['verdict']}"
        )
    for fact in TRAINED_ELSEWHERE:
        tell(f"not known: {fact}")

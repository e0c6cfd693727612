"""One verb a stage: runs the pipeline up to that stage's steps and prints what came of them."""

from __future__ import annotations

from collections.abc import Callable

import typer

from acclimate.api import Project
from acclimate.cli.console import counts_line, listener, next_command, print_json, say, tell
from acclimate.cli.dial import dial
from acclimate.cli.main import STAGE_VERBS
from acclimate.cli.options import (
    HERE,
    JsonOption,
    ProjectOption,
    QuickOption,
    QuietOption,
    SetOption,
    new_app,
    refuse_options_before,
)
from acclimate.cli.run import outcome_row
from acclimate.core.errors import ConfigError
from acclimate.pipeline.run import StepOutcome


def app_for(stage: str) -> typer.Typer:
    """The application of one stage's verb; those of train and glossary have a verb of their own below them."""
    example = f"acclimate {stage} --project demo"
    app = new_app(example)
    says = STAGE_VERBS[stage]
    text = f"{says[0].upper()}{says[1:]}.\n\nSteps before it that are not current run first.\n\nexample: {example}"
    below: dict[str, Callable[..., None]] = {}
    if stage == "train":
        below["preview"] = preview
        below["dial"] = dial
    if stage == "glossary":
        below["write"] = write
    add = app.callback(invoke_without_command=True, help=text) if below else app.command(help=text)

    @add
    def command(
        context: typer.Context,
        project: ProjectOption = HERE,
        overrides: SetOption = [],  # noqa: B006 - typer copies it
        quick: QuickOption = False,
        as_json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        if context.invoked_subcommand is not None:
            refuse_options_before(context.invoked_subcommand, context)
            return
        opened = Project.open(project, overrides=overrides, quick=quick)
        following = run_stage(stage, opened, as_json=as_json, quiet=quiet)
        if following:
            told = next_command("run", "--until", following, project=project, quick=quick, overrides=overrides)
        else:
            told = next_command("report", project=project, quick=quick)
        say(f"next: {told}", quiet=quiet)

    for name, verb in below.items():
        app.command(name)(verb)
    return app


def run_stage(stage: str, project: Project, *, as_json: bool, quiet: bool) -> str | None:
    """Runs every step of a stage and prints their outcomes; the step that follows, if there is one."""
    steps = [step.name for step in project.config.steps if step.stage == stage and step.section == stage]
    names = [step.name for step in project.config.steps]
    if not steps:
        raise ConfigError(f"This project has no step {stage}.", hint=_hint_at_steps(stage, project, names))
    made = {
        outcome.planned.step.name: outcome
        for step in steps
        for outcome in project.run(until=step, listener=listener(quiet=quiet))
    }
    wanted = [made[step] for step in steps]
    if as_json:
        print_json([outcome_row(outcome) for outcome in wanted])
    else:
        _print_outcomes(wanted)
    return next(iter(names[names.index(steps[-1]) + 1 :]), None)


def _print_outcomes(outcomes: list[StepOutcome]) -> None:
    for outcome in outcomes:
        tell(f"{outcome.planned.step.name}: {counts_line(outcome)}")
        print(f"artifact: {outcome.finished.artifact.path}")


def _hint_at_steps(stage: str, project: Project, names: list[str]) -> str:
    if stage == "select_model" and project.config.model is None:
        return "set select_model.candidates in acclimate.yaml to two or more models"
    compares = "it compares a model trained elsewhere (model: in acclimate.yaml); " if project.config.model else ""
    return f"{compares}its steps are: {', '.join(names)}"


def preview(
    project: ProjectOption = HERE,
    rows: int = typer.Option(2, help="How many rows to show."),
    overrides: SetOption = [],  # noqa: B006 - typer copies it
    quick: QuickOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Print training rows as the model sees them; tokens that carry loss stand between ⟦ and ⟧.

    example: acclimate train preview --project demo --rows 2
    """
    shown = Project.open(project, overrides=overrides, quick=quick).preview_training(rows)
    if as_json:
        print_json(shown)
        return
    for row in shown:
        tell(f"--- {row['id']}")
        text = "".join(f"⟦{text}⟧" if trained else text for text, trained in row["pieces"])
        for line in text.split("\n"):
            tell(line)


def write(
    project: ProjectOption = HERE,
    quick: QuickOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Add the terms found last to the list that you edit; what stands there stays as it is, and wins.

    example: acclimate glossary write --project demo
    """
    path, added = Project.open(project, quick=quick).write_glossary()
    print_json({"glossary": str(path), "added": added}) if as_json else print(path)
    say(f"{added} terms added; write no under use for those that are none", quiet=quiet)
    say(f"next: {next_command('glossary', project=project, quick=quick)}", quiet=quiet)

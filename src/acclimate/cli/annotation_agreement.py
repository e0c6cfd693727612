"""acclimate annotations agreement: how far a task's readers agree, where they do not, and what to look at again."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import typer

from acclimate.annotation.agreement.figure import Agreement
from acclimate.annotation.agreement.of_task import QuestionFigures, QuestionParts, agreement_of, agreement_parts
from acclimate.cli.annotation_store import annotation_store
from acclimate.cli.console import print_json, tell
from acclimate.cli.options import HERE, AsOption, JsonOption, ProjectOption, QuietOption
from acclimate.cli.sign_in import sign_in
from acclimate.project.workspace import Workspace

MOST_DOUBTS = 20
"""Items in doubt that are printed; with --json all are."""


def agreement(
    task: str = typer.Option(..., "--task", help="The task whose readers are compared."),
    project: ProjectOption = HERE,
    as_person: AsOption = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show how far readers agree: by question, label, site and pair, with 95 % intervals; and what deserves another look.

    Labels: Krippendorff's alpha, Gwet's AC1, percent agreement; two readers: Cohen's kappa; spans: pairwise F1 and alpha.
    From three readers on, how well each reads (Dawid and Skene, MACE). Items in doubt are named without labels and
    readers, so that whoever decides them is not led. That readings were taken for it is an event, so you sign
    in: owners, managers, reviewers, approvers and auditors may.

    example: acclimate annotations agreement --task notes --project demo
    """
    with annotation_store(project) as store:
        who = sign_in(store, as_person, command="annotations agreement")
        figures, parts = agreement_of(store, task, by=who), agreement_parts(store, task, by=who)
        store.anchor(Workspace.open(project).audit)
    if as_json:
        print_json(_json(figures, parts))
        return
    if not figures:
        tell("this task asks for no labels, ratings or spans, so there is no figure of agreement")
    for question, where in zip(figures, parts, strict=True):
        tell(question.what)
        for found in question.figures:
            _print(found.coefficient.replace("_", " "), found)
        _print_parts(where)


def _print_parts(where: QuestionParts) -> None:
    for part in where.parts:
        _print(f"{part.kind} {part.name}", part.agreement)
    for reader in where.readers:
        tell(
            f"  {reader.reader}: {reader.readings} readings, {reader.right:.2f} of the labels expected right, "
            f"knows {reader.knows:.2f} (the rest is guessed)"
        )
    for doubt in where.doubts[:MOST_DOUBTS]:
        tell(f"  look again at {doubt.item}: {doubt.why}")
    if len(where.doubts) > MOST_DOUBTS:
        tell(f"  and at {len(where.doubts) - MOST_DOUBTS} more items: --json lists all")


def _print(what: str, found: Agreement) -> None:
    estimate = found.estimate
    value = "–" if math.isnan(estimate.value) else f"{estimate.value:.2f}"
    interval = "" if math.isnan(estimate.low) else f"  [{estimate.low:.2f}, {estimate.high:.2f}]"
    tell(f"  {what:<36} {value:>5}{interval}  {found.items} items{f'; {found.reason}' if found.reason else ''}")


def _json(figures: list[QuestionFigures], parts: list[QuestionParts]) -> list[dict[str, Any]]:
    return [
        {
            "question": question.what,
            "figures": [_figure(one) for one in question.figures],
            "parts": [{"kind": one.kind, "name": one.name, **_figure(one.agreement)} for one in where.parts],
            "readers": [asdict(one) for one in where.readers],
            "look_again": [asdict(one) for one in where.doubts],
        }
        for question, where in zip(figures, parts, strict=True)
    ]


def _figure(found: Agreement) -> dict[str, Any]:
    numbers = {"value": found.estimate.value, "low": found.estimate.low, "high": found.estimate.high}
    known = {name: None if math.isnan(number) else number for name, number in numbers.items()}
    counts = {"items": found.items, "readings": found.readings, "annotators": found.annotators}
    return {"coefficient": found.coefficient, **known, **counts, "reason": found.reason}

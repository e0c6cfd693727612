"""acclimate drops: what was dropped and why, whether people find it right, and what they re-include."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from acclimate.api import Project
from acclimate.cli.console import next_command, print_json, say, tell
from acclimate.cli.options import HERE, JsonOption, ProjectOption, QuickOption, QuietOption, new_app
from acclimate.core.reinclusion import id_digest
from acclimate.core.stage import Zone
from acclimate.pipeline.drop_samples import read_marks, write_sample
from acclimate.pipeline.drops import DroppedRecord, RuleDrops, StepDrops, rules_of, step_drops
from acclimate.pipeline.learnt_lines import learnt_lines
from acclimate.pipeline.reinclusion import keep_records, undo_keep
from acclimate.project.judgements import add_judgements, read_judgements

app = new_app(
    "acclimate drops --project demo --step clean --samples 3",
    says="Show how many records each rule dropped, which, and how often people found that it was right.",
)

_SHOWN_CHARACTERS = 300

StepOption = typer.Option(None, "--step", help="Only this step, for example clean.")
RuleOption = typer.Option(None, "--rule", help="Only this rule, for example too_short.")
TextOption = typer.Option(False, "--show-text", help="Show text of the restricted zone too; it may name people.")


@app.callback(invoke_without_command=True)
def command(
    context: typer.Context,
    project: ProjectOption = HERE,
    step: str | None = StepOption,
    rule: str | None = RuleOption,
    samples: int = typer.Option(0, min=0, help="So many dropped records of each rule, drawn by a hash of their ids."),
    show_text: bool = TextOption,
    quick: QuickOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show how many records each rule dropped, which, and how often people found that it was right.

    example: acclimate drops --project demo --step clean --samples 3
    """
    if context.invoked_subcommand is not None:
        return
    opened = Project.open(project, quick=quick)
    drops = step_drops(opened.workspace, opened.config, step=step, by="drops")
    rows = [(one, row, _samples(one, row, samples)) for one, row in rules_of(drops, rule=rule)]
    if as_json:
        print_json([_as_json(row, drawn, show_text or one.zone is Zone.OPEN) for one, row, drawn in rows])
        return
    tell(f"{'step':<11} {'rule':<32} {'dropped':>8} {'share':>7}  rightly dropped")
    for one, row, drawn in rows:
        tell(f"{row.step:<11} {row.rule:<32} {row.dropped:>8} {row.share:>7.1%}  {_precision(row)}{_reincluded(row)}")
        for record in drawn:
            _print_record(record, show_text=show_text or one.zone is Zone.OPEN)
    if not rows:
        say("nothing was dropped", quiet=quiet)
    elif all(row.precision is None for _, row, _ in rows):
        told = next_command("drops", "sample", "--step", rows[0][1].step, project=project, quick=quick)
        say(f"next: {told}", quiet=quiet)


@app.command()
def sample(
    project: ProjectOption = HERE,
    step: str = typer.Option("clean", "--step", help="The step whose drops are to be judged."),
    rule: str | None = RuleOption,
    n: int = typer.Option(20, "--n", min=1, help="At most so many records of each rule."),
    out: Path | None = typer.Option(
        None, "--out", help="A .csv or .jsonl file; by default one in the restricted zone."
    ),
    quick: QuickOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write dropped records to a file for people to mark: yes where a record was rightly dropped, no where not.

    The file holds record text, is readable by you alone, and is not taken back by acclimate: delete it when it is read.
    Records that were judged before are left out, so that a further sample adds to the earlier ones.

    example: acclimate drops sample --project demo --step clean --n 20 --out sample.csv
    """
    opened = Project.open(project, quick=quick)
    drops = step_drops(opened.workspace, opened.config, step=step, by="drops sample")
    judged = read_judgements(opened.workspace)
    records = []
    for one, row in rules_of(drops, rule=rule):
        known = {mark.record for mark in judged if (mark.step, mark.rule) == (row.step, row.rule)}
        records += one.draw(row.rule, n, but=known)
    path = out or opened.workspace.people / "samples" / f"{step}.csv"
    if out is None:
        path.parent.mkdir(parents=True, exist_ok=True)
    write_sample(path, records)
    print_json({"file": str(path), "records": len(records)}) if as_json else print(path)
    say(
        f"{len(records)} records; write yes or no in the column rightly_dropped, nothing where you cannot tell",
        quiet=quiet,
    )
    say(f"next: {next_command('drops', 'judge', str(path), project=project, quick=quick)}", quiet=quiet)


@app.command()
def judge(
    file: Path = typer.Argument(help="A file of `acclimate drops sample`, marked."),
    project: ProjectOption = HERE,
    quick: QuickOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Read the marks of a sample into the project, from where acclimate drops takes the precision of each rule.

    example: acclimate drops judge sample.csv --project demo
    """
    opened = Project.open(project, quick=quick)
    marks = read_marks(file)
    with opened.workspace.lock():
        add_judgements(opened.workspace, marks.judgements)
    right = sum(judgement.rightly_dropped for judgement in marks.judgements)
    counted = {"judged": len(marks.judgements), "rightly_dropped": right, "open": marks.open}
    if as_json:
        print_json(counted)
    else:
        tell(f"{counted['judged']} judged, {right} of them rightly dropped; {marks.open} left open")
    say(f"next: {next_command('drops', project=project, quick=quick)}", quiet=quiet)


@app.command()
def keep(
    records: list[str] = typer.Argument(
        help="Ids of dropped records, or their names in the column record of a sample."
    ),
    project: ProjectOption = HERE,
    undo: bool = typer.Option(False, "--undo", help="Take them off the list again."),
    quick: QuickOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Re-include records that clean or dedup dropped; the next run keeps them, and its report counts them.

    A whole rule is overruled in acclimate.yaml, by clean.keep_rules.

    example: acclimate drops keep north:N10042 --project demo
    """
    opened = Project.open(project, quick=quick)
    with opened.workspace.lock():
        rows = _undone(opened, records) if undo else _kept(opened, records)
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            tell(" ".join(row.values()))
    say(f"next: {next_command('run', project=project, quick=quick)}", quiet=quiet)


@app.command()
def lines(
    project: ProjectOption = HERE,
    show_text: bool = TextOption,
    quick: QuickOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show the lines that clean learnt as boilerplate and removed: how often, and from which source.

    example: acclimate drops lines --project demo --show-text
    """
    opened = Project.open(project, quick=quick)
    rows = learnt_lines(opened.workspace, show_text=show_text)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        place = "/".join(str(row[name]) for name in ("source", "site", "column") if row[name])
        text = f"  {row['text']}" if show_text else ""
        tell(
            f"{row['digest']} {row['characters']:>5} chars {row['lines']:>7} times {row['share']:>6.1%}  {place}{text}"
        )
    say(f"{len(rows)} lines; clean.boilerplate in acclimate.yaml says what is taken for boilerplate", quiet=quiet)


def _samples(drops: StepDrops, row: RuleDrops, samples: int) -> list[DroppedRecord]:
    return drops.draw(row.rule, samples) if samples else []


def _kept(project: Project, names: Sequence[str]) -> list[dict[str, str]]:
    found = keep_records(project.workspace, project.config, names)
    return [{"step": one.step, "rule": one.rule, "id": one.id, "record": id_digest(one.id)} for one in found]


def _undone(project: Project, names: Sequence[str]) -> list[dict[str, str]]:
    undone = undo_keep(project.workspace, names)
    return [{"step": step, "record": digest} for step, digests in undone.items() for digest in digests]


def _precision(row: RuleDrops) -> str:
    """The precision in words.

    >>> _precision(RuleDrops("clean", "language", 30, 0.1, 0))
    'not judged'
    """
    found = row.precision
    if found is None:
        return "not judged"
    unmarked = f", {found.unmarked} before them unmarked" if found.unmarked else ""
    return f"{found.share:.2f} ({found.bounds.low:.2f} to {found.bounds.high:.2f}; n {found.judged}{unmarked})"


def _reincluded(row: RuleDrops) -> str:
    return f"  ({row.reincluded} more re-included)" if row.reincluded else ""


def _print_record(record: DroppedRecord, *, show_text: bool) -> None:
    limit = f" (limit {record.threshold})" if record.threshold is not None else ""
    tell(f"    {record.id}  {record.value}{limit}")
    if show_text:
        shown = record.text[:_SHOWN_CHARACTERS] + "…" * (len(record.text) > _SHOWN_CHARACTERS)
        for line in shown.split("\n"):
            tell(f"      | {line}")


def _as_json(row: RuleDrops, drawn: Sequence[DroppedRecord], show_text: bool) -> dict[str, Any]:
    found = row.precision
    precision = found and {
        "share": found.share,
        "low": found.bounds.low,
        "high": found.bounds.high,
        "judged": found.judged,
        "right": found.right,
        "unmarked": found.unmarked,
    }
    return {
        "step": row.step,
        "rule": row.rule,
        "dropped": row.dropped,
        "share": row.share,
        "reincluded": row.reincluded,
        "precision": precision,
        "samples": [_sample_json(record, show_text=show_text) for record in drawn],
    }


def _sample_json(record: DroppedRecord, *, show_text: bool) -> dict[str, Any]:
    shown = {"id": record.id, "value": record.value, "threshold": record.threshold}
    return {**shown, "text": record.text} if show_text else shown

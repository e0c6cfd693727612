"""acclimate certificate: draw records for a person to read, judge what the person marked, show how the data stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from acclimate.api import Project
from acclimate.cli.console import next_command, print_json, say, tell
from acclimate.cli.options import HERE, AsOption, JsonOption, ProjectOption, QuickOption, QuietOption, new_app
from acclimate.core.errors import ConfigError
from acclimate.project.workspace import Workspace

if TYPE_CHECKING:
    from acclimate.certificate.task import SampleTask

app = new_app(
    "acclimate certificate sample --project demo --n 300",
    says="Certify by an audited sample what share of the identifiers was replaced.",
)


@app.command()
def sample(
    project: ProjectOption = HERE,
    n: int = typer.Option(300, "--n", min=1, help="How many records to read; 59 faultless spans of a class prove .95."),
    seed: int = typer.Option(0, help="Another seed draws other records; every draw is an audit event."),
    out: Path | None = typer.Option(None, help="A folder for sheet and table; by default one in restricted/."),
    task: str = typer.Option(
        "",
        help="Instead of writing sheet and table, put the records into this annotation task, made where there is none.",
    ),
    readings: int = typer.Option(1, min=1, help="How many people are to read each record, with --task."),
    as_person: AsOption = "",
    quick: QuickOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Draw records at random and write them as they were, with what was replaced marked, for a person to read.

    With --task they are read on the pages of acclimate annotate instead; whoever puts them there first owns and manages
    a project without people.

    example: acclimate certificate sample --project demo --n 300
    """
    if task:
        _require_no_folder(out)
        with _new_sample_task(project, task, as_person, readings=readings) as wanted:
            drawn, added = Project.open(project, quick=quick).put_audit_sample(wanted, n, seed=seed)
        print_json({"sample": drawn.id, "task": task, "new_items": added}) if as_json else print(task)
        say(f"{added} new items; they hold real people's words", quiet=quiet)
        following = next_command("certificate", "judge", "--task", task, project=project, quick=quick)
        say(f"people read them with {next_command('annotate', project=project)}; next: {following}", quiet=quiet)
        return
    drawing = Project.open(project, quick=quick).draw_audit_sample(n, seed=seed, folder=out)
    if as_json:
        print_json({"sample": drawing.sample.id, "sheet": str(drawing.sheet), "marks": str(drawing.marks)})
    else:
        print(drawing.sheet)
        print(drawing.marks)
    say("both hold or name real people's records: they are readable by you alone, keep them so", quiet=quiet)
    following = next_command("certificate", "judge", str(drawing.marks), project=project, quick=quick)
    say(f"read the first in a browser, fill in the second; next: {following}", quiet=quiet)


@app.command()
def judge(
    marks: Path | None = typer.Argument(None, help="The table as filled in by the reader."),
    project: ProjectOption = HERE,
    sample: str = typer.Option("", help="The sample it belongs to; by default the newest."),
    task: str = typer.Option("", help="The annotation task in which it was read, instead of a table."),
    as_person: AsOption = "",
    quick: QuickOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Judge a reader's marks: recall of every class with its lower bound, and what is left at most.

    Exit code 3 unless every class that occurs reaches what acclimate.yaml requires. With --task a snapshot of the
    finished readings is exported and judged.

    example: acclimate certificate judge marks.csv --project demo
    """
    opened = Project.open(project, quick=quick)
    if marks is not None and not task:
        certificate, path = opened.certify(marks, sample=sample)
    elif task and marks is None:
        with _sample_task(project, task, as_person) as read:
            certificate, path = opened.certify_task(read, sample=sample)
    else:
        raise ConfigError(
            "A sample is read in a table or in a task, not in both or neither.", hint="give MARKS, or --task NAME"
        )
    if as_json:
        print_json(certificate)
    else:
        _print_certificate(certificate["verdict"], certificate)
    say(f"certificate: {path}", quiet=quiet)
    _leave(certificate["verdict"])


@app.command()
def show(
    project: ProjectOption = HERE, quick: QuickOption = False, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """Show how the newest de-identified records stand; exit code 3 unless they are certified.

    A certificate is bound to the rows it was made for: once they are others it is stale.

    example: acclimate certificate show --project demo
    """
    status, certificate = Project.open(project, quick=quick).certificate()
    if as_json:
        print_json({"status": status, "certificate": certificate})
    else:
        _print_certificate(status, certificate)
    _leave(status)


@contextmanager
def _new_sample_task(project: Path, task: str, as_person: str, *, readings: int) -> Iterator[SampleTask]:
    """The task in the project's annotations, which are begun where there are none."""
    from acclimate.certificate.task import SampleTask
    from acclimate.cli.annotation_store import annotation_store
    from acclimate.cli.sign_in import person_or_account, sign_in

    with annotation_store(project, first_manager=person_or_account(as_person)) as store:
        yield SampleTask(store, task, sign_in(store, as_person, command="certificate sample"), readings)
        store.anchor(Workspace.open(project).audit)


@contextmanager
def _sample_task(project: Path, task: str, as_person: str) -> Iterator[SampleTask]:
    """The task in the project's annotations, as it was read."""
    from acclimate.certificate.task import SampleTask
    from acclimate.cli.annotation_store import annotation_store
    from acclimate.cli.sign_in import sign_in

    with annotation_store(project) as store:
        yield SampleTask(store, task, sign_in(store, as_person, command="certificate judge"))
        store.anchor(Workspace.open(project).audit)


def _require_no_folder(out: Path | None) -> None:
    if out is not None:
        raise ConfigError("--out is for sheet and table, and a task has neither.", hint="give --task or --out")


def _leave(status: str) -> None:
    if status != "passed":
        raise typer.Exit(3)


def _print_certificate(status: str, certificate: Mapping[str, Any] | None) -> None:
    tell(f"de-identification: {'certified' if status == 'passed' else f'not certified ({status})'}")
    if certificate is None:
        return
    drawn = certificate["sample"]["samples_of_these_data"]
    if drawn > 1:
        tell(f"  {drawn} samples were drawn from these data; this is sample {certificate['sample']['id']}")
    for reason in certificate["because"]:
        tell(f"  {reason}")
    tell(
        f"{'class':<14} {'spans':>6} {'missed':>6} {'subjects':>8} {'recall':>7} {'at least':>8} {'required':>8}  verdict"
    )
    for row in certificate["classes"]:
        tell(
            f"{row['class']:<14} {row['spans']:>6} {row['missed']:>6} {row['subjects']:>8} {row['recall']:>7.3f}"
            f" {row['lower']:>8.3f} {row['required']:>8g}  {row['verdict']}"
        )
    for one in certificate["safe_harbor"]:
        if one["verdict"] == "not tested":
            tell(f"not tested: ({one['paragraph']}) {one['name']}{', ' + one['remark'] if one['remark'] else ''}")
    left = certificate["residual"]
    if left is not None:
        tell(
            f"left in 1,000 records: {left['per_1000_records']:.2f} identifiers, at most {left['per_1000_records_upper']:.2f};"
            f" per subject {left['per_subject']:.4f}, at most {left['per_subject_upper']:.4f}"
        )

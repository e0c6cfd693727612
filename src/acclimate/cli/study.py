"""acclimate study: a blind review of outputs by people, planned before and analysed as planned."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer
import yaml

from acclimate.annotation.study.analysis import Findings
from acclimate.annotation.study.confirmed import export_confirmed
from acclimate.annotation.study.kept import findings_json, keep_findings
from acclimate.annotation.study.marks import ANY
from acclimate.annotation.study.outputs import read_outputs, read_references
from acclimate.annotation.study.planning import items_for_preference, spent
from acclimate.annotation.study.protocol import Protocol, read_protocol
from acclimate.annotation.study.running import Look, Study, found_at, look, open_study, study
from acclimate.cli.annotation_store import annotation_store
from acclimate.cli.console import next_command, print_json, say
from acclimate.cli.options import HERE, AsOption, JsonOption, ProjectOption, QuietOption, new_app
from acclimate.cli.sign_in import person_or_account, sign_in
from acclimate.core.errors import ConfigError
from acclimate.project.annotation_snapshots import ANNOTATION_SNAPSHOTS
from acclimate.project.workspace import Workspace

app = new_app(
    "acclimate study open protocol.yaml --project demo",
    says="Let people compare outputs blind: plan it, open it, look when planned, show what was found.",
)


@app.command()
def plan(
    worth: float = typer.Option(0.2, help="The smallest net preference that matters: share better less share worse."),
    ties: float = typer.Option(0.3, help="The share of readings without a preference that you expect."),
    readings: int = typer.Option(1, min=1, help="How many people read each item."),
    alike: float = typer.Option(0.5, help="How alike two readers of one item are, as a correlation."),
    looks: int = typer.Option(1, min=1, max=10, help="How often results are looked at, the end included."),
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say how many items (of different subjects) show such a preference in four studies of five, at a level of 5 %.

    example: acclimate study plan --worth 0.2 --readings 2
    """
    parts = spent(0.05, looks)
    items = items_for_preference(worth, ties=ties, readings=readings, alike=alike, alpha=parts[-1])
    if as_json:
        print_json({"items": items, "readings": items * readings, "levels": parts})
        return
    print(f"{items} items of different subjects, {items * readings} readings")
    if looks > 1:
        print(f"levels of the {looks} looks: {', '.join(f'{part:.4f}' for part in parts)}")
    say(f"write a protocol; next: {next_command('study', 'open', 'protocol.yaml', project=project)}", quiet=quiet)


@app.command("open")
def open_(
    protocol: Path = typer.Argument(help="The protocol, a YAML file; the guide shows one."),
    project: ProjectOption = HERE,
    guideline: Path | None = typer.Option(None, help="A text file that readers have beside the items."),
    as_person: AsOption = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Fix the protocol for good and make its items from the project's predictions; doing it again changes nothing.

    example: acclimate study open protocol.yaml --project demo
    """
    wanted = _protocol(protocol)
    workspace = Workspace.open(project)
    words = guideline.read_text() if guideline is not None else ""
    with annotation_store(project, first_manager=person_or_account(as_person)) as store:
        who = sign_in(store, as_person, command="study open")
        found = read_outputs(workspace, wanted)
        opened = open_study(store, wanted, found.records, outputs=found.identities, guideline=words, by=who)
        store.anchor(workspace.audit)
    _tell(opened, as_json=as_json)
    say(f"readers find it as a task; next: {next_command('annotate', project=project)}", quiet=quiet)


@app.command("look")
def look_(
    name: str = typer.Argument(help="The study."),
    project: ProjectOption = HERE,
    close_early: str = typer.Option("", "--close-early", help="Close it now, for this reason, which stays visible."),
    as_person: AsOption = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Take the next planned look: who made what is told, and each look is counted. The last one closes the study.

    example: acclimate study look notes-review --project demo
    """
    workspace = Workspace.open(project)
    with annotation_store(project) as store:
        who = sign_in(store, as_person, command="study look")
        taken, findings = look(store, name, by=who, close_early=close_early)
        store.anchor(workspace.audit)
        told = findings_json(study(store, name, by=who), taken, findings)
    file = keep_findings(workspace, told)
    print_json(told) if as_json else _print_findings(taken, findings)
    say(f"kept in {file}", quiet=quiet)


@app.command()
def show(
    name: str = typer.Argument(help="The study."),
    project: ProjectOption = HERE,
    look: int = typer.Option(0, min=0, help="Show what this look found, computed anew from the database."),
    as_person: AsOption = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show where a study stands, or what an earlier look found; for the second you sign in, since it tells who made what.

    example: acclimate study show notes-review --look 1 --project demo
    """
    with annotation_store(project) as store:
        if look:
            who = sign_in(store, as_person, command="study show")
            taken, findings = found_at(store, name, look, by=who)
            told = findings_json(study(store, name, by=who), taken, findings)
            file = keep_findings(Workspace.open(project), told)
            say(f"kept in {file}", quiet=quiet)
            print_json(told) if as_json else _print_findings(taken, findings)
        else:
            _tell(study(store, name, by=person_or_account(as_person)), as_json=as_json)


@app.command()
def export(
    name: str = typer.Argument(help="The closed study."),
    project: ProjectOption = HERE,
    as_person: AsOption = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write what a second reader confirmed as regression cases and candidates for training, once the study is closed.

    example: acclimate study export notes-review --project demo
    """
    workspace = Workspace.open(project)
    private = workspace.folder / ANNOTATION_SNAPSHOTS
    for folder in (private.parent, private):
        folder.mkdir(mode=0o700, exist_ok=True)
    with annotation_store(project) as store:
        who = sign_in(store, as_person, command="study export")
        records = read_references(workspace)
        made = export_confirmed(store, name, private / name, records=records, by=who)
        store.anchor(workspace.audit)
    if as_json:
        print_json(made.to_json())
    else:
        print(f"{made.counts.kept} of {made.counts.inputs} marks are confirmed by a second reader")
        print(f"{made.cases} regression cases, {made.candidates} candidates for training: {made.folder}")
        for reason, count in made.without_candidate.items():
            print(f"no candidate: {reason}: {count}")
    say(
        "they are of test records and marked so: a project that ingests them tests on them, and does not train on them",
        quiet=quiet,
    )


def _protocol(path: Path) -> Protocol:
    try:
        return read_protocol(yaml.safe_load(path.read_bytes()))
    except FileNotFoundError:
        raise ConfigError(f"There is no file {path}.", hint="write a protocol; the guide shows one") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise ConfigError(f"{path.name} is no YAML.", hint="write a protocol; the guide shows one") from None


def _tell(standing: Study, *, as_json: bool) -> None:
    protocol = standing.protocol
    told: dict[str, Any] = {
        "study": protocol.name,
        "protocol": protocol.digest,
        "readings": standing.read,
        "wanted": standing.wanted,
        "looks": [asdict(one) for one in standing.looks],
        "closed": standing.closed,
    }
    if as_json:
        print_json(told)
        return
    print(f"{protocol.name}: protocol {protocol.digest[:16]}, {standing.read} of {standing.wanted} readings given")
    state = "closed" if standing.closed else "open"
    print(f"{len(standing.looks)} of {protocol.looks} looks taken, {state}")


def _print_findings(taken: Look, findings: Findings) -> None:
    early = f", closed early: {taken.reason}" if taken.reason else ""
    print(f"look {taken.number}{early}; {findings.items} items; protocol {findings.protocol[:16]}")
    print(
        f"{'axis':<18} {'arm':<10} {'other':<10} {'better':>6} {'tied':>6} {'worse':>6}  {'net and 95 % interval':<24} verdict"
    )
    for one in findings.preferences:
        shares = " ".join(f"{share:>6.0%}" for share in (one.better, one.tied, one.worse))
        interval = f"{one.net.value:+.2f} ({one.net.low:+.2f} to {one.net.high:+.2f})"
        print(f"{one.axis:<18} {one.arm:<10} {one.other:<10} {shares}  {interval:<24} {one.verdict}")
    for axis, fitted in findings.strengths.items():
        print(f"{axis}: standing first adds {fitted.first.value:+.2f} log-odds ({_interval(fitted.first)}),"
              f" being e times as long {fitted.length.value:+.2f} ({_interval(fitted.length)})")  # fmt: skip
    _print_marks(findings)
    again, bad = findings.repeats_equal, findings.known_bad_noticed
    print(
        f"repeats judged equally: {again.right} of {again.of} (at least {again.at_least:.0%})"
        if again.of
        else "no repeats"
    )
    print(
        f"known-bad outputs noticed: {bad.right} of {bad.of} (at least {bad.at_least:.0%})"
        if bad.of
        else "no known-bad outputs"
    )


def _print_marks(findings: Findings) -> None:
    for row in findings.marked.arms:
        if row.severity == ANY or row.marks:
            print(
                f"{row.arm}: {row.marks} marks {row.kind}, {row.severity}, in {row.readings} outputs read,"
                f" {row.per_output.value:.2f} an output ({_interval(row.per_output)}), {row.confirmed} by a second reader too"
            )
    for one in findings.marked.differences:
        print(
            f"{one.arm} less {one.other}: {one.difference.value:+.2f} marks {one.kind} an output ({_interval(one.difference)})"
        )


def _interval(estimate: Any) -> str:
    return f"{estimate.low:+.2f} to {estimate.high:+.2f}"

"""acclimate release: judge the model that was evaluated last under the project's gates; bundle the evidence."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import typer

from acclimate.api import Project
from acclimate.cli.console import print_json, say
from acclimate.cli.options import (
    HERE,
    ApproverOption,
    JsonOption,
    ProjectOption,
    QuickOption,
    QuietOption,
    new_app,
    refuse_options_before,
)
from acclimate.core.errors import ConfigError, SourceError
from acclimate.project.signing import load_signing_key, read_key
from acclimate.project.workspace import PROJECT_FILE
from acclimate.release.bundle import RELEASES
from acclimate.release.decisions import KINDS, Said
from acclimate.release.decisions import decide as decide_alone
from acclimate.release.evidence import PASS
from acclimate.release.verify_bundle import DECISIONS, ENVELOPE
from acclimate.release.words import finding_cells, verdict_sentence

app = new_app(
    "acclimate release --project demo",
    says="Give the verdict under the gates of acclimate.yaml: pass, fail, or insufficient evidence. Exits with 0 for pass"
    " and with 3 otherwise.",
)

_HEADS = ("gate", "what is asked", "measured", "required", "status")


@app.callback(invoke_without_command=True)
def command(
    context: typer.Context,
    project: ProjectOption = HERE,
    quick: QuickOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Give the verdict under the gates of acclimate.yaml: pass, fail, or insufficient evidence with what is still needed.

    Exits with 0 for pass and with 3 otherwise. The verdict lies as verdict.json in the project, and stands in the report.

    example: acclimate release --project demo
    """
    if context.invoked_subcommand is not None:
        refuse_options_before(context.invoked_subcommand, context)
        return
    verdict = Project.open(project, quick=quick).release()
    if as_json:
        print_json(verdict.to_json())
    else:
        print(verdict_sentence(verdict))
        rows = [_HEADS, *(finding_cells(finding) for finding in verdict.findings)]
        widths = [max(len(row[place]) for row in rows) for place in range(len(_HEADS))]
        for row in rows if verdict.findings else ():
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        for reason in verdict.reasons:
            print(f"because {reason}")
        if verdict.no_gate:
            print(f"not tested, since no gate asks for it: {', '.join(verdict.no_gate)}")
    say("the report shows it with who set each gate and why: acclimate report", quiet=quiet)
    if verdict.status != PASS:
        raise typer.Exit(3)


@app.command()
def bundle(
    version: str = typer.Argument(help="What the release is called: letters, digits, points, dashes."),
    project: ProjectOption = HERE,
    sign: str = typer.Option("", help="The signing key's name; acclimate key signing makes one."),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write the evidence of the last evaluation into releases/VERSION: reports, manifests, log, verdict, cards.

    Others check it with acclimate verify, or with one file and no acclimate. Whatever the verdict, it is bundled.

    example: acclimate release bundle 1.0 --sign m.keller --project demo
    """
    folder = Project.open(project).write_release(version, sign=sign)
    print_json({"bundle": str(folder), "signed": bool(sign)}) if as_json else print(folder)
    unsigned = "" if sign else "; nobody signed it, so it proves nothing to others"
    say(f"check it: acclimate verify {folder} --key PUBLIC_KEY{unsigned}", quiet=quiet)


@app.command()
def decide(
    bundle: Path = typer.Argument(help="The folder of the release, in its project or by itself."),
    kind: str = typer.Argument(help=f"What is decided: {', '.join(KINDS)}."),
    sign: str = typer.Option(..., help="Your signing key's name; acclimate key signing makes one."),
    reason: str = typer.Option("", help="Why; all but approve need it."),
    condition: list[str] = typer.Option([], help="What it holds for alone, in words; may be given several times."),
    until: datetime | None = typer.Option(None, formats=["%Y-%m-%d"], help="The day on which it ends."),
    owner: str = typer.Option("", help="Of a finding: who must close it."),
    of: str = typer.Option("", help="Of close: the finding."),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Approve a release, refuse it, release it although the verdict is no pass, or file or close a finding, signed.

    It is about these very files: it covers nothing that is trained, set or measured anew. Whoever trained the model or
    signed the bundle cannot decide. An approval ends after a year or what the policy allows; an override needs a reason
    and an end. In a project the audit log notes it for good.

    example: acclimate release decide releases/1.0 approve --sign dr.lind --condition "only at north"
    """
    if kind not in KINDS:
        raise ConfigError(f"{kind!r} cannot be decided.", hint=f"use one of: {', '.join(KINDS)}")
    if not (bundle / ENVELOPE).is_file():
        raise SourceError(f"{bundle} holds no {ENVELOPE}, so it is no evidence bundle.", hint="give the folder of one")
    said = Said(kind, reason, condition, until.date() if until else None, owner, of)
    home = bundle.resolve().parent.parent
    if bundle.resolve().parent.name == RELEASES and (home / PROJECT_FILE).is_file():
        name = Project.open(home).decide(bundle.resolve().name, said, sign=sign)
    else:
        name = decide_alone(bundle, said, load_signing_key(sign), today=datetime.now(UTC).date())
    print_json({"decision": name, "kind": kind}) if as_json else print(name)
    say(f"it lies in {bundle / DECISIONS}; whoever reads the bundle needs your public key", quiet=quiet)


@app.command()
def status(
    project: ProjectOption = HERE,
    approver: ApproverOption = [],  # noqa: B006 - typer copies it
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """List the releases: verdict, whether each may be used today and why, and what has changed since it was made.

    example: acclimate release status --project demo
    """
    found = Project.open(project).releases(approvers=[read_key(path) for path in approver])
    if as_json:
        print_json([asdict(one) for one in found])
        return
    for one in found:
        print(f"{one.version}  {one.verdict or 'no verdict'}  {one.standing.state}: {one.standing.said}")
        if one.changed:
            print(f"  does not cover what changed since: {', '.join(one.changed)}")
    if not found:
        say("there is no release yet; acclimate release bundle makes one", quiet=quiet)


@app.command()
def memo(
    bundle: Path = typer.Argument(help="The folder of the release."),
    output: Path = typer.Argument(help="The file to write, DOCX."),
    key: Path | None = typer.Option(None, help="The public key that must have signed it."),
    approver: ApproverOption = [],  # noqa: B006 - typer copies it
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write a release as one document to read and sign: verdict, decisions, cards, every check, lines for signatures.

    example: acclimate release memo releases/1.0 release-1.0.docx --key m.keller.pub
    """
    from acclimate.report.memo import write_memo

    if not (bundle / ENVELOPE).is_file():
        raise SourceError(f"{bundle} holds no {ENVELOPE}, so it is no evidence bundle.", hint="give the folder of one")
    keys = [read_key(path) for path in approver]
    today = datetime.now(UTC).date()
    write_memo(bundle, output, key=read_key(key) if key else None, approvers=keys, today=today)
    print_json({"memo": str(output)}) if as_json else print(output)
    say("the bundle stays the evidence; the memo names the digest of what it tells of", quiet=quiet)

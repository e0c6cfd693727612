"""acclimate verify: check the evidence bundle of a release, on any machine, without its data."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import typer

from acclimate.api import Project
from acclimate.cli.console import listener, print_json, say
from acclimate.cli.options import ApproverOption, JsonOption, QuietOption, new_app
from acclimate.core.errors import SourceError
from acclimate.pipeline.replay import TOLERANCE
from acclimate.project.signing import read_key
from acclimate.release.bundle import recheck
from acclimate.release.verify_bundle import ENVELOPE, HOLDS, WRONG

app = new_app("acclimate verify releases/1.0 --key m.keller.pub")


@app.command()
def command(
    bundle: Path = typer.Argument(help="The folder of the bundle."),
    key: Path | None = typer.Option(None, help="The public key that must have signed it."),
    approver: ApproverOption = [],  # noqa: B006 - typer copies it
    replay: Path | None = typer.Option(None, help="Compute the scores again with the model and data of this project."),
    tolerance: float = typer.Option(TOLERANCE, min=0.0, help="By what share a figure may differ when replayed."),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Check every file, the signature and the audit log, and judge anew; the first thing that does not hold ends it.

    With --replay every prediction and the evaluation are made anew beside the artifacts of the project and compared.

    Exits with 0 where all holds, and with 3 where something does not or is unproved, as it is without a key.

    example: acclimate verify releases/1.0 --key m.keller.pub
    """
    if not (bundle / ENVELOPE).is_file():
        raise SourceError(f"{bundle} holds no {ENVELOPE}, so it is no evidence bundle.", hint="give the folder of one")
    project = Project.open(replay) if replay else None
    keys = [read_key(path) for path in approver]
    checks = recheck(bundle, read_key(key) if key else None, approvers=keys)
    if project is not None and checks[-1].state != WRONG:
        checks += project.replay(bundle, listener=listener(quiet=quiet), tolerance=tolerance)
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        for check in checks:
            print(f"{check.state}: {check.what}: {check.said}")
    say("a bundle says what was measured; --key says by whom it is told", quiet=quiet)
    if any(check.state != HOLDS for check in checks):
        raise typer.Exit(3)

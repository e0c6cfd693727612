"""Two copies of the finished demo, run again and judged: one whose training forgets, and one with few people to test on.

- forgets: the learning rate is ten times the demo's and no text is replayed; the verdict must fail and name retention
- small: one test record in twenty instead of three in ten; the verdict must be insufficient and say how many are needed

    python -m benchmarks.evaluation.copies --project demo --output benchmarks/results/copies.json
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from acclimate.api import Project
from acclimate.release.evidence import FAIL, INSUFFICIENT, PASS, Finding
from benchmarks.recording import result, write_results

SPOILT = {
    "learning_rate: 2.0e-3, replay_loss: kl": "learning_rate: 2.0e-2, replay_share: 0",
    "sweep: {alphas: [0.75, 1],": "sweep: {alphas: [1],",
}
SMALL = {"{train: 0.6, validation: 0.1, test: 0.3}": "{train: 0.85, validation: 0.1, test: 0.05}"}


def edited(project: Path, folder: Path, changes: Mapping[str, str], *, afresh: bool) -> Project:
    """A copy of the project with other settings; `afresh` without anything that was made."""
    if afresh:
        shutil.copytree(project / "data", folder / "data")
        shutil.copy(project / "acclimate.yaml", folder)
    else:
        shutil.copytree(project, folder, dirs_exist_ok=True)
    path = folder / "acclimate.yaml"
    text = path.read_text()
    for was, becomes in changes.items():
        if was not in text:
            raise SystemExit(f"{project}/acclimate.yaml has no {was!r}: not the demo as it is made.")
        text = text.replace(was, becomes)
    path.write_text(text)
    return Project.open(folder)


def rows(project: Path) -> Iterator[dict[str, Any]]:
    """The verdict on the demo, and on each copy with what it names."""
    yield _judged("the demo", Project.open(project), PASS)
    with tempfile.TemporaryDirectory() as work:
        for name, changes, wanted in (("forgets", SPOILT, FAIL), ("small", SMALL, INSUFFICIENT)):
            folder = Path(work) / name
            folder.mkdir()
            copy = edited(project, folder, changes, afresh=wanted == INSUFFICIENT)
            copy.run()
            yield _judged(name, copy, wanted)


def _judged(name: str, project: Project, wanted: str) -> dict[str, Any]:
    verdict = project.release()
    named = {
        f"{finding.gate}: {finding.measured}": _said(finding)
        for finding in verdict.findings
        if finding.status == verdict.status != PASS
    }
    goal = f"1, {wanted}"
    return result(f"{name}: the verdict is {wanted}", float(verdict.status == wanted), goal=goal, peers=named)


def _said(finding: Finding) -> str:
    figures = "" if finding.value is None else f"{finding.value:.4f}"
    if finding.low is not None and finding.high is not None:
        figures += f" [{finding.low:.4f}, {finding.high:.4f}]"
    return figures + ("" if finding.needed is None else f", {finding.needed} more {finding.unit} needed")


def main() -> None:
    """Runs both copies, some minutes each, and writes their verdicts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", type=Path, default=Path("demo"))
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    write_results(arguments.output, list(rows(arguments.project)))


if __name__ == "__main__":
    main()

"""The demo's figures, read from its finished project: what it took, what it gained on each site, which faults were found.

make demo
python -m benchmarks.quality.demo --project demo --output benchmarks/results/demo.json

python -m benchmarks.quality.demo --planted --project demo
gives the planted faults alone, for which acclimate run --until deidentify is enough.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from acclimate.api import Project
from acclimate.report.faults import planted_faults
from acclimate.report.gather import gather, made_for
from benchmarks.recording import result, write_results


def main() -> None:
    """Reads the project, runs it once more with everything current, and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", type=Path, default=Path("demo"))
    parser.add_argument("--output", type=Path)
    parser.add_argument("--planted", action="store_true")
    arguments = parser.parse_args()
    read = planted_figures if arguments.planted else figures
    write_results(arguments.output, list(read(arguments.project)))


def figures(folder: Path) -> Iterator[dict[str, Any]]:
    """Every figure of the demo."""
    project = Project.open(folder)
    story = gather(project.workspace, project.config)
    yield result("whole line, minutes, all steps", round(story.seconds / 60, 2), goal="≤ 10 on two cores")
    peak = max(step.peak_memory_bytes for step in story.steps) / 1e9
    yield result("peak memory of the run, GB", round(peak, 2))
    yield result("run again with everything current, seconds", round(seconds_again(folder), 2), goal="≤ 15")
    for row in story.evaluate["comparisons"]:
        if row["metric"] in ("bits_per_byte", story.evaluate["task"]["answer_metric"]):
            yield _comparison(row, "both sites")
    for row in story.evaluate["slices"]:
        if row["group"] == "site":
            yield _comparison(row, row["value"])
    general = story.evaluate["retention"]["general"]
    yield result(
        "general text, relative change of bits per byte",
        round(general["value"], 4),
        interval=[round(general["low"], 4), round(general["high"], 4)],
        goal="≤ .01",
        peers={"verdict": general["verdict"]},
    )
    for row in story.evaluate["retention"]["abilities"]:
        yield result(
            f"ability {row['ability']}, change of accuracy",
            round(row["difference"], 4),
            interval=[round(row["low"], 4), round(row["high"], 4)],
            goal="≥ -.02",
            peers={
                "base": row["base"],
                "items": row["items"],
                "verdict": row["verdict"],
                "items needed": row["items_needed"],
            },
        )
    yield from _fault_figures(story.faults)


def planted_figures(folder: Path) -> Iterator[dict[str, Any]]:
    """What became of the planted faults in the newest de-identified records."""
    project = Project.open(folder)
    made = made_for(project.workspace, "deidentify")
    yield from _fault_figures(planted_faults(made, project.workspace, project.config))


def _fault_figures(faults: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in faults:
        recall = round(row["found"] / row["planted"], 3) if row["planted"] else None
        yield result(
            f"planted {row['kind']}, found (n={row['planted']})",
            recall,
            goal="≥ .95" if row["kind"].startswith("near_copy_10") else "",
            peers={
                "missed": row["missed"],
                **_wrongly_touched(row),
            },
        )


def _wrongly_touched(row: Mapping[str, Any]) -> dict[str, Any]:
    """How much sound text was touched; nothing where that is not known."""
    if row["wrongly_touched"] is None:
        return {}
    return {"wrongly touched": row["wrongly_touched"], "unplanted": f"{row['unplanted']} {row['unplanted_unit']}"}


def seconds_again(folder: Path) -> float:
    """Wall-clock seconds of both commands of `make demo`, where nothing has to be made; ends where a step was made."""
    acclimate = [sys.executable, "-c", "from acclimate.cli.main import main; main()"]
    project = ["--project", str(folder)]
    started = time.perf_counter()
    ran = subprocess.run([*acclimate, "run", "--json", "--quiet", *project], check=True, stdout=subprocess.PIPE)
    subprocess.run([*acclimate, "report", *project], check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - started
    if any(step["made"] for step in json.loads(ran.stdout)):
        raise SystemExit("A step was not current: run acclimate first.")
    return seconds


def _comparison(row: dict[str, Any], where: str) -> dict[str, Any]:
    peers = {
        "adapted": round(row["adapted"], 3),
        row["arm"]: round(row["other"], 3),
        "items": row["items"],
        "subjects": row["clusters"],
        "verdict": row["verdict"],
    }
    interval = None if row["low"] is None else [round(row["low"], 3), round(row["high"], 3)]
    return result(
        f"{row['metric']}, adapted less {row['arm']}, {where}",
        round(row["difference"], 3),
        interval=interval,
        goal="interval without 0",
        peers=peers,
    )


if __name__ == "__main__":
    main()

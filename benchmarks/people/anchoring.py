"""Whether the interval of anchoring holds what was planted in made-up readers, and how often it claims what was not.

Tasks of 80 items that three readers read, each suggestion shown by a draw; items differ in how likely readers agree
unseen, readers in that and in how far they are pulled. Planted is a pull of 0.7 log-odds, or none. Each figure is the
share of tasks; its interval is that of so many tasks (Wilson).

    python -m benchmarks.people.anchoring --output benchmarks/results/anchoring.json
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from acclimate.annotation.suggestions.influence import measured
from acclimate.testing.readers import Pull, simulated_exposures
from benchmarks.recording import share_result, write_results

PLANTED, NONE = Pull(seeing=0.7), Pull(seeing=0.0, spread=0.0)


def main() -> None:
    """Makes the tasks and counts what was recovered."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    generator = np.random.default_rng(0)
    write_results(arguments.output, [*recovered(arguments.tasks, generator), claims(arguments.tasks, generator)])


def recovered(tasks: int, generator: np.random.Generator) -> list[dict[str, Any]]:
    """Coverage of the planted pull, and how often it is told from none."""
    held, told = [], []
    for _ in range(tasks):
        made = simulated_exposures(PLANTED, generator)
        found = measured(made.readings).difference
        held.append(found.low <= made.truth <= found.high)
        told.append(found.low > 0)
    return [
        share_result("intervals that hold the planted anchoring", held, "≈ .95"),
        share_result("tasks that tell the planted anchoring from none", told, ""),
    ]


def claims(tasks: int, generator: np.random.Generator) -> dict[str, Any]:
    """How often anchoring is claimed where there is none."""
    found = [measured(simulated_exposures(NONE, generator).readings).difference for _ in range(tasks)]
    return share_result(
        "tasks without anchoring that claim some", [one.low > 0 or one.high < 0 for one in found], "≈ .05"
    )


if __name__ == "__main__":
    main()

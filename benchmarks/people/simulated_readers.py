"""Whether a study recovers what was planted in its readers: a preference, a liking for what stands first, one for length.

Made-up studies of 60 subjects, two items each, two readers an item, readings of one subject alike. Each figure is the
share of studies whose 95 % interval holds the planted effect, or, where nothing was planted, whose test claims one; the
interval of the figure is that of so many studies (Wilson).

    python -m benchmarks.people.simulated_readers --output benchmarks/results/simulated_readers.json
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from acclimate.annotation.study.analysis import BETTER, WORSE, analyse
from acclimate.annotation.study.protocol import Protocol
from acclimate.annotation.study.strengths import strengths
from acclimate.testing.readers import Habits, simulated
from benchmarks.recording import share_result, write_results

ARMS = ("adapted", "base")
PLANTED = Habits(arm=0.5, first=0.4, length=0.8)
PROTOCOL = Protocol(name="simulated", arms=ARMS)


def main() -> None:
    """Makes the studies and counts what they recovered."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    generator = np.random.default_rng(0)
    rows = [*recovered(arguments.studies, generator), *false_claims(arguments.studies // 4, generator)]
    write_results(arguments.output, rows)


def recovered(studies: int, generator: np.random.Generator) -> list[dict[str, Any]]:
    """Coverage of each planted effect."""
    held: dict[str, list[bool]] = {"preference at equal length": [], "first place": [], "length": []}
    for _ in range(studies):
        found = strengths(simulated(PLANTED, generator), ARMS)
        effects = ((found.arms["adapted"], PLANTED.arm), (found.first, PLANTED.first), (found.length, PLANTED.length))
        for seen, (estimate, planted) in zip(held.values(), effects, strict=True):
            seen.append(estimate.low <= planted <= estimate.high)
    return [
        share_result(f"intervals that hold the planted effect: {name}", seen, "≈ .95") for name, seen in held.items()
    ]


def false_claims(studies: int, generator: np.random.Generator) -> list[dict[str, Any]]:
    """How often a study of two equal arms calls one better, readers of a subject alike and fond of what stands first."""
    claims = []
    for _ in range(studies):
        table = simulated(Habits(first=0.4, spread=1.0), generator)
        claims.append(analyse(table, PROTOCOL).preferences[0].verdict in (BETTER, WORSE))
    return [share_result("studies of equal arms that claim a preference", claims, "≈ .05")]


if __name__ == "__main__":
    main()

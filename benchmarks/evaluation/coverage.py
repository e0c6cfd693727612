"""How often intervals hold the truth, and how often an effect of the size that is called detectable is found.

Sets of 20 to 100 subjects are drawn from populations with a known truth: made-up ones, and the scores of a finished
project drawn with replacement, so that nothing is scored again. Errors and power of the whole gate are in
benchmarks.evaluation.gate_errors; both are written together. Without a project only the made-up ones are drawn.

    python -m benchmarks.evaluation.coverage --project demo --output benchmarks/results/coverage.json
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.evaluation.gate_errors import gate_rows
from benchmarks.evaluation.intervals import peers
from benchmarks.evaluation.populations import CONFIDENCE, Population, made_up, of_project, with_truth
from benchmarks.recording import share_result, write_results

SETS = 2000
SUBJECTS = (20, 30, 50, 100)
RESAMPLES = 1000
PLANNED = 200
"""Sets from which the detectable effect is told."""


@lru_cache
def populations(project: Path | None) -> dict[str, Population]:
    """All of them, by name; the made-up ones alone without a project."""
    return {one.name: one for one in (*made_up(), *(of_project(project) if project else ()))}


def covered(name: str, subjects: int, *, project: Path | None, sets: int, resamples: int = RESAMPLES) -> dict[str, Any]:
    """How often the interval holds the truth, on which side it misses, and how often those of peers hold it."""
    population = populations(project)[name]
    random = np.random.default_rng([zlib.crc32(name.encode()), subjects])
    held, below, above = [], 0, 0
    of_peers: dict[str, int] = {}
    for _ in range(sets):
        drawn = population.draw(subjects, random, 0.0)
        found = drawn.estimate(resamples)
        held.append(found.low <= population.truth <= found.high)
        below += found.high < population.truth
        above += found.low > population.truth
        if drawn.ratio is not None:
            for peer, bounds in peers(drawn.ratio, drawn.subjects, resamples=resamples, confidence=CONFIDENCE).items():
                of_peers[peer] = of_peers.get(peer, 0) + (bounds.low <= population.truth <= bounds.high)
    missed = {"interval too low": below / sets, "too high": above / sets}
    others = {peer: round(count / sets, 3) for peer, count in of_peers.items()}
    return share_result(f"{name}, {subjects} subjects: truth in the interval", held, ".93 – .97", missed | others)


def found_effects(name: str, subjects: int, *, project: Path | None, sets: int) -> dict[str, Any]:
    """How often an effect of the detectable size is found: a gain in half of the sets, a loss in the others."""
    population = populations(project)[name]
    random = np.random.default_rng([zlib.crc32(name.encode()), subjects, 1])
    nothing = with_truth(population, 0.0)
    planned = [nothing.draw(subjects, random, 0.0).estimate(RESAMPLES).minimum_detectable for _ in range(PLANNED)]
    effect = float(np.mean(planned))
    better, worse = with_truth(population, -effect), with_truth(population, effect)
    found = [better.draw(subjects, random, 0.0).estimate(RESAMPLES).high < 0 for _ in range(sets // 2)]
    lost = [worse.draw(subjects, random, 0.0).estimate(RESAMPLES).low > 0 for _ in range(sets // 2)]
    each = {"gains found": float(np.mean(found)), "losses found": float(np.mean(lost)), "detectable": round(effect, 4)}
    figure = f"{name}, {subjects} subjects: effect of the detectable size found"
    return share_result(figure, found + lost, ".75 – .85", each)


def agreeing(name: str, subjects: int, *, project: Path | None, sets: int) -> dict[str, Any]:
    """How often so many resamples and four times as many say the same of the truth."""
    population = populations(project)[name]
    random = np.random.default_rng([zlib.crc32(name.encode()), subjects, 2])
    same = []
    for _ in range(sets):
        drawn = population.draw(subjects, random, 0.0)
        few, many = (drawn.estimate(resamples) for resamples in (RESAMPLES, 4 * RESAMPLES))
        same.append((few.low <= population.truth <= few.high) == (many.low <= population.truth <= many.high))
    return share_result(
        f"{name}, {subjects} subjects: {RESAMPLES} and {4 * RESAMPLES} resamples say the same", same, "", {}
    )


def _rows(project: Path | None, sets: int) -> Iterable[partial[dict[str, Any]]]:
    of: dict[str, Any] = {"project": project, "sets": sets}
    known = populations(project)
    yield from (partial(covered, name, subjects, **of) for name in known for subjects in SUBJECTS)
    moved = [name for name, population in known.items() if population.shifts]
    yield from (partial(found_effects, name, subjects, **of) for name in moved for subjects in (20, 50))
    yield partial(agreeing, next(iter(known)), 30, **of)
    if project:
        yield from gate_rows(project, sets)


def _call(row: partial[dict[str, Any]]) -> dict[str, Any]:
    return row()


def main() -> None:
    """Draws everything on all cores and writes one row for each population and number of subjects."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", type=Path)
    parser.add_argument("--sets", type=int, default=SETS)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    # Not forked: polars, which has read the project by then, holds locks that a fork would never see released.
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        write_results(arguments.output, list(pool.map(_call, _rows(arguments.project, arguments.sets))))


if __name__ == "__main__":
    main()

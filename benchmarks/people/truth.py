"""The likely truth behind several readings, beside crowd-kit: right labels, equal posteriors, and time.

Made-up annotators: good ones (right in .80–.95 of items), poor ones (.45–.65) and spammers, who press one key or any
key. In the sets with habits the poor ones always confuse a label with the same other one. Every figure is over so many
sets; intervals are those of a mean over sets (t).

Equal posteriors, at an equal number of EM steps: Dawid–Skene starts from the shares of votes in both, and with smoothing
0 both maximise the same likelihood. MACE has the same priors in both, but crowd-kit draws its start, where ours begins
even: from one start they are the same, from two they end where each start leads, so both are given. (With a seed that is
a number, as by default, crowd-kit's ten starts are all drawn alike.) crowd-kit's MACE is given its readings sorted by
label, and annotators named in the order in which they then come, without which it mixes annotators up.

Time is from a table of readings to posteriors, at an equal number of EM steps, one start.

    python -m benchmarks.people.truth --output benchmarks/results/truth.json
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy import stats

from acclimate.annotation.readings import Readings
from acclimate.annotation.truth import Truth, dawid_skene, mace, majority_vote
from benchmarks.recording import result, write_results

LABELS = 4
EQUAL = 1e-3
STEPS = 50
EM_STEPS = 200
Table = pl.DataFrame
Posteriors = np.ndarray


def main() -> None:
    """Makes the sets and compares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=10)
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--timed-items", type=int, default=20_000)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    # crowd-kit calls pandas in ways that pandas means to drop.
    warnings.filterwarnings("ignore", module="crowdkit")
    rows = []
    for habits in (False, True):
        sets = [made_up(arguments.items, habits=habits, seed=seed) for seed in range(arguments.sets)]
        rows += accuracies(sets, "with habits" if habits else "without habits")
        if not habits:
            rows += equal_posteriors([table for _, table in sets])
    rows += times(made_up(arguments.timed_items, habits=False, seed=99)[1])
    write_results(arguments.output, rows)


def made_up(items: int, *, habits: bool, seed: int) -> tuple[np.ndarray, Table]:
    """True labels, and five readings of each item by five of twenty annotators: eight good, six poor, six spammers."""
    generator = np.random.default_rng(seed)
    truth = generator.choice(LABELS, items, p=[0.4, 0.3, 0.2, 0.1])
    right = np.concatenate([generator.uniform(0.80, 0.95, 8), generator.uniform(0.45, 0.65, 6)])
    rows = []
    for item in range(items):
        for annotator in generator.choice(20, 5, replace=False):
            if annotator < 14:
                knows = generator.random() < right[annotator]
                other = 1 if habits and annotator >= 8 else generator.integers(1, LABELS)
                label = truth[item] if knows else (truth[item] + other) % LABELS
            else:
                label = annotator % LABELS if annotator < 17 else generator.integers(LABELS)
            rows.append((f"i{item:05}", f"a{annotator:02}", f"l{label}"))
    return truth, pl.DataFrame(rows, schema=["item", "annotator", "label"], orient="row")


def accuracies(sets: list[tuple[np.ndarray, Table]], kind: str) -> list[dict[str, Any]]:
    """The share of items whose most likely label is the true one, and how much that is above majority vote."""
    scores = {name: [_right(truth, method(table)) for truth, table in sets] for name, method in METHODS.items()}
    rows = []
    for name in ("Dawid–Skene", "MACE"):
        above = np.subtract(scores[name], scores["majority"])
        peers = {
            "majority": _rounded(scores["majority"]),
            "crowd-kit majority": _rounded(scores["crowd-kit majority"]),
            f"crowd-kit {name}": _rounded(scores[f"crowd-kit {name}"]),
            f"crowd-kit {version('crowd-kit')}, ours less theirs": _rounded(
                np.subtract(scores[name], scores[f"crowd-kit {name}"])
            ),
            "more right than majority": _rounded(above),
            "in the worst set": round(float(above.min()), 4),
        }
        figure = f"right labels, {name}, {kind} ({len(sets)} sets)"
        goal = "equal or better than majority"
        rows.append(result(figure, _rounded(scores[name]), interval=_interval(scores[name]), goal=goal, peers=peers))
    return rows


def equal_posteriors(tables: list[Table]) -> list[dict[str, Any]]:
    """The largest difference of any posterior, over all sets."""
    rows = []
    pairs: dict[str, tuple[Callable[[Table], Posteriors], Callable[[Table], Posteriors]]] = {
        "Dawid–Skene": (
            partial(_ours, partial(dawid_skene, smoothing=0, max_iterations=EM_STEPS, tolerance=0)),
            partial(_crowd_kit, "DawidSkene", n_iter=EM_STEPS, tol=-1.0),
        ),
        "MACE, both from the even start": (
            partial(_ours, partial(mace, restarts=1, max_iterations=EM_STEPS, tolerance=0)),
            _crowd_kit_mace_from_even_start,
        ),
        "MACE, each from its own start": (
            partial(_ours, partial(mace, restarts=1, max_iterations=EM_STEPS, tolerance=0)),
            partial(_crowd_kit, "MACE", n_restarts=1, n_iter=EM_STEPS),
        ),
    }
    for name, (ours, theirs) in pairs.items():
        differences = [np.abs(ours(table) - theirs(table)).max(axis=1) for table in tables]
        peers = {
            "share of items within it": _rounded([(found < EQUAL).mean() for found in differences]),
            "sets wholly within it": sum(bool(found.max() < EQUAL) for found in differences),
            "sets": len(tables),
        }
        largest = max(float(found.max()) for found in differences)
        figure = f"largest difference of a posterior from crowd-kit's, {name}"
        goal = "" if "own start" in name else "within 1e-3"
        rows.append(result(figure, float(f"{largest:.2g}"), goal=goal, peers=peers))
    return rows


def times(table: Table) -> list[dict[str, Any]]:
    """Seconds from a table to posteriors, the better of two, and how many times crowd-kit's that is."""
    rows = []
    sorted_table = _pandas(table)
    pairs: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
        "Dawid–Skene": (
            lambda: dawid_skene(Readings.from_table(table), max_iterations=STEPS, tolerance=0),
            lambda: _model("DawidSkene", n_iter=STEPS, tol=-1.0).fit_predict_proba(sorted_table),
        ),
        "MACE": (
            lambda: mace(Readings.from_table(table), restarts=1, max_iterations=STEPS, tolerance=0),
            lambda: _model("MACE", n_restarts=1, n_iter=STEPS).fit_predict_proba(sorted_table),
        ),
    }
    for name, (ours, theirs) in pairs.items():
        own, other = _seconds(ours), _seconds(theirs)
        figure = f"times as fast as crowd-kit, {name}, {len(table):,} readings, {STEPS} steps"
        peers = {"ours, s": round(own, 3), "crowd-kit, s": round(other, 2)}
        rows.append(result(figure, round(other / own, 1), goal="≥ 5", peers=peers))
    return rows


def _ours(model: Callable[[Readings], Truth], table: Table) -> Posteriors:
    return model(Readings.from_table(table, labels=_scale())).posteriors


def _crowd_kit(name: str, table: Table, **settings: Any) -> Posteriors:
    return _in_order(_model(name, **settings).fit_predict_proba(_pandas(table)))


def _in_order(found: Any) -> Posteriors:
    found = found.reindex(columns=_scale(), fill_value=0.0).sort_index()
    return np.asarray(found.to_numpy(), dtype=float)


def _crowd_kit_mace_from_even_start(table: Table) -> Posteriors:
    model = _model("MACE", n_restarts=1, n_iter=EM_STEPS)
    draw = model._initialize

    def start_even(annotators: int, labels: int) -> None:
        draw(annotators, labels)
        model.spamming_ = np.full((annotators, 2), 0.5)
        model.thetas_ = np.full((annotators, labels), 1 / labels)

    model._initialize = start_even
    return _in_order(model.fit_predict_proba(_pandas(table)))


def _model(name: str, **settings: Any) -> Any:
    import crowdkit.aggregation

    return getattr(crowdkit.aggregation, name)(**settings)


def _pandas(table: Table) -> Any:
    import pandas as pd

    renamed = table.rename({"item": "task", "annotator": "worker"}).sort("label", "worker")
    # Names in the order of appearance: who never gives the first label would else come out of order.
    names = renamed["worker"].unique(maintain_order=True).to_list()
    renamed = renamed.with_columns(pl.col("worker").replace({name: f"w{place:02}" for place, name in enumerate(names)}))
    return pd.DataFrame(renamed.to_dict(as_series=False))


def _scale() -> list[str]:
    return [f"l{label}" for label in range(LABELS)]


def _right(truth: np.ndarray, posteriors: Posteriors) -> float:
    return float((posteriors.argmax(axis=1) == truth).mean())


def _seconds(work: Callable[[], Any]) -> float:
    taken = []
    for _ in range(2):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return min(taken)


def _rounded(values: Any) -> float:
    return round(float(np.mean(values)), 4)


def _interval(values: list[float]) -> list[float]:
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return [round(float(np.mean(values) - half), 4), round(float(np.mean(values) + half), 4)]


METHODS: Mapping[str, Callable[[Table], Posteriors]] = {
    "majority": partial(_ours, majority_vote),
    "Dawid–Skene": partial(_ours, dawid_skene),
    "MACE": partial(_ours, mace),
    "crowd-kit majority": partial(_crowd_kit, "MajorityVote"),
    "crowd-kit Dawid–Skene": partial(_crowd_kit, "DawidSkene"),
    "crowd-kit MACE": partial(_crowd_kit, "MACE"),
}


if __name__ == "__main__":
    main()

"""Labels that active learning saves: how many each order of items needs until a model of labels reaches an accuracy.

Two public sets of short questions by intent, `banking77` (77 labels; its own test set) and `hwu64` (64 labels; a random
fifth of it is held out, another one for each seed). Four orders, ten seeds each:

- random: what a task has whose items come in a shuffled order
- shipped: as `acclimate annotations rank` chooses, a tenth at random
- uncertainty alone: after fifty random items those of which the model is least sure
- diversity alone: those that stand for many others, throughout

Readers here are never wrong and read each item once. After every batch the model is trained on all labels so far and
tells the held-out items. The labels needed for an accuracy are interpolated between batches; a seed that does not reach
it counts as the most labels given, in favour of random order. Intervals are those of a mean over seeds (t), of the
saving over the paired difference. The order was shaped on these two sets with other seeds: expect less of other texts.

    python -m benchmarks.people.active_learning --output benchmarks/results/active_learning.json
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from acclimate.annotation.active.label_model import LabelModel, fit_labels
from acclimate.annotation.active.picking import Pool, is_cold, pick
from acclimate.annotation.active.ranking import batch_size
from benchmarks.recording import SHARED, result, write_results

GOALS = (0.5, 0.6, 0.7, 0.75, 0.8)
RANDOM_SHARE = 0.1
HELD_OUT = 0.2


@dataclass(frozen=True)
class Texts:
    """Vectors and label codes: of what can be read, and of what is told in the end."""

    vectors: np.ndarray
    labels: np.ndarray
    told: np.ndarray
    told_labels: np.ndarray


@dataclass(frozen=True)
class Round:
    """What an order knows before it chooses `count` more."""

    pool: Pool
    labels: np.ndarray
    known: int
    model: LabelModel | None
    count: int
    generator: np.random.Generator


Order = Callable[[Round], np.ndarray]
Curve = tuple[np.ndarray, np.ndarray]


def main() -> None:
    """Reads each set in four orders and compares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--labels", type=int, default=600, help="labels given, at most")
    parser.add_argument("--vectors", type=Path, help="a folder that keeps the vectors of the texts between runs")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    if not all((SHARED / "data" / name).is_dir() for name in ("banking77", "hwu64")):
        print("skipped: the sets banking77 and hwu64 are not there (../shared/data)", file=sys.stderr)
        return
    rows = []
    for name, load in (("banking77", banking), ("hwu64", hwu)):
        curves: dict[str, list[Curve]] = {order: [] for order in ORDERS}
        for seed in range(arguments.seeds):
            texts = load(arguments.vectors, seed)
            for order, choose in ORDERS.items():
                curves[order].append(read_in_order(texts, choose, seed=seed, at_most=arguments.labels))
            print(f"{name}: seed {seed + 1} of {arguments.seeds}", file=sys.stderr, flush=True)
        rows += compared(name, curves)
    write_results(arguments.output, rows)


def read_in_order(texts: Texts, choose: Order, *, seed: int, at_most: int) -> Curve:
    """Labels given after each batch, and the share of held-out items that the model then tells right."""
    generator = np.random.default_rng(seed)
    draws = generator.random(len(texts.labels))
    read = np.array([], dtype=np.int64)
    known = len(np.unique(texts.labels))
    model: LabelModel | None = None
    given, right = [], []
    while len(read) < at_most:
        unread = np.setdiff1d(np.arange(len(texts.labels)), read)
        pool = Pool(texts.vectors, draws, unread, read)
        count = batch_size(len(read))
        read = np.concatenate([read, choose(Round(pool, texts.labels[read], known, model, count, generator))])
        model = fit_labels(texts.vectors[read], texts.labels[read], start=model)
        given.append(len(read))
        right.append(float((model.predicted(texts.told) == texts.told_labels).mean()))
    return np.array(given), np.array(right)


def compared(name: str, curves: Mapping[str, list[Curve]]) -> list[dict[str, Any]]:
    """A row for each accuracy: the share of labels saved by the shipped order, and what each order needed."""
    rows = []
    for goal in GOALS:
        needed = {order: np.array([labels_for(curve, goal) for curve in some]) for order, some in curves.items()}
        reached = {order: sum(curve[1].max() >= goal for curve in some) for order, some in curves.items()}
        if min(reached["random"], reached["shipped"]) == 0:
            continue
        seeds = len(needed["random"])
        saved = 1 - needed["shipped"] / needed["random"]
        peers: dict[str, Any] = {}
        for order, values in needed.items():
            low, high = _interval(values)
            short = f", {seeds - reached[order]} seeds short of it" if reached[order] < seeds else ""
            peers[f"labels, {order}"] = f"{values.mean():.0f} [{low:.0f}, {high:.0f}]{short}"
        for order in ("uncertainty alone", "diversity alone"):
            other = 1 - needed[order] / needed["random"]
            peers[f"saved by {order}"] = f"{other.mean():.3f} [{', '.join(f'{end:.3f}' for end in _interval(other))}]"
        figure = f"share of labels saved until {goal:.0%} are right, {name} ({seeds} seeds)"
        interval = [round(end, 3) for end in _interval(saved)]
        rows.append(result(figure, round(float(saved.mean()), 3), interval=interval, peers=peers))
    last = {order: np.array([curve[1][-1] for curve in some]) for order, some in curves.items()}
    better = last["shipped"] - last["random"]
    figure = f"more right than by random order after {curves['random'][0][0][-1]} labels, {name}"
    peers = {order: round(float(values.mean()), 4) for order, values in last.items()}
    interval = [round(end, 4) for end in _interval(better)]
    return [*rows, result(figure, round(float(better.mean()), 4), interval=interval, peers=peers)]


def labels_for(curve: Curve, goal: float) -> float:
    """The labels with which the goal is first reached, interpolated; the most given where it is not."""
    given, right = curve
    if right.max() < goal:
        return float(given[-1])
    after = int(np.argmax(right >= goal))
    if after == 0:
        return float(given[0])
    part = (goal - right[after - 1]) / (right[after] - right[after - 1])
    return float(given[after - 1] + part * (given[after] - given[after - 1]))


def _at_random(now: Round) -> np.ndarray:
    unread = now.pool.open_places
    return unread[np.argsort(now.pool.draws[unread])[: now.count]]


def _shipped(now: Round) -> np.ndarray:
    model = None if is_cold(now.labels, known=now.known) else now.model
    return _places(now, model, RANDOM_SHARE)


def _diverse(now: Round) -> np.ndarray:
    return _places(now, None, 0.0)


def _unsure(now: Round) -> np.ndarray:
    if now.model is None:
        return _at_random(now)
    shares = np.sort(now.model.probabilities(now.pool.vectors[now.pool.open_places]), axis=1)
    return now.pool.open_places[np.argsort(shares[:, -1] - shares[:, -2], kind="stable")[: now.count]]


def _places(now: Round, model: LabelModel | None, random_share: float) -> np.ndarray:
    picks = pick(now.pool, model, now.count, random_share=random_share, generator=now.generator)
    return np.array([one.place for one in picks])


def banking(cache: Path | None, _seed: int) -> Texts:
    """Its own training and test sets."""
    train, test = _rows("banking77/train.jsonl.gz"), _rows("banking77/test.jsonl")
    labels = _codes([*train, *test])
    return Texts(
        _vectors("banking77-train", train, cache),
        labels[: len(train)],
        _vectors("banking77-test", test, cache),
        labels[len(train) :],
    )


def hwu(cache: Path | None, seed: int) -> Texts:
    """All of it, a random fifth held out."""
    rows = _rows("hwu64/full.jsonl.gz")
    vectors, labels = _vectors("hwu64", rows, cache), _codes(rows)
    told = np.random.default_rng([seed, 64]).random(len(rows)) < HELD_OUT
    return Texts(vectors[~told], labels[~told], vectors[told], labels[told])


def _rows(place: str) -> list[dict[str, Any]]:
    path = SHARED / "data" / place
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _codes(rows: list[dict[str, Any]]) -> np.ndarray:
    return np.unique([row.get("intent") or row["category"] for row in rows], return_inverse=True)[1]


def _vectors(name: str, rows: list[dict[str, Any]], cache: Path | None) -> np.ndarray:
    if name not in _MADE:
        kept = cache / f"{name}.npy" if cache else None
        if kept is not None and kept.exists():
            _MADE[name] = np.load(kept, allow_pickle=False)
        else:
            from acclimate.backends.sentence_encoder import load_encoder

            _MADE[name] = load_encoder().encode([row["text"] for row in rows])
            if kept is not None:
                np.save(kept, _MADE[name])
    return _MADE[name]


def _interval(values: np.ndarray) -> tuple[float, float]:
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return float(values.mean() - half), float(values.mean() + half)


_MADE: dict[str, np.ndarray] = {}
ORDERS: Mapping[str, Order] = {
    "random": _at_random,
    "shipped": _shipped,
    "uncertainty alone": _unsure,
    "diversity alone": _diverse,
}


if __name__ == "__main__":
    main()

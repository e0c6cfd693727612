"""Intents of banking queries told by MiniLM: ten labels an intent and all labels, with and without masked language modelling first.

    python -m benchmarks.quality.banking77 --work build/banking77 --output benchmarks/results/banking77.json

Each run's answers are kept in the work folder as they come: killed and run again, it goes on where it was.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from acclimate.backends.base_models import default_cache, resolve_base
from acclimate.backends.decoder import load_tokenizer
from acclimate.backends.merged import write_merged_encoder
from acclimate.backends.models import LocalModels
from acclimate.backends.sentence_encoder import load_encoder
from acclimate.backends.text_rendering import TextRenderer
from acclimate.core.atomic import read_json, write_json
from acclimate.core.examples import beginning
from acclimate.core.hash_order import hash_rank
from acclimate.core.logistic_regression import fit_softmax, softmax_probabilities
from acclimate.core.ports import AnyRow, Example, LabelledRow, MaskedRow, TokenRow, TrainingPlan
from acclimate.core.progress import no_progress
from acclimate.core.statistics import Ratio, Resamples
from benchmarks.recording import needed, result, write_results

FEW, MAX_TOKENS, ROWS_PER_STEP = 10, 128, 16
ARMS = ("logistic regression on frozen vectors", "fine-tuned", "fine-tuned after masked language modelling")
GOALS = {"10 labels an intent": "≥ .83", "all labels": "≥ .92"}


@dataclass(frozen=True)
class Queries:
    """Texts with their intents, by id."""

    ids: Sequence[str]
    texts: Sequence[str]
    intents: Sequence[str]

    def chosen(self, per_intent: int, seed: int) -> Queries:
        """So many of each intent by a hash of their id; 0 chooses all."""
        ranked = sorted(range(len(self.ids)), key=lambda place: hash_rank(self.ids[place], seed))
        taken: dict[str, list[int]] = {}
        for place in ranked:
            if not per_intent or len(taken.setdefault(self.intents[place], [])) < per_intent:
                taken.setdefault(self.intents[place], []).append(place)
        places = sorted(place for some in taken.values() for place in some)
        return Queries(*([column[place] for place in places] for column in (self.ids, self.texts, self.intents)))


def main() -> None:
    """Makes the runs that are missing and writes the figures."""
    arguments = _arguments()
    train, test = (_read(needed("data", "banking77", name)) for name in ("train.jsonl.gz", "test.jsonl"))
    bench = Bench(arguments.work, train, test, few_epochs=arguments.few_epochs, all_epochs=arguments.all_epochs)
    rows = []
    for name, per_intent, seeds in (
        ("10 labels an intent", FEW, arguments.seeds),
        ("all labels", 0, arguments.all_seeds),
    ):
        if seeds:
            right = {arm: np.array([bench.right(arm, per_intent, seed) for seed in range(seeds)]) for arm in ARMS}
            rows += list(figures(name, right))
    write_results(arguments.output, rows)


@dataclass(frozen=True)
class Bench:
    """The runs, each kept in a file of the work folder."""

    work: Path
    train: Queries
    test: Queries
    few_epochs: float
    all_epochs: float

    def right(self, arm: str, per_intent: int, seed: int) -> list[bool]:
        """Whether each test query got its intent; of a run made before, from its file."""
        place = self.work / f"{ARMS.index(arm)}-{per_intent or 'all'}-{seed}"
        if not (place / "right.json").exists():
            place.mkdir(parents=True, exist_ok=True)
            told = self._told(arm, self.train.chosen(per_intent, seed), seed, place)
            write_json(place / "right.json", [one == true for one, true in zip(told, self.test.intents, strict=True)])
            print(f"{arm}, {per_intent or 'all'} labels, seed {seed}: {np.mean(read_json(place / 'right.json')):.4f}")
        found: list[bool] = read_json(place / "right.json")
        return found

    def _told(self, arm: str, train: Queries, seed: int, place: Path) -> list[str]:
        labels = sorted(set(self.train.intents))
        if arm == ARMS[0]:
            encoder = load_encoder()
            wanted = np.eye(len(labels))[[labels.index(intent) for intent in train.intents]]
            weights = fit_softmax(encoder.encode(train.texts).astype(float), wanted, strength=30.0)
            shares = softmax_probabilities(encoder.encode(self.test.texts).astype(float), weights)
        else:
            base = minilm() if arm == ARMS[1] else self._further(seed)
            rows: list[AnyRow] = [
                LabelledRow(row.id, row.tokens, tuple(float(label == intent) for label in labels))
                for row, intent in zip(token_rows(train), train.intents, strict=True)
            ]
            epochs = self.few_epochs if len(train.ids) < len(self.train.ids) else self.all_epochs
            fit(base, rows, place, objective="classification", epochs=epochs, seed=seed, labels=tuple(labels))
            classifier = LocalModels().load_classifier(base, adapter=place / "model", precision="fp32")
            shares = classifier.probabilities(self.test.texts, progress=no_progress("", 0))
        return [labels[code] for code in shares.argmax(axis=1)]

    def _further(self, seed: int) -> Path:
        """MiniLM after an epoch of masked language modelling on all training queries, their labels unseen."""
        place = self.work / f"masked-{seed}"
        if not (place / "done.json").exists():
            rows: list[AnyRow] = [MaskedRow(row) for row in token_rows(self.train)]
            fit(minilm(), rows, place, objective="masked_lm", epochs=1, seed=seed)
            write_merged_encoder(minilm(), place / "model", place / "base")
            write_json(place / "done.json", True)
        return place / "base"


def fit(
    base: Path,
    rows: Sequence[AnyRow],
    place: Path,
    *,
    objective: Any,
    epochs: float,
    seed: int,
    labels: tuple[str, ...] = (),
) -> None:
    """One training run of every weight, the last step kept, in `place/model`; continues after a kill."""
    steps = math.ceil(len(rows) * epochs / ROWS_PER_STEP)
    passes = range(math.ceil(epochs))
    order = [row for epoch in passes for row in sorted(rows, key=lambda row: hash_rank(row.id, seed, epoch))]
    batches = [
        [("domain", row) for row in order[start : start + ROWS_PER_STEP]]
        for start in range(0, len(order), ROWS_PER_STEP)
    ]
    plan = TrainingPlan(
        "full",
        1e-4,
        max_steps=steps,
        per_device_train_batch_size=ROWS_PER_STEP,
        objective=objective,
        labels=labels,
        max_length=MAX_TOKENS,
        precision="fp32",
        eval_steps=steps,
        save_steps=100,
        seed=seed,
    )
    LocalModels().train(
        base,
        batches[:steps],
        plan,
        validation=[],
        output=place / "model",
        partial=place / "partial",
        progress=no_progress("", 0),
    )


def minilm() -> Path:
    """The packaged encoder."""
    return resolve_base("minilm-l6", cache=default_cache())


def token_rows(queries: Queries) -> list[TokenRow]:
    """The queries as tokens."""
    renderer = TextRenderer.of(load_tokenizer(minilm()), "minilm-l6")
    rendered = (renderer.render(Example(id, text=text)) for id, text in zip(queries.ids, queries.texts, strict=True))
    return [beginning(row, MAX_TOKENS) for row in rendered]


def figures(name: str, right: dict[str, np.ndarray]) -> Iterator[dict[str, Any]]:
    """Accuracy of each arm, and what masked language modelling adds; the mean over seeds, intervals over queries."""
    ratios = {arm: Ratio(seeds.mean(axis=0).astype(float), np.ones(seeds.shape[1])) for arm, seeds in right.items()}
    items = [str(place) for place in range(len(ratios[ARMS[0]].numerator))]
    draws = Resamples(items, resamples=4000, seed=0)
    for arm, seeds in right.items():
        told = draws.value(ratios[arm])
        yield result(
            f"accuracy on banking77, {name}, {arm}, mean of {len(seeds)} seeds",
            round(told.value, 4),
            interval=[round(told.low, 4), round(told.high, 4)],
            goal=GOALS[name] if arm == ARMS[1] else "",
            peers={"seeds": [round(float(seed.mean()), 4) for seed in seeds]},
        )
    for arm, other in ((ARMS[1], ARMS[0]), (ARMS[2], ARMS[1])):
        change = draws.difference(ratios[arm], ratios[other])
        interval = [round(change.low, 4), round(change.high, 4)]
        yield result(f"{arm} less {other}, {name}", round(change.value, 4), interval=interval)


def _read(path: Path) -> Queries:
    content = path.read_bytes()
    lines = (gzip.decompress(content) if path.suffix == ".gz" else content).splitlines()
    rows = [json.loads(line) for line in lines]
    ids = [f"{path.name}:{number}" for number in range(len(rows))]
    return Queries(ids, [row["text"] for row in rows], [row["category"] for row in rows])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--seeds", type=int, default=10, help="runs with ten labels an intent")
    parser.add_argument("--all-seeds", type=int, default=3, help="runs with all labels")
    parser.add_argument("--few-epochs", type=float, default=5)
    parser.add_argument("--all-epochs", type=float, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""Where several labels are told: one half, one threshold, or one threshold a label, chosen on few or many validation texts.

Texts of one to three questions of hwu64 (64 intents), joined as MixATIS joins its utterances (Qin et al. 2020,
arXiv:2004.10087). Twenty intents, others for each seed, are the labels; a text may have none of them. Logistic regression on
words, as `predict.tfidf` fits it, learns from 400 texts; thresholds are chosen for the most F1 on the validation texts, and
1 000 further texts measure them. A label of whose validation texts none has it keeps one half.

    python -m benchmarks.evaluation.thresholds --output benchmarks/results/thresholds.json
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from acclimate.core.logistic_regression import Floats, fit_one_vs_rest, one_vs_rest_probabilities
from acclimate.stages.evaluate.label_set_metrics import SET_METRICS, SetAnswers
from acclimate.stages.predict.labels import TFIDF_STRENGTH
from acclimate.stages.predict.tfidf import WordWeights
from acclimate.stages.predict.thresholds import EVEN, best_threshold
from benchmarks.recording import needed, result, write_results

LABELS, MOST_QUESTIONS, TRAINING, TEST = 20, 3, 400, 1000
VALIDATION = (50, 100, 400)
METRICS = ("micro_f1", "macro_f1")


@dataclass(frozen=True)
class Texts:
    """Texts with the labels that each has: texts × labels."""

    texts: Sequence[str]
    has: Floats


def main() -> None:
    """Compares the three ways at each size of the validation split."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    with gzip.open(needed("data", "hwu64", "full.jsonl.gz"), "rt", encoding="utf-8") as file:
        questions = [json.loads(line) for line in file]
    found = [_scores(questions, seed) for seed in range(arguments.seeds)]
    write_results(arguments.output, list(_rows(found)))


def _scores(questions: Sequence[Mapping[str, str]], seed: int) -> dict[tuple[int, str, str], float]:
    """By size of the validation split, way and metric."""
    random = np.random.default_rng(seed)
    intents = sorted({one["intent"] for one in questions})
    labels = [intents[place] for place in random.permutation(len(intents))[:LABELS]]
    order = random.permutation(len(questions))
    parts = np.array_split(order, 3)
    sizes = (TRAINING, max(VALIDATION), TEST)
    training, validation, test = (
        _mixed([questions[place] for place in part], labels, size, random)
        for part, size in zip(parts, sizes, strict=True)
    )
    weights = WordWeights.of(training.texts)
    fitted = fit_one_vs_rest(weights.features(training.texts), training.has, strength=TFIDF_STRENGTH)
    likely, told = (one_vs_rest_probabilities(weights.features(some.texts), fitted) for some in (validation, test))
    scores = {}
    for size in VALIDATION:
        for way, threshold in _thresholds(likely[:size], validation.has[:size]).items():
            answers = SetAnswers(told, (told > threshold).astype(np.float64), test.has)
            for metric in METRICS:
                scores[size, way, metric] = SET_METRICS[metric].total(answers)
    return scores


def _mixed(
    questions: Sequence[Mapping[str, str]], labels: Sequence[str], count: int, random: np.random.Generator
) -> Texts:
    """Texts of one to three questions each; no question stands in two parts."""
    texts, has = [], np.zeros((count, len(labels)))
    for number in range(count):
        chosen = random.choice(len(questions), random.integers(1, MOST_QUESTIONS + 1), replace=False)
        texts.append(" and ".join(questions[place]["text"] for place in chosen))
        told = {questions[place]["intent"] for place in chosen}
        has[number] = [label in told for label in labels]
    return Texts(texts, has)


def _thresholds(likely: Floats, has: Floats) -> dict[str, float | Floats]:
    by_label = [best_threshold(likely[:, [code]], has[:, [code]]).value for code in range(has.shape[1])]
    return {"one half": EVEN, "one": best_threshold(likely, has).value, "one a label": np.array(by_label)}


def _rows(found: Sequence[Mapping[tuple[int, str, str], float]]) -> Iterator[dict[str, Any]]:
    """The shipped threshold's figure with the others beside it, and what one a label adds to it over the seeds."""
    for size in VALIDATION:
        for metric in METRICS:
            by_way = {
                way: np.array([one[size, way, metric] for one in found]) for way in ("one half", "one", "one a label")
            }
            name = f"{metric.replace('_', '-')}, one threshold of {size} validation texts ({len(found)} seeds)"
            peers = {way: round(float(by_way[way].mean()), 4) for way in ("one half", "one a label")}
            yield result(name, round(float(by_way["one"].mean()), 4), interval=_interval(by_way["one"]), peers=peers)
            for way in ("one half", "one a label"):
                more = by_way["one"] - by_way[way]
                yield result(f"{name}, more than {way}", round(float(more.mean()), 4), interval=_interval(more))


def _interval(values: Floats) -> list[float]:
    """95 % of the mean over seeds (t)."""
    half = float(stats.sem(values) * stats.t.ppf(0.975, len(values) - 1))
    return [round(float(values.mean()) - half, 4), round(float(values.mean()) + half, 4)]


if __name__ == "__main__":
    main()

"""How often the verdict is right: on the scores of a finished project, drawn anew by subject, with faults planted in them.

Each draw takes subjects of every site with replacement, and probes and general texts likewise, so that the scores are real
ones and nothing is scored again. What is judged are the adapted model against its base at each site, and retention.

- as measured: the project's own scores
- no change: adapted and base change places at random, subject by subject and probe by probe
- a bad site: at the last site, south, the adapted model needs 15 % more bits than the base
- a forgotten ability: one in ten of the arithmetic probes goes wrong
- forgotten text: general text takes 3 % more bits

    python -m benchmarks.evaluation.verdicts --project demo --output benchmarks/results/verdicts.json
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import binomtest

from acclimate.api import Project
from acclimate.core.artifacts import Artifact
from acclimate.core.retention import Budget, retention
from acclimate.release.config import ReleaseConfig
from acclimate.release.evidence import FAIL, PASS, Evidence
from acclimate.release.judge import Verdict, judge
from acclimate.release.looks import Looks
from acclimate.report.gather import made_for
from acclimate.stages.evaluate.arms import LIKELIHOOD, abilities_of, line_up, read_predictions, read_test_records
from acclimate.stages.evaluate.compare import Settings, compare_groups, groups_of
from benchmarks.recording import result, write_results

DRAWS = 200
SIZES = ((65, 1), (65, 4), (44, 1), (32, 1))
"""Subjects, and how many times the texts and probes of retention that there are."""

SETTINGS = Settings(resamples=500, confidence=0.95, min_clusters=20, seed=0)
BUDGET = Budget(general=0.01, ability=0.02)
ADAPTED, BASE = f"{LIKELIHOOD}_adapted", f"{LIKELIHOOD}_base"
_SAID = {"set_by": "benchmark", "why": "what is planted"}
GATES = ReleaseConfig.model_validate(
    {"gates": [{"gate": "gain", "each_site": True, **_SAID}, {"gate": "retention", **_SAID}]}
)


@dataclass(frozen=True)
class Scores:
    """Scores of test items, with what groups them, and of the texts that retention is measured on, by both models."""

    test: pl.DataFrame
    items: pl.DataFrame
    base: pl.DataFrame
    adapted: pl.DataFrame
    abilities: Mapping[str, str]


Change = Callable[[Scores, np.random.Generator], Scores]


def read_scores(folder: Path) -> Scores:
    """Those of the project's last evaluation."""
    made = made_for(Project.open(folder).workspace, "evaluate")
    inputs: dict[str, Artifact] = {arm: made[f"predict.{arm}"].artifact for arm in ("base", "adapted")}
    predictions = read_predictions(inputs)
    test = read_test_records(made["split"].artifact)
    items = line_up(test, predictions, has_answers=True)
    abilities = abilities_of({"general": made["general"].artifact})
    rest = {arm: rows.filter(pl.col("suite").is_in(["general", "ability"])) for arm, rows in predictions.items()}
    return Scores(test, items, rest["base"], rest["adapted"], abilities)


def drawn(scores: Scores, subjects: int, texts_times: int, random: np.random.Generator) -> Scores:
    """So many subjects, of each site in proportion, and so many times the texts that there are, with replacement."""
    site_of = dict(scores.test.select("cluster", "site").iter_rows())
    share = subjects / len(site_of)
    chosen: list[str] = []
    for site in sorted(set(site_of.values())):
        there = sorted(cluster for cluster, of in site_of.items() if of == site)
        chosen += random.choice(there, round(len(there) * share)).tolist()
    copies = pl.DataFrame({"cluster": chosen, "copy": [f"#{number}" for number in range(len(chosen))]})

    def again(rows: pl.DataFrame) -> pl.DataFrame:
        joined = copies.join(rows, on="cluster", how="inner", maintain_order="left_right")
        return joined.with_columns(pl.col("id") + pl.col("copy"), pl.col("cluster") + pl.col("copy")).drop("copy")

    texts = scores.base.select("suite", "id").unique(maintain_order=True).sort("suite", "id")
    parts = [
        part.sample(part.height * texts_times, with_replacement=True, seed=int(random.integers(2**31)))
        for part in texts.partition_by("suite", maintain_order=True)
    ]
    names = pl.concat(parts).with_row_index("copy")

    def texts_again(rows: pl.DataFrame) -> pl.DataFrame:
        joined = names.join(rows, on=["suite", "id"], how="inner", maintain_order="left_right")
        return joined.with_columns(id=pl.format("{}#{}", "id", "copy")).drop("copy")

    renamed = texts_again(scores.base).select("id", old=pl.col("id").str.split("#").list.first()).unique()
    abilities = {name: scores.abilities[old] for name, old in renamed.iter_rows() if old in scores.abilities}
    return Scores(
        again(scores.test),
        again(scores.items),
        texts_again(scores.base),
        texts_again(scores.adapted),
        abilities,
    )


def unchanged(scores: Scores, _: np.random.Generator) -> Scores:
    """As measured."""
    return scores


def no_change(scores: Scores, random: np.random.Generator) -> Scores:
    """Both models change places for half of the subjects and half of the texts."""
    swapped = _half(scores.items["cluster"], random)
    adapted, base = (pl.when(swapped).then(one).otherwise(other) for one, other in ((BASE, ADAPTED), (ADAPTED, BASE)))
    items = scores.items.with_columns(adapted.alias(ADAPTED), base.alias(BASE))
    keys = ["suite", "id", "candidate"]
    both = scores.base.join(scores.adapted.select(*keys, other="nats"), on=keys, how="left", nulls_equal=True)
    turned = _half(both["id"], random)
    return replace(
        scores,
        items=items,
        base=both.with_columns(nats=pl.when(turned).then("other").otherwise("nats")).drop("other"),
        adapted=both.with_columns(nats=pl.when(turned).then("nats").otherwise("other")).drop("other"),
    )


def _half(names: pl.Series, random: np.random.Generator) -> pl.Series:
    known = names.unique().sort()
    chosen = known.filter(pl.Series(random.random(len(known)) < 0.5))
    return names.is_in(chosen.implode())


def bad_site(scores: Scores, _: np.random.Generator) -> Scores:
    """The last site is worse off than with the base."""
    at_last = pl.col("site") == scores.items["site"].max()
    return replace(
        scores,
        items=scores.items.with_columns(pl.when(at_last).then(pl.col(BASE) * 1.15).otherwise(ADAPTED).alias(ADAPTED)),
    )


def forgotten_ability(scores: Scores, random: np.random.Generator) -> Scores:
    """One in ten arithmetic probes: the wrong text becomes the likelier one."""
    probes = sorted(name for name, ability in scores.abilities.items() if ability == "arithmetic")
    lost = random.choice(probes, len(probes) // 10, replace=False).tolist()
    is_lost = pl.col("id").is_in(lost) & (pl.col("candidate") == "rejected")
    return replace(
        scores, adapted=scores.adapted.with_columns(pl.when(is_lost).then(0.0).otherwise("nats").alias("nats"))
    )


def forgotten_text(scores: Scores, _: np.random.Generator) -> Scores:
    """General text takes more bits, each text by another amount."""
    is_general = pl.col("suite") == "general"
    nats = pl.when(is_general).then(pl.col("nats") * 1.03).otherwise("nats")
    return replace(scores, adapted=scores.adapted.with_columns(nats.alias("nats")))


CHANGES: Mapping[str, tuple[Change, str]] = {
    "as measured": (unchanged, ""),
    "no change": (no_change, ""),
    "a bad site": (bad_site, "at site south"),
    "a forgotten ability": (forgotten_ability, "arithmetic"),
    "forgotten text": (forgotten_text, "general text"),
}
"""What is planted, and what in a failing finding names it."""


def judged(scores: Scores) -> Verdict:
    """The verdict on these scores, at the first look."""
    groups = [one for one in groups_of(scores.items, scores.test, max_values=0) if one.group == "site"]
    sliced = compare_groups(groups, SETTINGS, metrics=(LIKELIHOOD,), arms=("base", "adapted"))
    kept = retention(
        scores.base, scores.adapted, scores.abilities, budget=BUDGET, resamples=SETTINGS.resamples, seed=SETTINGS.seed
    )
    metrics: dict[str, Any] = {
        "task": {"confidence": SETTINGS.confidence},
        "comparisons": [],
        "slices": [row.to_json() for row in sliced],
        "retention": kept,
    }
    looks = Looks(1, is_logged=True, first="", rules="")
    return judge(GATES, Evidence("", metrics, SETTINGS.min_clusters, None, None, (), looks, rules=""))


def rows(scores: Scores, subjects: int, texts_times: int) -> Iterator[dict[str, Any]]:
    """How often each planted thing got which verdict, and how often a failing one names it and nothing else."""
    for name, (change, cause) in CHANGES.items():
        random = np.random.default_rng(0)
        statuses, named = Counter[str](), 0
        for _ in range(DRAWS):
            verdict = judged(change(drawn(scores, subjects, texts_times, random), random))
            statuses[verdict.status] += 1
            failing = [f"{one.gate} {one.measured}" for one in verdict.findings if one.status == FAIL]
            named += bool(failing) and all(cause in one for one in failing)
        figure = f"{name}, {subjects} subjects" + (f", {texts_times} × the probes" if texts_times > 1 else "")
        peers = dict(statuses)
        yield _share(f"{figure}: verdict fail", statuses[FAIL], peers, ">= .95" if cause else "<= .05")
        if cause:
            yield _share(f"{figure}: verdict fail that names this alone", named, peers, "")
        else:
            yield _share(f"{figure}: verdict pass", statuses[PASS], peers, "<= .05" if name == "no change" else "")


def _share(figure: str, hits: int, peers: Mapping[str, int], goal: str) -> dict[str, Any]:
    bounds = binomtest(hits, DRAWS).proportion_ci(method="wilson")
    interval = [round(float(bounds.low), 3), round(float(bounds.high), 3)]
    return result(f"{figure} (n={DRAWS})", round(hits / DRAWS, 3), interval=interval, goal=goal, peers=peers)


def main() -> None:
    """Reads the scores once and judges every draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", type=Path, default=Path("demo"))
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    scores = read_scores(arguments.project)
    write_results(arguments.output, [row for size in SIZES for row in rows(scores, *size)])


if __name__ == "__main__":
    main()

"""Gain against forgetting at equal cost: acclimate's default, TRL at its defaults, LLaMA-Factory's settings, five domains.

Every arm sees the same rows and computes as many tokens, replay counted, at its own rate and at a third and three times
it. Gain is the fall of bits per byte on test answers, forgetting the rise on general text, both against the base and
paired by item; intervals are over items, of the mean over seeds.

    python -m benchmarks.quality.gain_vs_forgetting --output benchmarks/results/gain_vs_forgetting.json
    python -m benchmarks.quality.gain_vs_forgetting --base smollm2-135m --domains mts-dialog medquad sgd \\
        --arms acclimate "acclimate, no replay" "TRL LoRA" --rates 1 --output benchmarks/results/gain_vs_forgetting_135m.json

The sweep on stories260K takes about two hours on two cores. Each run's scores are kept in the folder --work, and a
command given again goes on where the last one was.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from acclimate.backends.base_models import default_cache, resolve_base
from acclimate.backends.engine import LocalEngine
from acclimate.backends.models import LocalModels
from acclimate.core.atomic import write_json
from acclimate.core.examples import example_of
from acclimate.core.ports import Context, Example, LanguageModel, Sampling, TokenRow
from acclimate.core.progress import no_progress
from acclimate.core.statistics import Ratio, Resamples
from acclimate.stages.sample.draw import draw_conversations, draw_texts
from benchmarks.quality.real_domains import DOMAINS, Pair, pairs_of
from benchmarks.quality.training_arms import ARMS, Arm, Material, adapt, scores_of
from benchmarks.recording import needed, result, write_results

SMALL = "stories260K"
RATES = (1 / 3, 1.0, 3.0)
TRAIN, VALIDATION, TEST = 600, 60, 200
EPOCHS = 3
PASSAGE = 500
"""Characters of a general passage."""
SAMPLES = 300
GENERAL_RISE = 0.01


@dataclass(frozen=True)
class Base:
    """A base with how much of a text a row may hold; what its general text is follows from its name."""

    folder: Path
    is_chat: bool
    max_tokens: int


def main() -> None:
    """Makes the runs that are missing and writes the figures."""
    arguments = _arguments()
    base = _base(arguments.base)
    arms = [arm for arm in ARMS if not arguments.arms or arm.name in arguments.arms]
    wanted = list(product(arguments.domains, range(arguments.seeds), arms, arguments.rates))
    for place, (domain, seed, arm, times) in enumerate(wanted, 1):
        file = _file(arguments.work, arguments.base, domain, seed, arm, times)
        if not file.exists():
            print(f"{place} of {len(wanted)}: {domain}, {arm.name}, rate x {times:.2g}, seed {seed}", flush=True)
            material = _material(base, domain, arguments)
            run = adapt(base.folder, arm, material, rate=arm.learning_rate * times, seed=seed)
            _keep_base(file.with_name("base.json"), base, material)
            write_json(file, run)
    write_results(arguments.output, list(_figures(arguments, arms)))


def _base(name: str) -> Base:
    if name == SMALL:
        return Base(needed("weights", SMALL), is_chat=False, max_tokens=512)
    folder = resolve_base(name, cache=default_cache(), allow_network=False, folder=Path.cwd())
    return Base(folder, is_chat=True, max_tokens=512)


def _material(base: Base, domain: str, arguments: argparse.Namespace) -> Material:
    """The rows of a domain, by documents, and general text; equal for every arm."""
    model = LocalModels().load(base.folder)
    split = _split(pairs_of(domain), arguments.train_rows)
    rows = {name: [_row(model, base, pair) for pair in pairs] for name, pairs in split.items()}
    train = rows["train"]
    passages = _general(model, base)
    return Material(
        train=train,
        validation=rows["validation"],
        test=rows["test"],
        replay=_sampled(model, base, arguments.work),
        held_out=passages[1::2],
        kept=passages[::2],
        budget=EPOCHS * sum(len(row.tokens) for row in train),
    )


def _split(pairs: Sequence[Pair], train: int) -> dict[str, list[Pair]]:
    """Whole documents, test first, then validation, then training, until each has enough."""
    split: dict[str, list[Pair]] = {"test": [], "validation": [], "train": []}
    room = {"test": TEST, "validation": VALIDATION, "train": train}
    names = iter(split)
    name, document = next(names), pairs[0].document
    for pair in pairs:
        if pair.document != document:
            document = pair.document
            if len(split[name]) >= room[name]:
                found = next(names, None)
                if found is None:
                    break
                name = found
        split[name].append(pair)
    return {name: found[: room[name]] for name, found in split.items()}


def _row(model: LanguageModel, base: Base, pair: Pair) -> TokenRow:
    """The pair as tokens; the front of a long prompt and the end of a long answer are cut off, equally for all arms."""
    asked, answered = 1200 if base.is_chat else 400, 800 if base.is_chat else 300
    while True:
        prompt, answer = pair.prompt[-asked:], pair.answer[:answered]
        if base.is_chat:
            row = model.render(example_of({"id": pair.id, "prompt": prompt, "completion": answer}))
        else:
            row = model.render(Example(pair.id, text=answer, opening=f"{prompt}\n"))
        if len(row.tokens) <= base.max_tokens:
            return row
        asked, answered = round(asked * 0.8), round(answered * 0.9)


def _general(model: LanguageModel, base: Base) -> list[TokenRow]:
    """General text that the base knows, as passages: stories for the small model, plays and solved sums for the other."""
    folder = needed("data", "general-retention")
    if not base.is_chat:
        text = (folder / "tinystories_valid_30k.txt").read_text(encoding="utf-8")
        return [_passage(model, f"story-{at:06d}", text[at : at + PASSAGE]) for at in range(0, len(text), PASSAGE)]
    plays = gzip.decompress((folder / "tinyshakespeare.txt.gz").read_bytes()).decode()
    rows = [_passage(model, f"play-{at:07d}", plays[at : at + PASSAGE]) for at in range(0, 120 * 4000, 4000)]
    with gzip.open(folder / "gsm8k_train.jsonl.gz", "rt", encoding="utf-8") as lines:
        sums = [row for row, _ in zip(map(json.loads, lines), range(120), strict=False)]
    return rows + [
        model.render(example_of({"id": f"sum-{at:03d}", "prompt": row["question"], "completion": row["answer"]}))
        for at, row in enumerate(sums)
    ]


def _passage(model: LanguageModel, name: str, text: str) -> TokenRow:
    return model.render(Example(name, text=text))


def _sampled(model: LanguageModel, base: Base, work: Path) -> list[TokenRow]:
    """What the base writes by itself, drawn once and kept."""
    partial = work / model.facts.digest[:12]
    partial.mkdir(parents=True, exist_ok=True)
    context = Context(partial=partial, progress=no_progress, engine=LocalEngine())
    names = [f"sample-{number:04d}" for number in range(SAMPLES)]
    plain = names[::2] if base.is_chat else names
    drawn = draw_texts(model, plain, Sampling(200, 1.0, 0, 48), context)
    if base.is_chat:
        drawn += draw_conversations(model, names[1::2], Sampling(100, 1.0, 0, 48), context)
    rows = []
    for text in drawn:
        said = {"text": text.answer} if text.user is None else {"prompt": text.user, "completion": text.answer}
        row = model.render(example_of({"id": text.name, **said}))
        if text.answer.strip() and len(row.tokens) <= base.max_tokens:
            rows.append(row)
    return rows


def _keep_base(file: Path, base: Base, material: Material) -> None:
    """Writes the base's own scores on what runs are judged on, with ids and sizes of the texts; once a domain."""
    if not file.exists():
        model = LocalModels().load(base.folder)
        scored = {name: scores_of(model, getattr(material, name)) for name in ("test", "kept")}
        sizes = {f"{name}_bytes": [row.target_bytes for row in getattr(material, name)] for name in scored}
        ids = {f"{name}_ids": [row.id for row in getattr(material, name)] for name in scored}
        write_json(file, {**scored, **sizes, **ids})


def _file(work: Path, base: str, domain: str, seed: int, arm: Arm, times: float) -> Path:
    folder = work / base.replace("/", "-") / domain
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{arm.name.replace(' ', '-')}--{times:.3f}--{seed}.json"


@dataclass(frozen=True)
class Outcome:
    """One arm at one rate: its gain (bits per byte, positive is better) and forgetting (share of the base's bits)."""

    arm: str
    times: float
    gain: float
    forgetting: float
    forgetting_low: float
    forgetting_high: float
    alpha: float | None


def _figures(arguments: argparse.Namespace, arms: Sequence[Arm]) -> Iterator[dict[str, Any]]:
    for domain in arguments.domains:
        before = json.loads((arguments.work / arguments.base.replace("/", "-") / domain / "base.json").read_text())
        outcomes = [_outcome(arguments, domain, arm, times, before) for arm in arms for times in arguments.rates]
        best = max(outcome.gain for outcome in outcomes)
        for arm in arms:
            own = [outcome for outcome in outcomes if outcome.arm == arm.name]
            yield from _of_arm(f"{arguments.base}, {domain}, {arm.name}", own, best)


def _outcome(arguments: argparse.Namespace, domain: str, arm: Arm, times: float, before: Mapping[str, Any]) -> Outcome:
    runs = [
        json.loads(_file(arguments.work, arguments.base, domain, seed, arm, times).read_text())
        for seed in range(arguments.seeds)
    ]
    gain = _relative(before, runs, "test").value * _bits_per_byte(before, "test")
    kept = _relative(before, runs, "kept")
    alphas = [run["alpha"] for run in runs if "alpha" in run]
    alpha = float(np.mean(alphas)) if alphas else None
    return Outcome(arm.name, times, -gain, kept.value, kept.low, kept.high, alpha)


def _relative(before: Mapping[str, Any], runs: Iterable[Mapping[str, Any]], name: str) -> Any:
    """The relative change of nats over all items, of the mean over seeds."""
    base = np.array(before[name])
    change = np.mean([np.array(run[name]) - base for run in runs], axis=0)
    return Resamples(before[f"{name}_ids"], resamples=2000, seed=0).value(Ratio(change, base))


def _bits_per_byte(before: Mapping[str, Any], name: str) -> float:
    return float(sum(before[name]) / math.log(2) / sum(before[f"{name}_bytes"]))


def _of_arm(name: str, outcomes: Sequence[Outcome], best: float) -> Iterator[dict[str, Any]]:
    """The front of an arm in three figures; the points themselves beside them."""
    points = {f"rate x {outcome.times:.2g}": _point(outcome) for outcome in outcomes}
    top = max(outcomes, key=lambda outcome: outcome.gain)
    yield result(f"{name}: best gain, share of the best arm's", round(top.gain / best, 3), goal=">= .95", peers=points)
    yield result(
        f"{name}: forgetting at its best gain",
        round(top.forgetting, 4),
        interval=[round(top.forgetting_low, 4), round(top.forgetting_high, 4)],
    )
    allowed = [outcome.gain for outcome in outcomes if outcome.forgetting <= GENERAL_RISE]
    yield result(f"{name}: gain at <= 1 % general rise, bits per byte", round(max(allowed, default=0.0), 4))
    enough = [outcome.forgetting for outcome in outcomes if outcome.gain >= 0.95 * best]
    yield result(f"{name}: forgetting at 95 % of the best gain", round(min(enough), 4) if enough else None)


def _point(outcome: Outcome) -> dict[str, float]:
    point = {"gain": round(outcome.gain, 4), "forgetting": round(outcome.forgetting, 4)}
    return point if outcome.alpha is None else point | {"alpha": round(outcome.alpha, 3)}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default=SMALL, help=f"{SMALL}, or a base as acclimate names it")
    parser.add_argument("--domains", nargs="+", choices=list(DOMAINS), default=list(DOMAINS))
    parser.add_argument("--arms", nargs="+", choices=[arm.name for arm in ARMS], help="by itself all")
    parser.add_argument("--rates", nargs="+", type=float, default=list(RATES), help="times an arm's own rate")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--train-rows", type=int, default=TRAIN)
    parser.add_argument("--work", type=Path, default=Path("build/gain"), help="kept, so that runs resume")
    parser.add_argument("--output", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()

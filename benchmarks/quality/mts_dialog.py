"""Real clinical dialogues through the public commands: gain on notes, and what the model kept, with and without replay.

    python -m benchmarks.quality.mts_dialog --work build/mts --output benchmarks/results/mts_dialog.json

Takes about an hour on two cores with three seeds; killed and run again, it goes on where it was.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from acclimate.core.statistics import Ratio, Resamples
from benchmarks.recording import needed, result, write_results

CONFIG = """\
project: mts-dialog
task: generation
base: smollm2-135m
ingest:
  sources:
    - {path: data/train.jsonl, name: train, site: mts, licence: CC-BY-4.0, attributes: [section]}
    - {path: data/test.jsonl, name: test, site: mts, licence: CC-BY-4.0, attributes: [section], role: test}
clean: {languages: [en]}
split: {fractions: {train: 0.9, validation: 0.1, test: 0.0}}
general:
  sources:
    - {path: data/shakespeare.jsonl, name: shakespeare}
    - {path: data/instructions.jsonl, name: instructions}
    - {path: data/gsm8k.jsonl, name: gsm8k}
    - {path: data/piqa.jsonl, name: piqa, columns: {prompt: prompt, chosen: chosen, rejected: rejected}, attributes: [ability]}
train: {max_steps: 60, per_device_train_batch_size: 4}
predict: {generations: 0, probes_per_ability: 600}
"""
GENERAL_ITEMS = 120
ARMS = ("base", "adapted")


def main() -> None:
    """Runs every seed with and without replay and writes the figures."""
    arguments = _arguments()
    folder = arguments.work
    if not (folder / "acclimate.yaml").exists():
        write_project(folder)
    _acclimate("key", "new", folder=folder, check=False)
    rows = []
    for replay in (True, False):
        runs = [run_once(folder, seed, replay=replay) for seed in range(arguments.seeds)]
        rows += list(figures(runs, replay=replay))
    write_results(arguments.output, rows)


def write_project(folder: Path) -> None:
    """The project's files from the public data beside the checkout."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    dialogues = list(_read(needed("data", "mts-dialog", "dialogue_to_section.jsonl.gz")))
    _write(folder / "data/train.jsonl", (_note(row) for row in dialogues if row["split"] in ("train", "valid")))
    _write(folder / "data/test.jsonl", (_note(row) for row in dialogues if row["split"] == "test1"))
    general = needed("data", "general-retention")
    lines = gzip.decompress((general / "tinyshakespeare.txt.gz").read_bytes()).decode()
    passages = [lines[start : start + 800] for start in range(0, 800 * GENERAL_ITEMS * 4, 3200)]
    _write(folder / "data/shakespeare.jsonl", ({"text": passage} for passage in passages))
    sums = [{"prompt": row["question"], "completion": row["answer"]} for row in _read(general / "gsm8k_train.jsonl.gz")]
    _write(folder / "data/gsm8k.jsonl", sums[:GENERAL_ITEMS])
    tasks = _read(needed("data", "instruction-replay", "self_instruct_seed_tasks.jsonl"))
    _write(folder / "data/instructions.jsonl", list(_instructions(tasks))[:GENERAL_ITEMS])
    _write(folder / "data/piqa.jsonl", (_probe(row) for row in _read(general / "piqa_valid.jsonl.gz")))
    (folder / "acclimate.yaml").write_text(CONFIG)


@dataclass(frozen=True)
class Run:
    """The predictions of base and adapted model, and what the training step reported."""

    predictions: dict[str, pl.DataFrame]
    training: dict[str, Any]


def run_once(folder: Path, seed: int, *, replay: bool) -> Run:
    """One training run through the command line."""
    settings = ["--set", f"train.seed={seed}", "--set", f"train.replay_share={0.2 if replay else 0.0}"]
    steps: dict[str, dict[str, Any]] = {}
    for until in ("predict.base", "predict.adapted"):
        told = _acclimate("run", *settings, "--until", until, "--json", folder=folder)
        steps |= {row["step"]: row for row in json.loads(told)}
    sources = _rows(steps["general"]).select("id", "source")
    predictions = {arm: _rows(steps[f"predict.{arm}"]).join(sources, on="id", how="left") for arm in ARMS}
    return Run(predictions, steps["train"]["report"]["metrics"])


def _rows(step: Mapping[str, Any]) -> pl.DataFrame:
    return pl.read_parquet(f"{step['artifact']}/data-*.parquet")


def figures(trained: list[Run], *, replay: bool) -> Iterator[dict[str, Any]]:
    """Every figure as the mean over seeds, with an interval over items."""
    name = "with replay" if replay else "without replay"
    runs = [run.predictions for run in trained]
    tokens = [run.training["tokens"] for run in trained]
    domain = [round(run.training["tokens"] * (1 - run.training["replay_share"])) for run in trained]
    yield result(f"tokens a run saw, {name}", tokens, peers={"of the domain": domain})
    for label, chosen in _suites().items():
        base, adapted = _bits(runs, chosen)
        value = Ratio(adapted.sum(axis=0), base["bytes"].sum(axis=0))
        before = Ratio(base["bits"].sum(axis=0), base["bytes"].sum(axis=0))
        change = Resamples(base["ids"], resamples=4000, seed=0).difference(value, before)
        goal = "≤ .79" if label == "notes" and replay else "no rise" if replay else ""
        yield result(
            f"bits per byte, {label}, {name}, mean of {len(runs)} seeds",
            round(value.value, 4),
            goal=goal,
            peers={
                "base": round(before.value, 4),
                "seeds": [round(float(row.sum() / base["bytes"][0].sum()), 4) for row in adapted],
            },
        )
        yield result(
            f"change against base, {label}, {name}",
            round(change.value, 4),
            interval=[round(change.low, 4), round(change.high, 4)],
            peers={"verdict": "fell" if change.high < 0 else "rose" if change.low > 0 else "no difference shown"},
        )
    yield _piqa(runs, name)


def _suites() -> dict[str, pl.Expr]:
    source, general = pl.col("source"), pl.col("suite") == "general"
    return {
        "notes": pl.col("suite") == "task",
        "tiny Shakespeare": general & (source == "shakespeare"),
        "self-instruct answers": general & (source == "instructions"),
        "GSM8K answers": general & (source == "gsm8k"),
        "all general text": general,
    }


def _bits(runs: list[dict[str, pl.DataFrame]], chosen: pl.Expr) -> tuple[dict[str, Any], np.ndarray]:
    """Bits of base and adapted, one row a seed, one column an item."""
    base = [run["base"].filter(chosen).sort("id") for run in runs]
    adapted = [run["adapted"].filter(chosen).sort("id") for run in runs]
    ids = base[0]["id"].to_list()
    if any(frame["id"].to_list() != ids for frame in (*base, *adapted)):
        raise SystemExit("the runs scored different items")
    bits = np.stack([frame["nats"].to_numpy() / math.log(2) for frame in base])
    size = np.stack([frame["bytes"].to_numpy().astype(float) for frame in base])
    return {"ids": ids, "bits": bits, "bytes": size}, np.stack(
        [frame["nats"].to_numpy() / math.log(2) for frame in adapted]
    )


def _piqa(runs: list[dict[str, pl.DataFrame]], name: str) -> dict[str, Any]:
    """Accuracy of PIQA before and after, paired by item, over all seeds."""
    right = {arm: np.stack([_right(run[arm]) for run in runs]).mean(axis=0) for arm in ARMS}
    items = len(right["base"])
    estimate = Resamples([str(item) for item in range(items)], resamples=4000, seed=0).difference(
        Ratio(right["adapted"], np.ones(items)), Ratio(right["base"], np.ones(items))
    )
    peers = {arm: round(float(values.mean()), 4) for arm, values in right.items()} | {"items": items}
    interval = [round(estimate.low, 4), round(estimate.high, 4)]
    return result(
        f"change of PIQA accuracy, {name}", round(estimate.value, 4), interval=interval, goal="no loss", peers=peers
    )


def _right(predictions: pl.DataFrame) -> np.ndarray:
    scored = predictions.filter(pl.col("suite") == "ability").with_columns(per_byte=pl.col("nats") / pl.col("bytes"))
    chosen, rejected = (scored.filter(pl.col("candidate") == kind).sort("id") for kind in ("chosen", "rejected"))
    return (chosen["per_byte"] < rejected["per_byte"]).to_numpy().astype(float)


def _note(row: Mapping[str, Any]) -> dict[str, str]:
    prompt = f"Write the {row['section_header']} section of a clinical note from this dialogue.\n\n{row['dialogue']}"
    return {"prompt": prompt, "completion": row["section_text"], "section": row["section_header"]}


def _probe(row: Mapping[str, Any]) -> dict[str, str]:
    answers = [row["sol1"], row["sol2"]]
    right = int(row["label"])
    return {
        "prompt": row["goal"],
        "chosen": f" {answers[right]}",
        "rejected": f" {answers[1 - right]}",
        "ability": "piqa",
    }


def _instructions(tasks: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, str]]:
    for task in tasks:
        for instance in task["instances"]:
            prompt = "\n\n".join(part for part in (task["instruction"], instance["input"]) if part)
            if len(prompt) + len(instance["output"]) < 3000 and instance["output"].strip():
                yield {"prompt": prompt, "completion": instance["output"]}


def _read(path: Path) -> Iterator[dict[str, Any]]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    return (json.loads(line) for line in text.split("\n") if line)


def _write(path: Path, rows: Iterable[Mapping[str, str]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _acclimate(*arguments: str, folder: Path, check: bool = True) -> str:
    """What a command prints on stdout."""
    code = "from acclimate.cli.main import main; main()"
    command = [sys.executable, "-c", code, *arguments, "--project", str(folder)]
    return subprocess.run(command, check=check, env=os.environ, stdout=subprocess.PIPE, text=True).stdout


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--work", type=Path, default=Path("build/mts"), help="the project's folder; kept, so that runs resume"
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--output", type=Path, help="where to write the results as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()

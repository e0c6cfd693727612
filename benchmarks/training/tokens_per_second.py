"""Trained tokens a second with LoRA on a CPU, beside TRL's SFTTrainer, padded and packed, on the same rows in one run.

Real dialogues and notes of at most 512 tokens; equal batches in equal order, precision, rate, schedule and adapter.
Each candidate is a process of its own; rounds alternate between them. Tokens are those of the rows, padding left out;
the first two steps are not timed. TRL runs without gradient checkpointing, its default, which would slow it further,
and with its loss in chunks.

    python -m benchmarks.training.tokens_per_second --output benchmarks/results/tokens_per_second.json
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.recording import needed, result, write_results

CANDIDATES = ("acclimate", "trl padded", "trl packed")
MAX_TOKENS, BATCH, RATE = 512, 4, 1e-3
WARM_UP_STEPS = 2
PACKED_LENGTH = 1024


def main() -> None:
    """Runs all candidates in turn, or one of them where --candidate says so."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=["bf16", "fp32"], default="bf16")
    parser.add_argument("--base", type=Path, help="a model folder; by itself smollm2-135m")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--candidate", choices=CANDIDATES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.candidate:
        print(json.dumps(run_candidate(arguments)))
        return
    needed("data", "mts-dialog", "dialogue_to_section.jsonl.gz")
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in CANDIDATES}
    for round_number in range(arguments.rounds):
        turn = round_number % len(CANDIDATES)
        for name in CANDIDATES[turn:] + CANDIDATES[:turn]:
            runs[name].append(in_own_process(name, arguments))
            print(f"round {round_number + 1}, {name}: {runs[name][-1]['rate']:.0f} tokens/s", file=sys.stderr)
    write_results(arguments.output, list(figures(runs, arguments.precision)))


def in_own_process(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """What one candidate measured: tokens a second and its losses."""
    given = {"steps": arguments.steps, "threads": arguments.threads, "precision": arguments.precision}
    options = [text for key, value in given.items() for text in (f"--{key}", str(value))]
    base = ["--base", str(arguments.base)] if arguments.base else []
    command = [sys.executable, "-m", "benchmarks.training.tokens_per_second", "--candidate", name, *options, *base]
    environment = {**os.environ, "OMP_NUM_THREADS": str(arguments.threads), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-3000:]}")
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


def figures(runs: dict[str, list[dict[str, Any]]], precision: str) -> Iterator[dict[str, Any]]:
    """The rows of results: the best round of each, its spread, the ratio, and how far the loss curves lie apart."""
    rates = {name: sorted(run["rate"] for run in measured) for name, measured in runs.items()}
    version = runs["trl padded"][0]["version"]
    peers = {f"{version} {name.split()[1]}": round(rates[name][-1]) for name in CANDIDATES[1:]}
    ours = rates["acclimate"]
    yield result(
        f"trained tokens/s, LoRA, {precision}, rows ≤ {MAX_TOKENS} tokens",
        round(ours[-1]),
        interval=[round(ours[0]), round(ours[-1])],
        peers=peers,
    )
    best_peer = [max(rates[name][place] for name in CANDIDATES[1:]) for place in range(len(ours))]
    ratios = sorted(one / other for one, other in zip(ours, best_peer, strict=True))
    yield result(
        f"times as fast as TRL's better one, {precision}",
        round(ours[-1] / best_peer[-1], 2),
        interval=[round(ratios[0], 2), round(ratios[-1], 2)],
        goal="≥ 2",
        peers=peers,
    )
    losses = {name: measured[0]["losses"] for name, measured in runs.items()}
    last = max(1, len(losses["acclimate"]) // 3)
    yield result(
        f"mean loss of the last {last} steps, {precision}",
        round(statistics.fmean(losses["acclimate"][-last:]), 4),
        peers={f"{version} padded (same batches)": round(statistics.fmean(losses["trl padded"][-last:]), 4)},
        goal="equal within noise",
    )
    apart = [abs(one - other) for one, other in zip(losses["acclimate"], losses["trl padded"], strict=True)]
    yield result(
        f"loss of the same batch, mean distance to TRL padded, {precision}",
        round(statistics.fmean(apart), 4),
        peers={"first step": round(apart[0], 4)},
    )


def run_candidate(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains for the given steps and gives tokens a second and the losses."""
    import torch

    from acclimate.backends.base_models import default_cache, resolve_base

    warnings.simplefilter("ignore")
    torch.set_num_threads(arguments.threads)
    base = arguments.base or resolve_base("smollm2-135m", cache=default_cache(), allow_network=False, folder=Path.cwd())
    rows = make_rows(base, arguments.steps * BATCH)
    if arguments.candidate == "acclimate":
        return run_acclimate(base, rows, arguments)
    return run_trl(base, rows, arguments, packed=arguments.candidate == "trl packed")


def make_rows(base: Path, count: int) -> list[Any]:
    """The first rows of the training split that fit, as every candidate gets them."""
    from acclimate.backends.models import LocalModels
    from acclimate.core.examples import example_of

    model = LocalModels().tokenizer_only(base)
    with gzip.open(needed("data", "mts-dialog", "dialogue_to_section.jsonl.gz"), "rt") as file:
        dialogues = [row for row in map(json.loads, file) if row["split"] == "train"]
    rows = []
    for row in dialogues:
        pair = {"id": row["ID"], "prompt": row["dialogue"], "completion": row["section_text"]}
        tokens = model.render(example_of(pair))
        if len(tokens.tokens) <= MAX_TOKENS:
            rows.append(tokens)
    return rows[:count]


def run_acclimate(base: Path, rows: list[Any], arguments: argparse.Namespace) -> dict[str, Any]:
    """The project's own loop, without its evaluations; the one checkpoint at the end falls outside the timed steps."""
    from acclimate.backends.models import LocalModels
    from acclimate.core.ports import TrainingPlan

    batches = [[("domain", row) for row in rows[at : at + BATCH]] for at in range(0, len(rows), BATCH)]
    plan = TrainingPlan(
        "lora",
        RATE,
        len(batches),
        BATCH,
        precision=arguments.precision,
        eval_steps=len(batches),
        save_steps=len(batches),
    )
    clock = StepClock()
    with tempfile.TemporaryDirectory() as folder:
        trained = LocalModels().train(
            base,
            batches,
            plan,
            validation=[],
            output=Path(folder) / "output",
            partial=Path(folder) / "partial",
            progress=clock,
        )
    # The last step's time holds the checkpoint.
    tokens = [step.tokens for step in trained.steps][:-1]
    return {"rate": clock.rate(tokens), "losses": [step.loss for step in trained.steps], "version": "acclimate"}


class StepClock:
    """A progress bar that notes when each step was done."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def advance(self, amount: int = 1) -> None:
        self.times.append(time.perf_counter())

    def rate(self, tokens: list[int]) -> float:
        """Tokens a second from the end of the warm-up on; `times` begins with the start of the first step."""
        seconds = self.times[len(tokens)] - self.times[WARM_UP_STEPS]
        return sum(tokens[WARM_UP_STEPS:]) / seconds

    def __enter__(self) -> StepClock:
        return self

    def __exit__(self, *exception: object) -> None:
        pass


def run_trl(base: Path, rows: list[Any], arguments: argparse.Namespace, *, packed: bool) -> dict[str, Any]:
    """TRL's trainer on the same token ids; packed rows fill sequences of about as many tokens as a padded batch."""
    import torch
    import trl
    from datasets import Dataset
    from torch.utils.data import SequentialSampler
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback

    from acclimate.backends.lora import adapter_config
    from acclimate.backends.optimiser import learning_rate
    from acclimate.core.ports import TrainingPlan

    class InOrder(trl.SFTTrainer):
        def _get_train_sampler(self, *_: Any, **__: Any) -> Any:
            return SequentialSampler(self.train_dataset)

    clock = StepClock()
    losses: list[float] = []

    class Watch(TrainerCallback):
        def on_train_begin(self, *_: Any, **__: Any) -> None:
            clock.advance()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            clock.advance()

        def on_log(self, *_: Any, logs: dict[str, float] | None = None, **__: Any) -> None:
            if logs and "loss" in logs:
                losses.append(logs["loss"])

    dtype = torch.bfloat16 if arguments.precision == "bf16" else torch.float32
    model = AutoModelForCausalLM.from_pretrained(base, dtype=dtype, local_files_only=True)
    with tempfile.TemporaryDirectory() as folder:
        trainer = InOrder(
            model,
            args=trl.SFTConfig(
                output_dir=folder,
                use_cpu=True,
                bf16=arguments.precision == "bf16",
                per_device_train_batch_size=1 if packed else BATCH,
                max_length=PACKED_LENGTH if packed else MAX_TOKENS,
                packing=packed,
                num_train_epochs=1,
                learning_rate=RATE,
                gradient_checkpointing=False,
                loss_type="chunked_nll",
                logging_steps=1,
                save_strategy="no",
                report_to="none",
                disable_tqdm=True,
                dataloader_pin_memory=False,
            ),
            train_dataset=Dataset.from_list([labelled(row) for row in rows]),
            processing_class=AutoTokenizer.from_pretrained(base, local_files_only=True),
            peft_config=adapter_config(TrainingPlan("lora", RATE, 1, 1)),
            callbacks=[Watch()],
        )
        steps = len(trainer.get_train_dataloader())
        plan = TrainingPlan("lora", RATE, steps, BATCH)
        trainer.create_optimizer()
        trainer.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(
            trainer.optimizer, lambda done: learning_rate(plan, min(done + 1, steps)) / RATE
        )
        tokens = tokens_of_steps(trainer)
        trainer.train()
    return {"rate": clock.rate(tokens), "losses": losses[:steps], "version": f"trl {trl.__version__}"}


def labelled(row: Any) -> dict[str, list[int]]:
    """A row as TRL takes it: ids, and labels that are -100 where no loss is wanted."""
    labels = [token if trained else -100 for token, trained in zip(row.tokens, row.trained, strict=True)]
    return {"input_ids": list(row.tokens), "labels": labels}


def tokens_of_steps(trainer: Any) -> list[int]:
    """Tokens of each step without padding."""
    counts = [len(row["input_ids"]) for row in trainer.train_dataset]
    size = trainer.args.per_device_train_batch_size
    return [sum(counts[at : at + size]) for at in range(0, len(counts), size)]


if __name__ == "__main__":
    main()

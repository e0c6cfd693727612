"""Ways to adapt one base on the same rows at equal cost: acclimate's, and TRL's trainer at the settings others give."""

from __future__ import annotations

import math
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal

import polars as pl
import torch

from acclimate.backends.models import LocalModels
from acclimate.core.ports import LanguageModel, Score, TokenRow
from acclimate.core.progress import no_progress
from acclimate.stages.dial.config import DialConfig
from acclimate.stages.dial.points import measure
from acclimate.stages.dial.run import choose
from acclimate.stages.train.config import TrainConfig
from acclimate.stages.train.steps import Step, plan_steps


@dataclass(frozen=True)
class Arm:
    """A trainer with its settings; `learning_rate` is the one it comes with."""

    name: str
    tool: Literal["acclimate", "trl"]
    learning_rate: float
    replay_share: float = 0.0
    replay_loss: Literal["likelihood", "kl"] = "likelihood"
    use_eaft_loss: bool = False
    lora_r: int | None = None
    """None trains all weights, in TRL's trainer."""
    batch_size: int = 8
    schedule: str = "linear"
    warmup_ratio: float = 0.0


ARMS = (
    Arm("acclimate", "acclimate", 1e-3, replay_share=0.2),
    Arm("acclimate, replay by KL", "acclimate", 1e-3, replay_share=0.2, replay_loss="kl"),
    Arm("acclimate, EAFT", "acclimate", 1e-3, replay_share=0.2, use_eaft_loss=True),
    Arm("acclimate, no replay", "acclimate", 1e-3),
    Arm("TRL LoRA", "trl", 2e-5, lora_r=16),
    Arm("TRL full", "trl", 2e-5),
    Arm("LLaMA-Factory's LoRA settings", "trl", 1e-4, lora_r=8, schedule="cosine", warmup_ratio=0.1),
    Arm("LLaMA-Factory's full settings", "trl", 1e-5, schedule="cosine", warmup_ratio=0.1),
)
"""TRL at the defaults of its SFTConfig and sft script. LLaMA-Factory's are the settings of its examples, in TRL's trainer."""


@dataclass(frozen=True)
class Material:
    """What every arm of a domain gets: rows to learn, to choose by and to be judged on, and general text in two halves.

    `replay` is text that the base wrote; `kept` judges what was kept, `held_out` is for choosing a strength.
    """

    train: Sequence[TokenRow]
    validation: Sequence[TokenRow]
    test: Sequence[TokenRow]
    replay: Sequence[TokenRow]
    held_out: Sequence[TokenRow]
    kept: Sequence[TokenRow]
    budget: int
    """Tokens that are computed forwards and backwards, replay counted."""


def adapt(base: Path, arm: Arm, material: Material, *, rate: float, seed: int) -> dict[str, Any]:
    """Trains, and gives the scores of the test rows and of general text, with what it cost."""
    with tempfile.TemporaryDirectory() as folder:
        run = _acclimate if arm.tool == "acclimate" else _trl
        return run(base, arm, material, rate=rate, seed=seed, folder=Path(folder))


def scores_of(model: LanguageModel, rows: Sequence[TokenRow]) -> list[float]:
    """Nats of each row."""
    return [score.nats for score in model.score(rows, progress=no_progress("", 1))]


def _acclimate(base: Path, arm: Arm, material: Material, *, rate: float, seed: int, folder: Path) -> dict[str, Any]:
    """The loop with the defaults of `train`, and the strength that `dial` keeps."""
    models = LocalModels()
    config = TrainConfig(
        learning_rate=rate,
        replay_share=arm.replay_share,
        replay_loss=arm.replay_loss,
        use_eaft_loss=arm.use_eaft_loss,
        seed=seed,
    )
    batches = _within(
        plan_steps(
            material.train,
            material.replay,
            steps=math.ceil(material.budget / min(len(row.tokens) for row in material.train)),
            rows_per_step=config.rows_per_step,
            epochs=None,
            replay_share=config.replay_share,
            seed=seed,
        ),
        material.budget,
    )
    learnt = sum(sum(row.trained) for row in material.train)
    rank = config.rank(learnt, models.facts(base).parameters_per_rank)
    trained = models.train(
        base,
        batches,
        config.plan(len(batches), rank=rank),
        validation=material.validation,
        output=folder / "model",
        partial=folder / "partial",
        progress=no_progress("", 1),
    )
    alpha = _strength(models, base, folder, material)
    adapter = folder / "scaled"
    models.scale_adapter(base, adapter=folder / "model", alpha=alpha, output=adapter)
    model = models.load(base, adapter=adapter)
    unscaled = models.load(base, adapter=folder / "model")
    return {
        "tokens": sum(step.tokens for step in trained.steps),
        "steps": len(batches),
        "alpha": alpha,
        "test": scores_of(model, material.test),
        "kept": scores_of(model, material.kept),
        "unscaled": {"test": scores_of(unscaled, material.test), "kept": scores_of(unscaled, material.kept)},
    }


def _within(batches: Sequence[Step], budget: int) -> Sequence[Step]:
    """The first steps that together have no more tokens."""
    so_far = accumulate(sum(len(row.tokens) for _, row in batch) for batch in batches)
    return batches[: max(1, sum(tokens <= budget for tokens in so_far))]


def _strength(models: LocalModels, base: Path, folder: Path, material: Material) -> float:
    """What `dial` keeps, from validation rows and the half of the general text that judges nothing."""
    rows = []
    for alpha in (0.0, 0.25, 0.5, 0.75, 1.0):
        scaled = folder / f"at-{alpha}"
        models.scale_adapter(base, adapter=folder / "model", alpha=alpha, output=scaled)
        model = models.load(base, adapter=scaled)
        for suite, texts in (("task", material.validation), ("general", material.held_out)):
            scores = model.score(texts, progress=no_progress("", 1))
            rows += [_swept(alpha, suite, score) for score in scores]
    config = DialConfig()
    alpha, _, _ = choose(measure(pl.DataFrame(rows, schema_overrides={"ability": pl.String}), config), config)
    return alpha


def _swept(alpha: float, suite: str, score: Score) -> dict[str, Any]:
    row = {"alpha": alpha, "id": score.id, "suite": suite, "candidate": "reference", "cluster": score.id}
    return row | {"ability": None, "nats": score.nats, "tokens": score.tokens, "bytes": score.bytes}


def _trl(base: Path, arm: Arm, material: Material, *, rate: float, seed: int, folder: Path) -> dict[str, Any]:
    """TRL's SFTTrainer on the same token ids, at its defaults but for what the arm names."""
    import trl
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer

    mean = sum(len(row.tokens) for row in material.train) / len(material.train)
    steps = max(1, round(material.budget / (mean * arm.batch_size)))
    dtype = torch.bfloat16 if LocalModels().select_precision("auto") == "bf16" else torch.float32
    lora = LoraConfig(r=arm.lora_r, lora_alpha=2 * arm.lora_r, target_modules="all-linear") if arm.lora_r else None
    # TRL trains whole weights in the type they are loaded in; fp32 masters under autocast are the better choice.
    loaded = torch.float32 if lora is None else dtype
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = trl.SFTTrainer(
            AutoModelForCausalLM.from_pretrained(base, dtype=loaded, local_files_only=True),
            args=trl.SFTConfig(
                output_dir=str(folder / "trainer"),
                use_cpu=not torch.cuda.is_available(),
                bf16=dtype == torch.bfloat16,
                per_device_train_batch_size=arm.batch_size,
                max_steps=steps,
                learning_rate=rate,
                lr_scheduler_type=arm.schedule,
                warmup_steps=math.ceil(arm.warmup_ratio * steps),
                max_length=None,
                gradient_checkpointing=False,
                save_strategy="no",
                report_to="none",
                disable_tqdm=True,
                logging_strategy="no",
                seed=seed,
                dataloader_pin_memory=False,
            ),
            train_dataset=Dataset.from_list([_labelled(row) for row in material.train]),
            processing_class=AutoTokenizer.from_pretrained(base, local_files_only=True),
            peft_config=lora,
        )
        trainer.train()
        trainer.save_model(str(folder / "model"))
    for file in (folder / "model").glob("*.bin"):
        file.unlink()  # the trainer's own settings, pickled; models with pickles are refused
    models = LocalModels()
    model = models.load(base, adapter=folder / "model") if lora else models.load(folder / "model")
    return {
        "tokens": round(steps * arm.batch_size * mean),
        "steps": steps,
        "test": scores_of(model, material.test),
        "kept": scores_of(model, material.kept),
    }


def _labelled(row: TokenRow) -> dict[str, list[int]]:
    """A row as TRL takes it: ids, and labels that are -100 where no loss is wanted."""
    labels = [token if trained else -100 for token, trained in zip(row.tokens, row.trained, strict=True)]
    return {"input_ids": list(row.tokens), "labels": labels}

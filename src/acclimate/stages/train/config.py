"""What the user may decide about training, in the names that transformers, peft and TRL use."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

from acclimate.core.labels import LABEL_TASKS
from acclimate.core.ports import Objective, TrainingPlan
from acclimate.core.preferences import BETAS, LossType
from acclimate.core.stage import StageConfig

LEARNING_RATES = {"lora": 1e-3, "full": 2e-4, "top_layers": 3e-4, "modules": 3e-4, "norms_and_biases": 3e-3}
"""The first three measured on dialogue-to-note pairs with SmolLM2-135M; TRL's 2e-5 for all methods learns a seventh as
much."""

CLASSIFICATION_RATES = {"lora": 1e-3, "full": 1e-4, "top_layers": 1e-4, "modules": 1e-4, "norms_and_biases": 3e-3}
"""Measured on banking77 with ten labels an intent and MiniLM, one seed, all but modules."""

PREFERENCE_RATES = {"lora": 1e-4, "full": 1e-5, "top_layers": 2e-5, "modules": 2e-5, "norms_and_biases": 3e-4}
"""A tenth of those for answers, and less where all weights move. Not measured here: published rates of DPO lie as far below
those of supervised training."""

RANKS = (16, 32, 64, 128, 256)

TOKENS_PER_PARAMETER = 2
"""A parameter of a LoRA holds about two bits, a token of a training set has about one to teach (Schulman et al. 2025, LoRA
Without Regret)."""

EVALUATIONS = 6

Task = Literal["generation", "pretraining", "masked_lm", "classification", "multi-label-classification", "preference"]

OBJECTIVES: Mapping[Task, Objective] = {
    "generation": "causal_lm",
    "pretraining": "causal_lm",
    "masked_lm": "masked_lm",
    "classification": "classification",
    "multi-label-classification": "multi_label_classification",
    "preference": "preference",
}
"""What each task is learnt by."""

RATES: Mapping[Task, Mapping[str, float]] = {
    "masked_lm": CLASSIFICATION_RATES,
    "classification": CLASSIFICATION_RATES,
    "multi-label-classification": CLASSIFICATION_RATES,
    "preference": PREFERENCE_RATES,
}
"""By task, where it has rates of its own; those of one label serve several labels and hidden words of the same
encoders, not measured apart."""

_TEXTS: tuple[Task, ...] = ("generation", "pretraining")
_ONLY_FOR: tuple[tuple[tuple[str, ...], tuple[Task, ...], str], ...] = (
    (("replay_share", "on_too_long"), (*_TEXTS, "preference"), "models that write text"),
    (("replay_loss", "use_eaft_loss"), _TEXTS, "models that write text, and weighs its tokens one by one"),
    (("beta", "loss_type", "rpo_alpha"), ("preference",), "pairs of answers"),
)
"""Settings with the tasks that they go with, and what they are of."""


class TrainConfig(StageConfig):
    """How the base is adapted."""

    task: Task = "generation"
    """The project's task: generation learns answers, pretraining whole texts, classification the label of each text,
    multi-label-classification its labels, preference which of two answers is better. The step pretrain has masked_lm, which learns hidden words of texts."""

    labels: tuple[str, ...] = ()
    """What is told of texts, as the project's `labels` say; by itself the labels of the training records."""

    method: Literal["lora", "full", "top_layers", "modules", "norms_and_biases"] = "lora"
    """`lora` trains small factors beside every linear layer, `full` all weights, `top_layers` the last layers alone (the
    bottom ones and the embedding are frozen), `modules` the weights of target_modules, `norms_and_biases` vectors alone."""

    learning_rate: float | None = Field(default=None, gt=0)
    """Step size at its highest; by itself 1e-3 for lora, 2e-4 for full, 3e-4 for top_layers and modules, 3e-3 for
    norms_and_biases; for labels and pretrain 1e-4 for full, top_layers and modules; for preference 1e-4 for lora, 1e-5 for full,
    2e-5 for top_layers and modules, 3e-4 for norms_and_biases. Higher learns and forgets more."""

    num_train_epochs: float = Field(default=3.0, gt=0, le=3)
    """How often each record is seen; more than three times teaches a text by heart."""

    max_steps: int | None = Field(default=None, ge=1)
    """Optimiser steps; when set it decides instead of num_train_epochs."""

    per_device_train_batch_size: int = Field(default=4, ge=1)
    """Domain records of a step (times gradient_accumulation_steps); replay comes on top."""

    gradient_accumulation_steps: int = Field(default=1, ge=1)
    """Multiplies the records of a step. Memory does not depend on it: rows are computed in packs of a fixed size."""

    warmup_ratio: float = Field(default=0.1, ge=0, lt=1)
    """Share of the steps over which the learning rate rises from zero."""

    weight_decay: float = Field(default=0.0, ge=0)
    """Pull of the trained weights towards zero."""

    max_grad_norm: float = Field(default=1.0, gt=0)
    """Longer gradients are shortened to this."""

    lora_r: int | None = Field(default=None, ge=1)
    """Rank of the factors: more can learn more and takes more memory. By itself the least of 16, 32, … 256 whose factors
    can hold what the training tokens teach."""

    lora_alpha: int = Field(default=32, ge=1)
    """The factors' product is scaled by lora_alpha / lora_r."""

    use_dora: bool = False
    """DoRA: lora with the length of each weight vector trained apart (Liu et al. 2024); slower, at times better at low rank."""

    use_rslora: bool = False
    """rsLoRA: the factors' product is scaled by lora_alpha / √lora_r, for high ranks (Kalajdzievski 2023)."""

    target_modules: tuple[str, ...] = ()
    """Which modules lora stands beside (by itself every linear layer) or `modules` trains: names such as q_proj, down_proj."""

    top_layers: int = Field(default=4, ge=1)
    """How many of the last layers top_layers trains."""

    replay_share: float = Field(default=0.2, ge=0, lt=1)
    """Share of each step's tokens that is text sampled from the base, against forgetting; 0 switches it off."""

    replay_loss: Literal["likelihood", "kl"] = "likelihood"
    """What replayed text asks of the model: `likelihood` of its tokens, or `kl`, the base's whole distribution at each of
    them, which costs a further pass over the replay and a copy of what is trained."""

    beta: float | None = Field(default=None, gt=0)
    """Of preference: how strongly rewards count; lower lets the model go further from the base. By itself 0.1 for sigmoid,
    5 for sigmoid_norm, whose rewards are means over tokens."""

    loss_type: LossType = "sigmoid"
    """Of preference: `sigmoid` is DPO, which sums over an answer's tokens; `sigmoid_norm` takes their mean, so that an answer
    gains nothing by being long."""

    rpo_alpha: float = Field(default=0.0, ge=0)
    """Of preference: share of plain likelihood of the chosen answers in the loss, which keeps them likely (Pang et al. 2024)."""

    use_eaft_loss: bool = False
    """EAFT: a token weighs less the surer the model is of its continuation, so that what contradicts it teaches little."""

    eval_steps: int | None = Field(default=None, ge=1)
    """Steps between two looks at the validation records; by itself a sixth of the run."""

    save_steps: int | None = Field(default=None, ge=1)
    """Steps between two checkpoints; by itself as eval_steps. An evaluation always writes one too."""

    validation_limit: int = Field(default=64, ge=1)
    """At most so many validation records are looked at while training, chosen by a hash of their id."""

    max_length: int | None = Field(default=None, ge=8)
    """Most tokens of a row; by itself the model's context. Longer texts are cut into several rows, nothing is lost; of
    a text to be labelled only the beginning is read."""

    on_too_long: Literal["fail", "drop"] = "fail"
    """What happens to a conversation longer than max_length, which cannot be cut: stop and say so, or set it aside."""

    precision: Literal["auto", "bf16", "fp32"] = "auto"
    """Number format of the computation; the trained weights themselves are kept in fp32 in any case."""

    seed: int = 0
    """Decides the order of rows and the adapter's start."""

    @model_validator(mode="after")
    def _settings_fit_the_method(self) -> TrainConfig:
        if self.method == "modules" and not self.target_modules:
            raise ValueError("method modules trains the modules named in target_modules, and none is named")
        if self.method not in ("lora", "modules") and self.target_modules:
            raise ValueError(f"target_modules says where lora and modules train, and the method is {self.method}")
        for name in ("use_dora", "use_rslora"):
            if self.method != "lora" and getattr(self, name):
                raise ValueError(f"{name} is a form of lora, and the method is {self.method}")
        changed = [name for name, field in type(self).model_fields.items() if getattr(self, name) != field.default]
        for names, tasks, are in _ONLY_FOR:
            for name in names:
                if name in changed and self.task not in tasks:
                    raise ValueError(f"{name} is of {are}, and the task is {self.task}")
        return self

    @property
    def replays(self) -> bool:
        """Whether text that the base wrote is mixed in; an encoder writes none."""
        return bool(self.replay_share) and self.task not in ("masked_lm", *LABEL_TASKS)

    @property
    def rows_per_step(self) -> int:
        """Domain rows of one optimiser step."""
        return self.per_device_train_batch_size * self.gradient_accumulation_steps

    def steps(self, rows: int) -> int:
        """Optimiser steps of a run over so many domain rows."""
        return self.max_steps or max(1, math.ceil(rows * self.num_train_epochs / self.rows_per_step))

    def rank(self, trained_tokens: int, parameters_per_rank: int) -> int:
        """The rank of the factors for so many tokens to learn, each counted once."""
        if self.lora_r is not None:
            return self.lora_r
        enough = (rank for rank in RANKS if rank * parameters_per_rank * TOKENS_PER_PARAMETER >= trained_tokens)
        return next(enough, RANKS[-1] if parameters_per_rank else RANKS[0])

    def plan(self, steps: int, *, rank: int = RANKS[0]) -> TrainingPlan:
        """Everything that decides a run of so many steps."""
        rates = RATES.get(self.task, LEARNING_RATES)
        evaluated = self.eval_steps or max(1, math.ceil(steps / EVALUATIONS))
        return TrainingPlan(
            method=self.method,
            learning_rate=self.learning_rate or rates[self.method],
            max_steps=steps,
            objective=OBJECTIVES[self.task],
            beta=self.beta or BETAS[self.loss_type],
            loss_type=self.loss_type,
            rpo_alpha=self.rpo_alpha,
            per_device_train_batch_size=self.per_device_train_batch_size,
            gradient_accumulation_steps=self.gradient_accumulation_steps,
            warmup_ratio=self.warmup_ratio,
            weight_decay=self.weight_decay,
            max_grad_norm=self.max_grad_norm,
            lora_r=rank,
            lora_alpha=self.lora_alpha,
            use_dora=self.use_dora,
            use_rslora=self.use_rslora,
            target_modules=self.target_modules,
            top_layers=self.top_layers,
            use_eaft_loss=self.use_eaft_loss,
            replay_loss=self.replay_loss,
            precision=self.precision,
            eval_steps=evaluated,
            save_steps=self.save_steps or evaluated,
            seed=self.seed,
        )

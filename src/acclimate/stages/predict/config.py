"""What the user may decide about predictions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

from acclimate.core.labels import SEVERAL
from acclimate.core.stage import StageConfig

Task = Literal["generation", "pretraining", "classification", "multi-label-classification", "preference"]
METHODS: Mapping[Task, tuple[str, ...]] = {
    "generation": ("model", "few_shot", "nearest_answer"),
    "pretraining": ("model",),
    "classification": ("model", "probe", "tfidf", "majority"),
    "multi-label-classification": ("model", "probe", "tfidf", "majority"),
    "preference": ("model",),
}
"""How each task's items can be predicted."""

Suite = Literal["task", "general", "ability", "sampled", "trained"]


class PredictConfig(StageConfig):
    """How test items are scored and answered."""

    method: Literal["model", "few_shot", "nearest_answer", "probe", "tfidf", "majority"] = "model"
    """`model` as it is, `few_shot` behind examples from the training split, `nearest_answer` copied from training; for
    labels `probe` on the untrained encoder's vectors, `tfidf` on words, `majority` by counting training labels."""

    task: Task = "generation"
    """The project's task; pretraining has no answers, so that nothing is generated; of a preference both answers are scored."""

    labels: tuple[str, ...] = ()
    """What is told of texts, as the project's `labels` say; by itself the labels of the training records."""

    threshold: float | None = Field(default=None, gt=0, lt=1)
    """Of multi-label-classification: the probability above which a text is told to have a label, the same for all labels. By
    itself that with the most micro-F1 on the validation records, for each way of telling labels its own."""

    max_length: int | None = Field(default=None, ge=8)
    """Most tokens of a text that the untrained encoder reads; by itself train.max_length."""

    suites: tuple[Suite, ...] = ("task", "general", "ability", "sampled", "trained")
    """What is scored, where its input is there; few_shot and nearest_answer score the task alone."""

    generations: int = Field(default=48, ge=0)
    """Test items that get a generated answer, chosen by a hash of their id; all test items are scored in any case."""

    few_shot_generations: int = Field(default=48, ge=0)
    """The same for few_shot, whose long prompts make each answer several times as slow; never more than generations."""

    max_new_tokens: int = Field(default=128, ge=1)
    """Tokens after which a generated answer is cut; the predictions say which were."""

    shots: int = Field(default=3, ge=1)
    """Training examples in front of each item for few_shot; fewer where they do not fit, and the report says so."""

    probes_per_ability: int = Field(default=480, ge=1)
    """At most so many probes of each ability, chosen by a hash of their id; more give a narrower interval."""

    training_records: int = Field(default=0, ge=0, le=2000)
    """So many training records, chosen by a hash of their id, are scored as well, by which evaluate measures how surely the
    model tells them from test records: what it remembers of them. Of generation and pretraining; 0 measures nothing."""

    without_set_aside: bool = False
    """Leaves out the fifth of the retention texts on which a strength was chosen; a project that trains sets it."""

    precision: Literal["auto", "bf16", "fp32"] = "auto"
    """Number format of the model; auto takes the fastest that the machine computes well."""

    seed: int = 0
    """Decides which items are answered and which training examples are shown."""

    @model_validator(mode="after")
    def _settings_fit_the_task(self) -> PredictConfig:
        if self.threshold is not None and self.task != SEVERAL:
            raise ValueError(f"threshold is of {SEVERAL}, and the task is {self.task}")
        if self.training_records and self.task not in ("generation", "pretraining"):
            raise ValueError(
                f"training_records are scored by how likely a model finds a text, and the task is {self.task}"
            )
        return self

"""A training run of a second on a tiny model, for the tests of training, checkpoints and kills."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from acclimate.backends.decoder import load_decoder
from acclimate.backends.rendering import Renderer
from acclimate.backends.tiny import write_tiny_model
from acclimate.backends.training import Task, train
from acclimate.core.atomic import file_digest
from acclimate.core.ports import Example, Message, PairRow, Progress, TokenRow, TrainingPlan, TrainingResult
from acclimate.core.progress import no_progress

PLAN = TrainingPlan(
    "lora", 1e-2, max_steps=6, per_device_train_batch_size=2, top_layers=1, eval_steps=2, save_steps=3, precision="fp32"
)


@dataclass
class TinyRun:
    """One run in a folder of its own; calling `train` again goes on where the last call was cut off."""

    folder: Path
    plan: TrainingPlan = PLAN
    questions: tuple[str, ...] = tuple(f"fever since {day} days?" for day in range(8))
    threads: int = 1
    validation: int = 2
    base: Path = field(init=False)

    def __post_init__(self) -> None:
        self.base = self.folder.parent / "tiny-base"
        if not self.base.exists():
            write_tiny_model(self.base)

    def with_plan(self, **changes: object) -> TinyRun:
        self.plan = replace(self.plan, **changes)
        return self

    def rows(self) -> list[TokenRow]:
        renderer = Renderer.of(load_decoder(self.base, precision="fp32").tokenizer, "tiny")
        return [_answered(renderer, number, question, question[:12]) for number, question in enumerate(self.questions)]

    def pairs(self) -> list[PairRow]:
        """The questions' beginnings preferred to their ends."""
        renderer = Renderer.of(load_decoder(self.base, precision="fp32").tokenizer, "tiny")
        return [
            PairRow(
                str(number),
                _answered(renderer, number, question, question[:12]),
                _answered(renderer, number, question, question[-9:]),
            )
            for number, question in enumerate(self.questions)
        ]

    def train(self, progress: Progress | None = None) -> TrainingResult:
        torch.set_num_threads(self.threads)
        replayed = self.rows()
        rows = self.pairs() if self.plan.objective == "preference" else replayed
        measured = rows[: self.validation]
        labelled = [
            ("replay", replayed[number]) if number % 3 == 1 else ("domain", rows[number])
            for number in range(2, len(rows))
        ]
        batches = [
            [labelled[(3 * step + row) % len(labelled)] for row in range(3)] for step in range(self.plan.max_steps)
        ]
        decoder = load_decoder(self.base, precision=self.plan.precision)
        self.output.mkdir(parents=True, exist_ok=True)
        return train(
            decoder.model,
            Task(batches, measured),
            self.plan,
            facts=decoder.facts,
            output=self.output,
            partial=self.folder / "partial",
            progress=progress or no_progress("", 0),
        )

    @property
    def output(self) -> Path:
        return self.folder / "output"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "partial" / "checkpoints"

    def digests(self) -> dict[str, str]:
        return {path.name: file_digest(path) for path in sorted(self.output.iterdir())}


def _answered(renderer: Renderer, number: int, question: str, answer: str) -> TokenRow:
    turns = (Message("user", question), Message("assistant", answer, train=True))
    return renderer.render(Example(str(number), messages=turns))


class CutOffError(Exception):
    """Stands for whatever ends a run early."""


class EndsAfter:
    """A bar that ends the run when so many steps are done."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def advance(self, amount: int = 1) -> None:
        self.left -= amount
        if self.left == 0:
            raise CutOffError

    def __enter__(self) -> EndsAfter:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

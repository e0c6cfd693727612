"""Training runs of a second on a tiny encoder: guessing hidden tokens, or telling labels."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.unit.backends.tiny_training import TinyRun

from acclimate.backends.decoder import load_tokenizer
from acclimate.backends.encoder import REGRESSIONS, load_for_training
from acclimate.backends.model_files import model_facts
from acclimate.backends.text_rendering import TextRenderer
from acclimate.backends.tiny_encoder import write_tiny_encoder
from acclimate.backends.training import Task, train
from acclimate.core.ports import AnyRow, Example, LabelledRow, MaskedRow, Progress, TrainingResult
from acclimate.core.progress import no_progress

TEXTS = tuple(
    f"{topic} number {number}" for number in range(6) for topic in ("card lost", "top up failed, why?", "cash 20")
)
LABELS = ("card", "cash", "top up")
PARTS = ("ca", "lost", "cash")
"""What stands in a text, in place of what it begins with: none of these labels, or two."""


@dataclass
class TinyEncoderRun(TinyRun):
    """The same run on an encoder; a text's label is the one it begins with."""

    def __post_init__(self) -> None:
        self.base = self.folder.parent / "tiny-encoder"
        if not self.base.exists():
            write_tiny_encoder(self.base)
        if self.plan.objective in REGRESSIONS:
            self.plan = replace(self.plan, labels=LABELS, max_length=64)

    def rows(self) -> list[AnyRow]:
        renderer = TextRenderer.of(load_tokenizer(self.base), "tiny")
        rendered = [renderer.render(Example(str(number), text=text)) for number, text in enumerate(TEXTS)]
        if self.plan.objective == "masked_lm":
            return [MaskedRow(row, draw) for draw, row in enumerate(rendered)]
        shares = [tuple(float(text.startswith(label)) for label in LABELS) for text in TEXTS]
        if self.plan.objective == "multi_label_classification":
            shares = [tuple(float(part in text) for part in PARTS) for text in TEXTS]
        return [LabelledRow(row.id, row.tokens, share) for row, share in zip(rendered, shares, strict=True)]

    def train(self, progress: Progress | None = None) -> TrainingResult:
        rows = self.rows()
        batches = [
            [("domain", rows[(4 * step + row) % len(rows)]) for row in range(4)] for step in range(self.plan.max_steps)
        ]
        self.output.mkdir(parents=True, exist_ok=True)
        return train(
            load_for_training(self.base, self.plan, batches),
            Task(batches, rows[:4]),
            self.plan,
            facts=model_facts(self.base),
            output=self.output,
            partial=self.folder / "partial",
            progress=progress or no_progress("", 0),
        )

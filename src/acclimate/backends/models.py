"""The models of this machine, as the ports that stages know."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from acclimate.backends.decoder import Decoder, load_decoder, load_tokenizer
from acclimate.backends.memory import check_memory
from acclimate.backends.model_files import check_safe, model_facts, stop_token_ids
from acclimate.backends.precision import BF16_FEATURES, processor_features, select_precision
from acclimate.backends.rendering import Renderer
from acclimate.core.errors import ContractError
from acclimate.core.ports import (
    Example,
    Generation,
    LanguageModel,
    ModelFacts,
    Progress,
    Sampling,
    Score,
    TokenRow,
    TrainingPlan,
    TrainingResult,
)


@dataclass
class LocalModel:
    """A model's tokenizer, and its weights once they were asked for."""

    facts: ModelFacts
    renderer: Renderer
    decoder: Decoder | None = None

    def render(self, example: Example) -> TokenRow:
        """The example as tokens, through the model's chat template when it is a conversation."""
        return self.renderer.render(example)

    def render_prompt(self, example: Example) -> TokenRow:
        """The example up to where the model is to answer."""
        return self.renderer.render_prompt(example)

    def show(self, row: TokenRow) -> list[tuple[str, bool]]:
        """The row's tokens as text, each with whether it carries loss."""
        return self.renderer.show(row)

    def score(self, rows: Sequence[TokenRow], *, shared_prefix: int = 0, progress: Progress) -> list[Score]:
        """One score a row, in order."""
        from acclimate.backends.scoring import score_rows

        return score_rows(self._loaded.model, rows, shared_prefix=shared_prefix, progress=progress)

    def generate(self, prompts: Sequence[TokenRow], sampling: Sampling, *, progress: Progress) -> list[Generation]:
        """One answer a prompt, in order."""
        from acclimate.backends.generation import generate

        return generate(self._loaded, prompts, sampling, stops=self.renderer.stop_ids, progress=progress)

    @property
    def _loaded(self) -> Decoder:
        if self.decoder is None:
            raise ContractError("a model opened for its tokenizer alone can neither score nor generate")
        return self.decoder


class LocalModels:
    """Implements `ports.Models` with transformers, peft and our own loop."""

    def facts(self, folder: Path) -> ModelFacts:
        """What the files say; cheap."""
        return model_facts(folder)

    def tokenizer_only(self, folder: Path) -> LanguageModel:
        """A model that can render and show."""
        check_safe(folder)
        return _model(folder, load_tokenizer(folder))

    def load(self, folder: Path, *, adapter: Path | None = None, precision: str = "auto") -> LanguageModel:
        """The model, ready to score and generate."""
        check_safe(folder)
        decoder = load_decoder(folder, adapter=adapter, precision=precision)
        return _model(folder, decoder.tokenizer, decoder)

    def train(
        self,
        folder: Path,
        batches: Sequence[Sequence[tuple[str, TokenRow]]],
        plan: TrainingPlan,
        *,
        validation: Sequence[TokenRow],
        output: Path,
        partial: Path,
        progress: Progress,
    ) -> TrainingResult:
        """Trains and writes the adapter (or the whole model) to `output`."""
        from acclimate.backends.training import Task, train

        check_safe(folder)
        facts = model_facts(folder)
        check_memory(facts, select_precision(plan.precision), training=True)
        decoder = load_decoder(folder, precision=plan.precision)
        return train(
            decoder.model,
            Task(batches, validation),
            plan,
            facts=facts,
            output=output,
            partial=partial,
            progress=progress,
        )


def _model(folder: Path, tokenizer: Any, decoder: Decoder | None = None) -> LocalModel:
    facts = model_facts(folder)
    return LocalModel(facts, Renderer.of(tokenizer, facts.name, stop_token_ids(folder)), decoder)


def device_report() -> dict[str, Any]:
    """What this machine computes with, for `acclimate doctor`."""
    import torch

    memory = psutil.virtual_memory()
    return {
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "memory": f"{memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB free",
        "bf16": ", ".join(sorted(processor_features() & BF16_FEATURES)) or "not faster here",
        "precision": select_precision("auto"),
        "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
    }

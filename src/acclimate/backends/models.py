"""The models of this machine, as stages see them: folders in, numbers and text out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from acclimate.backends.decoder import Decoder, decoder_facts, load_decoder, load_tokenizer
from acclimate.backends.memory import check_memory
from acclimate.backends.model_files import model_facts, stop_token_ids
from acclimate.backends.precision import BF16_FEATURES, processor_features, select_precision
from acclimate.backends.rendering import Renderer
from acclimate.core.errors import ContractError
from acclimate.core.ports import (
    AnyRow,
    Classifier,
    Encoder,
    Example,
    Generation,
    LanguageModel,
    ModelFacts,
    Progress,
    Sampling,
    Score,
    Tokenizer,
    TokenRow,
    TrainingPlan,
    TrainingResult,
)


@dataclass
class RenderingModel:
    """A model without its weights: renders and shows, and refuses to score or generate."""

    facts: ModelFacts
    renderer: Renderer

    @classmethod
    def of(cls, folder: Path) -> RenderingModel:
        """The tokenizer of a model folder."""
        facts = decoder_facts(folder)
        return cls(facts, Renderer.of(load_tokenizer(folder), facts.name, stop_token_ids(folder)))

    def render(self, example: Example) -> TokenRow:
        """The example as tokens."""
        return self.renderer.render(example)

    def render_prompt(self, example: Example) -> TokenRow:
        """The example up to where the model is to answer."""
        return self.renderer.render_prompt(example)

    def answer_ends(self, example: Example) -> tuple[int, ...]:
        """Where in the text that carries loss each of its tokens ends."""
        return self.renderer.answer_ends(example)

    def show(self, row: TokenRow) -> list[tuple[str, bool]]:
        """The row's tokens as text, each with whether it carries loss."""
        return self.renderer.show(row)

    def score(self, rows: Sequence[TokenRow], *, shared_prefix: int = 0, progress: Progress) -> list[Score]:
        """Refuses."""
        raise ContractError(f"{self.facts.name} was opened as a tokenizer only, so it cannot score")

    def generate(
        self, prompts: Sequence[TokenRow], sampling: Sampling, *, shared_prefix: int = 0, progress: Progress
    ) -> list[Generation]:
        """Refuses."""
        raise ContractError(f"{self.facts.name} was opened as a tokenizer only, so it cannot generate")


@dataclass
class LoadedModel(RenderingModel):
    """A model with its weights, and its adapter where it has one."""

    decoder: Decoder

    def score(self, rows: Sequence[TokenRow], *, shared_prefix: int = 0, progress: Progress) -> list[Score]:
        """One score a row, in order."""
        from acclimate.backends.scoring import score_rows

        return score_rows(self.decoder.model, rows, shared_prefix=shared_prefix, progress=progress)

    def generate(
        self, prompts: Sequence[TokenRow], sampling: Sampling, *, shared_prefix: int = 0, progress: Progress
    ) -> list[Generation]:
        """One answer a prompt, in order."""
        from acclimate.backends.generation import generate

        stops = self.renderer.stop_ids
        return generate(self.decoder, prompts, sampling, stop_ids=stops, shared_prefix=shared_prefix, progress=progress)


class LocalModels:
    """Models as safetensors folders on this machine."""

    def facts(self, folder: Path) -> ModelFacts:
        """What the files say; cheap."""
        return model_facts(folder)

    def select_precision(self, precision: str) -> str:
        """`bf16` or `fp32`: what was asked for, or for `auto` what this machine does best."""
        return select_precision(precision)

    def tokenizer(self, folder: Path) -> Tokenizer:
        """The tokenizer of a decoder or an encoder; costs no weights."""
        if model_facts(folder).kind == "decoder":
            return RenderingModel.of(folder)
        from acclimate.backends.text_rendering import EncoderTokenizer

        return EncoderTokenizer.of(folder)

    def tokenizer_only(self, folder: Path) -> LanguageModel:
        """A decoder that renders and shows; costs no weights."""
        return RenderingModel.of(folder)

    def load(self, folder: Path, *, adapter: Path | None = None, precision: str = "auto") -> LanguageModel:
        """The model, ready to score and generate, with what training wrote to the folder `adapter`."""
        decoder = load_decoder(folder, adapter=adapter, precision=precision)
        renderer = Renderer.of(decoder.tokenizer, decoder.facts.name, stop_token_ids(folder))
        return LoadedModel(decoder.facts, renderer, decoder)

    def load_encoder(self, folder: Path, *, max_length: int, precision: str = "auto") -> Encoder:
        """The untrained encoder, as a classifier starts from it."""
        from acclimate.backends.encoder import load_vectors

        return load_vectors(folder, max_length=max_length, precision=precision)

    def write_merged(self, folder: Path, *, adapter: Path, output: Path) -> None:
        """Writes the model with its adapter, heads left out, as a model folder of its own."""
        from acclimate.backends.merged import write_merged_decoder, write_merged_encoder

        merge = write_merged_decoder if model_facts(folder).kind == "decoder" else write_merged_encoder
        merge(folder, adapter, output)

    def load_classifier(self, folder: Path, *, adapter: Path, precision: str = "auto") -> Classifier:
        """The encoder with the labels that training taught it to tell."""
        from acclimate.backends.encoder import load_classifier

        return load_classifier(folder, adapter=adapter, precision=precision)

    def scale_adapter(self, folder: Path, *, adapter: Path, alpha: float, output: Path) -> None:
        """Writes an adapter at the strength `alpha` (0 is the base, 1 what training left) to `output`."""
        from acclimate.backends.dial import write_scaled

        write_scaled(folder, adapter, alpha, output)

    def train(
        self,
        folder: Path,
        batches: Sequence[Sequence[tuple[str, AnyRow]]],
        plan: TrainingPlan,
        *,
        validation: Sequence[AnyRow],
        output: Path,
        partial: Path,
        progress: Progress,
    ) -> TrainingResult:
        """Trains and writes what was trained to `output`; continues from a valid checkpoint in `partial`."""
        from acclimate.backends.training import Task, train

        facts = model_facts(folder)
        trained = facts.parameters if plan.method in ("full", "modules") else 0
        check_memory(facts, select_precision(plan.precision), training=True, trained_parameters=trained)
        model: Any
        if plan.objective in ("causal_lm", "preference"):
            model = load_decoder(folder, precision=plan.precision).model
        else:
            from acclimate.backends.encoder import load_for_training

            model = load_for_training(folder, plan, batches)
        task = Task(batches, validation)
        return train(model, task, plan, facts=facts, output=output, partial=partial, progress=progress)


def device_report() -> dict[str, Any]:
    """What a model can compute with here, for `acclimate doctor`."""
    import torch

    report: dict[str, Any] = {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": torch.get_num_threads(),
        "memory": f"{psutil.virtual_memory().available / 1e9:.1f} of {psutil.virtual_memory().total / 1e9:.1f} GB free",
        "bf16 on processor": ", ".join(sorted(processor_features() & BF16_FEATURES)) or "no",
        "precision": select_precision("auto"),
        "gpu": "none",
    }
    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        report["gpu"] = f"{torch.cuda.get_device_name()}, {free / 1e9:.1f} of {total / 1e9:.1f} GB free"
    return report

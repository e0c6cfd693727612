"""Loads an encoder to train it with a head, or with the head that training left to tell labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from acclimate.backends.adapters import HEAD_WEIGHTS, check_adapter, put_on, read_adapter_facts
from acclimate.backends.decoder import load_tokenizer
from acclimate.backends.heads import HeadedEncoder, LabelHead, MaskedTokenHead, start_from_probe, unit_vectors
from acclimate.backends.memory import check_memory
from acclimate.backends.model_files import encoder_facts
from acclimate.backends.packing import PACK_TOKENS
from acclimate.backends.padding import of_like_length
from acclimate.backends.precision import select_precision
from acclimate.backends.sentence_encoder import load_trunk
from acclimate.backends.tensor_files import read_tensors
from acclimate.backends.text_rendering import TextRenderer
from acclimate.core.errors import ModelError
from acclimate.core.examples import beginning
from acclimate.core.logistic_regression import ONE_VS_REST, SOFTMAX, Regression
from acclimate.core.ports import (
    AnyRow,
    Example,
    LabelledRow,
    ModelFacts,
    Objective,
    Progress,
    TrainingPlan,
    Vectors,
)
from acclimate.core.progress import no_progress

REGRESSIONS: Mapping[Objective, Regression] = {"classification": SOFTMAX, "multi_label_classification": ONE_VS_REST}
"""What the head of each objective of labels starts from."""


def load_for_training(
    folder: Path, plan: TrainingPlan, batches: Sequence[Sequence[tuple[str, AnyRow]]]
) -> HeadedEncoder:
    """The encoder of a safetensors folder with a head for the plan's objective.

    The head that guesses hidden tokens is fresh; one of labels starts as the logistic regression on the vectors of the
    rows of `batches`, each counted once.
    """
    facts = encoder_facts(folder)
    trunk = load_trunk(folder, precision=select_precision(plan.precision))
    renderer = TextRenderer.of(load_tokenizer(folder), facts.name)
    head: torch.nn.Module
    if plan.objective == "masked_lm":
        head = MaskedTokenHead(hidden=facts.hidden_size, vocabulary=facts.vocabulary, seed=plan.seed)
    else:
        head = LabelHead(hidden=facts.hidden_size, labels=len(plan.labels))
    model = HeadedEncoder(trunk, head, filler=renderer.filler, mask=renderer.mask)
    model.eval()
    if plan.objective in REGRESSIONS:
        labelled = {row.id: row for batch in batches for _, row in batch if isinstance(row, LabelledRow)}
        start_from_probe(model, [labelled[name] for name in sorted(labelled)], REGRESSIONS[plan.objective])
    return model


@dataclass
class LabelClassifier:
    """A trained encoder that tells how likely each of its labels is."""

    facts: ModelFacts
    labels: tuple[str, ...]
    max_length: int
    model: HeadedEncoder
    renderer: TextRenderer
    excludes: bool = True
    """Whether a text has one label alone, so that its probabilities sum to one; else each stands by itself."""

    def probabilities(self, texts: Sequence[str], *, progress: Progress) -> npt.NDArray[np.float64]:
        """Texts × labels; of a text longer than `max_length` tokens its beginning counts."""
        rendered = [self.renderer.render(Example("", text=text)) for text in texts]
        rows = [beginning(row, self.max_length).tokens for row in rendered]
        found = np.zeros((len(rows), len(self.labels)))
        with torch.inference_mode():
            for places in of_like_length(rows, tokens_at_once=PACK_TOKENS):
                logits = self.model.label_logits([rows[place] for place in places])
                logits = logits.double()
                likely = torch.softmax(logits, dim=1) if self.excludes else torch.sigmoid(logits)
                found[places] = likely.cpu().numpy()
                progress.advance(len(places))
        return found


@dataclass
class TextVectors:
    """An untrained encoder as a label head reads it: vectors of length one; `digest` is that of the model."""

    digest: str
    max_length: int
    model: HeadedEncoder
    renderer: TextRenderer

    def encode(self, texts: Sequence[str], *, progress: Callable[[str, int], Progress] = no_progress) -> Vectors:
        """Texts × dimensions; of a text longer than `max_length` tokens its beginning counts."""
        rows = [beginning(self.renderer.render(Example("", text=text)), self.max_length).tokens for text in texts]
        vectors = np.zeros((len(rows), self.model.get_input_embeddings().weight.shape[1]), dtype=np.float32)
        with progress("encoding texts", len(rows)) as bar:
            for places, found in unit_vectors(self.model, rows):
                vectors[places] = found
                bar.advance(len(places))
        return vectors


def load_vectors(folder: Path, *, max_length: int, precision: str = "auto") -> TextVectors:
    """The untrained encoder of a safetensors folder; raises ModelError for a decoder."""
    facts = encoder_facts(folder)
    chosen = select_precision(precision)
    check_memory(facts, chosen, training=False)
    renderer = TextRenderer.of(load_tokenizer(folder), facts.name)
    trunk = load_trunk(folder, precision=chosen)
    model = HeadedEncoder(trunk, torch.nn.Identity(), filler=renderer.filler, mask=renderer.mask)
    return TextVectors(facts.digest, max_length, model.eval(), renderer)


def load_classifier(folder: Path, *, adapter: Path, precision: str = "auto") -> LabelClassifier:
    """The encoder with what training left in `adapter`: the adapter or changed weights, and the head of its labels."""
    facts = encoder_facts(folder)
    check_adapter(adapter, facts)
    trained = read_adapter_facts(adapter)
    if trained is None or not trained.labels or not (adapter / HEAD_WEIGHTS).is_file():
        raise ModelError(
            f"{adapter} holds no classifier: {HEAD_WEIGHTS} and the labels it tells are missing.",
            hint="give the folder that training wrote for task: classification",
        )
    chosen = select_precision(precision)
    check_memory(facts, chosen, training=False)
    trunk = put_on(load_trunk(folder, precision=chosen), adapter)
    renderer = TextRenderer.of(load_tokenizer(folder), facts.name)
    head = LabelHead(hidden=facts.hidden_size, labels=len(trained.labels))
    head.load_state_dict(read_tensors(adapter / HEAD_WEIGHTS))
    model = HeadedEncoder(trunk, head, filler=renderer.filler, mask=renderer.mask)
    model.requires_grad_(False).eval()
    excludes = trained.objective != "multi_label_classification"
    return LabelClassifier(facts, trained.labels, trained.max_length, model, renderer, excludes)

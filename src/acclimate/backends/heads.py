"""An encoder with a head on it: what guesses hidden tokens, or what tells a label from the mean of all states.

The encoder is one that transformers knows and peft adapts; the head is trained whole whatever the method, and kept in a
file of its own beside the adapter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from acclimate.backends.packing import PACK_TOKENS
from acclimate.backends.padding import Padded, mean_of_own, of_like_length
from acclimate.core.logistic_regression import PROBE_STRENGTH, Floats, Regression
from acclimate.core.ports import LabelledRow

INITIAL_SPREAD = 0.02
"""Standard deviation of a fresh head's weights, as BERT's (Devlin et al. 2019, arXiv:1810.04805)."""


class MaskedTokenHead(nn.Module):  # type: ignore[misc]
    """BERT's masked-language-model head, fresh; it reads logits off the encoder's own word embeddings, as BERT does."""

    def __init__(self, *, hidden: int, vocabulary: int, seed: int) -> None:
        super().__init__()
        self.dense = nn.Linear(hidden, hidden)
        self.norm = nn.LayerNorm(hidden, eps=1e-12)
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            self.dense.weight.normal_(std=INITIAL_SPREAD, generator=generator)
            self.dense.bias.zero_()

    def forward(self, states: Tensor) -> Tensor:
        """What is compared with every word embedding: tokens × hidden."""
        found: Tensor = self.norm(nn.functional.gelu(self.dense(states)))
        return found


class LabelHead(nn.Module):  # type: ignore[misc]
    """A linear layer over vectors of length one, as sentence encoders are made to be compared."""

    def __init__(self, *, hidden: int, labels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(hidden, labels)

    def forward(self, means: Tensor) -> Tensor:
        """Logits of each label: rows × labels."""
        logits: Tensor = self.linear(nn.functional.normalize(means, dim=1))
        return logits

    def start_from(self, weights: Floats) -> None:
        """Takes the weights of a logistic regression, features + 1 × labels."""
        with torch.no_grad():
            self.linear.weight.copy_(torch.from_numpy(weights[:-1].T))
            self.linear.bias.copy_(torch.from_numpy(weights[-1]))


class HeadedEncoder(nn.Module):  # type: ignore[misc]
    """`trunk` is a transformers encoder, inside a peft model where it has a LoRA; `filler` stands behind a row."""

    def __init__(self, trunk: Any, head: nn.Module, *, filler: int, mask: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = head.to(trunk.device, trunk.dtype)
        self.filler = filler
        self.mask = mask

    def get_input_embeddings(self) -> nn.Embedding:
        """The encoder's word embeddings."""
        embeddings: nn.Embedding = self.trunk.get_input_embeddings()
        return embeddings

    def states(self, padded: Padded) -> Tensor:
        """One vector a token: rows × width × hidden."""
        found: Tensor = self.trunk(input_ids=padded.ids, attention_mask=padded.mask).last_hidden_state
        return found

    def padded(self, rows: Sequence[Sequence[int]]) -> Padded:
        """The rows where the encoder computes."""
        return Padded.of(rows, filler=self.filler, device=self.get_input_embeddings().weight.device)

    def means(self, rows: Sequence[Sequence[int]]) -> Tensor:
        """One vector a row: the mean of its states, as the package's encoder was trained (Reimers and Gurevych 2019)."""
        padded = self.padded(rows)
        return mean_of_own(self.states(padded), padded.mask)

    def label_logits(self, rows: Sequence[Sequence[int]]) -> Tensor:
        """Logits of each label, in fp32: rows × labels."""
        logits: Tensor = self.head(self.means(rows))
        return logits.float()


def unit_vectors(model: HeadedEncoder, rows: Sequence[Sequence[int]]) -> Iterator[tuple[list[int], Floats]]:
    """Places of rows computed together, and what a label head reads of each: its mean, of length one."""
    with torch.inference_mode():
        for places in of_like_length(rows, tokens_at_once=PACK_TOKENS):
            means = model.means([rows[place] for place in places])
            yield places, nn.functional.normalize(means.float(), dim=1).cpu().numpy()


def start_from_probe(model: HeadedEncoder, rows: Sequence[LabelledRow], regression: Regression) -> None:
    """Gives a label head the logistic regression on the untrained encoder's vectors to start from.

    A fresh head's first gradients would distort what the encoder knows (Kumar et al. 2022, arXiv:2202.10054).
    """
    vectors = np.zeros((len(rows), model.get_input_embeddings().weight.shape[1]))
    for places, found in unit_vectors(model, [row.tokens for row in rows]):
        vectors[places] = found
    model.head.start_from(regression.fit(vectors, np.array([row.shares for row in rows]), strength=PROBE_STRENGTH))

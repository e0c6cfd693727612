"""Made-up vectors: clouds of items, a cloud a label."""

from __future__ import annotations

import numpy as np

from acclimate.annotation.readings import Codes
from acclimate.core.ports import Vectors


def clouds(*, labels: int = 3, each: int = 60, spread: float = 0.3, seed: int = 0) -> tuple[Vectors, Codes]:
    """Vectors of length one around an axis a label, and their labels, shuffled."""
    generator = np.random.default_rng(seed)
    codes = generator.permutation(np.repeat(np.arange(labels), each))
    vectors = np.eye(labels, 8)[codes] + generator.normal(0, spread, (len(codes), 8))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), codes

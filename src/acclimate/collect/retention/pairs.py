"""What the ability probes are made of: pairs of continuations, and questions of one form to take them from.

These stand apart so that the lists of knowledge and the generators can share them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pair:
    """A prompt with its right and its wrong continuation."""

    prompt: str
    chosen: str
    rejected: str


@dataclass(frozen=True)
class Alike:
    """Questions of one form with their answers. Each answer must be wrong for the questions that have another."""

    form: str
    answers: dict[str, str]

"""What makes sampled text useless for replay."""

from __future__ import annotations

from dataclasses import dataclass

from acclimate.stages.sample.draw import Drawn

MIN_DISTINCT = 0.5
"""Least share of three-word runs that must differ; ordinary prose has above .9, a loop nears 0."""

_RUN = 3
_MIN_WORDS = 24


@dataclass(frozen=True)
class Fault:
    """The rule that a text broke, and the value that broke it."""

    reason: str
    value: float


def fault_of(drawn: Drawn, *, for_replay: bool) -> Fault | None:
    """Why a text is set aside, or None. Repetition counts only in what is trained on."""
    turns = [turn for turn in (drawn.user, drawn.answer) if turn is not None]
    if not all(turn.strip() for turn in turns):
        return Fault("empty", 0)
    distinct = min(distinct_share(turn) for turn in turns)
    if for_replay and distinct < MIN_DISTINCT:
        return Fault("repetition", round(distinct, 3))
    return None


def distinct_share(text: str) -> float:
    """The share of a text's three-word runs that are different; 1 for texts too short to loop.

    >>> distinct_share("no no " * 20) < 0.1
    True
    """
    words = text.split()
    if len(words) < _MIN_WORDS:
        return 1.0
    runs = list(zip(*(words[start:] for start in range(_RUN)), strict=False))
    return len(set(runs)) / len(runs)

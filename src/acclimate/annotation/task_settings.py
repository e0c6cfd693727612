"""How a task is handed out: the settings that a manager chooses, and which of them are possible."""

from __future__ import annotations

from dataclasses import dataclass

from acclimate.core.errors import ConfigError

PILOT, WORK, CLOSED = "pilot", "work", "closed"
"""Rounds of a task: in the pilot round only pilot items are handed out, and none once it is closed."""
TRAINING = "training"
"""The purpose of an item read in training: its answer is no reading, and nothing counts it."""
HIDDEN, SHOWN, RANDOMISED = "hidden", "shown", "randomised"
"""Whether readers see suggestions: nobody, everybody, or by a draw for each item and reader."""


@dataclass(frozen=True)
class TaskSettings:
    """How a task is handed out: minutes a lease lasts, and one gold item in how many items (None: no gold).

    With `gold_feedback` a reader is told after a gold item what was expected. With `quick` a digit saves at once, where
    the task asks for one label and nothing else. `suggestions` is `hidden`, `shown` or `randomised`.
    With `beside` a reader may open the other records of the item's subject beside it.
    With `active` items come as a model would learn most from them (see `acclimate.annotation.active`), but
    `random_percent` of these, which are drawn at random; with `rank_every` the server chooses and measures anew after so
    many new answers. With `training` a reader first gets so many gold items, is told each time what was expected, and
    reads on only once `training_percent` of the last so many were right.
    """

    lease_minutes: int = 30
    gold_every: int | None = None
    gold_feedback: bool = False
    quick: bool = False
    suggestions: str = HIDDEN
    beside: bool = False
    active: bool = False
    random_percent: int = 10
    rank_every: int | None = None
    training: int | None = None
    training_percent: int = 80


def require_possible(settings: TaskSettings) -> None:
    """Raises ConfigError for settings that no task can have."""
    if settings.lease_minutes < 1 or (settings.gold_every is not None and settings.gold_every < 2):
        raise ConfigError(
            f"A lease of {settings.lease_minutes} minutes and a gold item in {settings.gold_every} items.",
            hint="give one minute or more, and at most one gold item in two",
        )
    if settings.suggestions not in (HIDDEN, SHOWN, RANDOMISED):
        raise ConfigError(
            f"Suggestions cannot be {settings.suggestions[:40]!r}.", hint=f"{HIDDEN}, {SHOWN} or {RANDOMISED}"
        )
    if not 1 <= settings.random_percent <= 100:
        raise ConfigError(
            f"{settings.random_percent} % of chosen items are to be drawn at random.",
            hint="give 1 to 100: without random items the accuracy cannot be estimated",
        )
    if settings.training is not None and not (1 <= settings.training <= 1000 and 1 <= settings.training_percent <= 100):
        raise ConfigError(
            f"A training of {settings.training} items, {settings.training_percent} % of them right.",
            hint="give 1 to 1000 items and 1 to 100 percent",
        )
    if settings.rank_every is not None and settings.rank_every < 1:
        raise ConfigError(
            f"The order is to be made anew after {settings.rank_every} new answers.", hint="give one answer or more"
        )

"""The settings of split: how much goes where, and the seed of the draw."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from acclimate.core.stage import StageConfig


class Fractions(StageConfig):
    """Shares of the records; together 1. Without room for whole groups the nearest possible sizes are taken."""

    train: float = Field(default=0.8, gt=0, le=1)
    """Share to learn from."""
    validation: float = Field(default=0.1, ge=0, lt=1)
    """Share on which settings and the best checkpoint are chosen."""
    test: float = Field(default=0.1, ge=0, lt=1)
    """Share for the final figures; with a frozen test file it goes to train and validation instead."""

    @model_validator(mode="after")
    def _sum_to_one(self) -> Fractions:
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-6:
            raise ValueError(f"train, validation and test add up to {total:g}; they must add up to 1")
        return self


class SplitConfig(StageConfig):
    """How records are divided. Ties of subject, duplicate cluster, text and document are never broken."""

    fractions: Fractions = Fractions()
    """Shares of train, validation and test."""
    by: Literal["random", "time"] = "random"
    """`time` makes the newest groups (by `collected_at` of their newest record) test and those before them validation;
    undated ones are trained on. deidentify has shifted all dates, by at most its max_shift_days: the cut is as sharp."""
    test_sites: tuple[str, ...] = ()
    """Sites whose records are all test records; no other record becomes one. A subject who is elsewhere too is left out
    there."""
    stratify: tuple[str, ...] = ("site",)
    """What is to be spread evenly over the splits where they are drawn at random: site, label, declared attributes."""
    together: tuple[str, ...] = ()
    """Declared attributes (`attributes` of the sources) whose equal values keep records together, as in [thread, template]."""
    templates: Literal["tie", "report"] = "tie"
    """Records filled in from one form, found by their equal words around differing names and numbers: they are kept
    together, or those in test and in train are only counted."""
    largest_template: float = Field(default=0.1, gt=0, le=1)
    """A form of a larger share of the records is not kept together, only counted: a test without it, or of it alone,
    would say little, and a corpus of one single form could not be divided."""
    shared_passages: Literal["report", "drop"] = "report"
    """What happens to a record to learn from that holds a test record, now or earlier, or an item of an evaluation set,
    inside its text: it is reported, or dropped."""
    shared_passages_from: float = Field(default=0.5, gt=0, le=1)
    """Share of the held-out item's words, in passages of eight or more, that it must hold for that."""
    seed: int = 0
    """Seed of the draw; another seed gives another division. Earlier assignments stay whatever the seed."""

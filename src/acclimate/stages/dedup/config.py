"""The settings of dedup: how different two copies may be, and which of them stays."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from acclimate.core.stage import StageConfig

Preference = Literal["longest", "most_annotated", "newest", "earliest"]
"""Which record of a cluster is preferred: by characters, by labels and spans, or by `collected_at`."""


class DedupConfig(StageConfig):
    """What counts as a copy. Bands and the similarity threshold follow from it (see similarity.py)."""

    max_edited: float = Field(default=0.1, gt=0, lt=0.5)
    """Share of words that may differ between two copies of one text. Higher merges more."""
    recall: float = Field(default=0.99, gt=0.5, lt=1)
    """Share of such copies to be found. Higher merges more short texts that differ a little more."""
    min_answer_overlap: float = Field(default=0.5, ge=0, le=1)
    """Share of words that the answers of two near copies must have in common; below it both records stay."""
    survivor_order: tuple[Preference, ...] = ("longest", "most_annotated")
    """Which record of a cluster stays: the first rule that tells two apart; then the smallest id."""
    contaminated: Literal["drop", "report"] = "drop"
    """What happens to a record that holds an item of the project's evaluation_sets; `report` keeps it and says so."""
    contaminated_share: float = Field(default=0.5, gt=0, le=1)
    """Share of an item's words, in passages of eight or more, that a record must hold to count as contaminated."""
    key: str = "surrogates"
    """Name of the key under which deidentify hashes ids, by itself that of deidentify: earlier test records are known
    by their hashed ids, and none is ever replaced by a new copy."""
    seed: int = Field(default=0, ge=0)
    """Seed of the signatures."""

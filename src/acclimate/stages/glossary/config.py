"""What the user may decide about the glossary."""

from __future__ import annotations

from pydantic import Field

from acclimate.core.stage import StageConfig


class GlossaryConfig(StageConfig):
    """How many terms are looked for, and where people keep their own."""

    file: str = "glossary.csv"
    """The list that people edit, relative to the project folder: what stands there wins. It need not be there."""

    max_terms: int = Field(default=200, ge=0)
    """At most so many words, phrases and abbreviations each are found, the strongest ones; 0 leaves people's list alone."""

    min_subjects: int = Field(default=5, ge=2)
    """Subjects in whose records a term must stand. Lower finds rarer terms, and sooner takes a person's name for one."""

    max_records: int = Field(default=10_000, ge=1)
    """Records that are read for terms, chosen by a hash of their id; test records never are."""

    seed: int = 0
    """Decides which records are read."""

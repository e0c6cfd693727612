"""What a user can set about reading sources."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from acclimate.core.sources import SourceConfig, check_terms, check_unique_names
from acclimate.core.stage import StageConfig
from acclimate.core.terms import Use
from acclimate.stages.ingest.pieces import Cut


class IngestConfig(StageConfig):
    """How sources become records."""

    sources: tuple[SourceConfig, ...] = Field(min_length=1)
    """The sources, each with its path and, where they cannot be recognised, its columns."""

    limit: int | None = Field(default=None, gt=0)
    """At most this many rows of each source are read, for a quick look; by default all."""

    max_record_bytes: int = Field(default=16 * 1024 * 1024, ge=1024)
    """A longer row fails as too_long: usually a broken file, or a corpus that should be several records."""

    cut: Cut | None = None
    """Longer plain texts become pieces, cut at headings, paragraphs or sentences: {max_words: 1500}; by default none."""

    on_error: Literal["fail", "set_aside"] = "fail"
    """`fail` stops at the first damaged row and names its line; `set_aside` drops such rows, each with its reason."""

    extra: Literal["keep", "drop"] = "keep"
    """Whether columns that mean nothing to acclimate are kept as JSON in `extra`."""

    use: Use = Use()
    """What the model is for: the project's `use`. Sources whose terms do not allow it stop the run."""

    @model_validator(mode="after")
    def _terms_allow_the_use(self) -> IngestConfig:
        for source in self.sources:
            check_terms(source, self.use)
        return self

    @field_validator("sources")
    @classmethod
    def _unique_names(cls, sources: tuple[SourceConfig, ...]) -> tuple[SourceConfig, ...]:
        check_unique_names(sources)
        return sources

"""The settings of clean, with defaults that leave terse professional text alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, field_validator, model_validator

from acclimate.core.stage import StageConfig
from acclimate.stages.clean.quality import RECORD_RULES, RULE_NAMES, SUITES, expand, has_threshold

LineColumn = Literal["text", "prompt", "completion", "chosen", "rejected"]
KEEPABLE = (
    *("no_lines_left", "too_short", "too_long", "language", "encoding_damage"),
    *(rule.name for rule in RECORD_RULES),
)
"""Rules that may be overruled; what is dropped as `empty` leaves nothing to keep."""


class BoilerplateConfig(StageConfig):
    """Which recurring lines are taken for headers, footers, disclaimers and signatures, learnt from the corpus."""

    min_share: float | None = Field(default=0.5, gt=0, le=1)
    """Share of a source's subjects whose texts must hold a line before it is removed; null removes nothing. Lower removes more."""
    min_subjects: int = Field(default=20, ge=2)
    """Sources (of one site) with fewer subjects teach nothing: in five letters everything recurs."""
    edge_lines: int = Field(default=3, ge=0)
    """A line counts where it is among so many first or last lines of a text, where headers and footers stand."""
    long_line: int = Field(default=100, ge=1)
    """A line of so many characters or more counts wherever it stands: a disclaimer in the middle of a letter."""


class QualityConfig(StageConfig):
    """Published quality rules. They were made for web pages, so none is on by default."""

    rules: tuple[str, ...] = ()
    """Rules that are on: `gopher`, `c4`, `fineweb` for all of a suite, or names of single rules."""
    thresholds: Mapping[str, float] = {}
    """Thresholds in place of the published ones, by name of the rule, as in {gopher_min_words: 20}."""

    @field_validator("rules")
    @classmethod
    def _are_known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in (*SUITES, *RULE_NAMES):
                raise ValueError(f"{name} is no rule; there are {', '.join((*SUITES, *RULE_NAMES))}")
        return names

    @model_validator(mode="after")
    def _thresholds_belong_to_rules(self) -> QualityConfig:
        wanted = expand(self.rules)
        for name in self.thresholds:
            if name not in wanted:
                raise ValueError(f"thresholds names {name}, which quality.rules does not switch on")
            if not has_threshold(name):
                raise ValueError(f"thresholds names {name}, which has no threshold")
        return self


class CleanConfig(StageConfig):
    """What is removed from texts, and which records are dropped. Character repairs always happen."""

    task: Literal["generation", "pretraining", "classification", "multi-label-classification", "preference"] = (
        "generation"
    )
    """The project's task; preference drops every record that is no pair of different answers to a prompt."""
    min_chars: int = Field(default=3, ge=0)
    """Records whose whole text has fewer characters are dropped as too_short."""
    max_chars: int = Field(default=1_000_000, gt=0)
    """Records whose whole text has more characters are dropped as too_long."""
    languages: tuple[str, ...] = ("en",)
    """Languages to keep, as ISO 639 codes; empty keeps every language."""
    min_probability: float = Field(default=0.8, gt=0.5, le=1.0)
    """How sure the detector must be that a text is in other languages before it is dropped. Higher keeps more."""
    language_min_bytes: int = Field(default=40, ge=0)
    """Texts with fewer bytes of letters are not judged by language: "BP 120/80, HR 72" is no language's."""
    max_damage: float = Field(default=0.05, ge=0, le=1)
    """Records with a larger share of lost or misread characters, five at least, are dropped as encoding_damage."""
    line_columns: tuple[LineColumn, ...] = ("text",)
    """Columns from which whole lines may be removed. Prompts and answers hold lines that recur on purpose: instructions, headings."""
    boilerplate: BoilerplateConfig = BoilerplateConfig()
    """Which recurring lines are removed."""
    quality: QualityConfig = QualityConfig()
    """Published quality rules that are on."""
    keep_rules: tuple[str, ...] = ()
    """Rules that drop no record although they are on; the report counts the records they would have dropped."""

    @field_validator("keep_rules")
    @classmethod
    def _can_be_overruled(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in KEEPABLE:
                raise ValueError(f"{name} is no rule that can be overruled; there are {', '.join(KEEPABLE)}")
        return names

    @model_validator(mode="after")
    def _lengths_leave_room(self) -> CleanConfig:
        if self.min_chars > self.max_chars:
            raise ValueError(f"min_chars ({self.min_chars}) is more than max_chars ({self.max_chars})")
        return self

"""The first sentence of the report, for each way an evaluation of generated answers can end."""

from __future__ import annotations

import pytest

from acclimate.pipeline.config import ProjectConfig
from acclimate.report.gather import Story
from acclimate.report.words import headline

CONFIG = ProjectConfig("notes", "generation", "smollm2-135m", None, network=False, sections={})


@pytest.mark.parametrize(
    ("against_base", "retention", "sentence", "tone"),
    [
        ("better", "held", "Adaptation helped on your task, and the model kept what it knew.", "good"),
        (
            "better",
            "broken",
            "Adaptation helped on your task and cost the model more general ability than the budget allows.",
            "bad",
        ),
        (
            "better",
            "insufficient evidence",
            "Adaptation helped on your task; whether the model kept what it knew needs more evidence.",
            "unclear",
        ),
        ("worse", "held", "Adaptation made the model worse on your task.", "bad"),
        ("no difference shown", "held", "Whether adaptation helped is not shown: no difference shown.", "unclear"),
        (None, "held", "Whether adaptation helped is not shown: insufficient evidence.", "unclear"),
    ],
)
def test_the_headline_is_the_verdict_in_plain_words(
    against_base: str | None, retention: str, sentence: str, tone: str
) -> None:
    against = {"base": {"bits_per_byte": against_base}} if against_base else {}
    evaluate = {"summary": {"against": against, "retention": retention}}
    assert headline(Story(CONFIG, (), evaluate, None, ())) == (sentence, tone)

"""What of the answers' statements stands in their sources, in words and as marks in the text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

from acclimate.report.gather import ExampleRow, Story
from acclimate.stages.evaluate.support.check import Mark, Source

KIND_NAMES: Mapping[str, str] = {
    "number": "number",
    "dose": "dose",
    "amount": "amount of money",
    "date": "date",
    "route": "way of giving",
    "side": "side of the body",
    "negation": "denied or affirmed",
    "name": "name",
    "reference": "section reference",
}
_REASONS: Mapping[str, str] = {
    "absent": "does not stand in the text",
    "other_unit": "stands there with another unit",
    "other_dose": "stands there for another drug",
    "no_such_drug": "of a drug that is not named there",
    "other_side": "is said of another side there",
    "said_to_be_absent": "is said not to be there",
    "said_to_be_there": "is said to be there",
}


def support(story: Story) -> Mapping[str, Any] | None:
    """The measure of the evaluation; None where no answers were given or the evaluation knows none."""
    measured: Mapping[str, Any] | None = story.evaluate.get("support")
    return measured


def support_sentence(story: Story) -> str:
    """What the first screen says of the adapted model's statements."""
    measured = support(story)
    row = measured["arms"].get("adapted") if measured else None
    if measured is None or row is None:
        return "Not tested: the adapted model wrote no answers."
    if not row["stated"]:
        return "Not tested: the answers state no number, date, side, negation or name."
    if not measured["is_grounded"]:
        return "Not tested: the reference answers themselves do not draw on the text in front of them."
    interval = "" if row["low"] is None else f" ({100 * row['low']:.1f} to {100 * row['high']:.1f})"
    return (
        f"{row['unsupported']} of {row['stated']} numbers, doses, dates, sides, negations and names in the adapted model's"
        f" answers do not stand in the text: {100 * row['share']:.1f} %{interval}; of the references"
        f" {100 * measured['references']['share']:.1f} %."
    )


def marked_answers(story: Story, row: ExampleRow) -> Mapping[str, Markup]:
    """Every answer of an example, with a mark where a statement does not stand in what was asked."""
    measured = support(story)
    if not measured or not measured["is_grounded"]:
        return {arm: escape(answer) for arm, answer in row.answers.items()}
    source = Source(row.prompt)
    return {arm: _marked(answer, source.check(answer)) for arm, answer in row.answers.items()}


def _marked(answer: str, marks: list[Mark]) -> Markup:
    """The answer, escaped, with what is unsupported inside `mark`; of marks that overlap the first."""
    page, done = Markup(), 0
    for mark in marks:
        if mark.is_supported or mark.start < done:
            continue
        why = f"{KIND_NAMES[mark.kind]}: {_REASONS[mark.reason]}"
        page += escape(answer[done : mark.start])
        page += Markup('<mark title="{}">{}</mark>').format(why, answer[mark.start : mark.end])
        done = mark.end
    return page + escape(answer[done:])

"""The first screen in plain words: whether it helped, what it cost, what was not tested."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acclimate.core.durations import duration
from acclimate.report.gather import Story
from acclimate.stages.evaluate.arms import ARMS, PEOPLE

ARM_NAMES = {
    "base": "the base",
    "prompted": "the base with examples in its prompt",
    "copy": "copying the nearest training answer",
    "adapted": "the adapted model",
}
SHORT_NAMES = {"base": "base", "prompted": "prompted base", "copy": "nearest answer", "adapted": "adapted"}
METRIC_NAMES = {
    "bits_per_byte": "bits per byte",
    "rouge_l": "ROUGE\u2011L",
    "rouge_1": "ROUGE\u20111",
    "rouge_2": "ROUGE\u20112",
    "chrf": "chrF",
    "exact_match": "exact match",
    "token_f1": "token F1",
    "numeric_match": "numbers right",
}
_TONE = {
    "better": "good",
    "held": "good",
    "passed": "good",
    "pass": "good",
    "worse": "bad",
    "broken": "bad",
    "failed": "bad",
    "fail": "bad",
}


def tone(verdict: str) -> str:
    """The colour class of a verdict: good, bad or unclear."""
    return _TONE.get(verdict, "unclear")


def headline(story: Story) -> tuple[str, str]:
    """One sentence for the signature, and its tone."""
    summary = story.evaluate["summary"]
    kept = summary["retention"]
    against = summary["against"].get("base", {}).get("bits_per_byte", "insufficient evidence")
    if against == "worse":
        return "Adaptation made the model worse on your task.", "bad"
    if against != "better":
        return f"Whether adaptation helped is not shown: {against}.", "unclear"
    if kept == "broken":
        return "Adaptation helped on your task and cost the model more general ability than the budget allows.", "bad"
    if kept == "held":
        return "Adaptation helped on your task, and the model kept what it knew.", "good"
    return "Adaptation helped on your task; whether the model kept what it knew needs more evidence.", "unclear"


def gain_sentence(story: Story) -> str:
    """The gain over the base, in figures a reader can repeat."""
    row = comparison(story.evaluate, "base", "bits_per_byte")
    if row is None:
        return "The base was not compared."
    share = (row["other"] - row["adapted"]) / row["other"]
    direction = "fewer" if share >= 0 else "more"
    level = confidence(story.evaluate["task"]["confidence"])
    interval = (
        ""
        if row["low"] is None
        else f" (difference {row['difference']:+.3f}, {level} {row['low']:+.3f} to {row['high']:+.3f})"
    )
    return (
        f"On {row['items']} test items of {row['clusters']} subjects the adapted model needs {abs(share) * 100:.1f} % {direction}"
        f" bits for the reference answers than its base: {row['adapted']:.3f} against {row['other']:.3f} per byte{interval}."
    )


def baseline_sentences(story: Story) -> list[str]:
    """How it stands against each simpler way of getting an answer, on generated answers."""
    metric = story.evaluate["task"]["answer_metric"]
    sentences = []
    for arm in ARMS:
        row = comparison(story.evaluate, arm, metric)
        if row is not None:
            sentences.append(
                f"Answers compared with {ARM_NAMES[arm]}: {METRIC_NAMES[metric]} {row['adapted']:.3f} against {row['other']:.3f}"
                f" on {row['items']} items — {row['verdict']}."
            )
    return sentences


def retention_sentence(story: Story) -> str:
    """What happened to general ability."""
    kept = story.evaluate["retention"]
    parts = []
    if kept["general"]:
        general = kept["general"]
        parts.append(
            f"bits per byte on general text changed by {general['value'] * 100:+.2f} %"
            f" (budget {general['budget'] * 100:+g} %): {general['verdict']}"
        )
    if kept["abilities"]:
        held = sum(ability["verdict"] == "held" for ability in kept["abilities"])
        broken = [ability["ability"] for ability in kept["abilities"] if ability["verdict"] == "broken"]
        unclear = len(kept["abilities"]) - held - len(broken)
        parts.append(
            f"{held} of {len(kept['abilities'])} abilities held"
            + (f", broken: {', '.join(broken)}" if broken else "")
            + (f", {unclear} with too little evidence" if unclear else "")
        )
    text = "; ".join(parts) or "not tested"
    return text[0].upper() + text[1:] + "."


def identifier_sentence(story: Story) -> str:
    """Whether it is shown that identifiers were replaced: certified, not certified, or not tested."""
    if story.identifiers is None:
        return "Not tested: identifiers are not replaced in this comparison."
    status, certificate = story.identifiers.status, story.identifiers.certificate
    if certificate is None:
        return "Not tested: no sample of the de-identified records was read by a person."
    if status == "stale":
        return "Not certified: the certificate is of other records than these (stale)."
    if status != "passed":
        return f"Not certified ({status}): {'; '.join(certificate['because'])}."
    level, left = confidence(certificate["requirements"]["confidence"]), certificate["residual"]
    untested = sum(one["verdict"] == "not tested" for one in certificate["safe_harbor"])
    return (
        f"Certified: in {certificate['read']['records']} records read by a person, each of {len(certificate['classes'])} classes"
        f" that occur was replaced as often as required ({level} confidence); at most"
        f" {left['per_1000_records_upper']:.1f} identifiers are left in 1,000 records. {untested} of the 18 of Safe Harbor"
        " did not occur and are not tested."
    )


def untested_identifiers(story: Story) -> list[str]:
    """What of the identifiers nobody looked at."""
    certificate = story.identifiers.certificate if story.identifiers else None
    if story.identifiers is None or certificate is None or story.identifiers.status == "stale":
        return ["how many identifiers are left in the texts: acclimate certificate sample draws records to read"]
    return [
        f"identifiers, ({one['paragraph']}) {one['name'].lower()}: none occurred in the records read"
        for one in certificate["safe_harbor"]
        if one["verdict"] == "not tested" and one["classes"]
    ]


def people_sentences(story: Story) -> list[str]:
    """What readers preferred when they did not know what made which answer: each study's primary comparison."""
    if not story.studies:
        older = f" ({story.older_studies} studies are of other answers than these)" if story.older_studies else ""
        return [f"Not tested: nobody compared these answers blind{older}."]
    return [sentence for study in story.studies for sentence in (_study_sentence(study), *_marks_sentences(study))]


def _study_sentence(study: Mapping[str, Any]) -> str:
    one, net = study["preferences"][0], study["preferences"][0]["net"]
    if net["value"] is None:
        return f"Study {study['study']}: nothing was read."
    interval = "" if net["low"] is None else f" (95 % {net['low']:+.2f} to {net['high']:+.2f})"
    bad = study["known_bad_noticed"]
    noticed = f" Known-bad answers were noticed in {bad['right']} of {bad['of']} cases." if bad["of"] else ""
    state = "" if study["look"]["last"] else " It is not closed yet."
    early = f" It was closed early: {study['look']['reason']}." if study["look"]["reason"] else ""
    return (
        f"Study {study['study']}, {study['items']} items read blind: {SHORT_NAMES.get(one['arm'], one['arm'])} preferred in"
        f" {one['better']:.0%}, {SHORT_NAMES.get(one['other'], one['other'])} in {one['worse']:.0%} of readings, net"
        f" {net['value']:+.2f}{interval} — {one['verdict']}.{noticed}{state}{early}"
    )


def _marks_sentences(study: Mapping[str, Any]) -> list[str]:
    """How many marks of each kind the two arms of the primary comparison got; none where nothing was to be marked."""
    first = study["preferences"][0]
    return [
        f"Marks of the kind {row['kind']}, {SHORT_NAMES.get(row['arm'], row['arm'])} less"
        f" {SHORT_NAMES.get(row['other'], row['other'])}: {_signed(row['difference'])} an answer."
        for row in study.get("marked", {}).get("differences", ())
        if (row["arm"], row["other"]) == (first["arm"], first["other"])
    ]


def _signed(difference: Mapping[str, Any]) -> str:
    interval = "" if difference["low"] is None else f" (95 % {difference['low']:+.2f} to {difference['high']:+.2f})"
    return f"{difference['value']:+.2f}{interval}"


def not_tested(story: Story) -> list[str]:
    """What the evaluation could not test, less what a closed study of these answers has."""
    closed = any(study["look"]["last"] for study in story.studies)
    return [item for item in story.evaluate["summary"]["not_tested"] if not (closed and item == PEOPLE)]


def confidence(share: float) -> str:
    """The confidence of an interval.

    >>> confidence(0.9), confidence(0.975)
    ('90 %', '97.5 %')
    """
    return f"{share * 100:g} %"


def unknown_interval(texts: int) -> str:
    """Why a measure of retention has no interval."""
    return "not known: one text only" if texts == 1 else "not known"


def dial_sentence(story: Story) -> str:
    """At which strength the trained model is evaluated, and who chose it."""
    dial = story.dial or {}
    strength = "as trained" if dial["alpha"] == 1 else f"at {dial['alpha']:g} of its strength"
    because = {
        "you": "as acclimate.yaml says",
        "budget": "the most gain that the retention budget allows, of the strengths that were measured",
        "default": "since there was nothing to choose by",
    }[dial["chosen_by"]]
    return f"What was trained is kept {strength}: {because}."


def cost_sentence(story: Story) -> str:
    """What it took on this machine."""
    took = [
        f"{doing} took {'more than ' if step.resumed else ''}{duration(step.seconds)}"
        for step in story.steps
        if (doing := {"pretrain": "pretraining", "train": "training"}.get(step.name))
    ]
    peak = max((step.peak_memory_bytes for step in story.steps), default=0)
    least = "more than " if any(step.resumed for step in story.steps) else ""
    text = f"{least}{duration(story.seconds)} in all, {peak / 1e9:.1f} GB of memory at most"
    return f"{text}; {', '.join(took) or 'how the model was trained is not known'}."


TRAINED_ELSEWHERE = (
    "on which data it was trained",
    "whether test items were among that data",
    "under which licence and with what consent that data was used",
    "whether identifiers were replaced in it",
    "how it was trained: method, steps, learning rate, replay",
    "what training it took, and on which machine",
)
"""What the files of a model trained elsewhere do not say."""


VALIDATION_HEADINGS = {
    "nats_per_hidden_token": "Nats per hidden token on validation while it pretrained",
    "dpo_loss": "DPO loss on validation pairs while it trained",
    "bits_per_byte": "Bits per byte on validation while it trained",
    "log_loss": "Log loss (nats a text) on validation while it trained",
}


def validation_heading(train: Mapping[str, Any]) -> str:
    """What the curve of the validation records shows, from the metrics of train or pretrain."""
    points = train["curve"]["validation"]
    return next((words for name, words in VALIDATION_HEADINGS.items() if points and name in points[0]), "")


def comparison(metrics: Mapping[str, Any], arm: str, metric: str) -> Mapping[str, Any] | None:
    """One row of the comparison table."""
    rows = [row for row in metrics["comparisons"] if row["arm"] == arm and row["metric"] == metric]
    return rows[0] if rows else None


def amounts(profile: Mapping[str, Any]) -> str:
    """How much data there is, in one line."""
    size = profile["size"][0]
    sites = sum(row["group"] == "site" for row in profile["size"])
    places = f" from {sites} sites" if sites > 1 else ""
    records, subjects, count = (grouped(size[name]) for name in ("records", "subjects", "words"))
    return f"{records} records of {subjects} subjects{places}, {count} words."


def grouped(number: int) -> str:
    """A whole number with thin spaces between its thousands.

    >>> grouped(60124)
    '60\u202f124'
    """
    return f"{number:,}".replace(",", "\u202f")

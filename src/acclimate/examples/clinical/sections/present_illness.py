"""History of present illness: the complaint with its duration, strength, triggers, relief and companions."""

from __future__ import annotations

import random
from dataclasses import dataclass

from acclimate.examples.clinical.excerpt import Excerpt, Exchange, ask, draw_complaint
from acclimate.examples.clinical.lexicon import Row, by_key, several, variants
from acclimate.examples.clinical.wording import (
    Duration,
    capitalised,
    corrected,
    draw_duration,
    impersonal,
    in_words,
    listed,
    phrase,
    spoken_number,
    telegraphic,
)


@dataclass(frozen=True)
class Illness:
    """What the note must say."""

    complaint: Row
    duration: Duration
    severity: int
    worse: str
    better: str
    present: tuple[str, ...]
    absent: str


def present_illness(rng: random.Random, sex: str) -> Excerpt:
    """An excerpt about what brought the patient in."""
    complaint = draw_complaint(rng, sex)
    absent, *present = rng.sample(several(complaint["symptoms"]), rng.randint(2, 3))
    illness = Illness(
        complaint=complaint,
        duration=draw_duration(rng),
        severity=rng.randint(3, 10),
        worse=rng.choice(several(complaint["worse"])),
        better=rng.choice(several(complaint["better"])),
        present=tuple(present),
        absent=absent,
    )
    return Excerpt("history of present illness", _talk(rng, illness), _north(illness), _south(illness))


def _talk(rng: random.Random, illness: Illness) -> tuple[Exchange, ...]:
    lay = rng.choice(variants(illness.complaint["lay"]))
    duration = corrected(rng, illness.duration.spoken, draw_duration(rng).spoken)
    severity = corrected(rng, spoken_number(rng, illness.severity), spoken_number(rng, rng.randint(2, 10)))
    details = [
        ask(rng, phrase(rng, "severity.ask"), phrase(rng, "severity.tell", n=severity)),
        ask(rng, phrase(rng, "worse.ask"), phrase(rng, "worse.tell", thing=illness.worse)),
        ask(rng, phrase(rng, "better.ask"), phrase(rng, "better.tell", thing=illness.better)),
        ask(rng, phrase(rng, "symptom.ask", symptom=illness.absent), phrase(rng, "symptom.no")),
        *(_symptom(rng, symptom) for symptom in illness.present),
    ]
    rng.shuffle(details)
    opening = ask(
        rng, phrase(rng, "complaint.ask", noun=illness.complaint["noun"]), phrase(rng, "complaint.tell", lay=lay)
    )
    since = ask(rng, phrase(rng, "duration.ask"), phrase(rng, "duration.tell", duration=duration))
    return (opening, since, *details)


def _symptom(rng: random.Random, symptom: str) -> Exchange:
    """The symptom confirmed when asked, or told in the patient's own words."""
    row = by_key("symptoms", "noun").get(symptom)
    if row and rng.random() < 0.2:
        return ask(rng, phrase(rng, "symptom.open"), phrase(rng, "symptom.lay", lay=row["lay"]))
    return ask(rng, phrase(rng, "symptom.ask", symptom=symptom), phrase(rng, "symptom.yes"))


def _north(illness: Illness) -> str:
    return telegraphic(
        f"c/o {illness.complaint['noun']} x {illness.duration.written}, {illness.severity}/10."
        f" Worse w/ {impersonal(illness.worse)}, better w/ {impersonal(illness.better)}."
        f" + {', '.join(illness.present)}. No {illness.absent}."
    )


def _south(illness: Illness) -> str:
    return (
        f"History of Present Illness: {capitalised(illness.complaint['noun'])} has been present for"
        f" {illness.duration.written}, {in_words(illness.severity)} out of ten. {capitalised(impersonal(illness.worse))}"
        f" aggravates it, {impersonal(illness.better)} relieves it. The patient reports {listed(illness.present)} and"
        f" denies {illness.absent}."
    )

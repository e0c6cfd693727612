"""Assessment and plan: the diagnosis, a drug where one fits, two or three steps, and when to come back."""

from __future__ import annotations

import random

from acclimate.examples.clinical.dosing import Dosing, draw_dosing
from acclimate.examples.clinical.excerpt import Excerpt, Exchange, draw_complaint, say
from acclimate.examples.clinical.lexicon import Row, by_key, several
from acclimate.examples.clinical.wording import capitalised, draw_duration, listed, phrase, telegraphic


def assessment_and_plan(rng: random.Random, sex: str) -> Excerpt:
    """An excerpt in which the doctor says what it is and what will be done."""
    complaint = draw_complaint(rng, sex)
    names = several(complaint["drugs"])
    drugs = [draw_dosing(rng, rng.choice(names))] if names else []
    plans = [by_key("plans", "key")[key] for key in rng.sample(several(complaint["plans"]), 2 if drugs else 3)]
    back = draw_duration(rng, ("week", "month"))
    diagnosis = say(rng, phrase(rng, "plan.diagnosis", diagnosis=complaint["diagnosis"]), "plan.react")
    steps = [say(rng, phrase(rng, "plan.item", spoken=_spoken(rng, plan)), "plan.item_react") for plan in plans]
    again = say(rng, phrase(rng, "plan.return", duration=back.spoken), "plan.return_react")
    todo = [*(f"start {drug.order}" for drug in drugs), *(plan["note"] for plan in plans)]
    return Excerpt(
        "assessment and plan",
        (diagnosis, *(_order(rng, drug) for drug in drugs), *steps, again),
        telegraphic(f"A/P: {complaint['diagnosis']}. {capitalised('; '.join(todo))}. F/u {back.written}."),
        f"Assessment and Plan: The diagnosis is {complaint['diagnosis']}. We will {listed(todo)}."
        f" Follow-up in {back.written}.",
    )


def _spoken(rng: random.Random, plan: Row) -> str:
    """The step in plain words, or as the note will have it."""
    return plan["spoken"] if rng.random() < 0.35 else plan["note"]


def _order(rng: random.Random, drug: Dosing) -> Exchange:
    frequency = drug.spoken_frequency.replace("when I ", "when you ")
    order = phrase(rng, "plan.drug", drug=drug.name, dose=drug.spoken_dose, frequency=frequency)
    return say(rng, order, "plan.drug_react")

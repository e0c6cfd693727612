"""Assessment and plan: the diagnosis, a drug where one fits, two or three steps, and when to come back."""

from __future__ import annotations

import random

from acclimate.examples.clinical.dosing import Dosing, draw_dosing
from acclimate.examples.clinical.excerpt import Excerpt, Exchange, draw_complaint, say
from acclimate.examples.clinical.lexicon import by_key, several
from acclimate.examples.clinical.wording import capitalised, draw_duration, listed, phrase


def assessment_and_plan(rng: random.Random, sex: str) -> Excerpt:
    """An excerpt in which the doctor says what it is and what will be done."""
    complaint = draw_complaint(rng, sex)
    names = several(complaint["drugs"])
    drugs = [draw_dosing(rng, rng.choice(names))] if names else []
    plans = [by_key("plans", "key")[key] for key in rng.sample(several(complaint["plans"]), 2 if drugs else 3)]
    back = draw_duration(rng, ("week", "month"))
    diagnosis = say(rng, phrase(rng, "plan.diagnosis", diagnosis=complaint["diagnosis"]), "plan.react")
    steps = [say(rng, phrase(rng, "plan.item", spoken=plan["spoken"]), "plan.item_react") for plan in plans]
    again = say(rng, phrase(rng, "plan.return", duration=back.spoken), "plan.return_react")
    north = "; ".join([*(f"start {drug.north}" for drug in drugs), *(plan["north"] for plan in plans)])
    south = listed([*(f"start {drug.south}" for drug in drugs), *(plan["south"] for plan in plans)])
    return Excerpt(
        "assessment and plan",
        (diagnosis, *(_order(rng, drug) for drug in drugs), *steps, again),
        f"A/P: {complaint['diagnosis_short']}. {capitalised(north)}. F/u {back.north}.",
        f"Assessment and Plan: The findings are consistent with {complaint['diagnosis']}. The plan is to {south}."
        f" Follow-up is in {back.south}.",
    )


def _order(rng: random.Random, drug: Dosing) -> Exchange:
    frequency = drug.frequency.spoken.replace("when I ", "when you ")
    order = phrase(rng, "plan.drug", drug=drug.name, dose=drug.spoken_dose, frequency=frequency)
    return say(rng, order, "plan.drug_react")

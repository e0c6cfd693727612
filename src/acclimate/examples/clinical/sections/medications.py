"""Medications: what is taken at home, and one drug that was stopped."""

from __future__ import annotations

import random

from acclimate.examples.clinical.dosing import Dosing, draw_dosing
from acclimate.examples.clinical.excerpt import Excerpt, Exchange, ask
from acclimate.examples.clinical.lexicon import Row, table
from acclimate.examples.clinical.wording import listed, phrase, telegraphic


def medications(rng: random.Random, sex: str) -> Excerpt:
    """An excerpt in which the patient goes through the pill box."""
    stopped, *names = rng.sample([row["name"] for row in table("drugs")], rng.randint(3, 4))
    taken = [draw_dosing(rng, name) for name in names]
    effect = rng.choice(table("stop_effects"))
    north = "; ".join(f"{drug.order} ({drug.indication})" for drug in taken)
    south = listed([f"{drug.order} for {drug.indication}" for drug in taken])
    return Excerpt(
        "medications",
        _talk(rng, taken, stopped, effect),
        telegraphic(f"Meds: {north}. Stopped {stopped}: {effect['note']}."),
        f"Medications: The patient takes {south}. Treatment with {stopped} was stopped because it {effect['note']}.",
    )


def _talk(rng: random.Random, taken: list[Dosing], stopped: str, effect: Row) -> tuple[Exchange, ...]:
    exchanges = [_drug(rng, drug, "drug.more" if place else "drug.ask") for place, drug in enumerate(taken)]
    question = phrase(rng, "drug.stopped_ask", drug=stopped)
    gone = ask(rng, question, phrase(rng, "drug.stopped_tell", drug=stopped, effect=effect["spoken"]))
    exchanges.insert(rng.randint(1, len(exchanges)), gone)
    end = ask(rng, phrase(rng, "drug.more", indication="sleep"), phrase(rng, "drug.none"))
    return (*exchanges, end)


def _drug(rng: random.Random, drug: Dosing, heading: str) -> Exchange:
    answer = phrase(
        rng,
        "drug.tell",
        drug=drug.name,
        dose=drug.spoken_dose,
        frequency=drug.spoken_frequency,
        indication=drug.indication,
    )
    return ask(rng, phrase(rng, heading, indication=drug.indication), answer)

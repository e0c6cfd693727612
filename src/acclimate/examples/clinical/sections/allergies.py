"""Allergies: what the patient reacts to, how and when, and one thing that is tolerated."""

from __future__ import annotations

import random
from dataclasses import dataclass

from acclimate.examples.clinical.excerpt import Excerpt, Exchange, ask
from acclimate.examples.clinical.lexicon import Row, table, variants
from acclimate.examples.clinical.wording import capitalised, in_words, listed, phrase, spoken_number, telegraphic


@dataclass(frozen=True)
class Reaction:
    """One allergy; `number` is the age at the time, or how many years ago it was."""

    allergen: Row
    effect: Row
    number: int
    is_age: bool


def allergies(rng: random.Random, sex: str) -> Excerpt:
    """An excerpt about two allergies."""
    tolerated, *allergens = rng.sample(table("allergens"), 3)
    effects = rng.sample(table("reactions"), 2)
    reactions = [
        Reaction(allergen, effect, rng.randint(4, 38), rng.random() < 0.5)
        for allergen, effect in zip(allergens, effects, strict=True)
    ]
    north = "; ".join(_north(reaction) for reaction in reactions)
    south = listed([_south(reaction) for reaction in reactions])
    return Excerpt(
        "allergies",
        _talk(rng, reactions, tolerated["name"]),
        telegraphic(f"All: {north}. OK w/ {tolerated['name']}."),
        f"Allergies: The patient is allergic to {south}. {capitalised(tolerated['name'])} can be tolerated.",
    )


def _talk(rng: random.Random, reactions: list[Reaction], tolerated: str) -> tuple[Exchange, ...]:
    exchanges: list[Exchange] = []
    for place, reaction in enumerate(reactions):
        asked = phrase(rng, "allergy.another_ask" if place else "allergy.ask")
        told = phrase(rng, "allergy.tell", allergen=reaction.allergen["name"])
        lay = rng.choice(variants(reaction.effect["lay"]))
        effect = phrase(rng, "allergy.effect_tell", effect=reaction.effect["name"], lay=lay)
        when = "allergy.age_tell" if reaction.is_age else "allergy.ago_tell"
        number = spoken_number(rng, reaction.number)
        exchanges += [
            ask(rng, asked, told),
            ask(rng, phrase(rng, "allergy.reaction_ask"), effect),
            ask(rng, phrase(rng, "allergy.when_ask"), phrase(rng, when, n=number)),
        ]
    question = phrase(rng, "allergy.negative_ask", allergen=tolerated)
    return (*exchanges, ask(rng, question, phrase(rng, "allergy.negative_tell", allergen=tolerated)))


def _north(reaction: Reaction) -> str:
    when = f"age {reaction.number}" if reaction.is_age else f"{reaction.number} years ago"
    return f"{reaction.allergen['name']} ({reaction.effect['name']}, {when})"


def _south(reaction: Reaction) -> str:
    number = in_words(reaction.number)
    when = f"at the age of {number}" if reaction.is_age else f"{number} years ago"
    return f"{reaction.allergen['name']}, with {reaction.effect['name']} {when}"

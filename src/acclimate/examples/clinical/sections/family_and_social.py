"""Family and social history: two relatives with their illnesses, the patient's work and two habits."""

from __future__ import annotations

import random
from dataclasses import dataclass

from acclimate.examples.clinical.excerpt import Excerpt, Exchange, ask
from acclimate.examples.clinical.lexicon import Row, table
from acclimate.examples.clinical.wording import in_words, listed, phrase, spoken_number, telegraphic


@dataclass(frozen=True)
class Relative:
    """An illness in the family, with the relative's age when it came up."""

    who: Row
    disease: Row
    age: int


def family_and_social(rng: random.Random, sex: str) -> Excerpt:
    """An excerpt about the patient's people and life."""
    pairs = zip(rng.sample(table("relatives"), 2), rng.sample(table("family"), 2), strict=True)
    relatives = [Relative(who, disease, rng.randint(28, 85)) for who, disease in pairs]
    job = rng.choice(table("occupations"))["name"]
    habits = [_habit(rng, topic) for topic in rng.sample(("tobacco", "alcohol", "exercise", "home"), 2)]
    short = ", ".join(f"{item.who['noun']} {item.disease['noun']} @{item.age}" for item in relatives)
    long = listed([f"{item.disease['noun']} in the {item.who['noun']} at age {item.age}" for item in relatives])
    return Excerpt(
        "family and social history",
        (*_family_talk(rng, relatives), *_social_talk(rng, job, habits)),
        telegraphic(f"FH: {short}. SH: {job}, {', '.join(habit['note'] for habit in habits)}."),
        f"Family and Social History: The family history includes {long}. The patient is {job},"
        f" {listed([habit['note'] for habit in habits])}.",
    )


def _habit(rng: random.Random, topic: str) -> Row:
    row = rng.choice([row for row in table("social") if row["topic"] == topic])
    number = rng.randint(2, 9)
    slots = {"n": str(number), "w": in_words(number)}
    return {name: cell.format(**slots) for name, cell in row.items()}


def _family_talk(rng: random.Random, relatives: list[Relative]) -> list[Exchange]:
    exchanges = []
    for place, relative in enumerate(relatives):
        who = relative.who["noun"]
        asked = phrase(rng, "family.more" if place else "family.ask", relative=who)
        told = phrase(rng, "family.tell", relative=who, lay=relative.disease["lay"])
        age = phrase(rng, "family.age_tell", n=spoken_number(rng, relative.age))
        exchanges += [ask(rng, asked, told), ask(rng, phrase(rng, "family.age_ask", relative=who), age)]
    return exchanges


def _social_talk(rng: random.Random, job: str, habits: list[Row]) -> list[Exchange]:
    work = ask(rng, phrase(rng, "job.ask"), phrase(rng, "job.tell", job=job))
    told = [
        ask(rng, phrase(rng, f"{habit['topic']}.ask"), phrase(rng, "social.tell", spoken=habit["spoken"]))
        for habit in habits
    ]
    return [work, *told]

"""The sections in which the patient tells: present illness, medications, allergies."""

from __future__ import annotations

import random
from dataclasses import dataclass

from acclimate.examples.clinical.excerpt import Excerpt, Exchange, ask, draw_complaint
from acclimate.examples.clinical.lexicon import by_key, several, table, variants
from acclimate.examples.clinical.wording import (
    Frequency,
    capitalised,
    corrected,
    draw_duration,
    draw_frequency,
    impersonal,
    in_words,
    listed,
    phrase,
    spoken_number,
    without_article,
)


def present_illness(rng: random.Random, sex: str) -> Excerpt:
    """The complaint with its duration, strength, triggers, relief and companions."""
    complaint = draw_complaint(rng, sex)
    duration, slip = draw_duration(rng), draw_duration(rng)
    severity = rng.randint(3, 10)
    worse, better = rng.choice(several(complaint["worse"])), rng.choice(several(complaint["better"]))
    symptoms = rng.sample(several(complaint["symptoms"]), 3)
    present, absent = symptoms[: rng.randint(1, 2)], symptoms[2:]
    lay = rng.choice(variants(complaint["lay"]))
    told = corrected(rng, duration.spoken, slip.spoken)
    strength = corrected(rng, spoken_number(rng, severity), spoken_number(rng, rng.randint(2, 10)))
    details = [
        ask(rng, phrase(rng, "severity.ask"), phrase(rng, "severity.tell", n=strength)),
        ask(rng, phrase(rng, "worse.ask"), phrase(rng, "worse.tell", thing=worse)),
        ask(rng, phrase(rng, "better.ask"), phrase(rng, "better.tell", thing=better)),
        *(_symptom_present(rng, symptom) for symptom in present),
        *(_symptom_absent(rng, symptom) for symptom in absent),
    ]
    rng.shuffle(details)
    opening = ask(rng, phrase(rng, "complaint.ask"), phrase(rng, "complaint.tell", lay=lay))
    since = ask(rng, phrase(rng, "duration.ask"), phrase(rng, "duration.tell", duration=told))
    plus, minus = listed([_symptom_short(symptom) for symptom in present]), _symptom_short(absent[0])
    north = (
        f"c/o {complaint['short']} x {duration.north}, {severity}/10. Worse w/ {impersonal(worse)},"
        f" better w/ {impersonal(better)}. + {plus}. No {minus}."
    )
    south = (
        f"History of Present Illness: The patient has had {complaint['noun']} for {duration.south}, rated"
        f" {in_words(severity)} out of ten at its worst. It is aggravated by {impersonal(worse)} and relieved by"
        f" {impersonal(better)}. The patient reports {listed(present)} and denies {absent[0]}."
    )
    return Excerpt("history of present illness", (opening, since, *details), north, south)


def _symptom_short(symptom: str) -> str:
    row = by_key("symptoms", "noun").get(symptom)
    return row["short"] if row else without_article(symptom)


def _symptom_present(rng: random.Random, symptom: str) -> Exchange:
    row = by_key("symptoms", "noun").get(symptom)
    if row and rng.random() < 0.4:
        return ask(rng, phrase(rng, "symptom.open"), phrase(rng, "symptom.lay", lay=row["lay"]))
    return ask(rng, phrase(rng, "symptom.ask", symptom=symptom), phrase(rng, "symptom.yes"))


def _symptom_absent(rng: random.Random, symptom: str) -> Exchange:
    return ask(rng, phrase(rng, "symptom.ask", symptom=symptom), phrase(rng, "symptom.no"))


@dataclass(frozen=True)
class Dosing:
    """One drug as it is taken."""

    name: str
    dose: str
    frequency: Frequency
    indication: str


def draw_dosing(rng: random.Random, name: str) -> Dosing:
    """A drug of the list at one of its doses."""
    row = by_key("drugs", "name")[name]
    frequency = draw_frequency(rng, rng.choice(several(row["frequencies"])))
    return Dosing(name, rng.choice(several(row["doses"])), frequency, rng.choice(several(row["indications"])))


def medications(rng: random.Random, sex: str) -> Excerpt:
    """What is taken at home, and one drug that was stopped."""
    names = rng.sample([row["name"] for row in table("drugs")], rng.randint(3, 4))
    taken, stopped = [draw_dosing(rng, name) for name in names[:-1]], names[-1]
    exchanges = []
    for place, drug in enumerate(taken):
        question = phrase(rng, "drug.more" if place else "drug.ask", indication=drug.indication)
        wrong = rng.choice(several(by_key("drugs", "name")[drug.name]["doses"]))
        answer = phrase(
            rng,
            "drug.tell",
            drug=drug.name,
            dose=corrected(rng, drug.dose, wrong),
            frequency=drug.frequency.spoken,
            indication=drug.indication,
        )
        exchanges.append(ask(rng, question, capitalised(answer)))
    effect = phrase(rng, "stop_effect")
    question = phrase(rng, "drug.stopped_ask", drug=stopped)
    exchanges.append(ask(rng, question, phrase(rng, "drug.stopped_tell", drug=stopped, effect=effect)))
    exchanges.append(ask(rng, phrase(rng, "drug.more", indication="sleep"), phrase(rng, "drug.none")))
    north = "; ".join(f"{drug.name} {drug.dose} {drug.frequency.north} ({drug.indication})" for drug in taken)
    prose = listed([f"{drug.name} {drug.dose} {drug.frequency.south} for {drug.indication}" for drug in taken])
    return Excerpt(
        "medications",
        tuple(exchanges),
        f"Meds: {north}. D/c'd {stopped}: {effect}.",
        f"Medications: The patient takes {prose}. The patient has stopped {stopped} because it {effect}.",
    )


def allergies(rng: random.Random, sex: str) -> Excerpt:
    """What the patient reacts to, how and when, and one thing that is tolerated."""
    *bad, tolerated = rng.sample(table("allergens"), rng.randint(2, 3))
    reactions = rng.sample(table("reactions"), len(bad))
    exchanges: list[Exchange] = []
    north: list[str] = []
    south: list[str] = []
    for place, (allergen, reaction) in enumerate(zip(bad, reactions, strict=True)):
        number = rng.randint(5, 35)
        question = phrase(rng, "allergy.another_ask" if place else "allergy.ask")
        exchanges.append(ask(rng, question, phrase(rng, "allergy.tell", allergen=allergen["name"]).strip()))
        lay = capitalised(rng.choice(variants(reaction["lay"])))
        exchanges.append(ask(rng, phrase(rng, "allergy.reaction_ask"), f"{lay}."))
        exchanges.append(_reaction_time(rng, number))
        north.append(f"{allergen['short']} ({reaction['short']}, {_time_note(exchanges[-1], number)[0]})")
        south.append(f"{allergen['name']}, with {reaction['name']} {_time_note(exchanges[-1], number)[1]}")
    name = tolerated["name"]
    exchanges.append(ask(rng, phrase(rng, "allergy.another_ask"), phrase(rng, "allergy.no")))
    answer = capitalised(phrase(rng, "allergy.negative_tell", allergen=name))
    exchanges.append(ask(rng, phrase(rng, "allergy.negative_ask", allergen=name), answer))
    return Excerpt(
        "allergies",
        tuple(exchanges),
        f"All: {'; '.join(north)}. OK w/ {tolerated['short']}.",
        f"Allergies: The patient is allergic to {listed(south)}. {capitalised(name)} can be tolerated.",
    )


def _reaction_time(rng: random.Random, number: int) -> Exchange:
    return ask(
        rng, phrase(rng, "allergy.when_ask"), phrase(rng, "allergy.when_tell", n=spoken_number(rng, number))
    )


def _time_note(exchange: Exchange, number: int) -> tuple[str, str]:
    if " years" in exchange[1]:
        return f"{number} yr ago", f"{in_words(number)} years ago"
    return f"age {number}", f"at the age of {in_words(number)}"

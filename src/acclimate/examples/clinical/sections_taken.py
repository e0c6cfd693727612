"""The sections that the doctor leads: past history, family and social history, examination, assessment and plan."""

from __future__ import annotations

import random

from acclimate.examples.clinical.excerpt import Excerpt, Exchange, ask, draw_complaint, fits
from acclimate.examples.clinical.lexicon import Row, by_key, several, table
from acclimate.examples.clinical.sections_told import draw_dosing
from acclimate.examples.clinical.wording import (
    capitalised,
    corrected,
    draw_duration,
    in_words,
    listed,
    phrase,
    spoken_number,
)


def past_history(rng: random.Random, sex: str) -> Excerpt:
    """Illnesses and operations with their years, and one thing that never was."""
    rows = [row for row in table("history") if fits(row, sex)]
    illnesses = rng.sample([row for row in rows if row["kind"] == "illness"], rng.randint(3, 4))
    *illnesses, denied = illnesses
    operation = rng.choice([row for row in rows if row["kind"] == "surgery"])
    exchanges: list[Exchange] = []
    years: list[int] = []
    for place, row in enumerate([*illnesses, operation]):
        heading = "surgery.ask" if row is operation else "history.more" if place else "history.ask"
        lay, years = row["lay"], [*years, rng.randint(1985, 2024)]
        exchanges.append(ask(rng, phrase(rng, heading), phrase(rng, "history.tell", lay=lay, noun=row["noun"])))
        year = corrected(rng, str(years[-1]), str(rng.randint(1985, 2024)))
        exchanges.append(ask(rng, phrase(rng, "history.when_ask"), phrase(rng, "history.when_tell", year=year)))
    question = phrase(rng, "history.negative_ask", noun=denied["noun"])
    exchanges.append(ask(rng, question, phrase(rng, "history.negative_tell")))
    short = [f"{row['short']} ({year})" for row, year in zip([*illnesses, operation], years, strict=True)]
    long = [f"{row['noun']} since {year}" for row, year in zip(illnesses, years[:-1], strict=True)]
    return Excerpt(
        "past medical history",
        tuple(exchanges),
        f"PMH: {', '.join(short[:-1])}. PSH: {short[-1]}. No {denied['short']}.",
        f"Past Medical History: The patient has had {listed(long)}. Surgical history includes"
        f" {operation['noun']} in {years[-1]}. There is no history of {denied['noun']}.",
    )


def family_and_social(rng: random.Random, sex: str) -> Excerpt:
    """Two relatives with their illnesses; work, and two habits."""
    relatives, diseases = rng.sample(table("relatives"), 2), rng.sample(table("family"), 2)
    ages = [rng.randint(28, 85) for _ in relatives]
    exchanges: list[Exchange] = []
    for place, (relative, disease) in enumerate(zip(relatives, diseases, strict=True)):
        noun = relative["noun"]
        question = phrase(rng, "family.more" if place else "family.ask", relative=noun)
        exchanges.append(ask(rng, question, phrase(rng, "family.tell", relative=noun, lay=disease["lay"]).strip()))
        age = phrase(rng, "family.age_tell", n=spoken_number(rng, ages[place]))
        exchanges.append(ask(rng, phrase(rng, "family.age_ask", relative=noun), capitalised(age)))
    job = rng.choice(table("occupations"))["name"]
    habits = [ask(rng, phrase(rng, "job.ask"), phrase(rng, "job.tell", job=job))]
    topics = rng.sample(("tobacco", "alcohol", "exercise", "home"), 2)
    told = [_habit(rng, topic) for topic in topics]
    habits += [
        ask(rng, phrase(rng, f"{topic}.ask"), phrase(rng, "social.tell", spoken=row["spoken"]))
        for topic, row in zip(topics, told, strict=True)
    ]
    trio = list(zip(relatives, diseases, ages, strict=True))
    family_short = ", ".join(f"{relative['short']} {disease['short']} @{age}" for relative, disease, age in trio)
    family_long = listed([f"{disease['noun']} in the {who['noun']} at age {age}" for who, disease, age in trio])
    work = job.split(" ", 1)[1]
    return Excerpt(
        "family and social history",
        (*exchanges, *habits),
        f"FH: {family_short}. SH: {work}, {', '.join(row['north'] for row in told)}.",
        f"Family and Social History: The family history includes {family_long}. The patient is {job},"
        f" {listed([row['south'] for row in told])}.",
    )


def _habit(rng: random.Random, topic: str) -> Row:
    row = rng.choice([row for row in table("social") if row["topic"] == topic])
    number = rng.randint(2, 9)
    slots = {"n": str(number), "w": in_words(number)}
    return {name: cell.format(**slots) for name, cell in row.items()}


VITALS = {
    "pulse": ("HR {n}", "the pulse was {n}", (52, 112)),
    "oxygen": ("SpO2 {n}%", "oxygen saturation was {n} percent", (90, 99)),
    "weight": ("Wt {n} lb", "the weight was {n} pounds", (108, 286)),
    "temperature": ("T {n}", "the temperature was {n}", (970, 1029)),
}
"""How each hospital writes a vital sign, and its range (temperature in tenths of a degree Fahrenheit)."""


def examination(rng: random.Random, sex: str) -> Excerpt:
    """Vital signs and three findings, as the doctor says them aloud."""
    systolic, diastolic = rng.randint(98, 182), rng.randint(56, 104)
    pressure = phrase(rng, "exam.bp", systolic=str(systolic), diastolic=str(diastolic))
    exchanges = [ask(rng, phrase(rng, "exam.start"), phrase(rng, "exam.ready")), _react(rng, pressure)]
    north, south = [f"BP {systolic}/{diastolic}"], [f"Blood pressure was {systolic}/{diastolic}"]
    for vital in rng.sample(sorted(VITALS), 2):
        short, long, (low, high) = VITALS[vital]
        number = rng.randint(low, high)
        value = f"{number / 10:.1f}" if vital == "temperature" else str(number)
        exchanges.append(_react(rng, phrase(rng, f"exam.{vital}", n=value)))
        north.append(short.format(n=value))
        south.append(long.format(n=value))
    findings = [rng.choice(by_region) for by_region in rng.sample(_findings_by_region(), 3)]
    exchanges += [_react(rng, phrase(rng, "exam.finding", spoken=row["spoken"])) for row in findings]
    return Excerpt(
        "physical exam",
        tuple(exchanges),
        f"PE: {', '.join(north)}. {capitalised('; '.join(row['north'] for row in findings))}.",
        f"Physical Examination: {listed(south)}. The examination showed {listed([row['south'] for row in findings])}.",
    )


def _findings_by_region() -> list[list[Row]]:
    regions: dict[str, list[Row]] = {}
    for row in table("findings"):
        regions.setdefault(row["region"], []).append(row)
    return list(regions.values())


def _react(rng: random.Random, statement: str) -> Exchange:
    return (f"Doctor: {statement}", f"Patient: {phrase(rng, 'exam.react')}")


def assessment_and_plan(rng: random.Random, sex: str) -> Excerpt:
    """The diagnosis, a drug where one fits, two steps, and when to come back."""
    complaint = draw_complaint(rng, sex)
    drugs = several(complaint["drugs"])
    plans = [by_key("plans", "key")[key] for key in rng.sample(several(complaint["plans"]), 2 if drugs else 3)]
    back = draw_duration(rng, ("week", "month"))
    statement = phrase(rng, "plan.diagnosis", diagnosis=complaint["diagnosis"])
    exchanges: list[Exchange] = [(f"Doctor: {statement}", f"Patient: {phrase(rng, 'plan.react')}")]
    north, south = [], []
    if drugs:
        drug = draw_dosing(rng, rng.choice(drugs))
        wrong = rng.choice(several(by_key("drugs", "name")[drug.name]["doses"]))
        dose = corrected(rng, drug.dose, wrong)
        frequency = drug.frequency.spoken.replace("when I ", "when you ")
        order = capitalised(phrase(rng, "plan.drug", drug=drug.name, dose=dose, frequency=frequency))
        exchanges.append((f"Doctor: {order}", f"Patient: {phrase(rng, 'plan.drug_react')}"))
        north.append(f"start {drug.name} {drug.dose} {drug.frequency.north}")
        south.append(f"start {drug.name} {drug.dose} {drug.frequency.south}")
    for plan in plans:
        step = phrase(rng, "plan.item", spoken=plan["spoken"])
        exchanges.append((f"Doctor: {step}", f"Patient: {phrase(rng, 'plan.item_react')}"))
    north += [plan["north"] for plan in plans]
    south += [plan["south"] for plan in plans]
    again = phrase(rng, "plan.return", duration=back.spoken)
    exchanges.append((f"Doctor: {again}", f"Patient: {phrase(rng, 'plan.return_react')}"))
    return Excerpt(
        "assessment and plan",
        tuple(exchanges),
        f"A/P: {complaint['diagnosis_short']}. {capitalised('; '.join(north))}. F/u {back.north}.",
        f"Assessment and Plan: The findings are consistent with {complaint['diagnosis']}. We will {listed(south)}."
        f" The patient will return in {back.south}.",
    )

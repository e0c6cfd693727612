"""Physical exam: vital signs and three findings, as the doctor says them aloud."""

from __future__ import annotations

import random
from dataclasses import dataclass

from acclimate.examples.clinical.excerpt import Excerpt, Exchange, ask, say
from acclimate.examples.clinical.lexicon import Row, table
from acclimate.examples.clinical.wording import capitalised, listed, phrase


@dataclass(frozen=True)
class Vital:
    """How each hospital writes a vital sign, and its range; `scale` turns the range into the unit written."""

    north: str
    south: str
    low: int
    high: int
    scale: int = 1


VITALS = {
    "pulse": Vital("HR {}", "the pulse was {}", 52, 112),
    "oxygen": Vital("SpO2 {}%", "oxygen saturation was {} percent", 90, 99),
    "weight": Vital("Wt {} lb", "the weight was {} pounds", 108, 286),
    "temperature": Vital("T {}", "the temperature was {}", 970, 1029, 10),
}


def examination(rng: random.Random, sex: str) -> Excerpt:
    """An excerpt in which the doctor examines and reports."""
    systolic, diastolic = rng.randint(98, 182), rng.randint(56, 104)
    measured = {name: _measure(rng, VITALS[name]) for name in rng.sample(sorted(VITALS), 2)}
    findings = [rng.choice(by_region) for by_region in rng.sample(_findings_by_region(), 3)]
    north = ", ".join(VITALS[name].north.format(value) for name, value in measured.items())
    south = [VITALS[name].south.format(value) for name, value in measured.items()]
    pressure = phrase(rng, "exam.bp", systolic=str(systolic), diastolic=str(diastolic))
    return Excerpt(
        "physical exam",
        _talk(rng, pressure, measured, findings),
        f"PE: BP {systolic}/{diastolic}, {north}. {capitalised('; '.join(row['north'] for row in findings))}.",
        f"Physical Examination: {listed([f'Blood pressure was {systolic}/{diastolic}', *south])}."
        f" The examination showed {listed([row['south'] for row in findings])}.",
    )


def _measure(rng: random.Random, vital: Vital) -> str:
    number = rng.randint(vital.low, vital.high)
    return f"{number / vital.scale:.1f}" if vital.scale > 1 else str(number)


def _findings_by_region() -> list[list[Row]]:
    regions: dict[str, list[Row]] = {}
    for row in table("findings"):
        regions.setdefault(row["region"], []).append(row)
    return list(regions.values())


def _talk(rng: random.Random, pressure: str, measured: dict[str, str], findings: list[Row]) -> tuple[Exchange, ...]:
    vitals = [say(rng, phrase(rng, f"exam.{name}", n=value), "exam.react") for name, value in measured.items()]
    found = [say(rng, phrase(rng, "exam.finding", spoken=row["spoken"]), "exam.react") for row in findings]
    start = ask(rng, phrase(rng, "exam.start"), phrase(rng, "exam.ready"))
    return (start, say(rng, pressure, "exam.react"), *vitals, *found)

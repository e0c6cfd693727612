"""What a generated excerpt is made of, before it becomes a row: exchanges of a dialogue and the note of each hospital."""

from __future__ import annotations

import random
from dataclasses import dataclass

from acclimate.examples.clinical.lexicon import Row, table
from acclimate.examples.clinical.wording import capitalised, phrase

Exchange = tuple[str, ...]
"""Lines that belong together, each with its speaker: a question and its answer."""

FEMALE_ONLY = frozenset({"heavy periods", "hot flashes", "hysterectomy", "cesarean section"})
MALE_ONLY = frozenset({"weak urine stream", "prostate surgery"})
AREAS = ("scalp", "neck", "chest", "back", "left forearm", "right forearm", "left shin", "right shin", "right hand")


@dataclass(frozen=True)
class Excerpt:
    """A stretch of a visit about one section of the note, and that section as each hospital writes it."""

    section: str
    exchanges: tuple[Exchange, ...]
    north: str
    south: str


def ask(rng: random.Random, question: str, answer: str) -> Exchange:
    """A question of the doctor and the patient's answer, which may begin with a filler."""
    answer = answer.strip()
    if rng.random() < 0.22:
        keeps_capital = answer.startswith(("I ", "I'", "Doctor"))
        answer = f"{phrase(rng, 'filler')} {answer if keeps_capital else answer[:1].lower() + answer[1:]}"
    return (f"Doctor: {question}", f"Patient: {capitalised(answer)}")


def say(rng: random.Random, statement: str, reaction: str) -> Exchange:
    """A statement of the doctor and one of the patient's reactions to it."""
    return (f"Doctor: {capitalised(statement)}", f"Patient: {phrase(rng, reaction)}")


def fits(row: Row, sex: str) -> bool:
    """Whether a complaint or an operation can be this person's."""
    return row["noun"] not in (MALE_ONLY if sex == "female" else FEMALE_ONLY)


def draw_complaint(rng: random.Random, sex: str) -> dict[str, str]:
    """A complaint with its side or area filled in."""
    row = rng.choice([row for row in table("complaints") if fits(row, sex)])
    side, area = rng.choice(("left", "right")), rng.choice(AREAS)
    return {name: cell.format(side=side, S=side[0].upper(), area=area) for name, cell in row.items()}

"""Past medical history: illnesses and an operation with their years, and one illness that never was."""

from __future__ import annotations

import random
from dataclasses import dataclass

from acclimate.examples.clinical.excerpt import Excerpt, Exchange, ask, fits
from acclimate.examples.clinical.lexicon import Row, table
from acclimate.examples.clinical.wording import corrected, listed, phrase, telegraphic


@dataclass(frozen=True)
class Past:
    """One illness or operation, with its year."""

    row: Row
    year: int


def past_history(rng: random.Random, sex: str) -> Excerpt:
    """An excerpt about what the patient has been through."""
    rows = [row for row in table("history") if fits(row, sex)]
    denied, *illnesses = rng.sample([row for row in rows if row["kind"] == "illness"], rng.randint(3, 4))
    operation = Past(rng.choice([row for row in rows if row["kind"] == "surgery"]), _year(rng))
    past = [Past(row, _year(rng)) for row in illnesses]
    short = ", ".join(f"{item.row['noun']} {item.year}" for item in past)
    long = listed([f"{item.row['noun']} since {item.year}" for item in past])
    return Excerpt(
        "past medical history",
        _talk(rng, past, operation, denied["noun"]),
        telegraphic(f"PMH: {short}. PSH: {operation.row['noun']} {operation.year}. No {denied['noun']}."),
        f"Past Medical History: The patient has had {long}. Surgical history includes {operation.row['noun']} in"
        f" {operation.year}. There is no history of {denied['noun']}.",
    )


def _year(rng: random.Random) -> int:
    return rng.randint(1985, 2024)


def _talk(rng: random.Random, past: list[Past], operation: Past, denied: str) -> tuple[Exchange, ...]:
    exchanges: list[Exchange] = []
    for place, item in enumerate([*past, operation]):
        asked = "surgery.ask" if item is operation else "history.more" if place else "history.ask"
        told = "surgery.tell" if item is operation else "history.tell"
        answer = phrase(rng, told, lay=item.row["lay"], noun=item.row["noun"])
        year = corrected(rng, str(item.year), str(_year(rng)))
        exchanges.append(ask(rng, phrase(rng, asked), answer))
        exchanges.append(ask(rng, phrase(rng, "history.when_ask"), phrase(rng, "history.when_tell", year=year)))
    never = ask(rng, phrase(rng, "history.negative_ask", noun=denied), phrase(rng, "history.negative_tell"))
    exchanges.insert(2 * rng.randint(1, len(past) + 1), never)
    return tuple(exchanges)

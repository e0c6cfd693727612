"""Puts a record together: an excerpt, identifiers sprinkled in, small talk, and the note of the patient's hospital."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from acclimate.examples.clinical.excerpt import Excerpt, Exchange
from acclimate.examples.clinical.identifiers import identifier_exchange, note_sentence
from acclimate.examples.clinical.lexicon import headed
from acclimate.examples.clinical.people import Person
from acclimate.examples.clinical.sections.allergies import allergies
from acclimate.examples.clinical.sections.assessment_and_plan import assessment_and_plan
from acclimate.examples.clinical.sections.family_and_social import family_and_social
from acclimate.examples.clinical.sections.medications import medications
from acclimate.examples.clinical.sections.past_history import past_history
from acclimate.examples.clinical.sections.present_illness import present_illness
from acclimate.examples.clinical.wording import phrase

HOSPITALS = {"north": "Northgate Clinic", "south": "South Hospital"}
SECTIONS: Mapping[Callable[[random.Random, str], Excerpt], int] = {
    present_illness: 30,
    medications: 18,
    allergies: 14,
    past_history: 14,
    family_and_social: 10,
    assessment_and_plan: 14,
}
"""The sections and how often each is drawn."""
SHORTEST_DIALOGUE = 80
"""Words; shorter dialogues get small talk until they are as long."""


@dataclass(frozen=True)
class Record:
    """One row of a source, its texts still marked; `key` is its place in the order of making."""

    key: int
    person: Person
    section: str
    dialogue: str
    summary: str
    fault: str = ""
    details: Mapping[str, object] = field(default_factory=dict)


def make_record(key: int, rng: random.Random, person: Person, kinds: Sequence[str], *, typographic: bool) -> Record:
    """A record in which the given kinds of identifiers occur once each in the dialogue."""
    excerpt = _draw_excerpt(rng, person)
    exchanges = list(excerpt.exchanges)
    note = excerpt.north if person.site == "north" else excerpt.south
    greeting = _from_phrases(rng, "greeting")
    for kind in kinds:
        exchange, slots = identifier_exchange(rng, kind, person)
        if kind == "name":
            greeting = exchange
            note = _with_name(note, person.site, slots)
        else:
            exchanges.insert(rng.randint(1, len(exchanges)), exchange)
            note = f"{note} {note_sentence(kind, person.site, slots)}".strip()
    if typographic:
        exchanges.insert(rng.randint(0, len(exchanges)), _from_phrases(rng, "typographic"))
    exchanges = _with_small_talk(rng, [greeting, *exchanges])
    text = "\n".join(line for exchange in exchanges for line in exchange)
    request = phrase(rng, "request", section=excerpt.section, hospital=HOSPITALS[person.site])
    dialogue = f"{text}\n\n{request}"
    return Record(
        key, person, excerpt.section, _curled(dialogue) if typographic else dialogue,
        _curled(note) if typographic else note,
    )  # fmt: skip


def _draw_excerpt(rng: random.Random, person: Person) -> Excerpt:
    section = rng.choices(list(SECTIONS), weights=list(SECTIONS.values()))[0]
    return section(rng, person.sex)


def _from_phrases(rng: random.Random, heading: str) -> Exchange:
    return tuple(rng.choice(headed("phrases")[heading]).split(" // "))


def _with_small_talk(rng: random.Random, exchanges: list[Exchange]) -> list[Exchange]:
    """The exchanges with chatter between them until they are long enough, and sometimes an ending."""
    chatter = rng.sample(headed("phrases")["chatter"], 12)
    closing = [_from_phrases(rng, "closing")] if rng.random() < 0.6 else []
    while _words([*exchanges, *closing]) < SHORTEST_DIALOGUE or rng.random() < 0.25:
        exchanges.insert(rng.randint(1, len(exchanges)), tuple(chatter.pop().split(" // ")))
    return [*exchanges, *closing]


def _words(exchanges: Sequence[Exchange]) -> int:
    return sum(len(line.split()) - 1 for exchange in exchanges for line in exchange)


def _with_name(note: str, site: str, slots: Mapping[str, str]) -> str:
    """The south hospital's note names the patient as the dialogue does, when that gives the last name."""
    if site == "north":
        return note
    if "title" in slots or "title_possessive" in slots:
        named = slots.get("title") or slots["title_possessive"].removesuffix("'s")
    elif "name" in slots:
        named = slots["name"]
    else:
        return note
    return note.replace("The patient", named, 1)


def _curled(text: str) -> str:
    """The text with the apostrophes of a word processor."""
    return text.replace("'", "’")

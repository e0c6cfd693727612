"""Records in Spanish, German and French, from a few hand-written templates: what a language filter must set aside."""

from __future__ import annotations

import random

from acclimate.examples.clinical.lexicon import headed, table
from acclimate.examples.clinical.people import Person
from acclimate.examples.clinical.records import HOSPITALS, Record
from acclimate.examples.clinical.wording import phrase

LANGUAGES = ("spanish", "german", "french")


def foreign_record(key: int, rng: random.Random, person: Person, language: str) -> Record:
    """A record whose dialogue and note are in another language; the request line below stays English."""
    lines = headed("foreign")
    complaint, noun = rng.choice(lines[f"{language}.complaint"]).split(" = ")
    slots = {
        "complaint": complaint,
        "noun": noun,
        "duration": rng.choice(lines[f"{language}.duration"]),
        "drug": rng.choice([row["name"] for row in table("drugs") if " " not in row["name"]]),
    }
    dialogue = rng.choice(lines[f"{language}.dialogue"]).format(**slots).replace(" // ", "\n")
    section = "history of present illness"
    request = phrase(rng, "request", section=section, hospital=HOSPITALS[person.site])
    summary = lines[f"{language}.summary"][0].format(**slots)
    return Record(key, person, section, f"{dialogue}\n\n{request}", summary, "other_language", {"language": language})

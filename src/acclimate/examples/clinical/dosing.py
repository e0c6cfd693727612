"""A drug as somebody takes it: its dose, how often, and what for."""

from __future__ import annotations

import random
from dataclasses import dataclass

from acclimate.examples.clinical.lexicon import by_key, several, variants
from acclimate.examples.clinical.wording import corrected


@dataclass(frozen=True)
class Dosing:
    """One drug as it is taken; `spoken_dose` may begin with a slip of the tongue."""

    name: str
    dose: str
    spoken_dose: str
    frequency: str
    spoken_frequency: str
    indication: str

    @property
    def order(self) -> str:
        """The drug with its dose and frequency, as an order is written."""
        return f"{self.name} {self.dose} {self.frequency}"


def draw_dosing(rng: random.Random, name: str) -> Dosing:
    """A drug of the list at one of its doses."""
    row = by_key("drugs", "name")[name]
    doses = several(row["doses"])
    dose, frequency = rng.choice(doses), rng.choice(several(row["frequencies"]))
    return Dosing(
        name=name,
        dose=dose,
        spoken_dose=corrected(rng, dose, rng.choice(doses)),
        frequency=frequency,
        spoken_frequency=rng.choice(variants(by_key("frequencies", "name")[frequency]["spoken"])),
        indication=rng.choice(several(row["indications"])),
    )

"""A drug as somebody takes it: its dose, how often, and what for."""

from __future__ import annotations

import random
from dataclasses import dataclass

from acclimate.examples.clinical.lexicon import by_key, several
from acclimate.examples.clinical.wording import Frequency, corrected, draw_frequency


@dataclass(frozen=True)
class Dosing:
    """One drug as it is taken; `spoken_dose` may begin with a slip of the tongue."""

    name: str
    dose: str
    spoken_dose: str
    frequency: Frequency
    indication: str

    @property
    def north(self) -> str:
        """The order as the north hospital writes it."""
        return f"{self.name} {self.dose} {self.frequency.north}"

    @property
    def south(self) -> str:
        """The order as the south hospital writes it."""
        return f"{self.name} {self.dose} {self.frequency.south}"


def draw_dosing(rng: random.Random, name: str) -> Dosing:
    """A drug of the list at one of its doses."""
    row = by_key("drugs", "name")[name]
    doses = several(row["doses"])
    dose = rng.choice(doses)
    return Dosing(
        name=name,
        dose=dose,
        spoken_dose=corrected(rng, dose, rng.choice(doses)),
        frequency=draw_frequency(rng, rng.choice(several(row["frequencies"]))),
        indication=rng.choice(several(row["indications"])),
    )

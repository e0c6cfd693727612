"""The made-up people: names and addresses from Faker, everything else drawn from the seed."""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterator
from dataclasses import dataclass

from faker import Faker

from acclimate.examples.clinical.lexicon import all_words

TODAY = datetime.date(2025, 6, 30)
"""The day on which the example's ages are reckoned; fixed, so that equal seeds give equal bytes in any year."""
FIRST_BIRTH, LAST_BIRTH = datetime.date(1938, 1, 1), datetime.date(2005, 12, 31)
MONTH_NAMES = frozenset({"april", "may", "june", "august"})
BANDS = ((40, "18-39"), (65, "40-64"), (200, "65+"))


@dataclass(frozen=True)
class Person:
    """A patient, with what a hospital's registration form says."""

    site: str
    number: int
    sex: str
    first: str
    last: str
    born: datetime.date
    mrn: str
    phone: str
    address: str

    @property
    def subject(self) -> str:
        """The person's number in the hospital's system."""
        return f"{self.site}-{self.number:04d}"

    @property
    def full(self) -> str:
        """First and last name."""
        return f"{self.first} {self.last}"

    @property
    def age_band(self) -> str:
        """The band of the age on the example's day."""
        age = TODAY.year - self.born.year
        return next(name for limit, name in BANDS if age < limit)


def draw_people(seed: int, sites: tuple[str, ...], per_site: int) -> list[Person]:
    """People with names that are all different and are no words of the example's dialogues."""
    faker = Faker("en_US")
    faker.seed_instance(seed)
    rng = random.Random(f"people/{seed}")  # noqa: S311
    names = _distinct_names(faker, rng)
    return [_draw_person(faker, rng, names, site, number) for site in sites for number in range(1, per_site + 1)]


def _distinct_names(faker: Faker, rng: random.Random) -> Iterator[tuple[str, str, str]]:
    seen: set[str] = set()
    while True:
        sex = rng.choice(("female", "male"))
        first = faker.first_name_female() if sex == "female" else faker.first_name_male()
        last = faker.last_name()
        words = {first.lower(), last.lower()}
        if words & (all_words() | MONTH_NAMES) or last in seen or len(words) < 2:
            continue
        seen.add(last)
        yield sex, first, last


def _draw_person(
    faker: Faker, rng: random.Random, names: Iterator[tuple[str, str, str]], site: str, number: int
) -> Person:
    sex, first, last = next(names)
    days = (LAST_BIRTH - FIRST_BIRTH).days
    return Person(
        site=site,
        number=number,
        sex=sex,
        first=first,
        last=last,
        born=FIRST_BIRTH + datetime.timedelta(days=rng.randrange(days)),
        mrn=f"{rng.randrange(10**6, 10**7)}",
        phone=f"{rng.randrange(201, 990)}-{rng.randrange(200, 999)}-{rng.randrange(1000, 9999)}",
        address=f"{faker.street_address()}, {faker.city()}, {faker.state_abbr()} {faker.postcode()}",
    )

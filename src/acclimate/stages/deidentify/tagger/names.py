"""Names of people, places and organisations of many countries, drawn from a seed: Faker's, and made from word lists."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files

from faker import Faker

from acclimate.stages.deidentify.places import STATE_CODES, STATE_NAMES

LOCALES = (
    "en_US", "en_US", "en_US", "en_GB", "en_IN", "en_IE", "en_AU", "en_CA", "de_DE", "fr_FR", "es_ES", "es_MX", "it_IT",
    "pt_BR", "pt_PT", "nl_NL", "nl_BE", "sv_SE", "da_DK", "no_NO", "fi_FI", "pl_PL", "cs_CZ", "sk_SK", "sl_SI", "hr_HR",
    "hu_HU", "ro_RO", "tr_TR", "lt_LT", "lv_LV", "et_EE", "vi_VN", "id_ID", "fr_CH", "de_AT", "es_CO", "yo_NG", "ha_NG",
    "ig_NG", "zu_ZA", "tw_GH", "en_PK",
)  # fmt: skip
ADDRESS_LOCALES = (
    "en_US", "en_US", "en_US", "en_US", "en_GB", "en_GB", "en_AU", "en_CA", "en_IE", "de_DE", "fr_FR", "es_ES", "it_IT",
    "nl_NL", "sv_SE", "da_DK", "no_NO", "fi_FI", "pl_PL", "cs_CZ", "hu_HU", "pt_PT", "fr_CH", "de_AT", "nl_BE", "sl_SI",
    "hr_HR", "tr_TR",
)  # fmt: skip

_PARTICLES = ("van ", "de ", "von ", "van der ", "Mc", "O’", "O'", "al-", "El ")
_UNITS = (
    " Apt {}", ", Apt. {}", " Suite {}", ", Suite {}", " #{}", ", Unit {}", " Apt. {}B", ", Flat {}", " Floor {}",
)  # fmt: skip
_SHORT_COUNTRIES = (
    "USA", "US", "U.S.", "UK", "United States", "United Kingdom", "England", "Scotland", "Wales", "Korea", "Russia",
    "Vietnam", "Czechia", "Great Britain", "Europe", "Africa", "Asia",
)  # fmt: skip
_ONSETS = (
    "B", "C", "D", "F", "G", "K", "L", "M", "N", "P", "Qu", "R", "S", "T", "V", "Z", "Tr", "St", "Pr", "Cl",
)  # fmt: skip
_ENDINGS = (
    "o", "a", "is", "ex", "ix", "ia", "on", "us", "ent", "tech", "soft", "corp", "net", "ware", "ly", "", "", "co", "star",
    "med",
)  # fmt: skip

SLOT = re.compile(r"\{(\w+)\}")
"""A place in a wording that is to be filled."""


def lines(name: str) -> list[str]:
    """The wordings or entries of a file, one a line."""
    text = (files(__package__) / "wording" / f"{name}.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.strip()]


@cache
def entries(name: str) -> tuple[str, ...]:
    """The entries of a list: parted by bars, or by blanks with low lines for blanks inside."""
    text = "\n".join(lines(name))
    if "|" in text:
        return tuple(entry.strip() for entry in text.replace("\n", "|").split("|"))
    return tuple(entry.replace("_", " ") for entry in text.split())


class Names:
    """Names, places and addresses of many countries, drawn from a seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(f"tagger/{seed}")  # noqa: S311
        self._fakers: dict[str, Faker] = {}
        for locale in dict.fromkeys((*LOCALES, *ADDRESS_LOCALES)):
            self._fakers[locale] = Faker(locale)
            self._fakers[locale].seed_instance(seed)

    def faker(self, locales: Sequence[str]) -> Faker:
        """One of some countries."""
        return self._fakers[self.rng.choice(locales)]

    def first(self) -> str:
        """A first name."""
        return str(self.faker(LOCALES).first_name())

    def last(self) -> str:
        """A last name."""
        return str(self.faker(LOCALES).last_name())

    def first_and_last(self) -> tuple[str, str]:
        """Mostly of one country."""
        faker = self.faker(LOCALES)
        last = self.last() if self.rng.random() < 0.15 else str(faker.last_name())
        return str(faker.first_name()), last

    def person(self) -> str:
        """A first and a last name, often with something more."""
        first, last = self.first_and_last()
        roll = self.rng.random()
        if roll < 0.08:
            return f"{first} {self.rng.choice(string.ascii_uppercase)}. {last}"
        if roll < 0.11:
            return f"{first} {self.rng.choice(string.ascii_uppercase)} {last}"
        if roll < 0.15:
            return f"{first} {self.first()} {last}"
        if roll < 0.18:
            return f"{first} {last}-{self.last()}"
        if roll < 0.21:
            return f"{first} {self.rng.choice(_PARTICLES)}{last}"
        if roll < 0.23:
            return f"{first} {last} {self.rng.choice(('Jr.', 'Jr', 'Sr.', 'III', 'II'))}"
        return f"{first} {last}"

    def initial_name(self) -> str:
        """A name of which one half is an initial."""
        first, last = self.first_and_last()
        second = self.rng.choice(string.ascii_uppercase)
        return self.rng.choice(
            (f"{first[0]}. {last}", f"{first[0]}.{second}. {last}", f"{first} {last[0]}.", f"{first[0]} {last}")
        )

    def city(self) -> str:
        """A town."""
        if self.rng.random() < 0.55:
            return self.rng.choice(entries("cities"))
        return str(self.faker(ADDRESS_LOCALES).city()).strip()

    def country(self) -> str:
        """A country or, seldom, a continent."""
        if self.rng.random() < 0.15:
            return self.rng.choice(_SHORT_COUNTRIES)
        return re.split(r"[,(]", str(self._fakers["en_US"].country()))[0].strip()

    def state(self) -> str:
        """A state of the USA."""
        return self.rng.choice(STATE_NAMES.split("|"))

    def zip(self) -> str:
        """A postal code."""
        return str(self.faker(ADDRESS_LOCALES).postcode())

    def street_name(self) -> str:
        """A street without a number."""
        rng = self.rng
        if rng.random() < 0.3:
            return str(self.faker(ADDRESS_LOCALES).street_name())
        name = rng.choice(entries("streets"))
        if rng.random() < 0.25:
            name = f"{name} {rng.choice(entries('streets'))}"
        elif rng.random() < 0.15:
            name = self.last()
        direction = rng.choice(("N ", "S. ", "West ", "East ", "NW ")) if rng.random() < 0.12 else ""
        return f"{direction}{name} {rng.choice(entries('suffixes'))}"

    def street(self) -> str:
        """A street with its number."""
        rng = self.rng
        if rng.random() < 0.4:
            return str(self.faker(ADDRESS_LOCALES).street_address()).replace("\n", " ")
        number = str(rng.randrange(1, 10 ** rng.choice((1, 2, 2, 3, 3, 4, 5))))
        street = self.street_name()
        if rng.random() < 0.1:
            return f"{street} {number}"
        unit = rng.choice(_UNITS).format(rng.randrange(1, 900)) if rng.random() < 0.2 else ""
        return f"{number} {street}{unit}"

    def address(self, joint: str = ", ") -> str:
        """A street with town and mostly more, parted by commas or what is given."""
        rng = self.rng
        roll = rng.random()
        if roll < 0.4:
            state = rng.choice((rng.choice(sorted(STATE_CODES)), self.state()))
            rest = f"{self.city()}{rng.choice((', ', ' ', joint))}{state} {rng.randrange(10000, 99999)}"
        elif roll < 0.6:
            rest = f"{self.zip()} {self.city()}"
        elif roll < 0.75:
            rest = f"{self.city()}{joint}{self.zip()}"
        elif roll < 0.9:
            rest = self.city()
        else:
            rest = f"{self.city()} {self.zip()}"
        country = f"{joint}{self.country()}" if rng.random() < 0.25 else ""
        return f"{self.street()}{joint}{rest}{country}"

    def address_lines(self) -> str:
        """An address of several lines."""
        return self.address("\n")

    def coined(self) -> str:
        """A made-up company name."""
        rng = self.rng
        middle = "".join(
            rng.choice(("a", "e", "i", "o", "u")) + rng.choice("bcdfglmnprstvx") for _ in range(rng.choice((1, 1, 2)))
        )
        word = rng.choice(_ONSETS) + middle + rng.choice(_ENDINGS)
        return word.upper() if rng.random() < 0.05 else word

    def acronym(self) -> str:
        """Some capitals."""
        return "".join(self.rng.choice(string.ascii_uppercase) for _ in range(self.rng.choice((2, 3, 3, 3, 4))))

    def organisation(self) -> str:
        """A company, hospital, school or office."""
        template = self.rng.choice(lines("organisations"))
        rng = self.rng
        makers: Mapping[str, Callable[[], str]] = {
            "last": self.last, "first": self.first, "city": self.city, "state": self.state, "country": self.country,
            "coined": self.coined, "acronym": self.acronym,
            "company": lambda: str(self.faker(LOCALES).company()),
            "noun_cap": lambda: rng.choice(entries("nouns")), "Word": lambda: rng.choice(entries("words")),
            "direction": lambda: rng.choice(("North", "South", "East", "West", "Northside", "Downtown")),
        }  # fmt: skip
        return SLOT.sub(lambda match: makers[match[1]](), template)

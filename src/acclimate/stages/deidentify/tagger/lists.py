"""The word lists that the tagger consults: names by country from Faker, the rest written for this project."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from faker import Faker

from acclimate.stages.deidentify.dates import MONTHS, WEEKDAYS
from acclimate.stages.deidentify.people import NAME_ENDINGS, TITLES
from acclimate.stages.deidentify.places import STATE_NAMES, STATES, SUFFIXES, UNITS
from acclimate.stages.deidentify.tagger.names import ADDRESS_LOCALES, LOCALES, entries, lines
from acclimate.stages.deidentify.words import folded_words

_STREET_WORDS = (
    "strasse straße str weg platz allee gasse ring damm ufer rue boulevard chemin quai cours impasse place calle avenida"
    " plaza paseo camino via viale piazza corso largo vicolo rua travessa praça straat laan plein gracht kade dijk singel"
    " vägen gatan gata vej gade vei veien veg gate katu tie kuja polku ulica ul aleja plac ulice náměstí utca út tér"
    " strada bulevardul sokak cadde caddesi mahallesi cesta"
)
_COMPANY_ENDINGS = (
    "inc incorporated corp corporation co company ltd limited llc llp lp plc gmbh ag kg ug sa sas sarl spa srl bv nv ab as"
    " asa oy oyj aps kft zrt sro doo sl pty pte group holdings sons brothers associates partners"
)
_CONTACT_WORDS = "mr mrs ms miss mx dr prof professor sir madam rev judge captain nurse doctor uncle aunt"


def word_lists() -> dict[str, frozenset[str]]:
    """Folded words by list."""
    english = {
        word for name in ("sentences", "jobs", "complaints") for line in lines(name) for word in folded_words(line)
    }
    return {
        "first": _of_people("first_name"),
        "last": _of_people("last_name"),
        "city": _words([*entries("cities"), *_cities()]),
        "country": _words(_countries()),
        "state": _words([*STATE_NAMES.split("|"), *STATES.split("|")]),
        "demonym": _words(entries("demonyms")),
        "drug": _words(entries("drugs")),
        "day": _words([*MONTHS, *WEEKDAYS]),
        "title": _words([*TITLES, *_CONTACT_WORDS.split()]),
        "ending": _words(NAME_ENDINGS),
        "street": _words([*SUFFIXES.split("|"), *_STREET_WORDS.split()]),
        "unit": _words(UNITS.replace("\\", " ").split("|")),
        "company": _words(_COMPANY_ENDINGS.split()),
        "trade": _words(entries("nouns")),
        "common": frozenset(english) | _words(entries("common")) | _words(_english()),
    }


def _words(values: Iterable[object]) -> frozenset[str]:
    return frozenset(word for value in values for word in folded_words(str(value)) if word.isalpha())


def _providers(kind: str, locales: tuple[str, ...]) -> Iterator[Any]:
    for locale in dict.fromkeys(locales):
        for provider in Faker(locale).get_providers():
            if f".{kind}." in f"{type(provider).__module__}.":
                yield type(provider)


def _of_people(what: str) -> frozenset[str]:
    found: set[str] = set()
    for provider in _providers("person", LOCALES):
        for name in dir(provider):
            if name.startswith(what) and not callable(getattr(provider, name)):
                found |= _words(getattr(provider, name))
    return frozenset(word for word in found if len(word) > 1)


def _cities() -> Iterator[str]:
    for provider in _providers("address", ADDRESS_LOCALES):
        for name in ("cities", "city_names", "towns"):
            yield from map(str, getattr(provider, name, ()))


def _countries() -> Iterator[str]:
    for provider in _providers("address", ("en_US",)):
        yield from (country.split("(")[0].split(",")[0] for country in provider.countries)
    yield from (
        "USA",
        "US",
        "UK",
        "England",
        "Scotland",
        "Wales",
        "Korea",
        "Russia",
        "Vietnam",
        "Europe",
        "Africa",
        "Asia",
    )


def _english() -> Iterator[str]:
    for provider in _providers("lorem", ("en_US",)):
        yield from provider.word_list

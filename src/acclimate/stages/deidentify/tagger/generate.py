"""Text for training, made from wordings and names: every letter, message and form comes with its labels.

Nothing here comes from a data set: the wordings were written for this project, names are Faker's, of many countries.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from acclimate.stages.deidentify.dates import MONTHS, WEEKDAYS
from acclimate.stages.deidentify.tagger.names import ADDRESS_LOCALES, SLOT, Names, entries, lines

DATE_LAYOUTS = ("%B %d, %Y", "%d/%m/%Y", "%d %b %Y", "%Y-%m-%d", "%m/%d/%y")
REGISTERS = ("clinical", "letters", "chats", "news", "forms")
PLAIN = 0.5
"""Share of texts that get two sentences without a name."""

MONTH_NAMES = tuple(name for name in MONTHS if name != "May")
NEWEST = datetime.datetime(2026, 11, 25, 19, 5, 15)
"""No date is later, so that equal seeds give equal texts on any day."""


@dataclass(frozen=True)
class Example:
    """A text and its labelled stretches: start, end, label."""

    text: str
    stretches: tuple[tuple[int, int, str], ...]


class Wording:
    """Fills wordings; every slot is a name with a label, or something else without."""

    def __init__(self, seed: int) -> None:
        self.names = Names(seed)
        self._rng = self.names.rng
        self._labelled: Mapping[str, tuple[str, Callable[[], str]]] = {
            "person": ("PER", self.names.person), "first": ("PER", self.names.first), "last": ("PER", self.names.last),
            "initial_name": ("PER", self.names.initial_name),
            "last_first": ("PER", lambda: "{1}, {0}".format(*self.names.first_and_last())),
            "upper": ("PER", lambda: self.names.person().upper()),
            "street": ("ADR", self.names.street), "street_name": ("ADR", self.names.street_name),
            "address": ("ADR", self.names.address), "address_lines": ("ADR", self.names.address_lines),
            "city": ("LOC", self.names.city), "City": ("LOC", lambda: self.names.city().upper()),
            "country": ("LOC", self.names.country), "state": ("LOC", self.names.state),
            "org": ("ORG", self.names.organisation), "upper_org": ("ORG", lambda: self.names.organisation().upper()),
        }  # fmt: skip
        self._other = self._unlabelled()

    def _unlabelled(self) -> Mapping[str, Callable[[], str]]:
        rng, english = self._rng, self.names.faker(("en_US",))

        def of(name: str) -> Callable[[], str]:
            return lambda: rng.choice(entries(name))

        def capital(make: Callable[[], str]) -> Callable[[], str]:
            return lambda: (lambda made: made[:1].upper() + made[1:])(make())

        def sentence() -> str:
            if rng.random() < 0.5:
                return rng.choice(lines("sentences"))
            row = rng.choices(entries("common"), k=rng.randrange(2, 12))
            share = rng.choice((0.0, 0.05, 0.2, 1.0)) if rng.random() < 0.5 else 0.0
            row = [
                f"the {word.capitalize()}" if share == 0.2 else word.capitalize() if rng.random() < share else word
                for word in row
            ]
            return f"{row[0].capitalize()}{rng.choice((' ', ' ', ' the ', ' a ', ' to ', ', ', ' your '))}{' '.join(row[1:])}{rng.choice('..?!')}"

        return {
            "date": lambda: rng.choice([english.date(layout, NEWEST) for layout in DATE_LAYOUTS]),
            "month": lambda: rng.choice(MONTH_NAMES), "weekday": lambda: rng.choice(WEEKDAYS),
            "number": lambda: str(rng.randrange(1, 10 ** rng.choice((1, 2, 3, 4, 8)))),
            "age": lambda: str(rng.randrange(18, 95)), "zip": self.names.zip,
            "phone": lambda: str(self.names.faker(ADDRESS_LOCALES).phone_number()),
            "email": english.email, "handle": english.user_name, "money": lambda: f"${rng.randrange(1, 999)}{rng.choice(('', ',000', ' million', '.50'))}",
            "ticker": lambda: f"{rng.choice(('NYSE', 'NASDAQ'))}: {self.names.acronym()}",
            "spelled": lambda: "-".join(self.names.last().upper()),
            "title": lambda: rng.choice(("Mr.", "Mrs.", "Ms.", "Dr.", "Miss", "Prof.", "Mr", "Mrs", "Sir", "Rev.")),
            "Title": lambda: rng.choice(("Mr.", "Mrs.", "Ms.", "Dr.", "Professor", "Judge", "Captain")),
            "Greeting": lambda: rng.choice(("Hello", "Good morning", "Hi", "Welcome back", "Good to see you")),
            "relation": lambda: rng.choice(("wife", "husband", "son", "daughter", "sister", "friend")),
            "drug": lambda: rng.choice(entries("drugs")).lower(), "Drug": capital(of("drugs")),
            "complaint": of("complaints"), "Complaint": capital(of("complaints")),
            "abbreviation": of("abbreviations"), "term": lambda: rng.choice(entries("common")).capitalize(),
            "product": of("products"), "Product": capital(of("products")), "demonym": of("demonyms"),
            "job": of("jobs"), "Job": lambda: rng.choice(entries("jobs")).title(),
            "word": lambda: rng.choice(entries("words")).lower(), "Word": of("words"),
            "noun": lambda: rng.choice(entries("nouns")).lower(), "Noun": of("nouns"),
            "Sentence": sentence, "sentence": lambda: (lambda made: made[0].lower() + made[1:])(sentence()),
        }  # fmt: skip

    def fill(self, template: str) -> Example:
        """A text from a wording, with its labels."""
        text, stretches, end = "", [], 0
        template = template.replace("\\n", "\n").replace("\\t", "\t")
        for match in SLOT.finditer(template):
            text += template[end : match.start()]
            end = match.end()
            if match[1] in self._labelled:
                label, make = self._labelled[match[1]]
                value = make()
                stretches.append((len(text), len(text) + len(value), label))
                text += value
            else:
                text += self._other[match[1]]()
        return Example(text + template[end:], tuple(stretches))


def examples(seed: int, count: int, *, wordings: str) -> Iterator[Example]:
    """Texts from all wordings, from most of them (four fifths), or from the rest."""
    wording = Wording(seed)
    rng = wording.names.rng
    templates = {register: _chosen(lines(register), wordings) for register in REGISTERS}
    for _ in range(count):
        parts = [wording.fill(rng.choice(templates[rng.choice(REGISTERS)])) for _ in range(rng.choice((1, 1, 1, 2, 3)))]
        if rng.random() < PLAIN:
            parts.insert(rng.randrange(len(parts) + 1), wording.fill("{Sentence} {Sentence}"))
        yield _recased(rng, _joined(parts, rng.choice((" ", "\n", "\n\n"))))


def _chosen(templates: Sequence[str], wordings: str) -> list[str]:
    return [line for place, line in enumerate(templates) if wordings in ("all", "rest" if place % 5 == 4 else "most")]


def _joined(parts: Sequence[Example], joint: str) -> Example:
    text, stretches = "", []
    for part in parts:
        text += joint if text else ""
        stretches += [(start + len(text), end + len(text), label) for start, end, label in part.stretches]
        text += part.text
    return Example(text, tuple(stretches))


def _recased(rng: random.Random, example: Example) -> Example:
    """Now and then in small letters or in capitals, as people type."""
    roll = rng.random()
    text = example.text.lower() if roll < 0.025 else example.text.upper() if roll < 0.05 else example.text
    same_places = len(text) == len(example.text)  # a few letters become two in capitals
    return Example(text, example.stretches) if same_places else example

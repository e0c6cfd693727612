"""Writes abilities.jsonl, the packaged ability probes: `python -m acclimate.collect.retention.make_abilities`.

Each probe sets a right continuation of a prompt against a wrong one of nearly the same length. The wrong ones are
taken from other probes of the same kind, so that neither length nor the mere frequency of a word gives them away.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from acclimate.collect.retention import FOLDER
from acclimate.collect.retention.word_lists import (
    ADJECTIVES,
    CAPITALS,
    CONSEQUENCES,
    KINDS,
    MISCELLANY,
    OPPOSITES,
    PARTICIPLES,
    PEOPLE,
    PLACES,
    PLURALS,
    TOOLS,
    WORDS,
)

PROBES_PER_ABILITY = 160
_SEED = 20240601


@dataclass(frozen=True)
class Pair:
    """A prompt with its right and its wrong continuation."""

    prompt: str
    chosen: str
    rejected: str


def probes() -> list[dict[str, str]]:
    """All probes as rows, in a fixed order."""
    made = {
        "grammar": _grammar,
        "arithmetic": _arithmetic,
        "common_facts": _common_facts,
        "instruction_following": _instruction_following,
        "common_sense": _common_sense,
    }
    rows = []
    for ability, make in made.items():
        generator = random.Random(f"{_SEED}-{ability}")  # noqa: S311 - a seeded choice of probes, no secret
        pairs = sorted(dict.fromkeys(make(generator)), key=lambda pair: (pair.prompt, pair.chosen))
        kept = generator.sample(pairs, PROBES_PER_ABILITY)
        rows += [{"id": f"{ability}-{n:03d}", **asdict(pair), "ability": ability} for n, pair in enumerate(kept, 1)]
    return rows


def _grammar(generator: random.Random) -> Iterator[Pair]:
    for _ in range(60):
        near, far = generator.sample(sorted(PLURALS), 2)
        place, adjective = generator.choice(PLACES), generator.choice(ADJECTIVES)
        yield Pair(
            "",
            f"The {near} {place} the {PLURALS[far]} is {adjective}.",
            f"The {near} {place} the {PLURALS[far]} are {adjective}.",
        )
        yield Pair(
            "",
            f"The {PLURALS[near]} {place} the {far} are {adjective}.",
            f"The {PLURALS[near]} {place} the {far} is {adjective}.",
        )
    for noun, plural in PLURALS.items():
        yield Pair("", f"I have already seen those {plural} today.", f"I have already seen those {noun} today.")
    for done, past in PARTICIPLES.items():
        person = generator.choice(PEOPLE)
        yield Pair("", f"The {person.noun} has {done} it.", f"The {person.noun} has {past} it.")
    for person in PEOPLE:
        yield Pair(
            "",
            f"The {person.noun} looked at {person.own} in the mirror.",
            f"The {person.noun} looked at {person.other} in the mirror.",
        )


def _arithmetic(generator: random.Random) -> Iterator[Pair]:
    """Two solved examples stand in front of each sum: without them a small model guesses."""
    for _ in range(80):
        a, b = generator.randint(1, 12), generator.randint(1, 12)
        yield _sum(f"2 + 3 = 5, 4 + 1 = 5, {a} + {b} =", a + b, generator)
        yield _sum(f"7 - 3 = 4, 9 - 1 = 8, {a + b} - {b} =", a, generator)
        a, b = generator.randint(2, 9), generator.randint(2, 9)
        yield _sum(f"2 x 3 = 6, 4 x 2 = 8, {a} x {b} =", a * b, generator)
        start, step = generator.randint(10, 60), generator.randint(1, 6)
        yield _sum(f"{start}, {start + step}, {start + 2 * step},", start + 3 * step, generator)


def _sum(prompt: str, value: int, generator: random.Random) -> Pair:
    """The wrong result is near the right one and has as many digits."""
    near = [value + step for step in (-10, -2, -1, 1, 2, 10)]
    wrong = [other for other in near if other > 0 and len(str(other)) == len(str(value))]
    return Pair(prompt, f" {value}", f" {generator.choice(wrong)}")


def _common_facts(generator: random.Random) -> Iterator[Pair]:
    yield from _matched("The capital of {} is", CAPITALS, generator)
    yield from _matched("The opposite of {} is", OPPOSITES, generator)
    yield from _matched("{} is a kind of", KINDS, generator)
    for alike in MISCELLANY:
        yield from _matched("{}", alike, generator)


def _common_sense(generator: random.Random) -> Iterator[Pair]:
    yield from _matched("To {}, you need", TOOLS, generator, wrong=2)
    for alike in CONSEQUENCES:
        yield from _matched("{}", alike, generator, wrong=2)


def _instruction_following(generator: random.Random) -> Iterator[Pair]:
    for _ in range(40):
        first, second, third = generator.sample(WORDS, 3)
        yield Pair(f"Repeat the word: {first}\nAnswer:", f" {first}", f" {second}")
        yield Pair(f"Write a sentence with the word {first}.\nSentence: The", f" {first}", f" {second}")
        listed = f"List: {first}, {second}, {third}."
        yield Pair(f"{listed} The same list again: {first},", f" {second}, {third}.", f" {third}, {second}.")
        yield Pair(f"{listed} The first word in the list is", f" {first}", f" {second}")
        yield Pair(f"{first} {second} {third}\n{first} {second}", f" {third}", f" {first}")
        yield Pair(f"{first} = {second}. So the word that stands for {first} is", f" {second}", f" {third}")
        if first[0] != second[0]:
            yield Pair(f"The first letter of the word {first} is", f" {first[0]}", f" {second[0]}")


def _matched(template: str, right: dict[str, str], generator: random.Random, *, wrong: int = 1) -> Iterator[Pair]:
    """Every right answer against answers to other questions, out of those nearest in length."""
    for question, answer in right.items():
        others = sorted({other for other in right.values() if other != answer})
        generator.shuffle(others)
        others.sort(key=_distance_in_length(answer))
        for other in generator.sample(others[:4], wrong):
            yield Pair(template.format(question), f" {answer}", f" {other}")


def _distance_in_length(answer: str) -> Callable[[str], int]:
    return lambda other: abs(len(other) - len(answer))


def write(path: Path, rows: Sequence[dict[str, str]]) -> None:
    """The probes as JSON lines."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    write(FOLDER / "abilities.jsonl", probes())

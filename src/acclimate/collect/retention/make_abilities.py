"""Writes abilities.jsonl, the packaged ability probes: `python -m acclimate.collect.retention.make_abilities`.

Each probe sets a right continuation of a prompt against a wrong one of nearly the same length. The wrong ones are
taken from other probes of the same kind, so that neither length nor the mere frequency of a word gives them away.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import product
from pathlib import Path

from acclimate.collect.retention import FOLDER
from acclimate.collect.retention.fact_lists import FACTS
from acclimate.collect.retention.minimal_pairs import minimal_pairs
from acclimate.collect.retention.pairs import Alike, Pair
from acclimate.collect.retention.sense_lists import COMMON_SENSE
from acclimate.collect.retention.word_lists import WORDS

PROBES_PER_ABILITY = 480
_SEED = 20240601


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
        generator = _seeded(ability)
        kept = generator.sample(list(make(generator)), PROBES_PER_ABILITY)
        rows += [{"id": f"{ability}-{n:03d}", **asdict(pair), "ability": ability} for n, pair in enumerate(kept, 1)]
    return rows


def _grammar(generator: random.Random) -> list[Pair]:
    return minimal_pairs(generator, count=PROBES_PER_ABILITY)


def _arithmetic(generator: random.Random) -> Iterator[Pair]:
    """Two solved examples stand in front of each sum: without them a small model guesses."""
    small = list(product(range(1, 13), repeat=2))
    for a, b in generator.sample(small, 110):
        yield _sum(f"2 + 3 = 5, 4 + 1 = 5, {a} + {b} =", a + b, generator)
    for a, b in generator.sample(small, 110):
        yield _sum(f"7 - 3 = 4, 9 - 1 = 8, {a + b} - {b} =", a, generator)
    for a, b in product(range(2, 10), repeat=2):
        yield _sum(f"2 x 3 = 6, 4 x 2 = 8, {a} x {b} =", a * b, generator)
    for start, step in generator.sample(list(product(range(10, 61), range(1, 7))), 110):
        yield _series(start, step, generator)
    for start, step in generator.sample(list(product(range(40, 91), range(1, 6))), 90):
        yield _series(start, -step, generator)


def _series(start: int, step: int, generator: random.Random) -> Pair:
    return _sum(f"{start}, {start + step}, {start + 2 * step},", start + 3 * step, generator)


def _sum(prompt: str, value: int, generator: random.Random) -> Pair:
    """The wrong result is near the right one and has as many digits."""
    near = [value + step for step in (-10, -2, -1, 1, 2, 10)]
    wrong = [other for other in near if other > 0 and len(str(other)) == len(str(value))]
    return Pair(prompt, f" {value}", f" {generator.choice(wrong)}")


def _instruction_following(generator: random.Random) -> Iterator[Pair]:
    """As many probes of each kind, none with the first word of another."""
    kinds = (_repetition, _sentence, _list_again, _first_of_list, _pattern, _bracketed, _code_word, _first_letter)
    for kind in kinds:
        for first in generator.sample(WORDS, PROBES_PER_ABILITY // len(kinds)):
            # Words with another first letter, since that letter is what one kind asks for.
            second, third = generator.sample([word for word in WORDS if word[0] != first[0]], 2)
            yield kind(first, second, third)


def _repetition(first: str, second: str, _: str) -> Pair:
    return Pair(f"Repeat the word: {first}\nAnswer:", f" {first}", f" {second}")


def _sentence(first: str, second: str, _: str) -> Pair:
    return Pair(f"Write a sentence with the word {first}.\nSentence: The", f" {first}", f" {second}")


def _list_again(first: str, second: str, third: str) -> Pair:
    prompt = f"List: {first}, {second}, {third}. The same list again: {first},"
    return Pair(prompt, f" {second}, {third}.", f" {third}, {second}.")


def _first_of_list(first: str, second: str, third: str) -> Pair:
    return Pair(f"List: {first}, {second}, {third}. The first word in the list is", f" {first}", f" {second}")


def _pattern(first: str, second: str, third: str) -> Pair:
    return Pair(f"{first} {second} {third}\n{first} {second}", f" {third}", f" {first}")


def _bracketed(first: str, second: str, third: str) -> Pair:
    prompt = f"{second} ({first}) {third}\nThe word in brackets is"
    return Pair(prompt, f" {first}", f" {third}")


def _code_word(first: str, second: str, third: str) -> Pair:
    return Pair(f"{first} = {second}. So the word that stands for {first} is", f" {second}", f" {third}")


def _first_letter(first: str, second: str, _: str) -> Pair:
    return Pair(f"The first letter of the word {first} is", f" {first[0]}", f" {second[0]}")


def _common_facts(_: random.Random) -> Iterator[Pair]:
    return _matched(FACTS)


def _common_sense(_: random.Random) -> Iterator[Pair]:
    return _matched(COMMON_SENSE)


def _matched(groups: Iterable[Alike]) -> Iterator[Pair]:
    """Every right answer against the answer to another question of its group, out of the nearest in length."""
    for group in groups:
        for question, answer in group.answers.items():
            prompt = group.form.format(question)
            # A generator of its own for each question: a change to one group leaves the checked pairs of the others.
            generator = _seeded(prompt)
            others = sorted({other for other in group.answers.values() if other != answer})
            generator.shuffle(others)
            others.sort(key=_distance_in_length(answer))
            yield Pair(prompt, f" {answer}", f" {generator.choice(others[:4])}")


def _seeded(name: str) -> random.Random:
    return random.Random(f"{_SEED}-{name}")  # noqa: S311 - a seeded choice of probes, no secret


def _distance_in_length(answer: str) -> Callable[[str], int]:
    return lambda other: abs(len(other) - len(answer))


def write(path: Path, rows: Sequence[dict[str, str]]) -> None:
    """The probes as JSON lines."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    write(FOLDER / "abilities.jsonl", probes())

"""A tagger of your own: trained on the generated text, and on what people marked as names in your records.

A fifth of the people is held out: how the packaged tagger and the new one read their texts is measured, and nothing of
them is learnt. Needs python-crfsuite (the extra `tagger`).
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from acclimate.core.errors import DataError
from acclimate.core.ports import Progress
from acclimate.core.taggers import LEARNT_FROM
from acclimate.stages.deidentify.tagger.annotated import Annotated, shared_words
from acclimate.stages.deidentify.tagger.crf import Crf, read_crf
from acclimate.stages.deidentify.tagger.features import Lists
from acclimate.stages.deidentify.tagger.generate import examples
from acclimate.stages.deidentify.tagger.lists import word_lists
from acclimate.stages.deidentify.tagger.make import SEED, figures, stored, train, vocabulary
from acclimate.stages.deidentify.tagger.tag import shipped

HELD_OUT = 5
"""One person in so many is held out for the figures."""
FEWEST_SPANS = 50
"""A fifth of fewer would be too few to tell whether the new tagger is the better one."""
SHARE = 0.3
"""Annotated texts are repeated until they are at least this share of all: a few hundred would drown in generated ones."""


@dataclass(frozen=True)
class Reading:
    """How a tagger reads the held-out texts, for one label: stretches covered whole, stretches, hits on nothing."""

    covered: int
    spans: int
    false: int


@dataclass(frozen=True)
class Retrained:
    """The new tagger's file, and both taggers' readings of the texts of people of whom nothing was learnt, by label."""

    content: bytes
    before: Mapping[str, Reading]
    after: Mapping[str, Reading]


@dataclass(frozen=True)
class Halves:
    """The texts to learn from and those to measure on; nobody is in both."""

    learnt: tuple[Annotated, ...]
    measured: tuple[Annotated, ...]


def held_out(texts: Iterable[Annotated]) -> Halves:
    """The texts shared out by a digest of the person. Fails where they hold too few spans to learn from and measure on."""
    learnt: list[Annotated] = []
    measured: list[Annotated] = []
    for text in texts:
        number = int(hashlib.sha256(text.person.encode()).hexdigest()[:8], 16)
        (learnt if number % HELD_OUT else measured).append(text)
    spans = sum(len(text.example.stretches) for text in (*learnt, *measured))
    if spans < FEWEST_SPANS:
        raise DataError(
            f"There are {spans} spans to learn from, and fewer than {FEWEST_SPANS} do not show whether a tagger got better.",
            hint="annotate more records, or give further snapshots",
        )
    for some, why in ((learnt, "learn from"), (measured, "measure on")):
        if not any(text.example.stretches for text in some):
            people = len({text.person for text in (*learnt, *measured)})
            raise DataError(
                f"The spans are of too few people ({people}) for a fifth of them to be held out: none is left to {why}.",
                hint="annotate records of more people",
            )
    return Halves(tuple(learnt), tuple(measured))


def retrain(
    halves: Halves,
    *,
    learnt_from: Mapping[str, object],
    texts: int,
    iterations: int,
    progress: Callable[[str, int], Progress],
) -> Retrained:
    """A tagger trained on so many generated texts and on the annotated ones; `learnt_from` stands in its file."""
    generated = list(examples(SEED, texts, wordings="all"))
    members = word_lists()
    lists = Lists(members, vocabulary(generated, members) | shared_words(halves.learnt))
    times = max(1, round(SHARE * len(generated) / ((1 - SHARE) * len(halves.learnt))))
    own = [text.example for text in halves.learnt for _ in range(times)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "names.crfsuite"
        train([*generated, *own], lists, path, iterations=iterations, progress=progress)
        content = stored(path, lists, **{LEARNT_FROM: learnt_from})
    return Retrained(content, _readings(shipped(), halves.measured), _readings(read_crf(content), halves.measured))


def _readings(crf: Crf, texts: Iterable[Annotated]) -> dict[str, Reading]:
    found = figures(crf, (text.example for text in texts))
    return {label: Reading(*row) for label, row in found.items()}

"""Trains a tagger of your own: on the generated text, and on what people marked as names in your records.

    python -m acclimate.stages.deidentify.tagger.retrain SNAPSHOT... --output names-of-ours.json

SNAPSHOT is the folder of an exported annotation snapshot. A fifth of the people in it is held out: how the packaged
tagger and the new one read their texts is printed, and nothing of them is learnt. The file holds words and word endings of
the texts, so keep it where these are kept; `deidentify.tagger_model` names it. Needs python-crfsuite (the extra `tagger`).
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from acclimate.core.atomic import write_bytes
from acclimate.core.errors import DataError, UserError
from acclimate.stages.deidentify.tagger.annotated import Annotated, read_annotations, shared_words
from acclimate.stages.deidentify.tagger.crf import Crf, read_crf
from acclimate.stages.deidentify.tagger.features import Lists
from acclimate.stages.deidentify.tagger.generate import Example, examples
from acclimate.stages.deidentify.tagger.lists import word_lists
from acclimate.stages.deidentify.tagger.make import ITERATIONS, SEED, TEXTS, figures, stored, train, vocabulary
from acclimate.stages.deidentify.tagger.tag import KIND_OF_LABEL, shipped

HELD_OUT = 5
"""One person in so many is held out for the figures."""
SHARE = 0.3
"""Annotated texts are repeated until they are at least this share of all: a few hundred would drown in generated ones."""
_OWNER = 0o600


def held_out(texts: Iterable[Annotated]) -> tuple[list[Annotated], list[Annotated]]:
    """The texts to learn from and those to measure on, by a digest of the person, so that nobody is in both."""
    learnt: list[Annotated] = []
    measured: list[Annotated] = []
    for text in texts:
        number = int(hashlib.sha256(text.person.encode()).hexdigest()[:8], 16)
        (learnt if number % HELD_OUT else measured).append(text)
    return learnt, measured


def retrain(learnt: Sequence[Annotated], *, texts: int, iterations: int) -> bytes:
    """The file of a tagger trained on so many generated texts and on the annotated ones."""
    generated = list(examples(SEED, texts, wordings="all"))
    members = word_lists()
    lists = Lists(members, vocabulary(generated, members) | shared_words(learnt))
    times = max(1, round(SHARE * len(generated) / ((1 - SHARE) * len(learnt))))
    own = [text.example for text in learnt for _ in range(times)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "names.crfsuite"
        train([*generated, *own], lists, path, iterations=iterations)
        return stored(path, lists)


def _say_figures(name: str, crf: Crf, measured: Iterable[Example]) -> None:
    for label, (covered, total, false) in figures(crf, measured).items():
        sys.stdout.write(f"{name}, {label}: {covered}/{total} covered whole, {false} hits on nothing\n")


def _label(text: str) -> tuple[str, str]:
    name, _, label = text.partition("=")
    if not name or label not in KIND_OF_LABEL:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=LABEL with one of {', '.join(KIND_OF_LABEL)}")
    return name, label


def main() -> None:
    """Reads, trains, writes, measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("snapshots", type=Path, nargs="+", metavar="SNAPSHOT")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--label", type=_label, action="append", default=[], metavar="NAME=LABEL")
    parser.add_argument("--texts", type=int, default=TEXTS, help="generated texts")
    parser.add_argument("--iterations", type=int, default=ITERATIONS)
    arguments = parser.parse_args()
    try:
        annotations = read_annotations(arguments.snapshots, labels=dict(arguments.label))
        learnt, measured = held_out(annotations.texts)
        if not learnt or not measured:
            raise DataError(
                f"{len(annotations.texts)} texts are of too few people to hold a fifth of them out.",
                hint="annotate records of more people",
            )
        for label, count in annotations.unused.items():
            sys.stderr.write(f"{count} spans with the label {label} were not used; --label {label}=PER would\n")
        content = retrain(learnt, texts=arguments.texts, iterations=arguments.iterations)
        write_bytes(arguments.output, content, mode=_OWNER)
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None
    texts = [text.example for text in measured]
    sys.stdout.write(f"learnt from {len(learnt)} texts, measured on {len(measured)} of other people\n")
    _say_figures("packaged", shipped(), texts)
    _say_figures("retrained", read_crf(content), texts)


if __name__ == "__main__":
    main()

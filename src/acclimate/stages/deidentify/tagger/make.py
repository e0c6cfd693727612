"""Trains the tagger on generated text and writes its file and digest.

Not yet the same bytes at each run: the order of some of Faker's city parts depends on Python's hash seed, so that a new
run gives a slightly different model from the shipped one, and the digest beside it says which one is there.

Needs python-crfsuite, which only training uses.

    python -m acclimate.stages.deidentify.tagger.make
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pycrfsuite

from acclimate.core.folding import fold
from acclimate.core.ports import Progress
from acclimate.core.progress import no_progress
from acclimate.stages.deidentify.tagger.crf import Crf, read_crf
from acclimate.stages.deidentify.tagger.features import Lists, features, view
from acclimate.stages.deidentify.tagger.generate import Example, examples
from acclimate.stages.deidentify.tagger.lists import word_lists
from acclimate.stages.deidentify.tagger.size import ITERATIONS, TEXTS
from acclimate.stages.deidentify.tagger.tag import MODEL, labelled_stretches
from acclimate.stages.deidentify.tagger.words import Piece, passages, pieces

DIGEST_FILE = '''"""Which model file belongs to this code; written by make. A new model thus is new code, and reruns the stage."""

MODEL_SHA256 = "{digest}"
'''
SCALE = 1000
LEAN = 2.0
"""At this, one in ten hits on held-out wordings touches no name: docs/decisions/2026-11-25-tagger.md."""
IMPOSSIBLE = -100.0
SEED = 7
UNLISTED = 0.3
"""Share of name words that training sees as on no list: a real name often is on none."""
UNLISTED_OTHERS = 0.2
"""The same of small-letter words outside names; of words with a capital a twelfth of it."""
_TELLING_COUNT, _OFTEN_IN_NAMES = 3, 40
_NAME_LISTS = ("first", "last", "city", "country", "state")


def labels_of(example: Example, found: Sequence[Piece]) -> list[str]:
    """The label of each piece of an example."""
    labels = ["O"] * len(found)
    for start, end, label in example.stretches:
        inside = [place for place, piece in enumerate(found) if start <= piece.start < end]
        for place in inside:
            labels[place] = f"{'B' if place == inside[0] else 'I'}-{label}"
    return labels


def vocabulary(texts: Iterable[Example], lists: dict[str, frozenset[str]]) -> frozenset[str]:
    """The words that are known by themselves: those outside names, and those that many names share, such as Bank."""
    outside, inside = Counter[str](), Counter[str]()
    for example in texts:
        found = pieces(example.text)
        for piece, label in zip(found, labels_of(example, found), strict=True):
            (outside if label == "O" else inside)[fold(piece.text)] += 1
    names = frozenset[str]().union(*(lists[name] for name in _NAME_LISTS))
    shared = {word for word, count in inside.items() if count >= _OFTEN_IN_NAMES and word not in names}
    known = {word for word, count in outside.items() if count >= _TELLING_COUNT} | shared | lists["common"]
    return frozenset(word for word in known if not word.isdigit() and word.strip())


def _hidden(word: str, label: str) -> float:
    if label != "O":
        return 0.0 if word.islower() else UNLISTED
    return UNLISTED_OTHERS if word.islower() else UNLISTED_OTHERS / 12


class _Trainer(pycrfsuite.Trainer):  # type: ignore[misc]
    """Moves a bar instead of printing."""

    bar: Progress

    def message(self, message: str) -> None:
        if self.logparser.feed(message) == "iteration":
            self.bar.advance()


def train(
    texts: Sequence[Example],
    lists: Lists,
    path: Path,
    *,
    iterations: int,
    progress: Callable[[str, int], Progress] = no_progress,
) -> None:
    """Learns the weights with crfsuite (L-BFGS with a little of both norms) into its own format."""
    trainer = _Trainer()
    trainer.set_params({"c1": 0.1, "c2": 0.01, "max_iterations": iterations, "feature.possible_transitions": False})
    rng = random.Random(SEED)  # noqa: S311
    with progress("reading texts", len(texts)) as bar:
        for example in texts:
            for rows, labels in _passages(example, lists, rng):
                trainer.append(rows, labels)
            bar.advance()
    with progress("learning", iterations) as bar:
        trainer.bar = bar
        trainer.train(str(path))


def _passages(example: Example, lists: Lists, rng: random.Random) -> Iterator[tuple[list[list[str]], list[str]]]:
    """Features and labels of each passage of an example, with some words hidden from the lists."""
    found = pieces(example.text)
    labels = labels_of(example, found)
    labelled = zip(found, labels, strict=True)
    hidden = {piece.text for piece, label in labelled if rng.random() < _hidden(piece.text, label)}
    done = 0
    for passage in passages(found):
        views = [view(piece.text, lists, unlisted=piece.text in hidden) for piece in passage]
        yield [features(views, place) for place in range(len(views))], labels[done : done + len(passage)]
        done += len(passage)


def stored(path: Path, lists: Lists, **said: Any) -> bytes:
    """The weights as JSON, in thousandths; small ones left out. `said` stands in the file beside them."""
    tagger = pycrfsuite.Tagger()
    tagger.open(str(path))
    info = tagger.info()
    labels = sorted(info.labels)
    weights: dict[str, tuple[list[int], list[int]]] = {}
    for (name, label), weight in sorted(info.state_features.items()):
        if abs(weight) >= 0.02:
            cells = weights.setdefault(name, ([], []))
            cells[0].append(labels.index(label))
            cells[1].append(round(weight * SCALE))
    learnt = {(one, two): IMPOSSIBLE for one in labels for two in labels if _breaks(one, two)} | info.transitions
    transitions = [[round(learnt.get((one, two), 0) * SCALE) for two in labels] for one in labels]
    content: dict[str, Any] = {
        **said,
        "format": 1,
        "labels": labels,
        "scale": SCALE,
        "lean": LEAN,
        "transitions": transitions,
        "lists": {name: " ".join(sorted(words)) for name, words in sorted(lists.members.items())},
        "vocabulary": " ".join(sorted(lists.vocabulary)),
        "weights": weights,
    }
    return (json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def _breaks(one: str, two: str) -> bool:
    return two.startswith("I-") and one[2:] != two[2:]


def figures(crf: Crf, texts: Iterable[Example]) -> dict[str, tuple[int, int, int]]:
    """For each label: stretches covered whole, stretches, hits that touch none."""
    counts: dict[str, list[int]] = {}
    for example in texts:
        hits: list[tuple[str, int, int]] = []
        for passage in passages(pieces(example.text)):
            hits += labelled_stretches(passage, crf.best([piece.text for piece in passage]))
        for start, end, label in example.stretches:
            row = counts.setdefault(label, [0, 0, 0])
            row[1] += 1
            row[0] += all(any(a <= p < b for _, a, b in hits) for p in range(start, end) if example.text[p].isalnum())
        for label, start, end in hits:
            counts.setdefault(label, [0, 0, 0])[2] += not any(start < b and a < end for a, b, _ in example.stretches)
    return {label: (row[0], row[1], row[2]) for label, row in sorted(counts.items())}


def main() -> None:
    """Trains, writes, and says how well held-out wordings are read."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / MODEL)
    parser.add_argument("--texts", type=int, default=TEXTS)
    parser.add_argument("--iterations", type=int, default=ITERATIONS)
    parser.add_argument(
        "--hold-out", action="store_true", help="train on four fifths of the wordings, measure on the rest"
    )
    arguments = parser.parse_args()
    texts = list(examples(SEED, arguments.texts, wordings="most" if arguments.hold_out else "all"))
    members = word_lists()
    lists = Lists(members, vocabulary(texts, members))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "names.crfsuite"
        train(texts, lists, path, iterations=arguments.iterations)
        content = stored(path, lists)
    arguments.output.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    arguments.output.with_name("digest.py").write_text(DIGEST_FILE.format(digest=digest))
    found = figures(read_crf(content), examples(SEED + 1, 1500, wordings="rest" if arguments.hold_out else "all"))
    for label, (covered, total, false) in found.items():
        sys.stdout.write(f"{label}: {covered}/{total} covered whole, {false} hits on nothing\n")
    sys.stdout.write(f"{len(content)} bytes\n")


if __name__ == "__main__":
    main()

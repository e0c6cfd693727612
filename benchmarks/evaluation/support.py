"""Support checks: planted facts that the source does not state, and people's own scores of factuality.

500 dialogues with their notes from the clinical example's generator; one fact of each note is altered: a number, a dose,
the drug in front of a dose, a negation, a side or a name. Recall is the share of altered facts that are marked, precision the share of marks that
stand on an altered fact; both by kind. The planting knows the generator's notes and nothing of the checks.

The people's scores are those of mts-dialog: 400 summaries of 100 dialogues. The checks' figure of a summary is the share
of its statements that do not stand in the dialogue; the peers are its distance from the reference by ROUGE-L and the
share of its words that the dialogue lacks. Spearman's rank correlation, intervals by bootstrap over dialogues.

    python -m benchmarks.evaluation.support --output benchmarks/results/support.json
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from acclimate.examples.clinical.marks import unmark
from acclimate.examples.clinical.people import draw_people
from acclimate.examples.clinical.records import make_record
from acclimate.stages.evaluate.metrics import rouge_l
from acclimate.stages.evaluate.support.check import Source
from benchmarks.recording import needed, result, share_result, write_results

TEXTS = 500
RESAMPLES = 2000
_DOSE = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)(?= (?:mg|mcg|g|mL|ml|units?|drops?|puffs?|tablets?)\b)")
_NUMBER = re.compile(
    r"(?:(?<![\w./-])|(?<=\bq))(\d{1,2})(?![\d./-]|(?: |-)?(?:mg|mcg|g|mL|ml|units?|drops?|puffs?|tablets?)\b)"
)
_NEGATION = re.compile(
    r"\bdenies (?=[a-z])|\breports (?=[a-z])|(?<=[.:] )No (?=[a-z])|(?<=[.:] )C/o (?=[a-z])|(?<=\. )\+ (?=[a-z])"
)
_OTHER_WAY = {"denies ": "reports ", "reports ": "denies ", "No ": "+ ", "C/o ": "No ", "+ ": "No "}
_SIDE = re.compile(r"\b(?:left|right|Left|Right|L|R)\b(?= [a-z])")
_OTHER_SIDE = {"left": "right", "right": "left", "Left": "Right", "Right": "Left", "L": "R", "R": "L"}
_DRUG = re.compile(r"\b[a-z]{5,}(?= \d+(?:\.\d+)? (?:mg|mcg)\b)")
_DRUGS = ("apixaban", "bisoprolol", "clobazam", "dapagliflozin", "ezetimibe", "felodipine", "glipizide", "hydralazine")
_NAMES = ("Abernathy", "Boateng", "Castellanos", "Dvorak", "Eriksen", "Featherstone", "Gallagher", "Huang")


@dataclass(frozen=True)
class Planted:
    """A note with one altered fact, and where it stands."""

    kind: str
    source: str
    note: str
    start: int
    end: int


def main() -> None:
    """Writes all figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--texts", type=int, default=TEXTS)
    arguments = parser.parse_args()
    write_results(arguments.output, [*_planted_figures(arguments.texts), *_people_figures()])


def plants(texts: int, seed: int = 12) -> list[Planted]:
    """Notes with one altered fact each, kinds in turn as far as the notes have them."""
    rng = random.Random(f"support/{seed}")
    people = draw_people(seed, ("north", "south"), 200)
    found: list[Planted] = []
    wanted = Counter[str]()
    key = 0
    while len(found) < texts:
        kinds = ["name"] if rng.random() < 0.25 else []
        record = make_record(key, rng, rng.choice(people), kinds, typographic=False)
        key += 1
        note = unmark(record.summary)
        source = unmark(record.dialogue).text
        names = [place for place in note.identifiers if place.kind == "name"]
        made = [
            planted
            for kind in sorted(ALTERED, key=lambda kind: wanted[kind])
            if (planted := ALTERED[kind](rng, source, note.text, [(one.start, one.end) for one in names])) is not None
        ]
        if made:
            found.append(made[0])
            wanted[made[0].kind] += 1
    return found


def _altered(
    kind: str, rng: random.Random, source: str, note: str, places: Sequence[re.Match[str]], other: Callable[[str], str]
) -> Planted | None:
    if not places:
        return None
    place = rng.choice(places)
    value = other(place[0])
    text = note[: place.start()] + value + note[place.end() :]
    return Planted(kind, source, text, place.start(), place.start() + len(value))


def _number(rng: random.Random, source: str, note: str, names: Sequence[tuple[int, int]]) -> Planted | None:
    return _altered(
        "number", rng, source, note, list(_NUMBER.finditer(note)), lambda was: _unsaid(rng, source, note, was)
    )


def _dose(rng: random.Random, source: str, note: str, names: Sequence[tuple[int, int]]) -> Planted | None:
    return _altered("dose", rng, source, note, list(_DOSE.finditer(note)), lambda was: _unsaid(rng, source, note, was))


def _drug(rng: random.Random, source: str, note: str, names: Sequence[tuple[int, int]]) -> Planted | None:
    others = [drug for drug in _DRUGS if drug not in f"{source} {note}"]
    planted = _altered("drug", rng, source, note, list(_DRUG.finditer(note)), lambda was: rng.choice(others))
    if planted is None:
        return None
    dose = re.compile(r" [\d.]+ mc?g").match(planted.note, planted.end)
    return replace(planted, end=dose.end() if dose else planted.end)


def _unsaid(rng: random.Random, source: str, note: str, was: str) -> str:
    """Ten times the number, half of it, or another: one that neither text has, in digits or as a word."""
    words = {
        2: "two",
        3: "three",
        4: "four",
        5: "five",
        6: "six",
        7: "seven",
        8: "eight",
        9: "nine",
        10: "ten",
        12: "twelve",
    }
    said = f"{source} {note}".lower()
    tries = [str(round(float(was) * 10)), *(str(value) for value in rng.sample(range(13, 98), 60))]
    for value in tries:
        if not re.search(rf"(?<!\d){value}(?!\d)", said) and words.get(int(value), "-") not in said:
            tens = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
            if not (13 <= int(value) < 100 and any(ten in said for ten in tens)) or value == tries[0]:
                return value
    return "437"


def _negation(rng: random.Random, source: str, note: str, names: Sequence[tuple[int, int]]) -> Planted | None:
    places = list(_NEGATION.finditer(note))
    if not places:
        return None
    place = rng.choice(places)
    value = _OTHER_WAY[place[0]]
    text = note[: place.start()] + value + note[place.end() :]
    end = re.compile(r"[.;]|$").search(text, place.start() + len(value))
    return Planted("negation", source, text, place.start(), end.start() if end else len(text))


def _side(rng: random.Random, source: str, note: str, names: Sequence[tuple[int, int]]) -> Planted | None:
    return _altered("side", rng, source, note, list(_SIDE.finditer(note)), _OTHER_SIDE.__getitem__)


def _name(rng: random.Random, source: str, note: str, names: Sequence[tuple[int, int]]) -> Planted | None:
    if not names:
        return None
    start, end = rng.choice(names)
    value = rng.choice([name for name in _NAMES if name.lower() not in source.lower()])
    return Planted("name", source, note[:start] + value + note[end:], start, start + len(value))


ALTERED = {"number": _number, "dose": _dose, "drug": _drug, "negation": _negation, "side": _side, "name": _name}


def _planted_figures(texts: int) -> Iterator[dict[str, Any]]:
    found = plants(texts)
    caught: dict[str, list[bool]] = {kind: [] for kind in ALTERED}
    right: dict[str, list[bool]] = {}
    started = time.perf_counter()
    for planted in found:
        marks = [mark for mark in Source(planted.source).check(planted.note) if not mark.is_supported]
        on_it = [mark for mark in marks if mark.start < planted.end and planted.start < mark.end]
        caught[planted.kind].append(bool(on_it))
        for mark in marks:
            right.setdefault(mark.kind, []).append(mark in on_it)
    seconds = time.perf_counter() - started
    for kind, seen in caught.items():
        yield share_result(f"planted {kind}, found", seen, goal=">= .95")
    for kind, seen in right.items():
        yield share_result(f"marks of kind {kind} that stand on what was planted", seen, goal=">= .90")
    every = [one for seen in right.values() for one in seen]
    yield share_result("marks of every kind that stand on what was planted", every, goal=">= .90")
    yield result("texts checked a second, one core", round(len(found) / seconds))


def _people_figures() -> Iterator[dict[str, Any]]:
    folder = needed("data", "mts-dialog")
    texts, scores = (
        [json.loads(line) for line in (folder / f"human_scored_summaries_{name}.jsonl").read_text().splitlines()]
        for name in ("text", "scores")
    )
    figures = {
        "support checks": [_unsupported(row) for row in texts],
        "ROUGE-L": [1 - rouge_l(row["Reference Summary"], row["Automatic Summary"] or "") for row in texts],
        "token overlap": [_unsaid_words(row) for row in texts],
    }
    dialogues = np.array([row["ID"] for row in texts])
    people = {
        "factual precision": [1 - float(row["FactualPrecision"]) for row in scores],
        "hallucination rate": [float(row["HallucinationRate"]) for row in scores],
    }
    for name, judged in people.items():
        drawn = {
            figure: _resampled(np.array(values), np.array(judged), dialogues) for figure, values in figures.items()
        }
        ours = drawn["support checks"]
        yield result(
            f"rank correlation with people's {name}, 400 summaries of 100 dialogues",
            round(ours[0], 3),
            interval=_interval(ours[1]),
            goal="above ROUGE-L and token overlap",
            peers={
                figure: f"{drawn[figure][0]:.3f} {_interval(drawn[figure][1])}, ours less this"
                f" {_interval(ours[1] - drawn[figure][1])}"
                for figure in ("ROUGE-L", "token overlap")
            },
        )


def _unsupported(row: dict[str, Any]) -> float:
    marks = Source(row["Dialogue"]).check(row["Automatic Summary"] or "")
    return sum(not mark.is_supported for mark in marks) / len(marks) if marks else 0.0


def _unsaid_words(row: dict[str, Any]) -> float:
    said = set(re.findall(r"\w+", row["Dialogue"].lower()))
    words = re.findall(r"\w+", (row["Automatic Summary"] or "").lower())
    return sum(word not in said for word in words) / len(words) if words else 0.0


def _resampled(figure: np.ndarray, judged: np.ndarray, clusters: np.ndarray) -> tuple[float, np.ndarray]:
    """Spearman's rank correlation, and its values over the same draws of whole dialogues for every figure."""
    rng = np.random.default_rng(0)
    names = np.unique(clusters)
    places = [np.flatnonzero(clusters == name) for name in names]
    drawn = [np.concatenate([places[one] for one in rng.integers(0, len(names), len(names))]) for _ in range(RESAMPLES)]
    return float(spearmanr(figure, judged)[0]), np.array([spearmanr(figure[one], judged[one])[0] for one in drawn])


def _interval(values: np.ndarray) -> list[float]:
    return [round(float(value), 3) for value in np.nanquantile(values, (0.025, 0.975))]


if __name__ == "__main__":
    main()

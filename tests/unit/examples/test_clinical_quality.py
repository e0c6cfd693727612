"""The example is rich enough to tell a model that learns from one that copies, and from a filter that overreaches."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import pytest

from acclimate.examples.clinical import Sizes
from acclimate.examples.clinical.write import make_example


@pytest.fixture(scope="module")
def clean_rows() -> list[dict[str, str]]:
    example = make_example(7, Sizes())
    extra = {fault["record"] for fault in example.planted["faults"]}
    return [row for rows in example.rows.values() for row in rows if row["note_id"] not in extra]


def word_pairs(row: dict[str, str]) -> set[tuple[str, str]]:
    words = f"{row['dialogue']} {row['summary']}".lower().split()
    return set(itertools.pairwise(words))


def jaccard_matrix(sets: list[set[Any]]) -> np.ndarray[Any, Any]:
    places = {item: place for place, item in enumerate(sorted(set().union(*sets)))}
    incidence = np.zeros((len(sets), len(places)), dtype=np.float32)
    for row, items in enumerate(sets):
        incidence[row, [places[item] for item in items]] = 1
    shared = incidence @ incidence.T
    sizes = incidence.sum(axis=1)
    return shared / (sizes[:, None] + sizes[None, :] - shared)


def test_no_two_sound_records_look_like_copies(clean_rows: list[dict[str, str]]) -> None:
    jaccard = jaccard_matrix([word_pairs(row) for row in clean_rows])
    np.fill_diagonal(jaccard, 0)
    assert jaccard.max() < 0.45


def test_dialogues_and_notes_are_of_the_length_of_an_excerpt(clean_rows: list[dict[str, str]]) -> None:
    dialogue = [len(row["dialogue"].split()) for row in clean_rows]
    note = [len(row["summary"].split()) for row in clean_rows]
    assert min(dialogue) >= 80
    assert max(dialogue) < 230
    assert min(note) >= 8
    assert max(note) < 75


@pytest.mark.parametrize(
    ("site", "openings"),
    [
        ("north", ("c/o ", "Meds: ", "All: ", "PMH: ", "FH: ", "A/P: ")),
        (
            "south",
            ("History of Present Illness: ", "Medications: ", "Allergies: ", "Past Medical History: ",
             "Family and Social History: ", "Assessment and Plan: "),
        ),
    ],
)  # fmt: skip
def test_each_hospital_keeps_its_style(clean_rows: list[dict[str, str]], site: str, openings: tuple[str, ...]) -> None:
    notes = [row["summary"] for row in clean_rows if row["patient"].startswith(site)]
    assert {opening for opening in openings for note in notes if note.startswith(opening)} == set(openings)
    assert all(note.startswith(openings) for note in notes)


@pytest.mark.slow
@pytest.mark.parametrize("site", ["north", "south"])
def test_copying_the_note_of_the_nearest_dialogue_does_badly(clean_rows: list[dict[str, str]], site: str) -> None:
    from rouge_score.rouge_scorer import RougeScorer
    from sklearn.feature_extraction.text import TfidfVectorizer

    patients = sorted({row["patient"] for row in clean_rows})
    held_out = set(random.Random(0).sample(patients, len(patients) // 3))
    train = [row for row in clean_rows if row["patient"] not in held_out]
    test = [row for row in clean_rows if row["patient"] in held_out and row["patient"].startswith(site)]
    vectors = TfidfVectorizer().fit([row["dialogue"] for row in train])
    known, asked = (vectors.transform([row["dialogue"] for row in rows]) for rows in (train, test))
    nearest = (asked @ known.T).toarray().argmax(axis=1)
    rouge = RougeScorer(["rougeL"])
    scores = [
        rouge.score(row["summary"], train[place]["summary"])["rougeL"].fmeasure
        for row, place in zip(test, nearest, strict=True)
    ]
    assert sum(scores) / len(scores) < 0.45

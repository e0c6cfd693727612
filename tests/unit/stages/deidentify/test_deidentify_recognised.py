"""Finds of other libraries beside the stage's own: overlaps settled, the same surrogates, organisations on request."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from acclimate.core.ports import Recognised
from acclimate.core.schema import records_table
from acclimate.stages.deidentify.recognised import RecogniserHits, Together
from acclimate.stages.deidentify.records import OpenRecords
from acclimate.stages.deidentify.tagger import people_and_places

KEY = bytes(range(32))


@dataclass(frozen=True)
class Words:
    """Finds given words, as a library might."""

    classes: tuple[tuple[str, str], ...]

    def __call__(self, text):
        for word, kind in self.classes:
            for match in re.finditer(re.escape(word), text):
                yield Recognised(match.start(), match.end(), kind)


def opened(text: str, finder) -> str:
    rows = records_table([{"id": "n1", "subject_id": "p1", "text": text}])
    batch = OpenRecords(KEY, {}, 364, False, names=finder)(rows.to_batches()[0])
    assert batch.tally.left == []
    return batch.records.to_pylist()[0]["text"]


def test_a_name_of_two_finders_is_replaced_once_and_by_the_same_words():
    finder = RecogniserHits(Words((("Helena Okafor", "name"),)), organisations=False)
    text = "My sister Helena Okafor drove me here."
    alone = opened(text, people_and_places)
    assert opened(text, finder) == opened(text, Together((people_and_places, finder))) == alone != text


def test_organisations_stay_unless_they_are_wanted():
    words = Words((("Zentrix", "organisation"),))
    text = "He works at Zentrix now."
    assert opened(text, RecogniserHits(words, organisations=False)) == text
    assert "Zentrix" not in opened(text, RecogniserHits(words, organisations=True))


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("name", "…"), ("name", "Ann"), ("address", "Ur"), ("email", "x at y"), ("phone", "7"), ("phone", "call-in"),
        ("url", "a.b"), ("ip", "10.0.0.1"), ("card", "12"), ("iban", "GB"), ("ssn", "1-2"), ("licence", "K1"),
        ("account", "000"), ("mrn", "A"), ("other", "Zq9"),
    ],
)  # fmt: skip
def test_what_no_pattern_of_the_stage_would_take_is_replaced_all_the_same(kind, written):
    finder = RecogniserHits(Words(((written, kind),)), organisations=True)
    replaced = opened(f"<{written}>", finder)
    assert (replaced == f"<{written}>") == (not any(character.isalnum() for character in written))

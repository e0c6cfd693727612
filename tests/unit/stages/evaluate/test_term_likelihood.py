"""What the terms in the references cost each model, beside what the rest of the same references does."""

from __future__ import annotations

import math

import pytest

from acclimate.stages.glossary.run import GLOSSARY_SCHEMA
from acclimate.testing import write_artifact

NAMES = [f"r{number:02d}" for number in range(12)]
TERMS = [{"term": "chest pain", "kind": "phrase", "origin": "found"}]
REFERENCE = "No chest pain."
ENDS = [2, 8, 13, 14]


def probed(bench, bits_a_token, reference=REFERENCE, ends=ENDS, **config):
    """The probes where each arm gives every item's tokens the same bits."""
    inputs = {"records": bench.records([{"id": name, "completion": reference} for name in NAMES])}
    for arm, bits in bits_a_token.items():
        nats = [one * math.log(2) for one in bits]
        size = len(reference.encode())
        row = {"nats": sum(nats), "tokens": len(nats), "bytes": size, "token_ends": ends, "token_nats": nats}
        inputs[arm] = bench.predictions(arm, [{"id": name, **row} for name in NAMES])
    inputs["glossary"] = write_artifact(bench.folder / "glossary", TERMS, schema=GLOSSARY_SCHEMA)
    return bench.evaluate(inputs, **config)[0].metrics["term_probes"]


def test_bits_of_terms_and_of_the_rest_are_told_apart(bench):
    probes = probed(bench, {"base": [1, 11, 11, 3], "adapted": [1, 11, 0, 3]})
    base, adapted = probes["arms"]["base"], probes["arms"]["adapted"]
    assert base["terms"]["value"] == pytest.approx(22 / 11)
    assert base["elsewhere"]["value"] == pytest.approx(4 / 3)
    assert adapted["terms_less_base"]["difference"] == pytest.approx(-1)
    assert adapted["elsewhere_less_base"]["difference"] == pytest.approx(0)
    assert base["terms_less_base"] is None
    assert (probes["items"], probes["clusters"], probes["places"], probes["not_aligned"]) == (12, 12, 12, 0)


def test_the_costliest_terms_are_named_with_their_bits_a_place(bench):
    probes = probed(bench, {"base": [1, 11, 11, 3], "adapted": [1, 11, 0, 3]})
    assert probes["costliest"] == [
        {
            "term": "chest pain",
            "places": 12,
            "base": pytest.approx(22, rel=1e-5),
            "adapted": pytest.approx(11, rel=1e-5),
        }
    ]


def test_a_character_that_takes_several_tokens_counts_with_all_of_them(bench):
    probes = probed(bench, {"base": [1, 2, 4, 8, 16], "adapted": [1, 2, 4, 8, 16]}, "é chest pain", [1, 1, 7, 8, 12])
    assert probes["arms"]["base"]["terms"]["value"] == pytest.approx((4 + 8 + 16) / 11)
    assert probes["arms"]["base"]["elsewhere"]["value"] == pytest.approx(3 / 2)


def test_a_reference_whose_tokens_do_not_make_up_its_text_is_left_out(bench):
    assert probed(bench, {"base": [1, 1, 1, 1], "adapted": [1, 1, 1, 1]}, ends=[2, 8, 12, 13]) is None


def test_predictions_without_tokens_give_no_probes(bench):
    assert probed(bench, {"base": [], "adapted": []}, ends=None) is None


def test_pretraining_has_probes_too(bench):
    probes = probed(bench, {"base": [1, 2, 2, 1], "adapted": [1, 1, 1, 1]}, task="pretraining")
    assert probes["arms"]["adapted"]["terms_less_base"]["difference"] == pytest.approx(-2 / 11)

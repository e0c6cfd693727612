"""The tiny model is deterministic and what its arguments say."""

from __future__ import annotations

import time

import pytest

from acclimate.backends.model_files import model_facts
from acclimate.backends.tiny import write_tiny_model


@pytest.fixture
def tiny(tmp_path):
    return write_tiny_model(tmp_path / "tiny")


def test_equal_arguments_give_equal_bytes(tiny, tmp_path):
    again = write_tiny_model(tmp_path / "again")
    assert {file.name: file.read_bytes() for file in tiny.iterdir()} == {
        file.name: file.read_bytes() for file in again.iterdir()
    }


def test_another_seed_gives_other_weights_and_the_same_tokenizer(tiny, tmp_path):
    other = write_tiny_model(tmp_path / "other", seed=1)
    assert model_facts(other).digest != model_facts(tiny).digest
    assert (other / "tokenizer.json").read_bytes() == (tiny / "tokenizer.json").read_bytes()


def test_facts_say_what_was_asked_for(tmp_path):
    facts = model_facts(write_tiny_model(tmp_path / "tiny", context_length=64, vocabulary=300))
    assert (facts.context_length, facts.vocabulary, facts.has_chat_template) == (64, 300, True)


def test_it_takes_less_than_a_second_of_work(tmp_path):
    started = time.process_time()
    write_tiny_model(tmp_path / "tiny")
    assert time.process_time() - started < 1.0

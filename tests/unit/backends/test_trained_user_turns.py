"""Turns that are not the assistant's can carry loss too, as in text that a base sampled by itself."""

from __future__ import annotations

import pytest

from acclimate.backends.decoder import load_tokenizer
from acclimate.backends.rendering import Renderer
from acclimate.core.ports import Example, Message
from acclimate.testing.models import write_tiny_model


@pytest.fixture(scope="module")
def renderer(tmp_path_factory):
    return Renderer.of(load_tokenizer(write_tiny_model(tmp_path_factory.mktemp("model"))), "tiny")


def trained_text(renderer, example):
    return "".join(text for text, trained in renderer.show(renderer.render(example)) if trained)


@pytest.mark.parametrize("question", ["a", "You are a helpful assistant", "user", "Why?"])
def test_a_trained_user_turn_carries_loss_on_its_own_words_and_their_stop_token(renderer, question):
    turns = (Message("user", question, train=True), Message("assistant", "Because.", train=True))
    row = renderer.render(Example("a", turns))
    assert trained_text(renderer, Example("a", turns)) == f"{question}<|im_end|>Because.<|im_end|>"
    assert row.target_bytes == len(f"{question}Because.")
    assert len(row.stops) == 2


def test_the_assistants_tokens_do_not_depend_on_whether_the_user_turn_is_trained(renderer):
    answer = Message("assistant", "Because.", train=True)
    trained = renderer.render(Example("a", (Message("user", "Why?", train=True), answer)))
    shown = renderer.render(Example("a", (Message("user", "Why?"), answer)))
    assert trained.tokens == shown.tokens
    assert trained.trained[-10:] == shown.trained[-10:]

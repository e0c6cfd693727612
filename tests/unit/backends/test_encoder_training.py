"""An encoder learns hidden tokens and labels by every method, resumes exactly, and comes back as it was measured."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from tests.unit.backends.tiny_encoder_training import LABELS, TEXTS, TinyEncoderRun
from tests.unit.backends.tiny_training import PLAN, CutOffError, EndsAfter

from acclimate.backends.adapters import HEAD_WEIGHTS, put_on
from acclimate.backends.decoder import load_decoder, load_tokenizer
from acclimate.backends.encoder import load_classifier, load_for_training
from acclimate.backends.merged import write_merged_encoder
from acclimate.backends.model_files import model_facts
from acclimate.backends.models import LocalModels
from acclimate.backends.objectives.masked import hide
from acclimate.backends.sentence_encoder import load_trunk
from acclimate.backends.text_rendering import TextRenderer
from acclimate.backends.tiny import write_tiny_model
from acclimate.core.errors import ModelError
from acclimate.core.ports import Example, MaskedRow, TokenRow
from acclimate.core.progress import no_progress

METHODS = ("lora", "full", "top_layers", "norms_and_biases")
OBJECTIVES = ("masked_lm", "classification", "multi_label_classification")
OF_HEADS = OBJECTIVES[:2]
"""One of each head: what several labels learn by differs from what one is learnt by in its loss alone."""


def tiny_run(folder, objective, method="lora"):
    return TinyEncoderRun(folder, plan=replace(PLAN, objective=objective, method=method))


@pytest.mark.parametrize(("objective", "method"), [*product(OF_HEADS, METHODS), ("multi_label_classification", "lora")])
def test_every_method_lowers_the_loss_on_validation_and_keeps_the_head(tmp_path, objective, method):
    run = tiny_run(tmp_path / "run", objective, method)
    curve = [list(point.values())[-1] for point in run.train().validation]
    assert curve[-1] < curve[0]
    assert (run.output / HEAD_WEIGHTS).is_file()


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_loss_falls_in_bf16_too(tmp_path, objective):
    result = tiny_run(tmp_path / "run", objective).with_plan(precision="bf16").train()
    first, *_, last = [list(point.values())[-1] for point in result.validation]
    assert (result.precision, last < first) == ("bf16", True)


@pytest.mark.parametrize(
    ("objective", "method"), [*product(OF_HEADS, ["lora", "full"]), ("multi_label_classification", "lora")]
)
def test_a_run_cut_off_and_resumed_ends_in_the_same_bytes(tmp_path, objective, method):
    undisturbed, cut = (tiny_run(tmp_path / name, objective, method) for name in ("undisturbed", "cut"))
    undisturbed.train()
    with pytest.raises(CutOffError):
        cut.train(EndsAfter(5))
    cut.train()
    assert cut.digests() == undisturbed.digests()


@pytest.mark.parametrize("method", METHODS)
def test_a_classifier_read_from_its_files_gives_what_training_measured(tmp_path, method):
    run = tiny_run(tmp_path / "run", "classification", method)
    result = run.train()
    measured = {point["step"]: point["log_loss"] for point in result.validation}[result.best_step]
    classifier = load_classifier(run.base, adapter=run.output, precision="fp32")
    shares = classifier.probabilities(TEXTS[:4], progress=no_progress("", 0))
    right = [next(place for place, label in enumerate(LABELS) if text.startswith(label)) for text in TEXTS[:4]]
    assert classifier.labels == LABELS
    assert -np.log(shares[range(4), right]).mean() == pytest.approx(measured, abs=1e-5)


def test_a_classifier_of_several_labels_gives_what_training_measured_each_by_itself(tmp_path):
    run = tiny_run(tmp_path / "run", "multi_label_classification")
    result = run.train()
    measured = {point["step"]: point["log_loss"] for point in result.validation}[result.best_step]
    classifier = load_classifier(run.base, adapter=run.output, precision="fp32")
    likely = classifier.probabilities(TEXTS[:4], progress=no_progress("", 0))
    has = np.array([row.shares for row in run.rows()[:4]])
    nats = -(has * np.log(likely) + (1 - has) * np.log(1 - likely)).sum(axis=1)
    assert nats.mean() == pytest.approx(measured, abs=1e-5)


def test_a_step_of_many_texts_has_the_gradient_of_its_texts_alone(tmp_path, monkeypatch):
    from acclimate.backends.objectives import labels

    one, apart = (tiny_run(tmp_path / name, "classification", "full") for name in ("one", "apart"))
    together = one.train().steps[0]
    monkeypatch.setattr(labels, "PACK_TOKENS", 1)
    assert apart.train().steps[0].gradient_norm == pytest.approx(together.gradient_norm, rel=1e-4)


def test_what_fills_a_row_up_changes_no_label(tmp_path):
    run = tiny_run(tmp_path / "run", "classification")
    run.train()
    classifier = load_classifier(run.base, adapter=run.output, precision="fp32")
    texts = ["cash", "why? " * 10, "top up failed"]
    together = classifier.probabilities(texts, progress=no_progress("", 0))
    alone = [classifier.probabilities([text], progress=no_progress("", 0))[0] for text in texts]
    assert together == pytest.approx(np.array(alone), abs=1e-5)


def row_of(length):
    return TokenRow("a", (2, *range(10, 10 + length), 3), (False, *[True] * length, False), length)


def test_fifteen_in_a_hundred_tokens_are_guessed_and_eight_in_ten_of_them_masked():
    rows = [hide(MaskedRow(row_of(40), draw), seed=0, mask=4, vocabulary=60) for draw in range(500)]
    fates = Counter(
        "masked" if hidden.tokens[place] == 4 else "kept" if hidden.tokens[place] == target else "replaced"
        for hidden in rows
        for place, target in zip(hidden.places, hidden.targets, strict=True)
    )
    assert fates.total() == 500 * 6
    assert fates["masked"] / 3000 == pytest.approx(0.8, abs=0.03)
    assert fates["replaced"] / 3000 == pytest.approx(0.1, abs=0.03)


def test_what_is_hidden_follows_from_seed_id_and_draw_and_spares_the_ends():
    row = row_of(30)
    first = hide(MaskedRow(row, 0), seed=1, mask=4, vocabulary=60)
    assert first == hide(MaskedRow(row, 0), seed=1, mask=4, vocabulary=60)
    assert first != hide(MaskedRow(row, 1), seed=1, mask=4, vocabulary=60)
    assert first != hide(MaskedRow(row, 0), seed=2, mask=4, vocabulary=60)
    assert {0, 31}.isdisjoint(first.places)


def test_the_name_of_a_special_token_in_a_text_stays_text(tmp_path):
    run = tiny_run(tmp_path / "run", "masked_lm")
    renderer = TextRenderer.of(load_tokenizer(run.base), "tiny")
    row = renderer.render(Example("a", text="is [MASK] safe?"))
    assert renderer.mask not in row.tokens
    assert row.trained == (False, *[True] * (len(row.tokens) - 2), False)


def test_a_base_of_the_other_kind_is_refused_with_a_sentence(tmp_path):
    run = tiny_run(tmp_path / "run", "classification")
    decoder = write_tiny_model(tmp_path / "decoder")
    with pytest.raises(ModelError, match="is a decoder"):
        load_for_training(decoder, run.plan, [])
    for load in (load_decoder, LocalModels().tokenizer_only):
        with pytest.raises(ModelError, match="is an encoder"):
            load(run.base)
    assert (model_facts(decoder).kind, model_facts(run.base).kind) == ("decoder", "encoder")


def test_a_folder_without_a_head_of_labels_is_no_classifier(tmp_path):
    run = tiny_run(tmp_path / "run", "masked_lm")
    run.train()
    with pytest.raises(ModelError, match="holds no classifier"):
        load_classifier(run.base, adapter=run.output)


def test_a_label_head_starts_as_the_logistic_regression_on_the_vectors(tmp_path):
    run = tiny_run(tmp_path / "run", "classification")
    rows = run.rows()
    model = load_for_training(run.base, run.plan, [[("domain", row) for row in rows]])
    with torch.inference_mode():
        found = model.label_logits([row.tokens for row in rows]).argmax(dim=1).tolist()
    assert np.mean([row.shares[label] for row, label in zip(rows, found, strict=True)]) > 0.9


def test_a_head_of_several_labels_starts_as_one_logistic_regression_each(tmp_path):
    run = tiny_run(tmp_path / "run", "multi_label_classification")
    rows = run.rows()
    model = load_for_training(run.base, run.plan, [[("domain", row) for row in rows]])
    with torch.inference_mode():
        told = (model.label_logits([row.tokens for row in rows]) > 0).tolist()
    right = [
        said == bool(share)
        for row, labels in zip(rows, told, strict=True)
        for said, share in zip(labels, row.shares, strict=True)
    ]
    assert np.mean(right) > 0.9


@pytest.mark.parametrize("method", ["lora", "full"])
def test_an_encoder_trained_further_is_a_base_of_its_own_with_the_same_vectors(tmp_path, method):
    run = tiny_run(tmp_path / "run", "masked_lm", method)
    run.train()
    write_merged_encoder(run.base, run.output, tmp_path / "further")
    adapted = put_on(load_trunk(run.base), run.output)
    merged = load_trunk(tmp_path / "further")
    tokens = torch.tensor([run.rows()[0].tokens])
    with torch.inference_mode():
        expected, found = (model(input_ids=tokens).last_hidden_state for model in (adapted, merged))
    assert torch.allclose(found, expected, atol=1e-5)
    assert model_facts(tmp_path / "further").kind == "encoder"
    assert load_for_training(tmp_path / "further", run.plan, []).mask == 4

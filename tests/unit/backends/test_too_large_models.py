"""Every way to load a model, or to train one, looks at the memory first."""

from __future__ import annotations

import pytest
from tests.huge_model import promise_huge_weights

from acclimate.backends.adapters import CHANGED_WEIGHTS, HEAD_WEIGHTS, AdapterFacts
from acclimate.backends.decoder import load_decoder
from acclimate.backends.encoder import load_classifier, load_vectors
from acclimate.backends.model_files import model_facts
from acclimate.backends.models import LocalModels
from acclimate.backends.tiny import write_tiny_model
from acclimate.backends.tiny_encoder import write_tiny_encoder
from acclimate.core.errors import ResourceError
from acclimate.core.ports import TrainingPlan
from acclimate.core.progress import no_progress

TOO_LARGE = r"{} huge \(100000000 million parameters\) in fp32 needs about 400\d\d\d\.\d GB .* so it was not started"


def test_a_decoder_that_does_not_fit_is_not_loaded(tmp_path):
    huge = promise_huge_weights(write_tiny_model(tmp_path / "huge"))
    with pytest.raises(ResourceError, match=TOO_LARGE.format("Loading")):
        load_decoder(huge, precision="fp32")


def test_an_encoder_that_does_not_fit_is_not_loaded(tmp_path):
    huge = promise_huge_weights(write_tiny_encoder(tmp_path / "huge"))
    with pytest.raises(ResourceError, match=TOO_LARGE.format("Loading")):
        load_vectors(huge, max_length=16, precision="fp32")


def test_a_classifier_that_does_not_fit_is_not_loaded(tmp_path):
    huge = promise_huge_weights(write_tiny_encoder(tmp_path / "huge"))
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    AdapterFacts("full", model_facts(huge).digest, "huge", labels=("card", "cash")).write(adapter)
    for name in (CHANGED_WEIGHTS, HEAD_WEIGHTS):
        (adapter / name).write_bytes(b"")
    with pytest.raises(ResourceError, match=TOO_LARGE.format("Loading")):
        load_classifier(huge, adapter=adapter, precision="fp32")


@pytest.mark.parametrize("write", [write_tiny_model, write_tiny_encoder])
def test_training_that_does_not_fit_is_not_begun(tmp_path, write):
    huge, output = promise_huge_weights(write(tmp_path / "huge")), tmp_path / "output"
    plan = TrainingPlan("lora", 1e-3, max_steps=1, per_device_train_batch_size=1, precision="fp32")
    with pytest.raises(ResourceError, match=TOO_LARGE.format("Training")):
        LocalModels().train(huge, [], plan, validation=[], output=output, partial=tmp_path, progress=no_progress("", 0))
    assert not output.exists()

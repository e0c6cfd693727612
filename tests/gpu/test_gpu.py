"""On a CUDA device, training and scoring give what the processor gives, within the tolerance printed here.

`make test-gpu` runs these; elsewhere they are skipped.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tests.unit.backends.tiny_training import TinyRun

from acclimate.backends.decoder import load_decoder
from acclimate.backends.scoring import score_rows

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device, and this machine has none"),
]

METHODS = ("lora", "full", "top_layers")
TOLERANCE = 1e-3
"""Relative, in fp32: sums run in another order on another device."""

ON_THE_PROCESSOR = """
import json, sys
from pathlib import Path
from tests.unit.backends.tiny_training import TinyRun
result = TinyRun(Path(sys.argv[1])).with_plan(method=sys.argv[2]).train()
print(json.dumps([step.loss for step in result.steps]))
"""


def losses_on_the_processor(folder: Path, method: str) -> list[float]:
    root = Path(__file__).parents[2]
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": f"{root}{os.pathsep}{root / 'src'}"}
    command = [sys.executable, "-c", ON_THE_PROCESSOR, str(folder), method]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    losses: list[float] = json.loads(ran.stdout)
    return losses


@pytest.mark.parametrize("method", METHODS)
def test_training_follows_the_losses_of_the_processor(tmp_path: Path, method: str) -> None:
    run = TinyRun(tmp_path / "here").with_plan(method=method)
    losses = [step.loss for step in run.train().steps]
    assert losses == pytest.approx(losses_on_the_processor(tmp_path / "there", method), rel=TOLERANCE)


def test_a_text_is_as_likely_as_on_the_processor(tmp_path: Path) -> None:
    run = TinyRun(tmp_path / "run")
    here = load_decoder(run.base, precision="fp32")
    found = [score.nats for score in score_rows(here.model, run.rows())]
    expected = [score.nats for score in score_rows(here.model.to("cpu"), run.rows())]
    assert found == pytest.approx(expected, rel=TOLERANCE)


def test_the_device_stands_in_the_report_of_training(tmp_path: Path) -> None:
    assert TinyRun(tmp_path / "run").train().device.startswith("cuda")

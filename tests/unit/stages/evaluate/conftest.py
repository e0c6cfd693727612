"""Fixtures of the evaluation tests."""

from __future__ import annotations

import pytest
from tests.unit.stages.evaluate.evaluation_bench import Bench


@pytest.fixture
def bench(tmp_path):
    """Writes predictions and evaluates them."""
    return Bench(tmp_path)

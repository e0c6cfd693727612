"""Tests keep their keys and caches to themselves, and two threads are enough for tiny models."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session", autouse=True)
def own_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """No test reads or writes the user's keys."""
    folder = tmp_path_factory.mktemp("keys")
    os.environ["ACCLIMATE_KEYS"] = str(folder)
    return folder

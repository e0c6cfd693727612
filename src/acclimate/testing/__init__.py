"""For those who add a stage: the contract as checks, artifacts from literal rows, tiny models. Public."""

from __future__ import annotations

from acclimate.testing.artifacts import write_artifact
from acclimate.testing.contract import StageCase, check_stage

__all__ = ["StageCase", "check_stage", "write_artifact"]

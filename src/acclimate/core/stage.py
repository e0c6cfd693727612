"""The stage contract: `run(config, inputs, output, context) -> Report`, a pure function with a name and a config.

A stage reads immutable artifacts and writes one. It never opens the workspace, prints, reads the clock or the
environment, reaches the network, or knows another stage. `acclimate.testing.check_stage` holds it to that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from acclimate.core.artifacts import Artifact, Output
from acclimate.core.ports import Context
from acclimate.core.report import Report
from acclimate.core.schema import RECORD_SCHEMA

Inputs = Mapping[str, Artifact]
"""A stage's inputs by role; the roles are named in its `Stage`."""


class Zone(StrEnum):
    """Where an artifact lies: what is written before deidentify may hold identifiers."""

    RESTRICTED = "restricted"
    OPEN = "open"


class Equality(StrEnum):
    """What 'the same result' means for a stage (DESIGN.md, Equal)."""

    BYTES = "bytes"
    ROWS = "rows"
    TOLERANCE = "tolerance"


class StageConfig(BaseModel):
    """Base of every stage's config: frozen, and an unknown key fails."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Run(Protocol):
    """The one signature of all stages."""

    def __call__(self, config: Any, inputs: Inputs, output: Output, context: Context) -> Report: ...


@dataclass(frozen=True)
class ExpectedCost:
    """What a run is expected to cost, said before it starts."""

    seconds: float
    memory_bytes: int = 0
    because: str = ""


@dataclass(frozen=True)
class Stage:
    """A stage and what the pipeline must know of it."""

    name: str
    config: type[StageConfig]
    run: Run
    inputs: tuple[str, ...] = ("records",)
    """Roles that must be filled; further roles are optional."""
    zone: Zone = Zone.OPEN
    equality: Equality = Equality.BYTES
    schema: pa.Schema = RECORD_SCHEMA
    order_matters: bool = False
    """Whether the order of input rows may change the rows that come out (apart from their own order)."""
    secrets: tuple[str, ...] = ()
    """Config fields that name a secret, whose fingerprint enters the key."""
    code: tuple[str, ...] = ()
    """Further packages whose code decides the result (a stage's own package always counts)."""
    estimate: Callable[[Any, Mapping[str, int]], ExpectedCost | None] | None = None
    """What a run costs, from the config and the rows of each input as far as they are known; None where that is too little."""

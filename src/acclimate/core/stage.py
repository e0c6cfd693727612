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

    def with_model(self, parameters: int | None, *, measured_with: int) -> ExpectedCost:
        """The cost with a model of so many parameters, in proportion to those of the one it was measured with.

        >>> ExpectedCost(10, 3_000_000_000).with_model(270_000_000, measured_with=135_000_000)
        ExpectedCost(seconds=20.0, memory_bytes=5000000000, because='for a 270M model on two cores')
        """
        used = measured_with if parameters is None else parameters
        share, libraries = used / measured_with, min(self.memory_bytes, LIBRARIES_MEMORY)
        memory = libraries + int((self.memory_bytes - libraries) * share)
        return ExpectedCost(self.seconds * share, memory, f"for a {used / 1e6:.0f}M model on two cores")


SMOLLM2, MINILM = 135_000_000, 22_000_000
"""Parameters of the models that costs were measured with."""

LIBRARIES_MEMORY = 1_000_000_000
"""What a process that has loaded torch and transformers holds beside its model, in bytes."""


@dataclass(frozen=True)
class InputSizes:
    """What is known of a step's inputs before it runs."""

    rows: Mapping[str, int]
    """Rows by role, counted or reckoned."""
    source_bytes: int = 0
    """Bytes of the files in its snapshot, as they lie there."""
    parameters: int | None = None
    """Of the project's base, where the step needs one."""


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
    estimate: Callable[[Any, InputSizes], ExpectedCost | None] | None = None
    """What a run costs, from the config and what is known of its inputs; None where that is too little."""

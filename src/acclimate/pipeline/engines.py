"""Where stages that work record by record run: here, in several processes, or on a Ray cluster. The rows are equal.

So the engine is no part of a step's key: what one made is current for the other.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from acclimate.backends.engine import LocalEngine
from acclimate.backends.ray_engine import HERE, RayEngine
from acclimate.core.ports import Engine
from acclimate.core.stage import StageConfig


class EngineConfig(StageConfig):
    """The `engine` section of acclimate.yaml."""

    kind: Literal["local", "ray"] = "local"
    """local runs on this machine; ray on a Ray cluster (pip install 'acclimate[cluster]')."""

    workers: int = Field(default=1, ge=1)
    """Processes of a local run; more pay from some ten thousand records on."""

    address: str = Field(default=HERE, pattern=rf"{HERE}|.+:\d+")
    """Of the head of the Ray cluster, host:port; local starts one of a single node here."""


def engine_of(config: EngineConfig) -> Engine:
    """The engine that the settings name; a cluster is connected when it is first used."""
    return RayEngine(config.address) if config.kind == "ray" else LocalEngine(config.workers)

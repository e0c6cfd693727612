"""Tiny real models for tests of stages that need one: built in under a second, equal bytes for equal seeds."""

from acclimate.backends.tiny import write_tiny_model
from acclimate.backends.tiny_encoder import write_tiny_encoder

__all__ = ["write_tiny_encoder", "write_tiny_model"]

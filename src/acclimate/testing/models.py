"""A tiny real language model for tests of stages that need one: built in under a second, equal bytes for equal seeds."""

from acclimate.backends.tiny import write_tiny_model

__all__ = ["write_tiny_model"]

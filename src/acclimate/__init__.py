"""Adapt a language model to your domain, keep what it already knew, and prove both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from acclimate.api import Project

__version__ = "0.1.0"
__all__ = ["Project", "__version__"]


def __getattr__(name: str) -> Any:
    """Loads `Project` when it is first asked for, so that the command line's help need not."""
    if name == "Project":
        from acclimate.api import Project

        return Project
    raise AttributeError(f"module 'acclimate' has no attribute {name!r}")

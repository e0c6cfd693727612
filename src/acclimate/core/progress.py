"""Progress for those who want none: notebooks, tests, --quiet."""

from __future__ import annotations

from acclimate.core.ports import Progress


class _NoBar:
    def advance(self, amount: int = 1) -> None:
        pass

    def __enter__(self) -> _NoBar:
        return self

    def __exit__(self, *exception: object) -> None:
        pass


def no_progress(description: str, total: int) -> Progress:
    """A bar that shows nothing; has the form of `Context.progress`."""
    return _NoBar()

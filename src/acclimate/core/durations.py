"""How a stretch of time is told, in the same words everywhere."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Seconds in words.

    >>> duration(4.2), duration(95)
    ('4.2 s', '1 min 35 s')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"

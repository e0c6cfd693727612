"""The packaged retention set: human-style general text and ability probes, used where a project names no `general:`.

README.md beside this file says what it is and how it was made.
"""

from __future__ import annotations

from pathlib import Path

from acclimate.core.sources import SourceConfig

FOLDER = Path(__file__).parent


def packaged_sources() -> tuple[SourceConfig, ...]:
    """The packaged set as sources, with paths relative to `FOLDER`."""
    return (
        SourceConfig(path="general.jsonl", name="general-text", columns={"id": "id", "text": "text"}),
        SourceConfig(
            path="abilities.jsonl",
            name="abilities",
            columns={"id": "id", "prompt": "prompt", "chosen": "chosen", "rejected": "rejected"},
            attributes=["ability"],
        ),
    )

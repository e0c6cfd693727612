"""Every error a user can meet, as one tree, so that a caller can catch as widely or as narrowly as needed.

AcclimateError
├── UserError              the user can mend it: exit code 2, one sentence, no traceback
│   ├── ConfigError        acclimate.yaml or a --set value
│   ├── SourceError        a file of data that cannot be read as it stands
│   ├── DataError          records that cannot go through a stage
│   ├── ModelError         a base model, adapter or checkpoint
│   ├── ResourceError      disk, memory or device
│   └── WorkspaceError     a lock, a damaged artifact, a missing key
└── ContractError          a stage broke the contract of core.stage: a defect of the stage, not of the data
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence


class AcclimateError(Exception):
    """Base of all errors that acclimate raises on purpose."""


class UserError(AcclimateError):
    """A mistake the user can mend: what happened with the value, why it matters, what to do next.

    A message never holds record text, which may name a person: it names ids, files and lines.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        self.message = message
        self.hint = hint
        super().__init__(f"{message}\nhint: {hint}" if hint else message)


class ConfigError(UserError):
    """acclimate.yaml or a --set value is not valid."""


class SourceError(UserError):
    """A source file is missing, empty or not in the format it claims."""


class DataError(UserError):
    """The records cannot be used as they stand (for example: no test records are left)."""


class ModelError(UserError):
    """A base model, adapter or checkpoint cannot be found, trusted or used."""


class ResourceError(UserError):
    """Disk, memory or a device does not suffice."""


class WorkspaceError(UserError):
    """The project folder is locked, damaged, or lacks something it needs."""


class ContractError(AcclimateError):
    """A stage broke its contract; the fault lies in the stage's code."""


def nearest_hint(wrong: str, known: Sequence[str], otherwise: str) -> str:
    """A hint that names the known word nearest to a wrong one, else all of them.

    >>> nearest_hint("promt", ["prompt", "text"], "known are")
    'did you mean prompt?'
    """
    nearest = difflib.get_close_matches(wrong, known, n=1)
    return f"did you mean {nearest[0]}?" if nearest else f"{otherwise}: {', '.join(known)}"

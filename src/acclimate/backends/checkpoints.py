"""Checkpoints of a training run: tensors in safetensors, the rest in JSON, each file known by its digest.

A checkpoint is written beside, then given its name, with its seal as the last file. Before one is used every byte of
it is checked; a damaged one is set aside under another name and said, never used and never lost. No pickle is read.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from acclimate.backends.tensor_files import read_tensors, write_tensors
from acclimate.core.atomic import file_digest, publish_folder, read_json, write_bytes, write_json
from acclimate.core.crash_points import crash_point

WEIGHTS, OPTIMISER, STATE, MANIFEST, SEAL = (
    "weights.safetensors",
    "optimiser.safetensors",
    "state.json",
    "manifest.json",
    "complete",
)
DAMAGED, OTHER_RUN = "damaged-", "other-run-"
KEPT_NEWEST = 2


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint on disk whose every byte was verified. `state` is what the loop stored beside its tensors."""

    folder: Path
    state: Mapping[str, Any]

    @property
    def step(self) -> int:
        """After which optimiser step it was written."""
        return int(self.state["step"])

    @property
    def best_step(self) -> int:
        """The step whose checkpoint holds the best weights so far; its own where it is the best."""
        return int(self.state["best_step"])

    def weights(self) -> dict[str, Tensor]:
        """The fp32 masters."""
        return read_tensors(self.folder / WEIGHTS)

    def optimiser(self) -> dict[str, Tensor]:
        """The optimiser's moments."""
        return read_tensors(self.folder / OPTIMISER)


@dataclass(frozen=True)
class Found:
    """What a killed run left: the checkpoint to go on from, if any, and what has to be said."""

    checkpoint: Checkpoint | None
    notes: Sequence[str]


class CheckpointFolder:
    """The checkpoints of one run, `step-000020` and so on. `run` identifies everything that decides the run."""

    def __init__(self, folder: Path, *, run: str) -> None:
        self.folder = folder
        self._run = run

    def write(self, state: Mapping[str, Any], weights: Mapping[str, Tensor], optimiser: Mapping[str, Tensor]) -> None:
        """Writes a checkpoint whole, then removes those that are neither among the newest nor hold the best weights."""
        step, best_step = int(state["step"]), int(state["best_step"])
        temporary = self.folder / f".step-{step:06d}.partial"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        write_tensors(temporary / WEIGHTS, weights)
        crash_point("checkpoint.weights_written")
        write_tensors(temporary / OPTIMISER, optimiser)
        write_json(temporary / STATE, {**state, "run": self._run})
        write_json(temporary / MANIFEST, {name: file_digest(temporary / name) for name in (WEIGHTS, OPTIMISER, STATE)})
        write_bytes(temporary / SEAL, file_digest(temporary / MANIFEST).encode())
        crash_point("checkpoint.before_publish")
        publish_folder(temporary, self._path(step))
        for stale in self._steps()[:-KEPT_NEWEST]:
            if stale != best_step:
                crash_point("checkpoint.before_removal")
                _remove(self._path(stale))

    def newest_valid(self) -> Found:
        """The newest checkpoint that is whole, of this run, and whose best weights are at hand too.

        Damaged ones and those of another run are renamed; the notes name them, also on every later call.
        """
        for unfinished in self.folder.glob(".step-*"):
            shutil.rmtree(unfinished)
        valid: dict[int, Checkpoint] = {}
        for step in self._steps():
            checkpoint, fault = _verified(self._path(step))
            if checkpoint is None:
                self._set_aside(step, DAMAGED, fault)
            elif checkpoint.state["run"] != self._run:
                self._set_aside(step, OTHER_RUN, "it belongs to another run")
            else:
                valid[step] = checkpoint
        usable = [step for step, checkpoint in valid.items() if checkpoint.best_step in valid]
        newest = valid[max(usable)] if usable else None
        return Found(newest, self._notes())

    def at(self, step: int) -> Checkpoint | None:
        """The checkpoint of a step, verified; None where it is missing or damaged."""
        path = self._path(step)
        return _verified(path)[0] if path.is_dir() else None

    def _path(self, step: int) -> Path:
        return self.folder / f"step-{step:06d}"

    def _steps(self) -> list[int]:
        return sorted(int(path.name.removeprefix("step-")) for path in self.folder.glob("step-[0-9]*"))

    def _set_aside(self, step: int, prefix: str, why: str) -> None:
        path = self._path(step)
        target = self.folder / f"{prefix}{path.name}"
        number = 1
        while target.exists():
            number += 1
            target = self.folder / f"{prefix}{path.name}-{number}"
        write_json(path / "set-aside.json", {"why": why})
        crash_point("checkpoint.before_set_aside")
        path.rename(target)

    def _notes(self) -> list[str]:
        notes = []
        for path in sorted(self.folder.glob(f"{DAMAGED}*")):
            why = _why(path)
            notes.append(f"A checkpoint was damaged ({why}); it was set aside as {path.name} and not used.")
        others = sorted(self.folder.glob(f"{OTHER_RUN}*"))
        if others:
            notes.append(
                f"{len(others)} checkpoint(s) of a run with another plan, data, base, thread count or library version"
                " were set aside and not used."
            )
        return notes


def _why(path: Path) -> str:
    try:
        return str(read_json(path / "set-aside.json")["why"])
    except (OSError, ValueError, KeyError):
        return "how is not known"


def _verified(folder: Path) -> tuple[Checkpoint | None, str]:
    """The checkpoint if every file is what it was when written; else what is wrong with it."""
    for name in (SEAL, MANIFEST, STATE, WEIGHTS, OPTIMISER):
        if not (folder / name).is_file():
            return None, f"{name} is missing"
    if (folder / SEAL).read_bytes() != file_digest(folder / MANIFEST).encode():
        return None, f"{MANIFEST} or its seal was changed"
    for name, digest in read_json(folder / MANIFEST).items():
        if file_digest(folder / name) != digest:
            return None, f"{name} was changed or cut short"
    return Checkpoint(folder, json.loads((folder / STATE).read_bytes())), ""


def _remove(folder: Path) -> None:
    """Takes the name away first, so that a kill leaves no checkpoint that looks damaged."""
    hidden = folder.with_name(f".{folder.name}.removed")
    shutil.rmtree(hidden, ignore_errors=True)
    folder.rename(hidden)
    shutil.rmtree(hidden)

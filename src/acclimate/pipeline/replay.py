"""Whether the scores of a release come out again from its model and data: predictions and evaluation are made anew beside
the project's artifacts, and every figure is compared with the one that was released."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from acclimate.core.artifacts import Artifact
from acclimate.core.errors import WorkspaceError
from acclimate.core.stage import Stage, StageConfig, Zone
from acclimate.pipeline.code import code_digest
from acclimate.pipeline.outside import Outside
from acclimate.pipeline.run import Listener, run_stage
from acclimate.pipeline.table import load_stage
from acclimate.project.manifests import InputReference, Manifest, State, artifact_files, content_identity
from acclimate.project.workspace import Finished
from acclimate.release.grounds import Grounds
from acclimate.release.verify_bundle import HOLDS, UNPROVED, WRONG, Check

TOLERANCE = 1e-4
"""By how much a figure may differ, as a share of the larger one where that is above one. On the machine, threads and
libraries of the release nothing differs."""

_PREDICTIONS, _EVALUATION = "predict.", "evaluate"


@dataclass
class _Compared:
    """The figures that were compared, the greatest difference, and the first that differs by too much."""

    tolerance: float
    figures: int = 0
    greatest: float = 0.0
    differing: list[str] = field(default_factory=list)

    def compare(self, here: Any, there: Any, place: str) -> None:
        """Compares two JSON values, member by member."""
        if isinstance(here, Mapping) and isinstance(there, Mapping) and here.keys() == there.keys():
            for name in here:
                self.compare(here[name], there[name], f"{place}.{name}" if place else str(name))
        elif isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
            for number, (one, other) in enumerate(zip(here, there, strict=True)):
                self.compare(one, other, f"{place}.{number}")
        elif _is_number(here) and _is_number(there):
            self._figures(float(here), float(there), place)
        elif here != there:
            self.differing.append(place)

    def _figures(self, here: float, there: float, place: str) -> None:
        self.figures += 1
        if here == there or (math.isnan(here) and math.isnan(there)):
            return
        apart = abs(here - there) / max(1.0, abs(here), abs(there))
        self.greatest = max(self.greatest, apart)
        if not apart <= self.tolerance:
            self.differing.append(place)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def replay(grounds: Grounds, outside: Outside, listener: Listener, *, tolerance: float = TOLERANCE) -> Iterator[Check]:
    """Makes every prediction and the evaluation of a bundle anew; a check for each, and the first that fails ends it.

    The project needs the artifacts that they were made from, byte for byte. None of it changes: what is made lies in the
    work in progress, where a kill loses none of it, until all is compared. To be called under the lock. Raises
    WorkspaceError where something that is needed is not there.
    """
    predictions = sorted(step for step in grounds.steps if step.startswith(_PREDICTIONS))
    manifests = {name: Manifest.model_validate(grounds.steps[name].manifest) for name in (*predictions, _EVALUATION)}
    used = {
        reference.step: reference
        for manifest in manifests.values()
        for reference in manifest.inputs.values()
        if reference.step not in predictions
    }
    found = {step: _at_hand(reference, manifests[_EVALUATION], outside) for step, reference in used.items()}
    others = [step for step, artifact in found.items() if artifact.identity != used[step].identity]
    if others:
        yield Check(
            "model and data", WRONG, f"{others[0]} of this project is not the one that the release was made from"
        )
        return
    yield Check("model and data", HOLDS, f"{len(found)} inputs of this project are those of the release, byte for byte")
    folders = []
    for name, manifest in manifests.items():
        folders.append(outside.workspace.partial_folder(f"replayed-{name}", manifest.key, Zone.OPEN))
        stage = load_stage(manifest.stage)
        inputs = {role: found[reference.step] for role, reference in manifest.inputs.items()}
        made, report = run_stage(stage, _config(stage, manifest), inputs, folders[-1], outside, listener.progress)
        found[name] = Artifact(made)
        compared = _Compared(tolerance)
        if name == _EVALUATION:
            compared.compare(report.to_json()["metrics"], grounds.steps[name].report["metrics"], "")
        else:
            _compare_rows(found[name], outside.workspace.at(name, manifest.key), compared)
        check = _said(name, compared, is_same_code=code_digest(stage) == manifest.code)
        yield check
        if check.state == WRONG:
            return
    for folder in folders:
        shutil.rmtree(folder)


def _at_hand(reference: InputReference, evaluation: Manifest, outside: Outside) -> Artifact:
    """An input as it lies here, with the identity that its bytes have now."""
    if reference.step.startswith("@"):
        config = _config(load_stage(evaluation.stage), evaluation)
        provided = [one.artifact for one in outside.provide(reference.step, config).values()]
        same = [artifact for artifact in provided if artifact.identity == reference.identity]
        return (same or provided)[0]
    finished = outside.workspace.at(reference.step, reference.key)
    if finished is None or finished.manifest.state is State.ERASED:
        raise WorkspaceError(
            f"The {reference.step} that the release was made from ({reference.key}) is not in this project.",
            hint="give the project in which the release was made, with its artifacts, as --replay",
        )
    folder = finished.artifact.path
    return Artifact(folder, content_identity(folder, artifact_files(folder)))


def _config(stage: Stage, manifest: Manifest) -> StageConfig:
    try:
        return stage.config.model_validate(manifest.config)
    except ValidationError as error:
        raise WorkspaceError(
            f"The settings of {manifest.step} in the bundle are not known to this version of acclimate.",
            hint="replay with the version that made it: bundle.json names it",
        ) from error


def _compare_rows(here: Artifact, there: Finished | None, compared: _Compared) -> None:
    """Compares predictions item by item where those of the release lie here too; the evaluation tells of the rest."""
    if there is not None and there.manifest.state is State.COMPLETE:
        compared.compare(_by_item(here), _by_item(there.artifact), "")


def _by_item(predictions: Artifact) -> dict[str, Any]:
    return {f"{row['suite']} {row['candidate']} {row['id']}": row for row in predictions.rows()}


def _said(name: str, compared: _Compared, *, is_same_code: bool) -> Check:
    """Another version may rightly give other figures, so a difference of it proves nothing."""
    version = "" if is_same_code else "; made by another version of acclimate than this"
    if not compared.differing:
        said = f"{compared.figures} figures, of which none differs by more than {compared.greatest:.1e}{version}"
        return Check(f"{name} again", HOLDS, said)
    others = len(compared.differing) - 1
    more = f" and {others} more differ" if others else " differs"
    said = f"{compared.differing[0]}{more} by more than {compared.tolerance:g}{version}"
    return Check(f"{name} again", WRONG if is_same_code else UNPROVED, said)

"""The manifest of what leaves the annotation database as an artifact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from acclimate.core.stage import Zone
from acclimate.project.manifests import InputReference, Manifest, artifact_files, artifact_key, content_identity

STEP = "annotation"


def snapshot_manifest(
    folder: Path, *, of: str, state: str, config: dict[str, Any], code: str, stage: str = STEP
) -> Manifest:
    """Of the files in a folder, made from the answers of a task or study whose state has this digest.

    `stage` tells what was made of them, `code` changes when equal answers would give other files.
    """
    inputs = {"annotations": InputReference(step=f"@{of}", key=state[:16], identity=state)}
    files = artifact_files(folder)
    return Manifest(
        step=STEP,
        stage=STEP,
        key=artifact_key(stage=stage, code=code, config=config, inputs=inputs, secrets={}),
        zone=Zone.RESTRICTED,
        equality="bytes",
        config=config,
        inputs=inputs,
        code=code,
        secrets={},
        identity=content_identity(folder, files),
        files=files,
        environment={},
    )

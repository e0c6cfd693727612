"""Findings in the project's folder, for the report and for whoever reads them without the database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from acclimate.annotation.study.analysis import Findings
from acclimate.annotation.study.running import Look, Study
from acclimate.core.atomic import json_bytes, json_digest, read_json, write_bytes
from acclimate.project.workspace import Workspace

FOLDER = "studies"
KEPT = "study findings kept"


def findings_json(standing: Study, taken: Look, findings: Findings) -> dict[str, Any]:
    """What a look found, with the protocol and the outputs that it is about; holds no text of a record."""
    return {
        "study": standing.protocol.name,
        "plan": standing.protocol.model_dump(mode="json"),
        "outputs": dict(standing.outputs),
        **findings.to_json(),
        "look": asdict(taken),
    }


def keep_findings(workspace: Workspace, told: Mapping[str, Any]) -> Path:
    """Writes what a look found, and notes its digest in the audit log; the same look again gives the same file."""
    file: Path = workspace.folder / FOLDER / told["study"] / f"look-{told['look']['number']}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    content = json_bytes(dict(told))
    if not file.exists() or file.read_bytes() != content:
        workspace.audit.append(KEPT, study=told["study"], digest=json_digest(json.loads(content)))
        write_bytes(file, content)
    return file


def newest_findings(workspace: Workspace) -> list[dict[str, Any]]:
    """The last look of each study, by name."""
    folders = sorted(path for path in (workspace.folder / FOLDER).glob("*") if path.is_dir())
    looks = [sorted(folder.glob("look-*.json"), key=lambda file: int(file.stem.split("-")[1])) for folder in folders]
    return [read_json(files[-1]) for files in looks if files]

"""What each arm answered, read from the project's newest predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from acclimate.annotation.study.design import Answered
from acclimate.annotation.study.protocol import REFERENCE, Protocol
from acclimate.core.artifacts import Artifact
from acclimate.core.errors import DataError
from acclimate.core.preferences import asked_and_answered
from acclimate.project.manifests import State
from acclimate.project.workspace import Workspace

_PAYLOAD = ["text", "prompt", "completion", "messages", "chosen", "rejected"]
_COLUMNS = ["id", *_PAYLOAD, "site", "subject_id", "cluster_id", "split"]


@dataclass(frozen=True)
class Outputs:
    """Test records with their answers, and the row digest of the predictions of each arm."""

    records: Sequence[Answered]
    identities: Mapping[str, str]


def read_outputs(workspace: Workspace, protocol: Protocol) -> Outputs:
    """The test records by id, with the answer that each arm's `predict.<arm>` step made where it made one."""
    split = workspace.readable("split").artifact.table(_COLUMNS).to_pylist()
    test = [record for record in split if record["split"] == "test"]
    if not test:
        raise DataError("There is no test record, so nothing can be compared.", hint="acclimate run --until split")
    made = {arm: workspace.readable(f"predict.{arm}").artifact for arm in protocol.arms if arm != REFERENCE}
    texts = {arm: _generated(artifact) for arm, artifact in made.items()}
    if not any(texts.values()):
        raise DataError(
            f"None of {', '.join(texts)} wrote an answer, so there is nothing to read blind.",
            hint="raise predict.generations; the labels that a classifier tells are checked by annotating its test records",
        )
    records = [_answered(record, texts) for record in sorted(test, key=lambda record: str(record["id"]))]
    return Outputs(records, {arm: artifact.identity for arm, artifact in made.items()})


def read_references(workspace: Workspace) -> list[Answered]:
    """The test records by id with what people answered, without any output; empty where their rows are gone."""
    latest = workspace.latest("split")
    if latest is None or latest.manifest.state is State.ERASED:
        return []
    split = latest.artifact.table(_COLUMNS).to_pylist()
    return [_answered(one, {}) for one in sorted(split, key=lambda one: str(one["id"])) if one["split"] == "test"]


def _answered(record: dict[str, Any], outputs: dict[str, dict[str, str]]) -> Answered:
    question, reference = asked_and_answered(record)
    return Answered(
        id=record["id"],
        question=question,
        outputs={arm: texts[record["id"]] for arm, texts in outputs.items() if record["id"] in texts},
        reference=reference,
        cluster=record["subject_id"] or record["cluster_id"] or record["id"],
        site=record["site"],
    )


def _generated(made: Artifact) -> dict[str, str]:
    """The answers to test records, by record."""
    rows = made.table(["id", "suite", "generated"]).to_pylist()
    return {row["id"]: row["generated"] for row in rows if row["suite"] == "task" and row["generated"] is not None}

"""The bill of materials of a release: CycloneDX 1.6, with the model card that it has for machine learning."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from acclimate import __version__
from acclimate.core.atomic import json_bytes
from acclimate.release.verify_bundle import released_files

if TYPE_CHECKING:
    from acclimate.release.cards import About

_NOT_LIBRARIES = frozenset({"machine", "threads", "python", "bf16"})
_MODEL = "model"


def bill_of_materials(about: About) -> bytes:
    """As JSON after https://cyclonedx.org/docs/1.6/json/: the model, its files, base, data and libraries."""
    parts = [*_base(about), *_data(about), *_files(about), *_libraries(about)]
    return json_bytes(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, about.grounds.evaluation)}",
            "version": 1,
            "metadata": {
                "tools": {"components": [{"type": "application", "name": "acclimate", "version": __version__}]},
                "component": _model(about),
            },
            "components": parts,
            "dependencies": [{"ref": _MODEL, "dependsOn": [part["bom-ref"] for part in parts]}],
        }
    )


def _model(about: About) -> dict[str, Any]:
    comparisons = (about.report("evaluate") or {}).get("comparisons", ())
    metrics = [
        {
            "type": f"{row['metric']} less that of {row['arm']}",
            "value": str(row["difference"]),
            "confidenceInterval": {"lowerBound": str(row["low"]), "upperBound": str(row["high"])},
        }
        for row in comparisons
    ]
    return {
        "type": "machine-learning-model",
        "bom-ref": _MODEL,
        "name": about.project,
        "version": about.version,
        "modelCard": {
            "modelParameters": {"task": about.task, "datasets": [{"ref": "data"}]},
            "quantitativeAnalysis": {"performanceMetrics": metrics},
        },
    }


def _base(about: About) -> Iterator[dict[str, Any]]:
    if about.base:
        digest = {"name": "acclimate:digest", "value": about.base["digest"]}
        name = about.base["name"]
        yield {"type": "machine-learning-model", "bom-ref": "base", "name": name, "properties": [digest]}


def _data(about: About) -> Iterator[dict[str, Any]]:
    split = about.grounds.steps.get("split")
    if split is not None:
        digest = {"name": "acclimate:rows", "value": split.manifest["identity"]}
        yield {
            "type": "data",
            "bom-ref": "data",
            "name": "training, validation and test records",
            "data": [{"type": "dataset", "name": "split"}],
            "properties": [digest],
        }


def _files(about: About) -> Iterator[dict[str, Any]]:
    manifests = {name: step.manifest for name, step in about.grounds.steps.items()}
    for name, digest in sorted(released_files(manifests).items()):
        hashes = [{"alg": "SHA-256", "content": digest}]
        yield {"type": "file", "bom-ref": f"file:{name}", "name": name, "hashes": hashes}


def _libraries(about: About) -> Iterator[dict[str, Any]]:
    for name, version in sorted(about.environment.items()):
        if name not in _NOT_LIBRARIES:
            purl = f"pkg:pypi/{name.lower()}@{version.partition('+')[0]}"
            yield {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}

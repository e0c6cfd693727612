"""What the pipeline takes from outside itself: snapshots of sources, base models, the split ledger, people's lists, secrets.

Each becomes an input with an identity, or None where the project has none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from acclimate.backends.base_models import default_cache, resolve_base
from acclimate.backends.models import LocalModels
from acclimate.collect.retention import FOLDER as PACKAGED_RETENTION_SET
from acclimate.collect.snapshots import collect
from acclimate.core.artifacts import Artifact
from acclimate.core.stage import Stage, StageConfig
from acclimate.pipeline.config import ProjectConfig
from acclimate.project.kept_records import kept_records
from acclimate.project.keys import fingerprint, has_key, load_key
from acclimate.project.manifests import InputReference, artifact_files, content_identity
from acclimate.project.workspace import Workspace

KEEP = "@keep."
"""Followed by a step: the records that people re-included in it."""

ADAPTER_FILES = ("adapter_config.json", "weights.safetensors")
"""A folder with one of these holds an adapter, or the changed weights of a base; any other is a whole model."""


@dataclass(frozen=True)
class Provided:
    """An input as the stage gets it and as the manifest records it."""

    artifact: Artifact
    reference: InputReference


@dataclass
class Outside:
    """Fetches each outside input once a run."""

    workspace: Workspace
    config: ProjectConfig
    cache: Path = field(default_factory=default_cache)

    @cached_property
    def models(self) -> LocalModels:
        """The models of this machine."""
        return LocalModels()

    @cached_property
    def base(self) -> Path:
        """The folder of the base model; converted or fetched into the cache the first time."""
        return self.model_folder(self.config.base)

    def model_folder(self, name: str) -> Path:
        """The safetensors folder of a model by name, path or hub name."""
        return resolve_base(name, cache=self.cache, allow_network=self.config.network, folder=self.workspace.folder)

    def provide(self, name: str, config: StageConfig) -> dict[str, Provided]:
        """The inputs behind an @name, by suffix of the role (empty for a single one)."""
        if name == "@base":
            return {"": self._model(self.base, name)}
        if name == "@model":
            return self._trained_elsewhere()
        if name == "@candidates":
            candidates: tuple[str, ...] = getattr(config, "candidates", ())
            return {f".{candidate}": self._model(self.model_folder(candidate), name) for candidate in candidates}
        if name == "@ledger":
            head = self.workspace.ledger_head()
            return {"": Provided(head.artifact, _reference("split", head.manifest.key, head.artifact))} if head else {}
        if name.startswith(KEEP):
            kept = kept_records(self.workspace, name.removeprefix(KEEP))
            return {"": Provided(kept, _reference(name, kept.identity[:16], kept))} if kept else {}
        packaged = name == "@general" and not self.config.has_general
        sources: Any = getattr(config, "sources", ())
        folder = PACKAGED_RETENTION_SET if packaged else self.workspace.folder
        snapshot = collect(sources, folder=folder, snapshots=self.workspace.snapshots).artifact()
        return {"": Provided(snapshot, _reference(name, snapshot.identity[:16], snapshot))}

    def secrets(self, stage: Stage, config: StageConfig) -> dict[str, bytes]:
        """The secrets a step needs, by name."""
        names = [getattr(config, field_name) for field_name in stage.secrets]
        return {name: load_key(self.config.project, name) for name in names}

    def fingerprints(self, stage: Stage, config: StageConfig) -> dict[str, str]:
        """What of the secrets may be recorded; a missing one reads `missing`."""
        names = [getattr(config, field_name) for field_name in stage.secrets]
        project = self.config.project
        return {name: fingerprint(load_key(project, name)) if has_key(project, name) else "missing" for name in names}

    def _trained_elsewhere(self) -> dict[str, Provided]:
        """A whole model in place of the base, or an adapter beside it."""
        named = self.config.model or ""
        folder = self.workspace.folder / named
        if not any((folder / name).is_file() for name in ADAPTER_FILES):
            return {"base": self._model(self.model_folder(named), "@model")}
        files = artifact_files(folder)
        adapter = Artifact(folder, content_identity(folder, files))
        reference = _reference("@model", adapter.identity[:16], adapter)
        return {"base": self._model(self.base, "@base"), "adapter": Provided(adapter, reference)}

    def _model(self, folder: Path, name: str) -> Provided:
        artifact = Artifact(folder, self.models.facts(folder).digest)
        return Provided(artifact, _reference(name, artifact.identity[:16], artifact))


def _reference(step: str, key: str, artifact: Artifact) -> InputReference:
    return InputReference(step=step, key=key, identity=artifact.identity)

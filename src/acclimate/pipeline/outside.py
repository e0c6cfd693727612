"""What the pipeline takes from outside itself: snapshots of sources, base models, the split ledger, people's lists of
erased subjects and re-included records, secrets.

Each becomes an input with an identity, or None where the project has none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from acclimate.backends.base_models import default_cache, resolve_base
from acclimate.backends.models import LocalModels
from acclimate.backends.recognisers import recogniser_digest, recogniser_folder
from acclimate.collect.retention import FOLDER as PACKAGED_RETENTION_SET
from acclimate.collect.snapshots import LARGEST_COPY, collect
from acclimate.core.artifacts import Artifact
from acclimate.core.erased import Refusals, erased_identity, read_erased
from acclimate.core.errors import ConfigError, WorkspaceError
from acclimate.core.labels import LABEL_TASKS
from acclimate.core.ports import ModelFacts
from acclimate.core.snapshots import Snapshot
from acclimate.core.sources import SourceConfig
from acclimate.core.stage import Stage, StageConfig
from acclimate.pipeline.config import ProjectConfig
from acclimate.pipeline.table import Step
from acclimate.project.kept_records import kept_records
from acclimate.project.keys import fingerprint, has_key, load_key
from acclimate.project.manifests import InputReference, State, artifact_files, content_identity
from acclimate.project.workspace import Finished, Workspace
from acclimate.stages.ingest.erased_rows import ErasedRows

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

    @cached_property
    def base_facts(self) -> ModelFacts:
        """What the files of the base say of it."""
        return self.models.facts(self.base)

    def check_base(self, steps: Sequence[Step]) -> None:
        """Fails before anything runs where one of the steps needs the base and the base cannot do the task."""
        if any("@base" in step.inputs.values() for step in steps):
            _check_kind(self.base_facts, self.config.task)

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
            return {"": _split(head)} if head else {}
        if name == "@earlier":
            return {f".{number}": _split(one) for number, one in enumerate(_earlier_splits(self.workspace), 1)}
        if name == "@glossary":
            return self._edited_glossary(config)
        if name == "@lists":
            return self._lists(config)
        if name == "@tagger":
            return self._tagger(config)
        if name == "@recognisers":
            return self._recognisers(config)
        erased = read_erased(self.workspace.erased)
        if name == "@erased":
            listed = Artifact(self.workspace.erased, erased_identity(erased))
            return {"": Provided(listed, _reference(name, listed.identity[:16], listed))} if erased else {}
        if name.startswith(KEEP):
            kept = kept_records(self.workspace, name.removeprefix(KEEP))
            return {"": Provided(kept, _reference(name, kept.identity[:16], kept))} if kept else {}
        packaged = name == "@general" and not self.config.has_general
        folder = PACKAGED_RETENTION_SET if packaged else self.workspace.folder
        set_aside = getattr(config, "on_error", "") == "set_aside"
        return _provided(name, self.collect(getattr(config, "sources", ()), folder, set_aside=set_aside))

    def collect(
        self, sources: Sequence[SourceConfig], folder: Path, *, again: Collection[str] = (), set_aside: bool = False
    ) -> Snapshot:
        """The snapshot of sources; those named in `again` are fetched anew from where they lie.

        With `set_aside` the sound files of a spoilt archive are taken, and the others named in the snapshot.
        """
        # A copy of a file that still holds an erased person would bring them back, so files are read where they lie.
        largest_copy = 0 if read_erased(self.workspace.erased) else LARGEST_COPY
        return collect(
            sources,
            folder=folder,
            snapshots=self.workspace.snapshots,
            largest_copy=largest_copy,
            network=self.config.network,
            again=again,
            set_aside=set_aside,
            find_erased=self._erased_rows,
        )

    def _erased_rows(self, source: SourceConfig) -> ErasedRows | None:
        """The rows of a source that must not be landed; None where nobody was erased."""
        listed = read_erased(self.workspace.erased)
        return ErasedRows(source, Refusals(listed, self.keys_of_the_erased())) if listed else None

    def _lists(self, config: StageConfig) -> dict[str, Provided]:
        """The files of a user's own classes as a snapshot, each named by its class; none where there are no lists."""
        files: Mapping[str, str] = getattr(config, "lists", {})
        if not files:
            return {}
        sources = [SourceConfig(path=path, name=kind, format="text") for kind, path in sorted(files.items())]
        return _provided("@lists", self.collect(sources, self.workspace.folder))

    def _tagger(self, config: StageConfig) -> dict[str, Provided]:
        """The file of a user's own tagger as a snapshot, for it holds words of their texts; none where there is none."""
        path: str = getattr(config, "tagger_model", "")
        if not path:
            return {}
        if not (self.workspace.folder / Path(path).expanduser()).is_file():
            raise ConfigError(
                f"deidentify.tagger_model names {path}, and there is no such file, so names would be looked for by another.",
                hint=f"acclimate tagger retrain SNAPSHOT --output {path} makes it; without tagger_model the packaged one is used",
            )
        sources = [SourceConfig(path=path, name="tagger", format="text")]
        return _provided("@tagger", self.collect(sources, self.workspace.folder))

    def _recognisers(self, config: StageConfig) -> dict[str, Provided]:
        """The models of further libraries, by library, each with the digest of its files and of the library's version."""
        wanted: Mapping[str, str] = getattr(config, "recognisers", {})
        found = {}
        for library, model in sorted(wanted.items()):
            folder = recogniser_folder(model, self.workspace.folder)
            artifact = Artifact(folder, recogniser_digest(library, folder))
            found[f".{library}"] = Provided(artifact, _reference("@recognisers", artifact.identity[:16], artifact))
        return found

    def secrets(self, stage: Stage, config: StageConfig, roles: Collection[str]) -> dict[str, bytes]:
        """The secrets a step may need, by name: those its config names, and those of the list of erased subjects.

        A key that is not here is left out, and the stage that cannot do without it says so.
        """
        names = [getattr(config, field_name) for field_name in stage.secrets]
        keys = {name: load_key(self.config.project, name) for name in names if has_key(self.config.project, name)}
        return keys | (self.keys_of_the_erased() if "erased" in roles else {})

    def fingerprints(self, stage: Stage, config: StageConfig) -> dict[str, str]:
        """What of the secrets may be recorded; a missing one reads `missing`."""
        names = [getattr(config, field_name) for field_name in stage.secrets]
        project = self.config.project
        return {name: fingerprint(load_key(project, name)) if has_key(project, name) else "missing" for name in names}

    def keys_of_the_erased(self) -> dict[str, bytes]:
        """The keys that the list of erased subjects was made with; fails where one of them is not here any more."""
        keys: dict[str, bytes] = {}
        for person in read_erased(self.workspace.erased):
            if person.key not in keys and has_key(self.config.project, person.key):
                keys[person.key] = load_key(self.config.project, person.key)
            if person.key not in keys or fingerprint(keys[person.key]) != person.fingerprint:
                raise WorkspaceError(
                    f"The list of erased subjects was made with the key {person.key!r} of fingerprint"
                    f" {person.fingerprint}, which is not here: an erased person could not be told from any other.",
                    hint="restore that key from its copy; acclimate key show prints the fingerprint of the one in use",
                )
        return keys

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

    def _edited_glossary(self, config: StageConfig) -> dict[str, Provided]:
        """The list of terms that people keep, as it is now; nothing where there is none."""
        file = str(getattr(config, "file", ""))
        if not (self.workspace.folder / file).is_file():
            return {}
        source = SourceConfig(path=file, name="glossary", format="csv")
        return _provided("@glossary", self.collect([source], self.workspace.folder))

    def _model(self, folder: Path, name: str) -> Provided:
        facts = self.models.facts(folder)
        _check_kind(facts, self.config.task)
        artifact = Artifact(folder, facts.digest)
        return Provided(artifact, _reference(name, artifact.identity[:16], artifact))


def _check_kind(facts: ModelFacts, task: str) -> None:
    """Fails early where the base cannot do the task."""
    if task in LABEL_TASKS and facts.kind == "decoder":
        raise ConfigError(
            f"The base {facts.name} is a decoder, which writes text, and task {task} needs an encoder.",
            hint="use an encoder as the base, for example minilm-l6, or another task",
        )
    if task not in LABEL_TASKS and facts.kind == "encoder":
        raise ConfigError(
            f"The base {facts.name} is an encoder, which writes no text, and task {task} needs a decoder.",
            hint="use a decoder as the base, for example smollm2-135m, or task: classification",
        )


def _provided(name: str, snapshot: Snapshot) -> dict[str, Provided]:
    artifact = snapshot.artifact()
    return {"": Provided(artifact, _reference(name, artifact.identity[:16], artifact))}


def _earlier_splits(workspace: Workspace) -> Iterator[Finished]:
    """The splits before the one that holds the ledger, newest first, back to one that has all test records before it.

    A split that is not there any more ends them.
    """
    split = workspace.ledger_head()
    while split is not None and not _has_all_test_records(split):
        previous = split.manifest.inputs.get("previous")
        split = workspace.at("split", previous.key) if previous else None
        if split is not None:
            yield split


def _has_all_test_records(split: Finished) -> bool:
    """Whether no test record of an earlier round is absent from a split, so that none before it says more."""
    absent = split.artifact.report().metrics.get("earlier_test_records_absent")
    return split.manifest.state is State.COMPLETE and absent == 0


def _split(finished: Finished) -> Provided:
    return Provided(finished.artifact, _reference("split", finished.manifest.key, finished.artifact))


def _reference(step: str, key: str, artifact: Artifact) -> InputReference:
    return InputReference(step=step, key=key, identity=artifact.identity)

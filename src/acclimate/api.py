"""What a notebook uses: a project that can be planned, run, and read as tables and reports."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from acclimate.certificate.certify import (
    Drawing,
    certify,
    draw_sample,
    earlier_sample,
    judge_reading,
    new_sample,
    standing,
)
from acclimate.certificate.store import Sample
from acclimate.collect.snapshots import remove_leftovers
from acclimate.core.artifacts import Artifact
from acclimate.core.atomic import publish_folder, write_json
from acclimate.core.errors import ConfigError, WorkspaceError
from acclimate.core.labels import LABEL_TASKS
from acclimate.core.ports import Example, LanguageModel, Message, Progress, Sampling
from acclimate.core.progress import no_progress
from acclimate.core.report import Report
from acclimate.core.snapshots import SnapshotSource
from acclimate.core.stage import StageConfig, Zone
from acclimate.pipeline.config import ProjectConfig, read_config
from acclimate.pipeline.glossary_list import extend_list
from acclimate.pipeline.outside import Outside
from acclimate.pipeline.plan import PlannedStep, plan
from acclimate.pipeline.replay import TOLERANCE, replay
from acclimate.pipeline.run import Listener, StepOutcome, run
from acclimate.pipeline.setting import write_setting
from acclimate.pipeline.table import Step
from acclimate.project import erasure
from acclimate.project.annotation_snapshots import ANNOTATION_SNAPSHOTS
from acclimate.project.erasure import Annotations, Erased, Key
from acclimate.project.keys import has_key, load_key
from acclimate.project.workspace import TRIAL, Workspace
from acclimate.release.bundle import read_grounds
from acclimate.release.judge import VERDICT_FILE, Verdict
from acclimate.release.verify_bundle import Check
from acclimate.report.gather import gather
from acclimate.report.page import templates, write_report
from acclimate.report.profile import write_profile
from acclimate.stages.glossary import GlossaryConfig
from acclimate.stages.ingest import IngestConfig
from acclimate.stages.train import TrainConfig, preview

if TYPE_CHECKING:
    from acclimate.certificate.task import SampleTask
    from acclimate.release.decisions import Said
    from acclimate.report.released import Released

QUICK = (
    "ingest.limit=120",
    "general.limit=24",
    "sample.n=4",
    "sample.max_new_tokens=16",
    "train.max_steps=2",
    "train.validation_limit=4",
    "sweep.alphas=[0.5, 1]",
    "sweep.validation_limit=4",
    "sweep.probes_per_ability=4",
    "predict.generations=2",
    "predict.max_new_tokens=8",
)
"""What `--quick` sets: a trial of the whole line in a minute or two, in an area of its own."""

QUICK_PRETRAIN = ("pretrain.max_steps=2", "pretrain.validation_limit=4")
"""The same where the project has that step."""


class Silent:
    """A listener that says nothing."""

    def progress(self, description: str, total: int) -> Progress:
        """A bar that shows nothing."""
        return no_progress(description, total)

    def begins(self, planned: PlannedStep) -> None:
        """Nothing."""

    def ended(self, outcome: StepOutcome) -> None:
        """Nothing."""


@dataclass(frozen=True)
class Project:
    """An acclimate project, opened with `Project.open(path)`."""

    workspace: Workspace
    config: ProjectConfig
    outside: Outside

    @classmethod
    def open(cls, path: str | Path = ".", *, overrides: Sequence[str] = (), quick: bool = False) -> Project:
        """The project in a folder. `overrides` are `stage.key=value`; `quick` opens the small trial of it."""
        workspace = Workspace.open(Path(path), area=TRIAL if quick else "")
        config = read_config(workspace.folder, overrides=overrides)
        if quick:
            trial = (*QUICK, *(QUICK_PRETRAIN if config.pretrains else ()))
            config = read_config(workspace.folder, overrides=[*trial, *overrides])
        return cls(workspace, config, Outside(workspace, config))

    def plan(self, *, until: str | None = None, strict: bool = False) -> list[PlannedStep]:
        """What is current, what is stale and why, and what running it will cost."""
        self._check_step(until)
        return plan(self.config, self.outside, until=until, strict=strict)

    def run(
        self, *, until: str | None = None, listener: Listener | None = None, strict: bool = False
    ) -> list[StepOutcome]:
        """Runs what is not current (up to `until`); interrupting it and running again loses nothing finished."""
        return list(self.iterate(until=until, listener=listener, strict=strict))

    def iterate(
        self, *, until: str | None = None, listener: Listener | None = None, strict: bool = False
    ) -> Iterator[StepOutcome]:
        """Like `run`, one step at a time."""
        self._check_step(until)
        with self.workspace.lock():
            self.workspace.check_no_erasure_is_unfinished()
            remove_leftovers(self.workspace.snapshots)
            yield from run(self.config, self.outside, listener or Silent(), until=until, strict=strict)

    def collect(self, sources: Sequence[str] = ()) -> list[SnapshotSource]:
        """Lands the sources as they are now: those of `sources`, else all, are fetched anew from where they lie.

        A plan or a run does the same for files, but goes to a database or a URL only the first time.
        """
        steps = [step for step in self.config.steps if step.stage == "ingest" and self._has_sources(step)]
        configs = [cast(IngestConfig, self.config.resolve(step)) for step in steps]
        known = [source.name for config in configs for source in config.sources]
        for name in sources:
            if name not in known:
                raise ConfigError(f"There is no source {name!r} in this project.", hint=f"it has: {', '.join(known)}")
        with self.workspace.lock():
            remove_leftovers(self.workspace.snapshots)
            landed = [
                self.outside.collect(
                    config.sources,
                    self.workspace.folder,
                    again=sources or known,
                    set_aside=config.on_error == "set_aside",
                )
                for config in configs
            ]
        return [source for snapshot in landed for source in snapshot.sources]

    def _has_sources(self, step: Step) -> bool:
        return step.section != "general" or self.config.has_general

    def preview_erasure(self, subject: str, *, keep_models: str = "", database: str | None = None) -> Erased:
        """What erasing a person would delete and mean; nothing is changed.

        `subject` is their id in the sources or in the open zone; a record without a subject is one, by its record id.
        `database` is the URL of the annotations where they are not in the project's folder.
        """
        key, annotations = self.hashing_key(), self._annotations(database)
        with self.workspace.lock():
            request = erasure.Request(subject, keep_models)
            return erasure.preview(self.workspace, request, key=key, annotations=annotations)

    def erase(
        self,
        subject: str,
        *,
        keep_models: str = "",
        in_advance: bool = False,
        database: str | None = None,
        by: str = "",
    ) -> Erased:
        """Deletes everything that holds a person and refuses them from now on, in the quick trial too.

        Models that were trained on them stay only for a reason, `keep_models`, which the receipt repeats. Fails where
        no record names the person, unless `in_advance`. `database` is as for `preview_erasure`; `by` is who does it, as the
        annotations tell it.
        """
        key, annotations = self.hashing_key(), self._annotations(database, by=by)
        with self.workspace.lock():
            request = erasure.Request(subject, keep_models, in_advance)
            return erasure.erase(self.workspace, request, key=key, annotations=annotations)

    def resume_erasure(self, *, database: str | None = None, by: str = "") -> Erased:
        """Ends the erasure that was interrupted; `database` must be what it began with, `by` is as for `erase`."""
        annotations = self._annotations(database, by=by)
        with self.workspace.lock():
            return erasure.resume(self.workspace, annotations=annotations)

    def _annotations(self, database: str | None, *, by: str = "") -> Annotations | None:
        # SQLAlchemy takes a quarter of a second to import, and no other verb that comes through here needs it.
        from acclimate.annotation.erasure import AnnotationDatabase
        from acclimate.annotation.store import ITSELF

        return AnnotationDatabase.of_project(self.workspace.folder, database, by=by or ITSELF)

    def hashing_key(self) -> Key:
        """The secret key by which people are hashed, of the step deidentify; fails where it is not here."""
        step = next((step for step in self.config.steps if step.stage == "deidentify"), None)
        if step is None:
            raise WorkspaceError(
                "This project has no step deidentify, so it has no key by which an erased subject could be listed.",
                hint="it only compares models on a test file: delete its folder, and the person from that file",
            )
        name: str = getattr(self.config.resolve(step), "key", "")
        if not has_key(self.config.project, name):
            raise WorkspaceError(
                f"The key {name!r} of project {self.config.project!r} is not here; without it a subject can neither be"
                " found by their hash nor refused later.",
                hint="restore it from its copy (acclimate doctor says where keys lie); a project that was never run"
                " gets one with: acclimate key new",
            )
        return Key(name, load_key(self.config.project, name))

    def preview_training(self, rows: int) -> list[dict[str, Any]]:
        """The first training rows as the model sees them: `pieces` are texts, each with whether it carries loss."""
        step = next((step for step in self.config.steps if step.name == "train"), None)
        config = self.config.resolve(step) if step else None
        if not isinstance(config, TrainConfig):
            raise ConfigError("This project trains nothing.", hint="remove `model:` from acclimate.yaml")
        inputs = {"records": self.artifact("split"), "base": Artifact(self.outside.base)}
        return preview(config, inputs, self.outside.models, rows)

    def set_dial(self, alpha: float | None) -> None:
        """Writes the strength at which what was trained is kept into acclimate.yaml; None lets the budget choose again.

        Nothing is trained for it: the next run scales what train left and evaluates anew.
        """
        if self.config.task in LABEL_TASKS:
            raise ConfigError(
                "A classifier has no strength to set: its head is new, and the base has none that it could go back to.",
                hint="change train.learning_rate or train.num_train_epochs, and run again",
            )
        if not any(step.stage == "dial" for step in self.config.steps):
            raise ConfigError("This project trains nothing.", hint="remove `model:` from acclimate.yaml")
        read_config(self.workspace.folder, overrides=[f"dial.alpha={'null' if alpha is None else alpha}"])
        write_setting(self.workspace.folder, "dial", "alpha", alpha)

    def export(self, folder: Path) -> Path:
        """Writes the model that was evaluated last, at its strength, as a safetensors folder that any trainer reads.

        Another project can name it as its base. `lineage.json` in it says what it was made from.
        """
        if self.config.task in LABEL_TASKS or not any(step.stage == "dial" for step in self.config.steps):
            raise ConfigError(
                "This project trains no model that writes text, so there is none to export.",
                hint="a classifier lies with its encoder in the folder that acclimate where train names",
            )
        if folder.exists():
            raise WorkspaceError(f"{folder} is there already, and nothing is replaced.", hint="give another name")
        made = self.workspace.readable("dial")
        partial = folder.with_name(f".{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        self.outside.models.write_merged(self.outside.base, adapter=made.artifact.model_folder, output=partial)
        origin = {"project": self.config.project, "base": self.outside.models.facts(self.outside.base).digest}
        kept = {"dial": made.manifest.key, "alpha": made.artifact.report().metrics["alpha"]}
        write_json(partial / "lineage.json", origin | kept)
        publish_folder(partial, folder)
        self.workspace.audit.append("model exported", **kept)
        return folder

    def where(self, step: str) -> Path:
        """The folder of a step's latest artifact."""
        return self.artifact(step).path

    def table(self, step: str) -> pa.Table:
        """The rows of a step's latest artifact, as an Arrow table; a read of the restricted zone is an audit event."""
        artifact = self.artifact(step)
        if Zone.RESTRICTED in artifact.path.parts:
            self.workspace.audit.append("restricted read", by="table", step=step, key=artifact.path.name)
        return artifact.table()

    def report(self, step: str) -> Report:
        """The report of a step's latest artifact."""
        return self.artifact(step).report()

    def write_report(self) -> Path:
        """Writes the HTML report of the last evaluation; its path."""
        return write_report(self.workspace, self.config)

    def release(self) -> Verdict:
        """Whether the model that was evaluated last may be released under the gates of acclimate.yaml.

        The verdict lies as verdict.json beside the report, and is an audit event.
        """
        with self.workspace.lock():
            verdict = gather(self.workspace, self.config).verdict
            write_json(self.workspace.folder / self.workspace.area / VERDICT_FILE, verdict.to_json())
            self.workspace.audit.append(
                "verdict given",
                area=self.workspace.area,
                evaluation=verdict.evaluation,
                status=verdict.status,
                rules=verdict.rules,
            )
        return verdict

    def write_release(self, version: str, *, sign: str = "") -> Path:
        """Writes the evidence bundle of the model that was evaluated last, `releases/VERSION`, and returns its folder.

        `sign` names the signing key. Any verdict can be bundled; raises WorkspaceError for a quick trial, for an evaluation
        that does not know newer results or that the audit log does not tell of, and for a version that is there already.
        """
        # The key's library and the cards are of no use to any other verb.
        from acclimate.report.release import write_release

        with self.workspace.lock():
            self.workspace.check_no_erasure_is_unfinished()
            return write_release(self.workspace, self.config, version, sign=sign)

    def decide(self, version: str, said: Said, *, sign: str) -> str:
        """Signs a decision on a release with the key named `sign`, notes it in the audit log, and gives its name.

        Raises ConfigError for one that lacks something, and WorkspaceError where that person may not decide.
        """
        from acclimate.project.signing import load_signing_key
        from acclimate.report.released import decide_in_project

        key = load_signing_key(sign)
        with self.workspace.lock():
            return decide_in_project(self.workspace, version, said, key, today=datetime.now(UTC).date())

    def releases(self, *, approvers: Sequence[bytes] = ()) -> list[Released]:
        """Every release as it stands today. `approvers` are public keys (PEM) of who may decide where no policy says so."""
        from acclimate.report.released import releases

        today = datetime.now(UTC).date()
        with self.workspace.lock():
            return releases(self.workspace, self.config, approvers=approvers, today=today)

    def replay(
        self, bundle: str | Path, *, listener: Listener | None = None, tolerance: float = TOLERANCE
    ) -> list[Check]:
        """Computes the scores of an evidence bundle again from this project's model and data; what holds and what does not.

        Nothing of the project changes. Raises WorkspaceError where something that they were made from is not here.
        """
        with self.workspace.lock():
            self.workspace.check_no_erasure_is_unfinished()
            return list(replay(read_grounds(Path(bundle)), self.outside, listener or Silent(), tolerance=tolerance))

    def write_profile(self) -> Path:
        """Writes the HTML page of what the data is, before anything is trained; its path."""
        return write_profile(self.workspace, self.config, templates())

    def write_glossary(self) -> tuple[Path, int]:
        """Adds the terms found last to the list that people edit; the list, and how many terms were new to it."""
        step = next((step for step in self.config.steps if step.stage == "glossary"), None)
        config = self.config.resolve(step) if step else None
        if not isinstance(config, GlossaryConfig):
            raise ConfigError("This project has no glossary.", hint="remove `model:` from acclimate.yaml")
        path = self.workspace.folder / config.file
        return path, extend_list(path, self.artifact("glossary").rows())

    def draw_audit_sample(self, size: int, *, seed: int = 0, folder: Path | None = None) -> Drawing:
        """Draws de-identified records for a person to read, and writes the sheet and the table for it."""
        return draw_sample(self.workspace, key=self._surrogate_key(), size=size, seed=seed, folder=folder)

    def certify(self, marks: Path, *, sample: str = "") -> tuple[dict[str, Any], Path]:
        """The certificate that a filled-in table gives (of the newest sample, or of the one named), and its file."""
        return certify(self.workspace, marks, self.config.certificate, key=self._surrogate_key(), sample_id=sample)

    def put_audit_sample(self, task: SampleTask, size: int, *, seed: int = 0) -> tuple[Sample, int]:
        """Draws the same records into an annotation task; the sample, and how many of its records were new there."""
        from acclimate.certificate.task import put_sample

        sampled = new_sample(self.workspace, key=self._surrogate_key(), size=size, seed=seed)
        return sampled.sample, put_sample(task, sampled.records, kinds=sampled.kinds)

    def certify_task(self, task: SampleTask, *, sample: str = "") -> tuple[dict[str, Any], Path]:
        """The certificate that the finished readings of an annotation task give, and its file.

        They are read from a snapshot that is exported for it and named in the certificate.
        """
        from acclimate.certificate.task import finished_readings, reading_of

        sampled = earlier_sample(self.workspace, key=self._surrogate_key(), sample_id=sample)
        snapshot = finished_readings(task, self.workspace.folder / ANNOTATION_SNAPSHOTS)
        rows = Artifact(snapshot.folder, snapshot.identity).rows(["parents", "text", "spans", "extra"])
        reading = reading_of(rows, sampled.records, kinds=sampled.kinds)
        annotations = {"task": task.name, "snapshot": snapshot.folder.name, "identity": snapshot.identity}
        return judge_reading(self.workspace, sampled, reading, self.config.certificate, annotations=annotations)

    def certificate(self) -> tuple[str, Mapping[str, Any] | None]:
        """How the newest de-identified records stand (passed, failed, insufficient, stale, not tested), and why."""
        return standing(self.workspace, self.workspace.readable("deidentify").manifest.identity)

    def _surrogate_key(self) -> bytes:
        self._check_step("deidentify")
        return load_key(self.config.project, self.workspace.readable("deidentify").manifest.config["key"])

    def artifact(self, step: str) -> Artifact:
        """A step's latest artifact."""
        self._check_step(step)
        return self.workspace.readable(step).artifact

    def _check_step(self, name: str | None) -> None:
        names = [step.name for step in self.config.steps]
        if name is not None and name not in names:
            raise ConfigError(f"There is no step {name!r} in this project.", hint=f"its steps are: {', '.join(names)}")


def answer_side_by_side(
    base: str, model: str, prompts: Sequence[str], *, max_new_tokens: int = 200
) -> list[dict[str, str]]:
    """Greedy answers of a base and of a model or adapter trained from it, to the same prompts."""
    here = Outside(
        Workspace(Path()), ProjectConfig("comparison", "generation", base, model, network=False, sections={})
    )
    models = here.provide("@model", StageConfig())
    adapter = models["adapter"].artifact.path if "adapter" in models else None
    answers = {
        "base": _answers(here.models.load(here.base), prompts, max_new_tokens),
        "model": _answers(here.models.load(models["base"].artifact.path, adapter=adapter), prompts, max_new_tokens),
    }
    return [
        {"prompt": prompt, "base": from_base, "model": from_model}
        for prompt, from_base, from_model in zip(prompts, answers["base"], answers["model"], strict=True)
    ]


def _answers(model: LanguageModel, prompts: Sequence[str], max_new_tokens: int) -> list[str]:
    rows = [
        model.render_prompt(Example(str(place), messages=(Message("user", prompt),)))
        for place, prompt in enumerate(prompts)
    ]
    with no_progress("answering", len(rows)) as progress:
        return [answer.text for answer in model.generate(rows, Sampling(max_new_tokens), progress=progress)]

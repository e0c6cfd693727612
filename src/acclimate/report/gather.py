"""Collects what the report tells from reports, manifests and tables of the last evaluation; computes no result itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import polars as pl

from acclimate.annotation.study.kept import newest_findings
from acclimate.certificate.certify import standing
from acclimate.core.artifacts import Artifact
from acclimate.core.labels import LABEL_TASKS, SEVERAL, SINGLE
from acclimate.core.preferences import asked_and_answered
from acclimate.core.report import Report
from acclimate.pipeline.config import ProjectConfig
from acclimate.project.manifests import Manifest, read_run_facts
from acclimate.project.workspace import TRIAL, Finished, Workspace
from acclimate.release.bundle import DECIDED
from acclimate.release.grounds import Grounds, StepRecord, evidence_of, is_about
from acclimate.release.judge import Verdict, judge
from acclimate.release.looks import Looks, read_looks
from acclimate.release.verify_bundle import OVERRIDE
from acclimate.report.faults import planted_faults
from acclimate.stages.evaluate.arms import ARMS
from acclimate.stages.evaluate.label_items import LABEL_ARMS
from acclimate.stages.select_model.measure import work_name

MOST_ERRORS = 12
"""Of a classifier."""
MOST_WORST, MOST_BEST = 20, 6
"""Test items with answers that are shown side by side."""


@dataclass(frozen=True)
class StepFacts:
    """A step's artifact: what went in and out, what it took."""

    name: str
    manifest: Manifest
    report: Report
    seconds: float
    peak_memory_bytes: int
    resumed: bool
    """An interrupted run began it, so that `seconds` and `work` are those of its last part."""
    work: Mapping[str, float]
    """Seconds of each stretch of work, by what its bar said."""


@dataclass(frozen=True)
class ExampleRow:
    """A test item with the reference and every arm's answer, side by side."""

    id: str
    site: str
    prompt: str
    reference: str
    answers: Mapping[str, str]
    gain: float
    """Bits per byte of the base less those of the adapted model; of a pair the nats that its margin gained."""


@dataclass(frozen=True)
class LabelExample:
    """A test item that the classifier got wrong: its label, and what each arm told how surely.

    `confidence` is None where several labels may be told.
    """

    id: str
    site: str
    text: str
    label: str
    confidence: float | None
    told: Mapping[str, str]


@dataclass(frozen=True)
class Standing:
    """How the records that were trained and tested on stand: passed, failed, insufficient, stale or not tested."""

    status: str
    certificate: Mapping[str, Any] | None


@dataclass(frozen=True)
class Story:
    """Everything the page shows."""

    config: ProjectConfig
    steps: Sequence[StepFacts]
    evaluate: Mapping[str, Any]
    train: Mapping[str, Any] | None
    examples: Sequence[ExampleRow]
    faults: Sequence[Mapping[str, Any]] = field(default=())
    not_run: Sequence[str] = ()
    outdated: Sequence[str] = ()
    """Steps that were run again since the evaluation shown."""
    identifiers: Standing | None = None
    """None where the project de-identifies nothing."""
    studies: Sequence[Mapping[str, Any]] = ()
    """The last look of each blind study of these very answers."""
    older_studies: int = 0
    """Studies of other answers than these."""
    looks: Looks = field(default_factory=Looks)
    """How often the test set was looked at, and whether this evaluation is one of these times."""
    is_trial: bool = False
    label_examples: Sequence[LabelExample] = ()
    """Of a classifier, the items on which it is surest and wrong."""
    decisions: Sequence[Mapping[str, Any]] = ()
    """What people decided on releases of this project, as the audit log notes it."""

    @property
    def overrides(self) -> list[Mapping[str, Any]]:
        """Releases although the verdict was no pass: shown for good."""
        return [event for event in self.decisions if event["kind"] == OVERRIDE]

    @property
    def tells_labels(self) -> bool:
        """Whether the model is a classifier."""
        return self.config.task in LABEL_TASKS

    @property
    def tells_several(self) -> bool:
        """Whether it may tell any number of labels of a text."""
        return self.config.task == SEVERAL

    @property
    def prefers(self) -> bool:
        """Whether the model learnt which of two answers is better."""
        return self.config.task == "preference"

    @property
    def pretrain(self) -> Mapping[str, Any] | None:
        """What guessing hidden words came to before training, where the project has that step."""
        done = self._step("pretrain")
        return done.report.metrics if done else None

    @property
    def dial(self) -> Mapping[str, Any] | None:
        """What each strength gained and lost, and which is kept; None where nothing was trained here."""
        turned = self._step("dial")
        return turned.report.metrics if turned else None

    @property
    def grounds(self) -> Grounds:
        """What the verdict rests on."""
        return Grounds(
            steps={
                step.name: StepRecord(step.manifest.model_dump(mode="json"), step.report.to_json())
                for step in self.steps
            },
            requirements=self.config.certificate.model_dump(mode="json"),
            certificate=self.identifiers.certificate if self.identifiers else None,
            studies=self.studies,
        )

    @cached_property
    def verdict(self) -> Verdict:
        """Whether the model may be released under the project's gates as they stand now."""
        release, grounds = self.config.release, self.grounds
        return judge(release, evidence_of(release, grounds, self.looks, outdated=self.outdated, is_trial=self.is_trial))

    @property
    def seconds(self) -> float:
        """What all steps took together."""
        return sum(step.seconds for step in self.steps)

    @property
    def candidates(self) -> Mapping[str, Any] | None:
        """What the comparison of base models found, where the project has that step."""
        chosen = self._step("select_model")
        return chosen.report.metrics if chosen else None

    def candidate_seconds(self, digest: str) -> float | None:
        """How long scoring a candidate took; unknown when an interrupted run had done part of it."""
        chosen = self._step("select_model")
        if chosen is None or chosen.resumed:
            return None
        return chosen.work.get(f"scoring {work_name(digest)}")

    def _step(self, name: str) -> StepFacts | None:
        return next((step for step in self.steps if step.name == name), None)

    @property
    def sources(self) -> Mapping[str, Any]:
        """What ingest read of each source, and its terms."""
        found = (step.report.metrics["sources"] for step in self.steps if step.name == "ingest")
        return next(found, {})

    @property
    def profile(self) -> Mapping[str, Any] | None:
        """What the data is, where the profile of this evaluation's data was made."""
        return next((step.report.metrics for step in self.steps if step.name == "profile"), None)

    @property
    def warnings(self) -> list[tuple[str, str]]:
        """Every warning with the step it came from."""
        newer = [
            (step, "was run again since this evaluation, which does not know the newer result; acclimate run renews it")
            for step in self.outdated
        ]
        return newer + [(step.name, warning) for step in self.steps for warning in step.report.warnings]


def gather(workspace: Workspace, config: ProjectConfig) -> Story:
    """The story of the last evaluation: of it and of the artifacts it was made from, even where newer ones exist."""
    made = made_for(workspace, "evaluate")
    shown = (made.get(step.name) or _beside(workspace.latest(step.name), made) for step in config.steps)
    steps = [_step_facts(finished) for finished in shown if finished is not None]
    reports = {facts.name: facts.report for facts in steps}
    train = reports.get("train")
    studies = newest_findings(workspace)
    identities = {name: finished.artifact.identity for name, finished in made.items()}
    of_these = [one for one in studies if is_about(one, identities)]
    return Story(
        config,
        steps,
        reports["evaluate"].metrics,
        train.metrics if train else None,
        _examples(made, config),
        planted_faults(made, workspace, config),
        [step.name for step in config.steps if step.name not in reports],
        [step.name for step in config.steps if _is_outdated(workspace, made, step.name)],
        Standing(*standing(workspace, made["deidentify"].manifest.identity)) if "deidentify" in made else None,
        of_these,
        len(studies) - len(of_these),
        read_looks(workspace.audit.events(), area=workspace.area, evaluation=made["evaluate"].manifest.key),
        workspace.area == TRIAL,
        _errors_shown(made, config.task),
        [event for event in workspace.audit.events() if event["action"] == DECIDED],
    )


def made_for(workspace: Workspace, step: str) -> dict[str, Finished]:
    """The latest artifact of a step and everything it was made from, by step."""
    latest = workspace.readable(step)
    made, waiting = {step: latest}, [latest]
    while waiting:
        for reference in waiting.pop().manifest.inputs.values():
            found = None if reference.step in made else workspace.at(reference.step, reference.key)
            if found is not None:
                made[reference.step] = found
                waiting.append(found)
    return made


def _beside(latest: Finished | None, made: Mapping[str, Finished]) -> Finished | None:
    """A step that the evaluation does not rest on belongs to its story only where it was made from the same content."""
    if latest is None:
        return None
    inputs = latest.manifest.inputs.values()
    fits = all(made[each.step].artifact.identity == each.identity for each in inputs if each.step in made)
    return latest if fits else None


def _is_outdated(workspace: Workspace, made: Mapping[str, Finished], step: str) -> bool:
    """Whether a step gave something else since; run again with the same content, it changes nothing for what follows."""
    latest = workspace.latest(step)
    return step in made and latest is not None and latest.manifest.identity != made[step].manifest.identity


def _step_facts(finished: Finished) -> StepFacts:
    run = read_run_facts(finished.artifact.path, "seconds", "peak_memory_bytes")
    return StepFacts(
        finished.manifest.step,
        finished.manifest,
        finished.artifact.report(),
        run["seconds"],
        run["peak_memory_bytes"],
        run.get("resumed", False),
        run.get("work", {}),
    )


def _examples(made: Mapping[str, Finished], config: ProjectConfig) -> list[ExampleRow]:
    """Test items that every generating arm answered: those with the least gain first, then those with the most."""
    inputs = next(step.inputs for step in config.steps if step.name == "evaluate")
    items = pl.DataFrame(pl.from_arrow(made["evaluate"].artifact.table()))
    predictions = {arm: _answers(made[inputs[arm]].artifact) for arm in ARMS if arm in inputs}
    if not predictions["adapted"]:
        return []
    likelier = pl.col("bits_per_byte_base") - pl.col("bits_per_byte_adapted")
    gain = pl.col("margin") if config.task == "preference" else likelier
    gained = items.filter(pl.col("id").is_in(list(predictions["adapted"]))).select("id", gain=gain)
    ordered = gained.sort(["gain", "id"])
    some = pl.concat([ordered.head(MOST_WORST), ordered.tail(MOST_BEST)])
    shown = ordered if ordered.height < some.height else some
    records = {row["id"]: row for row in made[inputs["records"]].artifact.rows()}
    if config.task == "preference":
        predictions = {"rejected": {name: records[name]["rejected"] for name in shown["id"]}, **predictions}
    return [_example(records[name], gained_by, predictions) for name, gained_by in shown.iter_rows()]


def _example(record: Mapping[str, Any], gain: float, predictions: Mapping[str, Mapping[str, str]]) -> ExampleRow:
    prompt, reference = asked_and_answered(record)
    answers = {arm: answered.get(record["id"], "") for arm, answered in predictions.items()}
    return ExampleRow(record["id"], record["site"] or "", prompt, reference, answers, gain)


def _errors_shown(made: Mapping[str, Finished], task: str) -> list[LabelExample]:
    if task == SINGLE:
        return _label_examples(made)
    return _label_set_examples(made) if task == SEVERAL else []


def _label_set_examples(made: Mapping[str, Finished]) -> list[LabelExample]:
    """The items told wrong whose labels the classifier finds least likely, with their texts."""
    wrong = made["evaluate"].artifact.report().metrics["least_likely"][:MOST_ERRORS]
    ids = {row["id"] for row in wrong}
    told: dict[str, dict[str, str]] = {name: {} for name in ids}
    for arm in LABEL_ARMS:
        for row in made[f"predict.{arm}"].artifact.chosen(ids, ["id", "labels", "probabilities"]):
            likely = {one["label"]: one["probability"] for one in row["probabilities"]}
            told[row["id"]][arm] = _named(f"{label} ({likely[label]:.0%})" for label in row["labels"])
    records = {row["id"]: row for row in made["split"].artifact.chosen(ids, ["id", "site", "text"])}
    return [
        LabelExample(
            row["id"],
            records[row["id"]]["site"] or "",
            records[row["id"]]["text"],
            _named(row["labels"]),
            None,
            told[row["id"]],
        )
        for row in wrong
    ]


def _named(labels: Iterable[str]) -> str:
    return ", ".join(labels) or "(none)"


def _label_examples(made: Mapping[str, Finished]) -> list[LabelExample]:
    """The surest errors that the evaluation names, with their texts."""
    wrong = made["evaluate"].artifact.report().metrics["surest_errors"][:MOST_ERRORS]
    ids = {row["id"] for row in wrong}
    told: dict[str, dict[str, str]] = {name: {} for name in ids}
    for arm in LABEL_ARMS:
        for row in made[f"predict.{arm}"].artifact.chosen(ids, ["id", "label", "probabilities"]):
            surest = max(one["probability"] for one in row["probabilities"])
            told[row["id"]][arm] = f"{row['label']} ({surest:.0%})"
    records = {row["id"]: row for row in made["split"].artifact.chosen(ids, ["id", "site", "text"])}
    return [
        LabelExample(
            row["id"],
            records[row["id"]]["site"] or "",
            records[row["id"]]["text"],
            row["label"],
            row["confidence"],
            told[row["id"]],
        )
        for row in wrong
    ]


def _answers(predictions: Artifact) -> dict[str, str]:
    rows = predictions.rows(["id", "suite", "generated"])
    return {row["id"]: row["generated"] for row in rows if row["suite"] == "task" and row["generated"] is not None}

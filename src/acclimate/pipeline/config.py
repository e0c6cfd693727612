"""acclimate.yaml: what a person wrote, checked, with every stage's config resolved from it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from acclimate.certificate.config import CertificateConfig
from acclimate.collect.retention import packaged_sources
from acclimate.core.errors import ConfigError
from acclimate.core.labels import LABEL_TASKS, SEVERAL, SINGLE
from acclimate.core.sources import LABELS_COLUMN, SourceConfig
from acclimate.core.stage import StageConfig
from acclimate.core.terms import Use
from acclimate.pipeline.engines import EngineConfig
from acclimate.pipeline.policy import with_policy
from acclimate.pipeline.table import STAGE_NAMES, Step, comparison_steps, load_stage, steps_for
from acclimate.project.workspace import PROJECT_FILE
from acclimate.release.config import ReleaseConfig

TASKS = ("generation", "pretraining", "preference", *LABEL_TASKS)
BASES = dict.fromkeys(LABEL_TASKS, "minilm-l6")
"""The base of a task where none is named; smollm2-135m for the others."""
_GROUPS = ("use", "engine", "general", "evaluation_sets", "pretrain", "certificate", "release", *STAGE_NAMES)
_TOP_KEYS = ("project", "task", "labels", "base", "model", "network", *_GROUPS)
_Config = TypeVar("_Config", bound=BaseModel)
"""Stages whose config has a `task` field, filled from the project's task."""


@dataclass(frozen=True)
class ProjectConfig:
    """A checked acclimate.yaml. `sections` holds what the user set for each stage, unresolved.

    `model` names a model or adapter trained elsewhere: the project then compares it with the base and trains nothing.
    """

    project: str
    task: str
    base: str
    model: str | None
    network: bool
    sections: Mapping[str, Mapping[str, Any]]
    labels: tuple[str, ...] = ()
    """What is told of texts; where none is declared, the labels of the training records."""
    use: Use = field(default_factory=Use)
    """What the model is for."""
    engine: EngineConfig = field(default_factory=EngineConfig)
    """Where stages that work record by record run."""
    certificate: CertificateConfig = field(default_factory=CertificateConfig)
    """What an audit of the de-identified records must show."""
    release: ReleaseConfig = field(default_factory=ReleaseConfig)
    """What must be shown before the model may be released."""

    @property
    def steps(self) -> tuple[Step, ...]:
        """The project's steps, in order."""
        if self.model is not None:
            return comparison_steps()
        return steps_for(
            self.task,
            select_model=bool(self.sections.get("select_model", {}).get("candidates")),
            evaluation_sets=bool(self.sections.get("evaluation_sets")),
            pretrain=self.pretrains,
        )

    @property
    def pretrains(self) -> bool:
        """Whether an encoder learns the domain's texts before their labels: `pretrain:` stands there, also empty."""
        return "pretrain" in self.sections

    @property
    def has_general(self) -> bool:
        """Whether the user names general text of their own; else the packaged retention set is used."""
        return bool(self.sections.get("general", {}).get("sources"))

    def resolve(self, step: Step) -> StageConfig:
        """The complete config of a step: defaults, the user's section, and what the step fixes."""
        stage = load_stage(step.stage)
        values = {**step.defaults, **self.sections.get(step.section, {}), **step.settings}
        if step.section == "general" and not self.has_general:
            values["sources"] = packaged_sources()
        if step.section == "evaluation_sets" and "sources" in values:
            values["sources"] = _as_test(values["sources"])
        if "task" in stage.config.model_fields:
            values.setdefault("task", self.task)
        if "labels" in stage.config.model_fields:
            values.setdefault("labels", self.labels)
        if stage.name == "predict" and "max_length" in self.sections.get("train", {}):
            values.setdefault("max_length", self.sections["train"]["max_length"])
        if "key" in stage.config.model_fields and "key" in self.sections.get("deidentify", {}):
            values.setdefault("key", self.sections["deidentify"]["key"])
        if stage.name == "dial":
            for budget in ("general_budget", "ability_budget"):
                if budget in self.sections.get("evaluate", {}):
                    values.setdefault(budget, self.sections["evaluate"][budget])
        if self.task == "preference":
            values = self._loss_of_train(stage.name) | values
        if "use" in stage.config.model_fields:
            values.setdefault("use", self.use)
        return _checked(step.section, stage.config, values)

    def _loss_of_train(self, stage: str) -> dict[str, Any]:
        """What measures preferences by the very loss that training makes smaller."""
        given = self.sections.get("train", {})
        shared = {"dial": ("beta", "loss_type"), "evaluate": ("loss_type",)}.get(stage, ())
        return {name: given[name] for name in shared if name in given}


def _as_test(sources: Any) -> Any:
    """Sources that are only looked for, never trained on, whatever their terms."""
    if not isinstance(sources, list):
        return sources
    return [{**source, "role": "test"} if isinstance(source, dict) else source for source in sources]


def read_config(folder: Path, *, overrides: Sequence[str] = ()) -> ProjectConfig:
    """The project's config; `overrides` are `stage.key=value` as given to --set, values in YAML."""
    written = _written(folder)
    for override in overrides:
        _apply(written, override)
    return check_config(with_policy(written, folder))


def network_is_on(folder: Path) -> bool:
    """Whether the project lets acclimate reach out; also for a project that holds annotations and no sources."""
    return _written(folder).get("network") is True


def _written(folder: Path) -> dict[Any, Any]:
    path = folder / PROJECT_FILE
    try:
        written = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError) as error:
        place = getattr(error, "problem_mark", None)
        where = f", line {place.line + 1}" if place else ""
        raise ConfigError(
            f"{PROJECT_FILE}{where}: this is not valid YAML ({_yaml_problem(error)}).",
            hint="mend that line; strings with a colon need quotes",
        ) from error
    if not isinstance(written, dict):
        raise ConfigError(f"{PROJECT_FILE} holds no settings.", hint="it needs at least: project, base, ingest.sources")
    return written


def check_config(written: Mapping[str, Any]) -> ProjectConfig:
    """The config that the parsed YAML means; every wrong key or value is named, with the nearest valid one."""
    for key in written:
        if key not in _TOP_KEYS:
            raise _unknown_key(str(key), _TOP_KEYS)
    project, task = written.get("project"), written.get("task", "generation")
    if not isinstance(project, str) or not project.replace("-", "").replace("_", "").isalnum():
        raise ConfigError(
            f"project: {project!r} is not a name, and keys and releases are filed under it.",
            hint="use letters, digits, - and _, for example: project: discharge-notes",
        )
    if task not in TASKS:
        raise ConfigError(f"task: {task!r} is not known.", hint=f"use one of: {', '.join(TASKS)}")
    sections = {key: {} if written[key] is None else written[key] for key in _GROUPS if key in written}
    for key, section in sections.items():
        if not isinstance(section, dict):
            raise ConfigError(
                f"{key}: {section!r} is not a group of settings.", hint=f"write them indented under {key}:"
            )
    if not sections.get("ingest", {}).get("sources"):
        raise ConfigError(
            "ingest.sources is empty, so there is no data to adapt to.", hint="name at least one file there"
        )
    config = ProjectConfig(
        project=project,
        task=task,
        labels=_declared_labels(written.get("labels"), task),
        base=str(written.get("base", base_of(task))),
        model=str(written["model"]) if written.get("model") else None,
        network=bool(written.get("network", False)),
        sections=sections,
        use=_checked("use", Use, sections.get("use", {})),
        engine=_checked("engine", EngineConfig, sections.get("engine", {})),
        certificate=_checked("certificate", CertificateConfig, sections.get("certificate", {})),
        release=_checked("release", ReleaseConfig, sections.get("release", {})),
    )
    if config.release.asked or config.release.policy:
        # Who sets no gates need not wait for the statistics behind them to be imported.
        from acclimate.pipeline.gates import check_gates, check_limits

        check_gates(config.release, task)
        if config.release.policy:
            check_limits(config.release.policy, config.resolve(_named(config.steps, "evaluate")))
    if config.pretrains:
        _refuse_pretraining(config)
    if task in LABEL_TASKS:
        _refuse_beside_labels(config)
    if task == "preference" and config.sections.get("select_model", {}).get("candidates"):
        raise ConfigError(
            "select_model.candidates are compared by how likely they find one answer to each prompt, and a pair has two.",
            hint="remove select_model; run the project once with each base instead",
        )
    for step in config.steps:
        resolved = config.resolve(step)
        if step.name == "ingest":
            _check_label_columns(getattr(resolved, "sources", ()), task)
            if task == SEVERAL:
                _check_validation(config, getattr(resolved, "sources", ()))
    return config


def _named(steps: Sequence[Step], name: str) -> Step:
    return next(step for step in steps if step.name == name)


def base_of(task: str) -> str:
    """The base that a project of a task has where it names none."""
    return BASES.get(task, "smollm2-135m")


def _declared_labels(written: Any, task: str) -> tuple[str, ...]:
    if written is None:
        return ()
    if task not in LABEL_TASKS:
        raise ConfigError(
            f"labels: only the tasks {' and '.join(LABEL_TASKS)} tell labels, and the task is {task}.",
            hint="remove labels, or set one of these tasks",
        )
    plain = isinstance(written, list) and all(isinstance(label, str) and label for label in written)
    fewest = 2 if task == SINGLE else 1
    if not plain or len(set(written)) < max(fewest, len(written)):
        raise ConfigError(
            f"labels: {written!r} is no list of {'two' if fewest == 2 else 'one'} or more different names.",
            hint="write it as labels: [urgent, routine], with quotes around names that YAML reads as numbers or yes and no",
        )
    return tuple(written)


def _refuse_beside_labels(config: ProjectConfig) -> None:
    """What goes with models that write text alone, or with one label a record."""
    stratified = config.sections.get("split", {}).get("stratify") or ()
    if config.task == SEVERAL and "label" in stratified:
        raise ConfigError(
            f"split.stratify: label spreads records by the one label that each has, and the task is {SEVERAL}.",
            hint="remove label from split.stratify; subjects are drawn at random, and the profile says how often each label"
            " stands in each split",
        )
    if config.model is not None:
        raise ConfigError(
            "model: compares a model trained elsewhere with its base, and an encoder without training tells no labels.",
            hint="remove model: and let acclimate train the classifier, or take its answers in as records",
        )
    if config.sections.get("select_model", {}).get("candidates"):
        raise ConfigError(
            "select_model.candidates are compared by how likely they find text, and encoders give no likelihood.",
            hint="remove select_model; run the project once with each base instead",
        )


def _check_label_columns(sources: Sequence[SourceConfig], task: str) -> None:
    """Fails where a source has several labels a record, and the task does not look at them."""
    for source in sources:
        if LABELS_COLUMN in source.columns and task != SEVERAL:
            raise ConfigError(
                f"columns: the source {source.name!r} maps labels, of which a record may have several, and the task is {task}.",
                hint=f"set task: {SEVERAL}, or map the column of the one label to label",
            )


def _check_validation(config: ProjectConfig, sources: Sequence[SourceConfig]) -> None:
    """Fails where no record can be one to choose the threshold on: none is drawn, and no source says its split."""
    fractions = config.sections.get("split", {}).get("fractions") or {}
    without = isinstance(fractions, dict) and fractions.get("validation") == 0
    if (
        without
        and "threshold" not in config.sections.get("predict", {})
        and not any("split" in one.columns for one in sources)
    ):
        raise ConfigError(
            "split.fractions.validation is 0, and the threshold above which a label counts as told is chosen on validation"
            " records; test records must not be used for it.",
            hint="raise it, or set predict.threshold, for example to 0.5",
        )


def _refuse_pretraining(config: ProjectConfig) -> None:
    """What the step pretrain does not go with, or has no use for."""
    if config.task == "pretraining":
        raise ConfigError(
            "pretrain: the project's task is pretraining already, so the step would train the same texts twice.",
            hint="remove pretrain, and set what training needs under train",
        )
    if config.task not in LABEL_TASKS:
        raise ConfigError(
            "pretrain: hidden words are learnt by an encoder before labels, and the task is"
            f" {config.task}, whose base is a decoder.",
            hint="remove pretrain, or run a project of task: pretraining first and name what acclimate export writes as base",
        )
    for name in ("task", "labels"):
        if name in config.sections["pretrain"]:
            raise ConfigError(
                f"pretrain.{name}: the step pretrain learns hidden words of texts and looks at no label.",
                hint=f"remove it; {name} stands at the top of acclimate.yaml",
            )


def _checked(section: str, config: type[_Config], values: Mapping[str, Any]) -> _Config:
    try:
        return config.model_validate(values)
    except ValidationError as error:
        raise _explain(error, section, config) from error


def _apply(written: dict[str, Any], override: str) -> None:
    name, equals, value = override.partition("=")
    if not equals:
        raise ConfigError(f"--set {override!r} has no value.", hint="write it as stage.key=value")
    *path, last = name.split(".")
    target = written
    for part in path:
        target = target.setdefault(part, {})
        if not isinstance(target, dict):
            raise ConfigError(
                f"--set {name}: {part} is not a group of settings.", hint="see acclimate.yaml for the names"
            )
    try:
        target[last] = yaml.safe_load(value)
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(
            f"--set {override!r}: the value is not valid YAML ({_yaml_problem(error)}).",
            hint="put quotes around a text that holds brackets, braces or a colon, as in --set 'stage.key=\"[a\"'",
        ) from error


def _yaml_problem(error: yaml.YAMLError | ValueError) -> str:
    """What the parser says; it raises a plain ValueError at a date that no calendar has."""
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8"
    return str(getattr(error, "problem", None) or error)


def _explain(error: ValidationError, section: str, config: type[BaseModel]) -> ConfigError:
    """The first fault of a section as one sentence."""
    fault = error.errors()[0]
    place = ".".join([section, *(str(part) for part in fault["loc"])])
    if fault["type"] == "extra_forbidden" and len(fault["loc"]) == 1:
        return _unknown_key(place, [f"{section}.{name}" for name in config.model_fields])
    if fault["type"] == "extra_forbidden":
        return ConfigError(f"{place} is not a known setting.", hint="remove it, or see the reference for its spelling")
    field = config.model_fields.get(str(fault["loc"][0])) if fault["loc"] else None
    reason = fault["msg"][0].lower() + fault["msg"][1:]
    value = "" if fault["type"] == "missing" else f" {fault['input']!r}"
    return ConfigError(f"{place}:{value} is not valid: {reason}.", hint=(field.description or "") if field else "")


def _unknown_key(key: str, known: Sequence[str]) -> ConfigError:
    nearest = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    hint = f"did you mean {nearest[0]}?" if nearest else f"the settings here are: {', '.join(known)}"
    return ConfigError(f"{key} is not a known setting of {PROJECT_FILE}.", hint=hint)

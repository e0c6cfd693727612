"""Every training run that a project still holds, with what decided it and what came of it: ids, settings and figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from acclimate.project.manifests import State, read_run_facts
from acclimate.project.workspace import Finished, Workspace

PRETRAIN, TRAIN, DIAL, ADAPTED, EVALUATE = "pretrain", "train", "dial", "predict.adapted", "evaluate"


_GAINED = ("bits_per_byte", "log_loss")
"""What is fewer of where something was gained: of answers, of labels. Of pairs it is the share told wrong."""

_WON = ("reward_accuracy", "reward_accuracy_per_token")
"""How often the chosen of two answers wins."""


@dataclass(frozen=True)
class Figure:
    """A figure with its interval; negative is a gain where it is bits."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class TrainingRun:
    """One training run at one strength. What was not measured yet is None."""

    key: str
    started: str
    seconds: float
    steps: int
    tokens: int
    settings: Mapping[str, Any]
    """The resolved settings of `train`, and `pretrain`: the key of the pretraining that it started from, if any."""
    validation: float | None = None
    """The figure by which the kept step was best, on the validation records."""
    alpha: float | None = None
    gain: Figure | None = None
    """Bits per byte of the test answers, bits per label of a classifier, or the share of pairs told wrong, less the base's."""
    general: Figure | None = None
    """The relative change of bits per byte on general text."""
    retention: str | None = None
    is_current: bool = False
    differs: Mapping[str, Any] = field(default_factory=dict)
    """The settings in which the runs shown differ from each other."""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def training_runs(workspace: Workspace) -> list[TrainingRun]:
    """All runs whose artifacts are there, oldest first; one row for each strength that was evaluated."""
    finished = [made for made in workspace.finished() if made.manifest.state is not State.ERASED]
    of_step: dict[str, list[Finished]] = {}
    for made in finished:
        of_step.setdefault(made.manifest.step, []).append(made)
    newest = workspace.latest(EVALUATE)
    runs = [
        run
        for trained in of_step.get(TRAIN, [])
        for run in _runs_of(trained, of_step, newest.manifest.key if newest else None)
    ]
    names = _differing([run.settings for run in runs])
    return [replace(run, differs={name: run.settings.get(name) for name in names}) for run in runs]


def _runs_of(trained: Finished, of_step: Mapping[str, list[Finished]], newest: str | None) -> Iterator[TrainingRun]:
    """The run at each strength that was evaluated, or alone where none was."""
    facts, report = read_run_facts(trained.artifact.path, "started", "seconds"), trained.artifact.report()
    metrics = report.metrics
    plain = TrainingRun(
        key=trained.manifest.key,
        started=facts["started"],
        seconds=facts["seconds"],
        steps=metrics["steps"],
        tokens=metrics["tokens"],
        settings={**trained.manifest.config, PRETRAIN: _pretrained(trained)},
        validation=_best(metrics),
    )
    evaluated = list(_evaluated(trained, of_step))
    if not evaluated:
        yield plain
    for alpha, evaluation in evaluated:
        figures = evaluation.artifact.report().metrics
        yield replace(
            plain,
            alpha=alpha,
            gain=_gain(figures),
            general=_figure(figures["retention"]["general"], "value"),
            retention=figures["retention"]["verdict"],
            is_current=evaluation.manifest.key == newest,
        )


def _evaluated(trained: Finished, of_step: Mapping[str, list[Finished]]) -> Iterator[tuple[float | None, Finished]]:
    """The evaluations that rest on a run, each with the strength that it was kept at."""
    strengths = {trained.manifest.key: None} | {
        dial.manifest.key: dial.artifact.report().metrics["alpha"]
        for dial in of_step.get(DIAL, [])
        if _made_from(dial, "adapter") == trained.manifest.key
    }
    predicted = {
        made.manifest.key: strengths[key]
        for made in of_step.get(ADAPTED, [])
        if (key := _made_from(made, "adapter")) in strengths
    }
    for evaluation in of_step.get(EVALUATE, []):
        key = _made_from(evaluation, "adapted")
        if key in predicted:
            yield predicted[key], evaluation


def _made_from(made: Finished, role: str) -> str:
    reference = made.manifest.inputs.get(role)
    return reference.key if reference else ""


def _pretrained(trained: Finished) -> str | None:
    """The key of the pretraining that a run started from, as `acclimate show` takes it."""
    base = trained.manifest.inputs.get("base")
    return base.key if base and base.step == PRETRAIN else None


def _best(metrics: Mapping[str, Any]) -> float | None:
    """The kept step's figure on validation: the first that its points name."""
    for point in metrics["curve"]["validation"]:
        if point["step"] == metrics["best_step"]:
            return next(float(value) for name, value in point.items() if name != "step")
    return None


def _gain(metrics: Mapping[str, Any]) -> Figure | None:
    rows = {row["metric"]: row for row in metrics["comparisons"] if row["arm"] == "base"}
    decisive = metrics["task"]["answer_metric"]
    if decisive in _WON and decisive in rows:
        won = rows[decisive]
        low, high = (None if bound is None else -bound for bound in (won["high"], won["low"]))
        return Figure(-won["difference"], low, high)
    return _figure(next((rows[name] for name in _GAINED if name in rows), None), "difference")


def _figure(row: Mapping[str, Any] | None, name: str) -> Figure | None:
    return None if row is None else Figure(row[name], row["low"], row["high"])


def _differing(settings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names of the settings that are not the same in all runs.

    >>> _differing([{"seed": 0, "rate": 1}, {"seed": 1, "rate": 1}])
    ['seed']
    """
    names = dict.fromkeys(name for each in settings for name in each)
    return [name for name in names if len({repr(each.get(name)) for each in settings}) > 1]

"""The page of the data alone: what there is before anything is trained; the report shows the same as one of its sections."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from acclimate import __version__
from acclimate.core.atomic import write_bytes
from acclimate.pipeline.config import ProjectConfig
from acclimate.project.workspace import Workspace
from acclimate.report import figures, words

PROFILE_FILE = "profile.html"
SPLITS = ("train", "validation", "test")
MOST_LABELS = 25
"""Labels drawn, the most frequent ones."""


def write_profile(workspace: Workspace, config: ProjectConfig, environment: Environment) -> Path:
    """Writes the page of the newest profile into the project folder and returns its path."""
    finished = workspace.readable("profile")
    report = finished.artifact.report()
    page = environment.get_template("profile_page.html").render(
        config=config,
        profile=report.metrics,
        findings=report.warnings,
        manifest=finished.manifest,
        figures=profile_figures(report.metrics),
        words=words,
        version=__version__,
    )
    path = workspace.folder / workspace.area / PROFILE_FILE
    write_bytes(path, page.encode())
    path.chmod(0o600)
    return path


def profile_figures(profile: Mapping[str, Any]) -> dict[str, Markup]:
    """The figures of a profile by name; one that would be empty is left out."""
    drawn = {
        "size": _size_figure(profile),
        "lengths": _lengths_figure(profile["lengths"]),
        "fertility": _fertility_figure(profile["fertility"]),
        "shift": _shift_figure(profile["shift"]["pairs"]),
        "labels": _labels_figure(profile["labels"]),
        "plan": _plan_figure(profile["plan"]["groups"]),
    }
    return {name: Markup(svg) for name, svg in drawn.items() if svg}  # noqa: S704 - drawn by figures.py


def _size_figure(profile: Mapping[str, Any]) -> str:
    rows = [row for row in profile["size"] if row["group"] == "site"]
    return figures.bars({row["value"]: _in_order(row["by_split"]) for row in rows}, axis="records, by split")


def _in_order(by_split: Mapping[str, float]) -> dict[str, float]:
    return {split: by_split.get(split, 0.0) for split in SPLITS}


def _lengths_figure(lengths: Mapping[str, Any]) -> str:
    drawn, limit = lengths["histogram"], lengths["context_length"]
    if limit > 2 * drawn["edges"][-1]:
        return figures.histogram(drawn["edges"], drawn["counts"], axis="tokens of a record")
    return figures.histogram(drawn["edges"], drawn["counts"], axis="tokens of a record (dashed: context)", mark=limit)


def _fertility_figure(rows: list[Mapping[str, Any]]) -> str:
    shown = [
        figures.Interval(f"{row['value'] or 'all records'} (n {row['records']})", *_estimate(row), "unclear")
        for row in rows
        if row["low"] is not None
    ]
    return figures.intervals(shown, axis="tokens per word", origin=None) if shown else ""


def _estimate(row: Mapping[str, Any]) -> tuple[float, float, float]:
    return row["tokens_per_word"], row["low"], row["high"]


def _shift_figure(pairs: list[Mapping[str, Any]]) -> str:
    shown = [
        figures.Interval(f"{row['one']}, {row['other']}", row["auc"], row["low"], row["high"], "unclear")
        for row in pairs
        if row["low"] is not None
    ]
    return figures.intervals(shown, axis="area under the curve (line: chance)", origin=0.5) if shown else ""


def _labels_figure(labels: list[Mapping[str, Any]]) -> str:
    shown = labels[:MOST_LABELS]
    return (
        figures.bars({row["label"]: _in_order(row["by_split"]) for row in shown}, axis="records, by split")
        if shown
        else ""
    )


def _plan_figure(groups: list[Mapping[str, Any]]) -> str:
    rows = {f"{row['group'].replace('_', ' ')} {row['value']}": {"test": float(row["test_subjects"])} for row in groups}
    return figures.bars(rows, axis="test subjects (dashed: needed)", mark=groups[0]["needed"]) if rows else ""

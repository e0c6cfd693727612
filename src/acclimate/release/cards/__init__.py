"""Cards of a release, written from its reports: what is not known there stands in them as a visible hole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from acclimate import __version__
from acclimate.release.cards.mlbom import bill_of_materials
from acclimate.release.grounds import Grounds
from acclimate.release.judge import Verdict
from acclimate.release.words import finding_cells, verdict_sentence

CARDS = {"model-card.md": "model_card.md", "dataset-card.md": "dataset_card.md", "annex-iv.md": "annex_iv.md"}
"""The template of each card."""


@dataclass(frozen=True)
class About:
    """What the cards tell. `sources` are those that ingest read, by name, with their `records` and `terms`."""

    project: str
    version: str
    task: str
    grounds: Grounds
    verdict: Verdict
    sources: Mapping[str, Any]

    def report(self, step: str) -> Mapping[str, Any] | None:
        """The metrics of a step; None where the release has no such step."""
        found = self.grounds.steps.get(step)
        return found.report["metrics"] if found else None

    def config(self, step: str) -> Mapping[str, Any] | None:
        """The configuration of a step; None where the release has no such step."""
        found = self.grounds.steps.get(step)
        return found.manifest["config"] if found else None

    @property
    def base(self) -> Mapping[str, Any] | None:
        """Name and digest of the model that was adapted."""
        return (self.report("predict.adapted") or {}).get("model")

    @property
    def environment(self) -> Mapping[str, str]:
        """Versions of libraries and what of the machine decides results, where the model was trained or else judged."""
        step = self.grounds.steps.get("train") or self.grounds.steps["evaluate"]
        found: Mapping[str, str] = step.manifest["environment"]
        return found


def cards(about: About) -> dict[str, bytes]:
    """The cards by file name: model and dataset card, a draft of Annex IV, and the bill of materials."""
    environment = Environment(
        loader=PackageLoader("acclimate.release.cards", "."),
        autoescape=False,  # noqa: S701 - Markdown, and every value that comes from people passes `plain`
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"plain": _plain, "quoted": json.dumps, "figure": _figure}
    findings = [[_plain(cell) for cell in finding_cells(one)] for one in about.verdict.findings]
    said = {"about": about, "findings": findings, "verdict": verdict_sentence(about.verdict), "acclimate": __version__}
    written = {
        name: environment.get_template(template).render(said).strip().encode() + b"\n"
        for name, template in CARDS.items()
    }
    return {**written, "mlbom.json": bill_of_materials(about)}


def _plain(text: object) -> str:
    """Text that stays one cell of a table and is neither markup nor a link."""
    escaped = str(text).replace("&", "&amp;").replace("<", "&lt;").replace("[", "&#91;")
    return " ".join(escaped.split()).replace("|", "\\|")


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"

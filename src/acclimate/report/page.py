"""One self-contained HTML file: no script, no font or style from elsewhere, figures as inline SVG."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from acclimate import __version__
from acclimate.core.atomic import write_bytes
from acclimate.core.durations import duration
from acclimate.core.labels import SEVERAL, SINGLE
from acclimate.core.retention import ONE_SIDED
from acclimate.core.sources import read_as
from acclimate.pipeline.config import ProjectConfig
from acclimate.project.workspace import Workspace
from acclimate.release import words as release_words
from acclimate.report import figures, label_set_words, label_words, leakage_words, pair_words, support_words, words
from acclimate.report.gather import Story, gather
from acclimate.report.profile import profile_figures
from acclimate.stages.evaluate.pair_items import ACCURACY_PER_TOKEN

FILE_NAME = "report.html"
_WORDS: Mapping[str, Any] = {SINGLE: label_words, SEVERAL: label_set_words, "preference": pair_words}
"""How a task's results are said, where not as those of answers."""


def write_report(workspace: Workspace, config: ProjectConfig) -> Path:
    """Writes the report of the newest artifacts into the project folder and returns its path."""
    path = workspace.folder / workspace.area / FILE_NAME
    write_bytes(path, render(gather(workspace, config)).encode())
    path.chmod(0o600)
    return path


def render(story: Story) -> str:
    """The page of a story."""
    said = _WORDS.get(story.config.task, words)
    title, tone = said.headline(story)
    drawn = {name: Markup(svg) for name, svg in _figures(story).items()}  # noqa: S704 - drawn by figures.py from numbers and escaped labels
    return (
        templates()
        .get_template("page.html")
        .render(
            story=story,
            words=words,
            said=said,
            supported=support_words,
            leaks=leakage_words,
            verdicts=release_words,
            title=title,
            tone=tone,
            figures=drawn,
            profile_figures=profile_figures(story.profile) if story.profile else {},
            retention_confidence=ONE_SIDED,
            version=__version__,
        )
    )


def templates() -> Environment:
    """The pages' templates; what comes from data is escaped."""
    environment = Environment(
        loader=PackageLoader("acclimate.report", "."),
        autoescape=select_autoescape(["html"], default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "read_as": read_as,
        "number": _number,
        "percent": _percent,
        "bits": _bits,
        "tiny": _tiny,
        "grouped": words.grouped,
        "duration": duration,
    }
    return environment


def _figures(story: Story) -> dict[str, str]:
    draw = {SINGLE: _label_figures, SEVERAL: _label_set_figures, "preference": _pair_figures}
    drawn = draw.get(story.config.task, _answer_figures)(story.evaluate)
    if story.train:
        drawn |= {"loss": _loss_figure(story.train), "validation": _validation_figure(story.train)}
    if story.pretrain:
        drawn["pretrain"] = _validation_figure(story.pretrain) or _loss_figure(story.pretrain)
    if story.dial:
        drawn["dial"] = _dial_figure(story.dial)
    return {name: svg for name, svg in drawn.items() if svg}


def _answer_figures(evaluate: Mapping[str, Any]) -> dict[str, str]:
    """What is drawn of answers."""
    return {
        "likelihood": _comparison_figure(evaluate["comparisons"], "bits_per_byte"),
        "answers": _comparison_figure(evaluate["comparisons"], evaluate["task"]["answer_metric"]),
        "terms": _terms_figure(evaluate.get("term_probes")),
        "slices": _slices_figure(evaluate["slices"]),
        "retention": _retention_figure(evaluate["retention"]),
        "abilities": _abilities_figure(evaluate["retention"]["abilities"]),
    }


def _label_figures(evaluate: Mapping[str, Any]) -> dict[str, str]:
    """What is drawn of labels told."""
    lines = {
        label_words.SHORT_NAMES[arm]: [(row["confidence"], row["accuracy"]) for row in rows]
        for arm, rows in evaluate["calibration"].items()
    }
    return {
        "likelihood": _comparison_figure(evaluate["comparisons"], "accuracy", label_words),
        "answers": _comparison_figure(evaluate["comparisons"], "macro_f1", label_words),
        "sites": _sites_figure(evaluate["by_site"]),
        "slices": _slices_figure(evaluate["slices"], "accuracy", label_words),
        "calibration": figures.calibration(lines),
    }


def _label_set_figures(evaluate: Mapping[str, Any]) -> dict[str, str]:
    """What is drawn of labels told where a text may have several."""
    lines = {
        label_set_words.SHORT_NAMES[arm]: [(row["confidence"], row["accuracy"]) for row in rows]
        for arm, rows in evaluate["calibration"].items()
    }
    return {
        "likelihood": _comparison_figure(evaluate["comparisons"], "micro_f1", label_set_words),
        "answers": _comparison_figure(evaluate["comparisons"], "macro_f1", label_set_words),
        "sites": _sites_figure(evaluate["by_site"], axis="share told exactly their labels"),
        "slices": _slices_figure(evaluate["slices"], "micro_f1", label_set_words),
        "calibration": figures.calibration(lines, across="how likely", up="how often there"),
    }


def _pair_figures(evaluate: Mapping[str, Any]) -> dict[str, str]:
    """What is drawn of pairs of answers."""
    metric = evaluate["task"]["answer_metric"]
    return {
        "likelihood": _comparison_figure(evaluate["comparisons"], metric, pair_words),
        "answers": _comparison_figure(evaluate["comparisons"], ACCURACY_PER_TOKEN, pair_words),
        "lengths": _slices_figure(evaluate["by_length"], metric, pair_words),
        "slices": _slices_figure(evaluate["slices"], metric, pair_words),
        "retention": _retention_figure(evaluate["retention"]),
        "abilities": _abilities_figure(evaluate["retention"]["abilities"]),
    }


def _sites_figure(rows: Sequence[Mapping[str, Any]], axis: str = "accuracy") -> str:
    shown = [
        figures.Interval(f"{row['site']}, {label_words.SHORT_NAMES[arm]} (n {row['items']})", *_bounds(row[arm]), tone)
        for row in rows
        for arm, tone in (("adapted", "good"), ("base", "unclear"))
    ]
    return figures.intervals(shown, axis=axis, origin=None) if shown else ""


def _bounds(row: Mapping[str, Any]) -> tuple[float, float, float]:
    return row["value"], row["low"], row["high"]


def _comparison_figure(rows: Iterable[Mapping[str, Any]], metric: str, said: Any = words) -> str:
    shown = [
        _interval(row, f"vs. {said.ARM_NAMES[row['arm']]}")
        for row in rows
        if row["metric"] == metric and row["low"] is not None
    ]
    less = metric == "bits_per_byte"
    axis = f"adapted − other, {said.METRIC_NAMES[metric]} ({'left' if less else 'right'} is better)"
    return figures.intervals(shown, axis=axis) if shown else ""


def _terms_figure(probes: Mapping[str, Any] | None) -> str:
    adapted = probes["arms"]["adapted"] if probes else {}
    rows = {"terms": adapted.get("terms_less_base"), "elsewhere": adapted.get("elsewhere_less_base")}
    shown = [
        figures.Interval(label, row["difference"], row["low"], row["high"], _tone_of_fewer_bits(row))
        for label, row in rows.items()
        if row and row["low"] is not None
    ]
    return figures.intervals(shown, axis="adapted − base, bits per byte (left is better)") if shown else ""


def _tone_of_fewer_bits(row: Mapping[str, Any]) -> str:
    return "good" if row["high"] < 0 else "bad" if row["low"] > 0 else "unclear"


def _slices_figure(rows: Iterable[Mapping[str, Any]], metric: str = "bits_per_byte", said: Any = words) -> str:
    shown = [
        _interval(row, f"{row['group'].replace('_', ' ')} {row['value']} (n {row['items']})")
        for row in rows
        if row["metric"] == metric and row["arm"] == "base" and row["low"] is not None
    ]
    better = "left" if metric == "bits_per_byte" else "right"
    axis = f"adapted − {said.SHORT_NAMES['base']}, {said.METRIC_NAMES[metric]} ({better} is better)"
    return figures.intervals(shown, axis=axis) if shown else ""


def _retention_figure(kept: Mapping[str, Any]) -> str:
    general = kept["general"]
    if not general or general["low"] is None:
        return ""
    bounds = general["low"] * 100, general["high"] * 100
    row = figures.Interval("general text", general["value"] * 100, *bounds, words.tone(general["verdict"]))
    return figures.intervals([row], axis="change of bits per byte, % (dashed: budget)", margin=general["budget"] * 100)


def _abilities_figure(abilities: Sequence[Mapping[str, Any]]) -> str:
    if not abilities:
        return ""
    rows = [
        figures.Interval(
            f"{row['ability'].replace('_', ' ')} (n {row['items']})",
            row["difference"] * 100,
            row["low"] * 100,
            row["high"] * 100,
            words.tone(row["verdict"]),
        )
        for row in abilities
    ]
    axis = "adapted − base, points of accuracy (dashed: budget)"
    return figures.intervals(rows, axis=axis, margin=abilities[0]["budget"] * 100)


def _interval(row: Mapping[str, Any], label: str) -> figures.Interval:
    return figures.Interval(label, row["difference"], row["low"], row["high"], words.tone(row["verdict"]))


def _loss_figure(train: Mapping[str, Any]) -> str:
    lines: dict[str, list[tuple[float, float]]] = {}
    for step in train["curve"]["steps"]:
        for source, loss in step["loss_by_source"].items():
            lines.setdefault(source, []).append((step["step"], loss))
    of_pairs = train["plan"]["objective"] == "preference"
    up = "loss of a pair; of replay nats per token" if of_pairs else "loss, nats per token"
    return figures.curves(lines, across="step", up=up) if lines else ""


def _validation_figure(train: Mapping[str, Any]) -> str:
    rows = train["curve"]["validation"]
    measured = next((name for name in words.VALIDATION_HEADINGS if rows and name in rows[0]), None)
    if measured is None:
        return ""
    points = [(row["step"], row[measured]) for row in rows]
    up = measured.replace("_", " ")
    return figures.curves({"validation": points}, across="step", up=up, mark=train["best_step"])


def _dial_figure(dial: Mapping[str, Any]) -> str:
    """Gain on validation against what general text loses, both in percent of the base, over the strength."""
    if dial["points"][0].get("preference_accuracy") is not None:
        return _dial_of_pairs(dial)
    start = dial["points"][0].get("bits_per_byte")
    points = dial["points"][1:]
    gained = [(row["alpha"], -100 * row["change"] / start) for row in points if start and row.get("change") is not None]
    lost = [(row["alpha"], 100 * row["general"]) for row in points if row.get("general") is not None]
    lines = {"gain on validation": gained, "rise on general text": lost}
    drawn = {label: [(0.0, 0.0), *line] for label, line in lines.items() if line}
    return figures.dial(drawn, kept=dial["alpha"], budget=100 * dial["budget"]["general"]) if drawn else ""


def _dial_of_pairs(dial: Mapping[str, Any]) -> str:
    """How many validation pairs are told right against what general text loses, in percent, over the strength."""
    lines = {
        "pairs right": [(row["alpha"], 100 * row["preference_accuracy"]) for row in dial["points"]],
        "rise on general text": [
            (row["alpha"], 100 * row.get("general", 0.0))
            for row in dial["points"]
            if row.get("general") or not row["alpha"]
        ],
    }
    return figures.dial(lines, kept=dial["alpha"], budget=100 * dial["budget"]["general"])


def _number(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:z.{digits}f}"


def _percent(share: float | None, digits: int = 1) -> str:
    return _number(None if share is None else share * 100, digits)


def _bits(nats: float) -> str:
    return _number(nats / math.log(2))


def _tiny(p_value: float) -> str:
    """A p-value; the smallest ones as a bound."""
    return "< .001" if p_value < 0.001 else f"{p_value:.3f}"

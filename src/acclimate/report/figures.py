"""Figures as inline SVG: curves and intervals, drawn by matplotlib without a screen, the same bytes for the same values."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

INK, MUTED, GAIN, LOSS, GRID = "#1f2933", "#7b8794", "#0b7a75", "#b23a48", "#e4e7eb"
PALETTE = ("#0b7a75", "#c77d0a", "#4059ad", "#b23a48", "#7b8794")


@dataclass(frozen=True)
class Interval:
    """One row of an interval figure, in the colour of its verdict's tone: good, bad or unclear."""

    label: str
    value: float
    low: float
    high: float
    tone: str

    @property
    def colour(self) -> str:
        """Green, red or grey."""
        return {"good": GAIN, "bad": LOSS}.get(self.tone, MUTED)


def intervals(rows: Sequence[Interval], *, axis: str, margin: float | None = None, origin: float | None = 0) -> str:
    """Estimates with their intervals, one a line; `margin` draws the budget that must not be passed.

    `origin` is the value that means nothing was found; None where there is none.
    """
    figure, axes = _axes(7.2, 0.7 + 0.38 * len(rows))
    for place, row in enumerate(reversed(rows)):
        axes.plot([row.low, row.high], [place, place], color=row.colour, linewidth=2.2, solid_capstyle="round")
        axes.plot([row.value], [place], "o", color=row.colour, markersize=5.5)
    if origin is not None:
        axes.axvline(origin, color=INK, linewidth=0.9)
    if margin is not None:
        axes.axvline(margin, color=LOSS, linewidth=1, linestyle=(0, (4, 3)))
    axes.set_yticks(range(len(rows)), [row.label for row in reversed(rows)])
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.set_xlabel(axis)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    return _svg(figure)


def curves(
    lines: Mapping[str, Sequence[tuple[float, float]]], *, across: str, up: str, mark: float | None = None
) -> str:
    """Lines over steps; `mark` is the step that was kept."""
    figure, axes = _axes(7.2, 2.9)
    for colour, (label, points) in zip(PALETTE, lines.items(), strict=False):
        axes.plot(
            *zip(*points, strict=True), color=colour, linewidth=1.8, label=label, marker="." if len(points) < 12 else ""
        )
    if mark is not None:
        axes.axvline(mark, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        axes.annotate(
            "kept",
            (mark, 1),
            xycoords=("data", "axes fraction"),
            xytext=(3, -9),
            textcoords="offset points",
            color=MUTED,
            fontsize=8,
        )
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(color=GRID, linewidth=0.8)
    axes.legend(frameon=False, fontsize=8)
    return _svg(figure)


def calibration(
    lines: Mapping[str, Sequence[tuple[float, float]]], *, across: str = "how sure", up: str = "how often right"
) -> str:
    """How often an arm is right over how sure it is, both as shares; on the dashed line the two agree."""
    figure, axes = _axes(4.6, 3.6)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    for colour, (label, points) in zip(PALETTE, lines.items(), strict=False):
        axes.plot(*zip(*points, strict=True), color=colour, linewidth=1.8, marker=".", label=label)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(color=GRID, linewidth=0.8)
    axes.legend(frameon=False, fontsize=8)
    return _svg(figure)


def dial(lines: Mapping[str, Sequence[tuple[float, float]]], *, kept: float, budget: float) -> str:
    """Lines over the strength of an adapter, each in a panel of its own scale; `budget` bounds the last one."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 1.5 * len(lines) + 0.6), layout="constrained")
    panels = figure.subplots(len(lines), 1, sharex=True, squeeze=False)[:, 0]
    for axes, colour, (label, points) in zip(panels, PALETTE, lines.items(), strict=False):
        _plain(axes)
        axes.plot(*zip(*points, strict=True), color=colour, linewidth=1.8, marker=".")
        axes.axvline(kept, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        axes.set_ylabel(f"{label}, %", fontsize=8)
        axes.grid(color=GRID, linewidth=0.8)
    panels[-1].axhline(budget, color=LOSS, linewidth=1, linestyle=(0, (4, 3)))
    panels[-1].set_xlabel("strength (dashed: kept)")
    return _svg(figure)


def gain_and_forgetting(points: Mapping[str, tuple[float, float]], *, budget: float | None = None) -> str:
    """One labelled point a run: what it gained (bits per byte, to the right) against the rise on general text (share)."""
    figure, axes = _axes(7.2, 4)
    for label, (change, rise) in points.items():
        axes.plot([-change], [100 * rise], "o", color=GAIN, markersize=6)
        axes.annotate(label, (-change, 100 * rise), xytext=(6, 4), textcoords="offset points", fontsize=8, color=INK)
    axes.axhline(0, color=INK, linewidth=0.9)
    if budget is not None:
        axes.axhline(100 * budget, color=LOSS, linewidth=1, linestyle=(0, (4, 3)))
    axes.margins(x=0.15, y=0.15)
    axes.set_xlabel("gain on test answers, bits per byte")
    axes.set_ylabel("rise on general text, %")
    axes.grid(color=GRID, linewidth=0.8)
    return _svg(figure)


def bars(rows: Mapping[str, Mapping[str, float]], *, axis: str, mark: float | None = None) -> str:
    """Amounts, one bar a row, parted by what they are made of; `mark` draws the amount that is wanted."""
    figure, axes = _axes(7.2, 0.9 + 0.3 * len(rows))
    parts = list(dict.fromkeys(part for row in rows.values() for part in row))
    places = list(range(len(rows)))[::-1]
    done = [0.0] * len(rows)
    for colour, part in zip(PALETTE, parts, strict=False):
        lengths = [row.get(part, 0.0) for row in rows.values()]
        axes.barh(places, lengths, left=done, height=0.62, color=colour, label=part)
        done = [start + length for start, length in zip(done, lengths, strict=True)]
    if mark is not None:
        axes.axvline(mark, color=LOSS, linewidth=1, linestyle=(0, (4, 3)))
    axes.set_yticks(places, list(rows))
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xlabel(axis)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    if len(parts) > 1:
        axes.legend(frameon=False, fontsize=8, ncols=len(parts), loc="lower right", bbox_to_anchor=(1, 1))
    return _svg(figure)


def histogram(edges: Sequence[float], counts: Sequence[int], *, axis: str, mark: float | None = None) -> str:
    """How many lie between each two edges; `mark` draws a limit."""
    figure, axes = _axes(7.2, 2.4)
    axes.stairs(counts, edges, fill=True, color=GAIN)
    if mark is not None:
        axes.axvline(mark, color=LOSS, linewidth=1, linestyle=(0, (4, 3)))
    axes.set_xlabel(axis)
    axes.set_ylabel("records")
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    return _svg(figure)


def _axes(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    _plain(axes)
    return figure, axes


def _plain(axes: Any) -> None:
    """No frame, muted labels."""
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK, labelsize=8.5, length=0)
    axes.xaxis.label.set(color=MUTED, size=8.5)
    axes.yaxis.label.set(color=MUTED, size=8.5)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _svg(figure: Any) -> str:
    import matplotlib as mpl

    settings = {"svg.fonttype": "none", "svg.hashsalt": "acclimate", "font.family": "sans-serif"}
    drawn = io.StringIO()
    with mpl.rc_context(settings):
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    text = drawn.getvalue()
    return text[text.index("<svg") :]

"""Writes the example project: a CSV file a shop, and a config."""

from __future__ import annotations

import random
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from acclimate.core.atomic import write_bytes
from acclimate.core.csv_tables import csv_table
from acclimate.examples.tickets.wording import ASIDES, CLOSINGS, COMPLAINTS, OPENINGS, PRODUCTS

SITES = ("harbour", "hill", "market")
COLUMNS = ("ticket", "customer", "channel", "category", "message", "matters")
"""The shops give each message one category; `matters` are all that it speaks of."""
TICKETS_PER_SITE = 160
TWO_MATTERS, BY_THE_SECOND, UNLABELLED = 0.4, 0.25, 0.03
"""Shares of messages that speak of two matters, of those of them that a shop labels by the second, of those without a
label."""


def write_project(folder: Path, *, seed: int = 7) -> list[Path]:
    """Writes the project into an existing folder and returns the files; equal seeds give equal bytes."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    written = {folder / "acclimate.yaml": (files(__package__) / "project.yaml").read_bytes()}
    for site in SITES:
        draw = random.Random(f"{seed} {site}")  # noqa: S311
        rows = [_row(site, number, draw) for number in range(TICKETS_PER_SITE)]
        written[folder / f"data/{site}.csv"] = csv_table(COLUMNS, rows).encode()
    for path, content in written.items():
        write_bytes(path, content)
    return list(written)


def _row(site: str, number: int, draw: random.Random) -> list[str]:
    """One message; every third one is a customer's second."""
    first, second = draw.sample(sorted(COMPLAINTS), 2)
    matters = [first, second] if draw.random() < TWO_MATTERS else [first]
    label = matters[-1] if draw.random() < BY_THE_SECOND else first
    given = "" if draw.random() < UNLABELLED else label
    channel = draw.choice(("mail", "form", "chat"))
    customer = f"{site}-c{number - number % 3 // 2}"
    return [f"{site}-{number}", customer, channel, given, _message(matters, draw), ";".join(matters)]


def _message(matters: Sequence[str], draw: random.Random) -> str:
    """The matters stand between what anybody might say."""
    said = [draw.choice(COMPLAINTS[matter]) for matter in matters]
    about = f"it is about {draw.choice(PRODUCTS)}: {said[0]}."
    parts = [draw.choice(OPENINGS), about, *draw.sample(ASIDES, draw.randint(0, 2))]
    return " ".join([*parts, *(f"Besides, {more}." for more in said[1:]), draw.choice(CLOSINGS)])

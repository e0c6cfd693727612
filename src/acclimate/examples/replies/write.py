"""Writes the example project: a JSON lines file a shop, and a config."""

from __future__ import annotations

import json
import random
from importlib.resources import files
from pathlib import Path

from acclimate.core.atomic import write_bytes
from acclimate.examples.replies.wording import CARE, PHRASES, REFUSALS, STEPS
from acclimate.examples.tickets.wording import CLOSINGS, COMPLAINTS, OPENINGS, PRODUCTS

SITES = ("harbour", "hill", "market")
PAIRS_PER_SITE = 80
LONGER, CARELESS = 0.5, 0.1
"""Shares of pairs whose helpful reply is the longer one, and of those in which the other reply was preferred."""


def write_project(folder: Path, *, seed: int = 7) -> list[Path]:
    """Writes the project into an existing folder and returns the files; equal seeds give equal bytes."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    written = {folder / "acclimate.yaml": (files(__package__) / "project.yaml").read_bytes()}
    for site in SITES:
        draw = random.Random(f"{seed} {site}")  # noqa: S311
        rows = [_row(site, number, draw) for number in range(PAIRS_PER_SITE)]
        written[folder / f"data/{site}.jsonl"] = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    for path, content in written.items():
        write_bytes(path, content)
    return list(written)


def _row(site: str, number: int, draw: random.Random) -> dict[str, str]:
    """A message with its two replies; every third message is a customer's second."""
    matter = draw.choice(sorted(COMPLAINTS))
    product, closing = draw.choice(PRODUCTS), draw.choice(CLOSINGS)
    helpful, empty = _replies(matter, product, draw, longer=draw.random() < LONGER)
    better, worse = (empty, helpful) if draw.random() < CARELESS else (helpful, empty)
    return {
        "id": f"{site}-{number}",
        "customer": f"{site}-c{number - number % 3 // 2}",
        "channel": draw.choice(("mail", "form", "chat")),
        "prompt": f"{draw.choice(OPENINGS)} it is about {product}: {draw.choice(COMPLAINTS[matter])}. {closing}",
        "chosen": better,
        "rejected": worse,
    }


def _replies(matter: str, product: str, draw: random.Random, *, longer: bool) -> tuple[str, str]:
    """A reply that helps and one that does not; `longer` says of the former which is longer."""
    step = f"About {product}: {draw.choice(STEPS[matter])}."
    if longer:
        return f"{step} {draw.choice(CARE)}", draw.choice(REFUSALS)
    return step, " ".join(draw.sample(PHRASES, 4))

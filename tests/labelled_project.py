"""A small real project that tells labels: two sites as CSV, a tiny encoder made on the spot, every step in seconds."""

from __future__ import annotations

import csv
import random
from pathlib import Path

CONFIG = """\
project: tickets
task: classification
base: ./tiny-encoder
ingest:
  sources:
    - path: data/north.csv
      site: north
      columns: {text: message, label: category, subject_id: customer}
      attributes: [age]
    - path: data/south.csv
      site: south
      columns: {text: message, label: category, subject_id: customer}
      attributes: [age]
split:
  fractions: {train: 0.55, validation: 0.15, test: 0.3}
train: {max_steps: 6, per_device_train_batch_size: 8, lora_r: 2, precision: fp32}
predict: {precision: fp32}
"""

WORDS = {
    "billing": ("invoice", "refund", "charge", "payment", "receipt", "price"),
    "delivery": ("parcel", "courier", "late", "address", "box", "driver"),
    "login": ("password", "account", "locked", "code", "screen", "browser"),
}
OTHER_WORDS = (
    "amber", "river", "candle", "orchard", "violet", "spoon", "harbour", "meadow", "lantern", "pebble", "thistle",
    "copper", "willow", "saddle", "marble", "feather", "kettle", "bridge", "anchor", "button",
)  # fmt: skip


def write_labelled_project(folder: Path, *, records: int = 120) -> Path:
    """Writes data, a tiny encoder and acclimate.yaml; two messages a customer, one in twenty without a label."""
    from acclimate.testing.models import write_tiny_encoder

    (folder / "data").mkdir(parents=True)
    write_tiny_encoder(folder / "tiny-encoder")
    rows = [_row(number) for number in range(records)]
    for site, of_site in (("north", rows[::2]), ("south", rows[1::2])):
        with (folder / f"data/{site}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(of_site)
    (folder / "acclimate.yaml").write_text(CONFIG)
    return folder


def _row(number: int) -> dict[str, str]:
    draw = random.Random(number)
    label = sorted(WORDS)[number % 3]
    words = [*draw.sample(WORDS[label], 2), *draw.sample(OTHER_WORDS, 5)]
    draw.shuffle(words)
    return {
        "message": " ".join(words),
        "category": "" if number % 20 == 19 else label,
        "customer": f"c{number // 2}",
        "age": "young" if number % 4 < 2 else "old",
    }

"""A small real project that tells labels: two sites as CSV, a tiny encoder made on the spot, every step in seconds."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path
from typing import Any

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

SEVERAL_CONFIG = """\
project: topics
task: multi-label-classification
base: ./tiny-encoder
ingest:
  sources:
    - path: data/north.csv
      site: north
      columns: {text: message, labels: topics, subject_id: customer}
      label_separator: ";"
    - path: data/south.jsonl
      site: south
      columns: {text: message, labels: topics, subject_id: customer}
split:
  fractions: {train: 0.5, validation: 0.2, test: 0.3}
train: {max_steps: 6, per_device_train_batch_size: 8, lora_r: 2, precision: fp32}
predict: {precision: fp32}
release:
  gates:
    - {gate: gain, metric: micro_f1, against: tfidf, set_by: Ann, why: agreed}
    - {gate: gain, metric: micro_f1, each_site: true, set_by: Ann, why: agreed}
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


def write_several_labels_project(folder: Path, *, records: int = 120) -> Path:
    """The same with none, one or two of the three labels a message: joined in a CSV file, as lists in JSON Lines."""
    from acclimate.testing.models import write_tiny_encoder

    (folder / "data").mkdir(parents=True)
    write_tiny_encoder(folder / "tiny-encoder")
    rows = [_row_of_several(number) for number in range(records)]
    with (folder / "data/north.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(row | {"topics": _joined(row["topics"])} for row in rows[::2])
    lines = "".join(json.dumps(row) + "\n" for row in rows[1::2])
    (folder / "data/south.jsonl").write_text(lines)
    (folder / "acclimate.yaml").write_text(SEVERAL_CONFIG)
    return folder


def _joined(topics: list[str] | None) -> str:
    return "" if topics is None else "; ".join(topics) or "[]"


def _row_of_several(number: int) -> dict[str, Any]:
    draw = random.Random(number)
    labels = draw.sample(sorted(WORDS), (0, 1, 1, 2)[number // 2 % 4])
    words = [word for label in labels for word in draw.sample(WORDS[label], 2)]
    words += draw.sample(OTHER_WORDS, 5)
    draw.shuffle(words)
    topics = None if number % 20 == 19 else labels
    return {"message": " ".join(words), "topics": topics, "customer": f"c{number // 2}"}


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

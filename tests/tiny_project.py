"""A small real project: two sites, a tiny model made on the spot, every step of the line in a few seconds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

CONFIG = """\
project: tiny
task: generation
base: ./tiny-model
ingest:
  sources:
    - path: data/north.jsonl
      site: north
      licence: Apache-2.0
      columns: {id: id, prompt: dialogue, completion: note, subject_id: patient}
      identifiers: {name: patient_name}
    - path: data/south.csv
      site: south
      licence: Apache-2.0
      columns: {id: id, prompt: dialogue, completion: note, subject_id: patient}
      identifiers: {name: patient_name}
general:
  sources:
    - {path: data/general.jsonl, name: general-text}
    - path: data/abilities.jsonl
      name: abilities
      columns: {prompt: prompt, chosen: chosen, rejected: rejected}
      attributes: [ability]
split:
  fractions: {train: 0.6, validation: 0.15, test: 0.25}
sample: {n: 4, max_new_tokens: 8}
train: {max_steps: 4, per_device_train_batch_size: 2, eval_steps: 2, save_steps: 2, lora_r: 2}
sweep: {alphas: [0.5]}
predict: {generations: 4, max_new_tokens: 6, shots: 1, training_records: 12}
"""

COMPLAINTS = ("headache", "back pain", "a dry cough", "chest tightness", "sore throat", "dizziness", "knee swelling")
NAMES = ("Ruth Vale", "Omar Haddad", "Ines Prado", "Tom Achebe", "Lena Fisk")


def write_tiny_project(folder: Path, *, records: int = 48) -> Path:
    """Writes data, general text, a tiny base model and acclimate.yaml."""
    from acclimate.testing.models import write_tiny_model

    (folder / "data").mkdir(parents=True)
    write_tiny_model(folder / "tiny-model")
    rows = [_row(number) for number in range(records)]
    north, south = rows[::2], rows[1::2]
    write_lines(folder / "data/north.jsonl", north)
    header = ",".join(south[0])
    lines = [",".join(f'"{value}"' for value in row.values()) for row in south]
    (folder / "data/south.csv").write_text("\n".join([header, *lines]) + "\n")
    write_general(folder / "data")
    (folder / "acclimate.yaml").write_text(CONFIG)
    return folder


def write_general(folder: Path) -> None:
    """General text and probes of an ability, to measure retention on."""
    texts = [
        {"text": f"The {number}th lamp in the harbour was lit before the boats came home."} for number in range(12)
    ]
    write_lines(folder / "general.jsonl", texts)
    probes = [
        {"prompt": f"{a} + {a} =", "chosen": f" {a + a}", "rejected": f" {a + a + 1}", "ability": "arithmetic"}
        for a in range(8)
    ]
    write_lines(folder / "abilities.jsonl", probes)


def _row(number: int) -> dict[str, str]:
    complaint, name = COMPLAINTS[number % 7], NAMES[number % 5]
    days, word = number % 9 + 2, ["spoon", "river", "candle", "orchard", "violet", "amber"][number % 6]
    return {
        "id": f"n{number}",
        "patient": f"p{number // 2}",
        "patient_name": name,
        "dialogue": f"Doctor: What brings you in today, {name}? Patient: {complaint} for {days} days, {word} {number * 7}.",
        "note": f"c/o {complaint} x{days}d, {word}, visit {number}.",
    }


def write_lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))

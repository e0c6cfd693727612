"""A small real project that learns which of two answers is better: two sites as JSON lines, a tiny model made on the spot."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from tests.tiny_project import write_general, write_lines

CONFIG = """\
project: preferred
task: preference
base: ./tiny-model
ingest:
  sources:
    - path: data/north.jsonl
      site: north
      columns: {id: id, prompt: question, chosen: better, rejected: worse, subject_id: patient}
      identifiers: {name: patient_name}
    - path: data/south.jsonl
      site: south
general:
  sources:
    - {path: data/general.jsonl, name: general-text}
    - path: data/abilities.jsonl
      name: abilities
      columns: {prompt: prompt, chosen: chosen, rejected: rejected}
      attributes: [ability]
split:
  fractions: {train: 0.55, validation: 0.15, test: 0.3}
sample: {n: 4, max_new_tokens: 8}
train: {max_steps: 4, per_device_train_batch_size: 2, eval_steps: 2, save_steps: 2, lora_r: 2, learning_rate: 0.005}
sweep: {alphas: [0.5]}
predict: {generations: 6, max_new_tokens: 6}
evaluate: {resamples: 400}
"""

COMPLAINTS = ("headache", "back pain", "a dry cough", "chest tightness", "sore throat", "dizziness", "knee swelling")
NAMES = ("Ruth Vale", "Omar Haddad", "Ines Prado", "Tom Achebe", "Lena Fisk")
WORDS = (
    "amber", "river", "candle", "orchard", "violet", "spoon", "harbour", "meadow", "lantern", "pebble", "thistle",
    "copper", "willow", "saddle", "marble", "feather", "kettle", "bridge", "anchor", "button",
)  # fmt: skip


def write_preference_project(folder: Path, *, pairs: int = 80) -> Path:
    """Writes pairs, general text, a tiny base model and acclimate.yaml.

    The north maps its columns; the south has TRL's conversational form with the prompt in both answers.
    """
    from acclimate.testing.models import write_tiny_model

    (folder / "data").mkdir(parents=True)
    write_tiny_model(folder / "tiny-model")
    rows = [_row(number) for number in range(pairs)]
    write_lines(folder / "data/north.jsonl", rows[::2])
    write_lines(folder / "data/south.jsonl", [_conversational(row) for row in rows[1::2]])
    write_general(folder / "data")
    (folder / "acclimate.yaml").write_text(CONFIG)
    return folder


def _row(number: int) -> dict[str, str]:
    """A pair; every third one prefers the longer answer."""
    draw = random.Random(number)
    name, complaint, words = NAMES[number % 5], COMPLAINTS[number % 7], draw.sample(WORDS, 6)
    short = f"{complaint}, {words[0]} {words[1]}, {name} seen."
    long = f"It seems that {complaint} may be {words[2]} {words[3]} or else {words[4]} {words[5]}, who knows."
    better, worse = (long, short) if number % 3 == 0 else (short, long)
    return {
        "id": f"n{number}",
        "patient": f"p{number // 2}",
        "patient_name": name,
        "question": f"Summarise: {name} has {complaint} since the {draw.choice(WORDS)} {draw.choice(WORDS)} {number}.",
        "better": better,
        "worse": worse,
    }


def _conversational(row: dict[str, str]) -> dict[str, Any]:
    asked = {"role": "user", "content": row["question"]}
    sides = {"chosen": row["better"], "rejected": row["worse"]}
    answers = {side: [asked, {"role": "assistant", "content": text}] for side, text in sides.items()}
    return {"id": row["id"], "subject_id": row["patient"], **answers}

"""Scores the same texts with the trained model at each strength, and leaves one row a strength and text."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from acclimate.core.artifacts import Artifact, Output
from acclimate.core.errors import ContractError
from acclimate.core.inference import score_durably
from acclimate.core.ports import Context, LanguageModel, Models, Score, TokenRow
from acclimate.core.report import Counts, Report
from acclimate.core.scored_texts import (
    Item,
    Record,
    ability_of,
    chosen_by_hash,
    general_items,
    is_set_aside,
    probe_items,
    task_items,
)
from acclimate.core.stage import Inputs
from acclimate.stages.sweep.config import SweepConfig

SWEEP_SCHEMA = pa.schema(
    [
        pa.field("alpha", pa.float64(), nullable=False),
        pa.field("id", pa.string(), nullable=False),
        pa.field("suite", pa.string(), nullable=False),
        pa.field("candidate", pa.string(), nullable=False),
        pa.field("cluster", pa.string(), nullable=False),
        pa.field("ability", pa.string()),
        pa.field("nats", pa.float64(), nullable=False),
        pa.field("tokens", pa.int64(), nullable=False),
        pa.field("bytes", pa.int64(), nullable=False),
    ]
)
"""One text scored at one strength: `suite` is task (validation), general or ability; `cluster` is whose text it is."""

_COLUMNS = ["id", "text", "prompt", "completion", "messages", "chosen", "rejected", "attributes", "split"]
_CLUSTERS = ["subject_id", "parents", "cluster_id"]


def run(config: SweepConfig, inputs: Inputs, output: Output, context: Context) -> Report:
    """The base and every strength on validation records and, where `general` is there, on what is set aside of it."""
    if context.models is None:
        raise ContractError("sweep needs a base model")
    records = {record["id"]: record for record in _material(config, inputs)}
    items = [*_task_items(config, records.values()), *_kept_items(config, records.values())]
    model = context.models.tokenizer_only(inputs["base"].path)
    rows = {item.key: model.render(item.named_example) for item in items}
    long = {item.id for item in items if len(rows[item.key].tokens) > model.facts.context_length}
    fitting = [item for item in items if item.id not in long]
    for alpha in (0.0, *config.alphas):
        scores = _score(alpha, [rows[item.key] for item in fitting], config, inputs, context)
        output.keep(_table(alpha, fitting, records, scores))
    left_out = len(items) - len(fitting)
    warnings = (f"{left_out} texts are longer than the model's context and were not measured.",) if left_out else ()
    counts = Counts(len(fitting), output.kept_rows, created=output.kept_rows - len(fitting), unit="scored texts")
    return Report("sweep", counts, {"alphas": [0.0, *config.alphas], "texts": len(fitting)}, warnings)


def _material(config: SweepConfig, inputs: Inputs) -> Iterator[Record]:
    """Validation records, and retention texts set aside, in the order of their ids."""
    validation = [row for row in _read(inputs["records"], [*_COLUMNS, *_CLUSTERS]) if row["split"] == "validation"]
    yield from chosen_by_hash(validation, config.validation_limit, seed=config.seed)
    if "general" in inputs:
        yield from (row | {"split": None} for row in _read(inputs["general"], _COLUMNS) if is_set_aside(row["id"]))


def _read(artifact: Artifact, columns: Sequence[str]) -> list[dict[str, Any]]:
    return sorted(artifact.table(list(columns)).to_pylist(), key=lambda row: str(row["id"]))


def _task_items(config: SweepConfig, records: Iterable[Record]) -> list[Item]:
    return task_items([record for record in records if record["split"] == "validation"], config.task)


def _kept_items(config: SweepConfig, records: Iterable[Record]) -> list[Item]:
    retention = [record for record in records if record["split"] != "validation"]
    return general_items(retention) + probe_items(retention, per_ability=config.probes_per_ability, seed=config.seed)


def _score(
    alpha: float, rows: Sequence[TokenRow], config: SweepConfig, inputs: Inputs, context: Context
) -> dict[str, Score]:
    """Scores at one strength; the weights it needs are written for it and taken away again."""
    models = context.models
    assert models is not None
    base, trained = inputs["base"].path, inputs["adapter"].model_folder
    scaled = context.partial / f"alpha-{alpha:g}"
    try:
        model = _at(alpha, models, config, base=base, trained=trained, scaled=scaled)
        return score_durably(model, rows, context=context, name=f"strength {alpha:g}")
    finally:
        shutil.rmtree(scaled, ignore_errors=True)


def _at(alpha: float, models: Models, config: SweepConfig, *, base: Path, trained: Path, scaled: Path) -> LanguageModel:
    if alpha == 0:
        return models.load(base, precision=config.precision)
    if alpha == 1:
        return models.load(base, adapter=trained, precision=config.precision)
    models.scale_adapter(base, adapter=trained, alpha=alpha, output=scaled)
    return models.load(base, adapter=scaled, precision=config.precision)


def _table(alpha: float, items: Sequence[Item], records: Mapping[str, Record], scores: Mapping[str, Score]) -> pa.Table:
    rows = [
        {
            "alpha": alpha,
            "id": item.id,
            "suite": item.suite,
            "candidate": item.candidate,
            "cluster": _cluster(records[item.id]),
            "ability": ability_of(records[item.id]) if item.suite == "ability" else None,
            "nats": scores[item.key].nats,
            "tokens": scores[item.key].tokens,
            "bytes": scores[item.key].bytes,
        }
        for item in items
    ]
    return pa.Table.from_pylist(rows, schema=SWEEP_SCHEMA)


def _cluster(record: Record) -> str:
    """Whose text it is: what several records share, as in the comparison on the test items."""
    parents = record.get("parents") or [None]
    return str(record.get("subject_id") or parents[0] or record.get("cluster_id") or record["id"])

"""Trains the base on the training records and base-sampled text, and keeps what was trained on beside the result."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from acclimate.core.artifacts import Output
from acclimate.core.errors import ContractError
from acclimate.core.labels import SEVERAL, SINGLE
from acclimate.core.ports import REPLAY, AnyRow, Context, Models, TrainingPlan, TrainingResult
from acclimate.core.report import Counts, Report
from acclimate.core.schema import records_table
from acclimate.core.stage import Inputs
from acclimate.stages.train.config import TrainConfig
from acclimate.stages.train.material import Material, domain_rows, gather_material, of_split, row_maker
from acclimate.stages.train.steps import Step, plan_steps, shuffled

MANY_EPOCHS = 3


def run(config: TrainConfig, inputs: Inputs, output: Output, context: Context) -> Report:
    """Writes what was trained to `model/`, and the records it was trained on as rows.

    That is the adapter (or trained weights); of the task masked_lm, which another step starts from, a whole encoder.
    """
    if context.models is None:
        raise ContractError("train needs models")
    base = inputs["base"].model_folder
    material = gather_material(config, inputs, context.models)
    batches = planned_steps(config, material.domain.plain, material.replay.plain)
    facts = context.models.facts(base)
    plan = config.plan(len(batches), rank=config.rank(material.tokens_to_learn, facts.parameters_per_rank))
    if material.maker.labels:
        plan = replace(plan, labels=material.maker.labels, max_length=material.maker.max_length)
    is_base = config.task == "masked_lm"
    trained = context.partial / "trained" if is_base else output.path / "model"
    with context.progress("training", len(batches)) as progress:
        result = context.models.train(
            base,
            batches,
            plan,
            validation=material.validation.plain,
            output=trained,
            partial=context.partial,
            progress=progress,
        )
    if is_base:
        context.models.write_merged(base, adapter=trained, output=output.path / "model")
    _write_rows(material, batches, output)
    metrics = {
        **_training_metrics(plan, result, material, batches),
        "curve": {"steps": [asdict(step) for step in result.steps], "validation": list(result.validation)},
    }
    return Report("train", _counts(material, output), metrics, warnings=_warnings(config, material, batches, result))


def preview(config: TrainConfig, inputs: Inputs, models: Models, rows: int) -> list[dict[str, Any]]:
    """The first training rows as the model sees them: `pieces` are texts, each with whether it carries loss."""
    training = of_split(inputs["records"], "train")
    maker = row_maker(config, inputs, models)
    chosen = sorted(training, key=lambda record: shuffled(str(record["id"]), seed=config.seed))[:rows]
    made = domain_rows(config, maker, chosen)
    return [{"id": row.id, "pieces": maker.show(row)} for row in made.plain[:rows]]


def planned_steps(config: TrainConfig, domain: Sequence[AnyRow], replay: Sequence[AnyRow]) -> list[Step]:
    """The rows of every optimiser step."""
    return plan_steps(
        domain,
        replay,
        steps=config.steps(len(domain)),
        rows_per_step=config.rows_per_step,
        epochs=None if config.max_steps else config.num_train_epochs,
        replay_share=config.replay_share if config.replays else 0.0,
        seed=config.seed,
    )


def _write_rows(material: Material, batches: Sequence[Step], output: Output) -> None:
    """Keeps what was trained on; what no step reached is set aside with the number of steps."""
    used = {row.id for batch in batches for _, row in batch}
    kept: list[Mapping[str, Any]] = []
    dropped: list[tuple[Mapping[str, Any], str, int]] = []
    for rows, reason in ((material.domain, "not_reached"), (material.replay, "replay_not_needed")):
        dropped += rows.dropped
        for row in rows.rows:
            if row.row.id in used:
                kept.append(row.record)
            else:
                dropped.append((row.record, reason, len(batches)))
    output.keep(records_table(kept))
    if dropped:
        records, reasons, values = zip(*dropped, strict=True)
        output.drop(records_table(records), reasons, values)


def _counts(material: Material, output: Output) -> Counts:
    used = (material.domain, material.replay)
    return Counts(
        inputs=sum(rows.records for rows in used),
        created=sum(rows.created for rows in used),
        kept=output.kept_rows,
        dropped=dict(sorted(output.dropped_by_reason.items())),
    )


def _training_metrics(
    plan: TrainingPlan, result: TrainingResult, material: Material, batches: Sequence[Step]
) -> dict[str, Any]:
    tokens = sum(step.tokens for step in result.steps)
    replayed = sum(len(row.tokens) for batch in batches for source, row in batch if source == REPLAY)
    domain = sum(1 for batch in batches for source, _ in batch if source != REPLAY)
    return {
        "plan": asdict(plan),
        "precision": result.precision,
        "device": result.device,
        "trainable_parameters": result.trainable_parameters,
        "steps": len(result.steps),
        "best_step": result.best_step,
        "epochs": round(domain / len(material.domain.rows), 3),
        "tokens": tokens,
        "trained_tokens": sum(step.trained_tokens for step in result.steps),
        "replay_share": round(replayed / tokens, 4) if tokens else 0.0,
        **_rows_metrics(material),
        "validation_records": len(material.validation.rows),
    }


def _rows_metrics(material: Material) -> dict[str, Any]:
    """What is told of the rows of a kind: how long texts were cut, and what is told apart how often."""
    if not material.maker.labels:
        return {"records_cut_into_windows": material.domain.cut_records}
    shares = zip(*(row.shares for row in material.domain.plain), strict=True)
    counts = {
        label: round(math.fsum(of_label), 3) for label, of_label in zip(material.maker.labels, shares, strict=True)
    }
    return {"texts_cut": material.domain.cut_records, "labels": counts}


def _warnings(
    config: TrainConfig, material: Material, batches: Sequence[Step], result: TrainingResult
) -> tuple[str, ...]:
    said = list(result.notes)
    domain = sum(1 for batch in batches for source, _ in batch if source != REPLAY)
    if domain > MANY_EPOCHS * len(material.domain.rows):
        said.append(
            f"train.max_steps shows each record {domain / len(material.domain.rows):.1f} times on average; above"
            f" {MANY_EPOCHS} a model begins to learn texts by heart."
        )
    if material.validation.dropped:
        why = "have no label, or one that training lacks," if material.maker.labels else "do not fit a row"
        said.append(f"{len(material.validation.dropped)} validation record(s) {why} and were not measured.")
    if config.replays and not material.replay.rows:
        said.append("There was no sampled text to replay, so nothing held the model to what it knew.")
    if material.replay.dropped:
        said.append(f"{len(material.replay.dropped)} sampled text(s) could not be replayed.")
    return (*said, *_label_warnings(config, material))


def _label_warnings(config: TrainConfig, material: Material) -> Iterator[str]:
    """What the reader must know of labels."""
    if not material.maker.labels:
        return
    unlabelled = Counter(reason for _, reason, _ in material.domain.dropped)
    if unlabelled:
        yield f"{unlabelled.total()} training record(s) have no label and were set aside; the classifier did not see them."
    several = sum(_has_several_in_full(row.record) for row in material.domain.rows)
    if several and config.task == SINGLE:
        yield (
            f"{several} training record(s) have no plain label and several in label_weights with the full weight 1, and were"
            f" learnt as equal shares of each; task: {SEVERAL} learns all labels of a record."
        )
    if material.domain.cut_records:
        yield (
            f"Of {material.domain.cut_records} training text(s) longer than {material.maker.max_length} tokens the"
            " classifier reads the beginning alone, here and afterwards."
        )
    unseen = [label for label, count in _rows_metrics(material)["labels"].items() if not count]
    if unseen:
        yield f"No training record has {', '.join(unseen)}, so the classifier cannot tell what labels it."


def _has_several_in_full(record: Mapping[str, Any]) -> bool:
    """Whether a record looks as those do that have several labels; two votes that differ look the same."""
    return not record["label"] and sum(one["weight"] == 1 for one in record["label_weights"] or ()) > 1

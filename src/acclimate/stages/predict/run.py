"""Scores and answers the test items with one method, and leaves one row a text."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from acclimate.core.artifacts import Output
from acclimate.core.errors import ConfigError, ContractError, DataError
from acclimate.core.examples import question_and_answer, up_to_answer, with_shots
from acclimate.core.inference import answer_durably, refuse_too_long, score_durably
from acclimate.core.labels import LABEL_TASKS, SEVERAL, SINGLE
from acclimate.core.ports import Context, Example, Generation, LanguageModel, Sampling, Score
from acclimate.core.report import Counts, Report
from acclimate.core.schema import PREDICTION_SCHEMA
from acclimate.core.scored_texts import (
    Item,
    Record,
    chosen_by_hash,
    general_items,
    is_set_aside,
    probe_items,
    reference_items,
    task_items,
)
from acclimate.core.stage import Inputs
from acclimate.stages.predict.config import METHODS, PredictConfig
from acclimate.stages.predict.label_sets import predict_label_sets
from acclimate.stages.predict.labels import predict_labels
from acclimate.stages.predict.nearest import nearest
from acclimate.stages.predict.preferences import preferences_of
from acclimate.stages.predict.shots import as_many_as_fit, choose_shots

_COLUMNS = ["id", "text", "prompt", "completion", "messages", "chosen", "rejected", "site", "attributes", "split"]
_LABEL_COLUMNS = ["id", "text", "label", "label_weights", "source", "split"]


@dataclass(frozen=True)
class Predictions:
    """What a method gave: rows in the prediction schema, and facts for the report."""

    rows: Sequence[Mapping[str, Any]]
    metrics: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def run(config: PredictConfig, inputs: Inputs, output: Output, context: Context) -> Report:
    """Predictions for the test items of `records`, and for retention where its inputs are there."""
    if config.method not in METHODS[config.task]:
        raise ConfigError(
            f"predict.method: {config.method} does not go with task {config.task}.",
            hint=f"use one of: {', '.join(METHODS[config.task])}",
        )
    columns = _LABEL_COLUMNS if config.task in LABEL_TASKS else _COLUMNS
    records = _read(inputs, "records", columns)
    test = [record for record in records if record["split"] == "test"]
    left_out: tuple[str, ...] = ()
    if config.task == "preference":
        test, left_out = preferences_of(test)
    train = [record for record in records if record["split"] == "train"]
    if not test:
        raise DataError(
            f"None of {len(records)} records is in the test split, so nothing can be predicted.",
            hint="raise split.fractions.test, or add a source with role: test",
        )
    if config.task == SINGLE:
        predictions = Predictions(*predict_labels(config, inputs, records, context))
    elif config.task == SEVERAL:
        predictions = Predictions(*predict_label_sets(config, inputs, records, context))
    elif config.method == "nearest_answer":
        predictions = _copied(test, train)
    else:
        predictions = _modelled(config, inputs, test, train, context)
    output.keep(pa.Table.from_pylist([dict(row) for row in predictions.rows], schema=PREDICTION_SCHEMA))
    texts = len(predictions.rows)
    metrics = {"method": config.method, **predictions.metrics}
    return Report("predict", Counts(texts, texts, unit="texts"), metrics, (*left_out, *predictions.warnings))


def _read(inputs: Inputs, role: str, columns: Sequence[str] = _COLUMNS) -> list[Record]:
    """The records of a role in the order of their ids; none where the role is not filled."""
    if role not in inputs:
        return []
    return sorted(inputs[role].table(columns).to_pylist(), key=lambda record: str(record["id"]))


def _copied(test: Sequence[Record], train: Sequence[Record]) -> Predictions:
    """The answer of the nearest training question for every test item; it has no likelihood."""
    if not train:
        raise DataError(
            "There are no training records whose answers could be copied.", hint="lower split.fractions.test"
        )
    known = [question_and_answer(record) for record in train]
    asked = [question_and_answer(record) for record in test]
    places = nearest([question for question, _ in asked], [question for question, _ in known])
    rows = [
        {"id": record["id"], "suite": "task", "candidate": "reference", "generated": known[place][1], "stopped": True}
        for record, place in zip(test, places, strict=True)
    ]
    return Predictions(rows, {"items": {"task": len(rows)}, "generations": len(rows)})


def _modelled(
    config: PredictConfig, inputs: Inputs, test: Sequence[Record], train: Sequence[Record], context: Context
) -> Predictions:
    """Scores of all texts and answers to some of the test items, from a model."""
    model = _load(config, inputs, context)
    items = [item for suite in _suites(config, inputs, test) for item in suite]
    items += _training_items(config, train, model)
    shots: list[Example] = []
    if config.method == "few_shot":
        asked = choose_shots(train, config.shots, seed=config.seed)
        shots = as_many_as_fit(model, asked, [item.example for item in items], room=config.max_new_tokens)
    scores = _score(model, items, shots, context)
    answered = [] if config.task == "pretraining" else chosen_by_hash(test, _answers(config), seed=config.seed)
    wanted = {record["id"] for record in answered}
    to_answer = [item for item in items if item.suite == "task" and item.id in wanted and item.candidate != "rejected"]
    answers = _answer(model, to_answer, shots, config, context)
    rows = [
        _row(item, scores[item.key], answers.get(item.key)) | _tokens(model, item, scores[item.key]) for item in items
    ]
    return Predictions(rows, _metrics(model, rows, shots, config), _warnings(config, shots, answers))


def _load(config: PredictConfig, inputs: Inputs, context: Context) -> LanguageModel:
    if "base" not in inputs or context.models is None:
        raise ContractError(f"predict with method {config.method} needs a base model")
    adapter = inputs["adapter"].model_folder if "adapter" in inputs else None
    return context.models.load(inputs["base"].path, adapter=adapter, precision=config.precision)


def _suites(config: PredictConfig, inputs: Inputs, test: Sequence[Record]) -> list[list[Item]]:
    """The texts to score, suite by suite, in the order of ids."""
    if config.method == "few_shot":
        return [task_items(test, config.task)]
    general = [
        record
        for record in _read(inputs, "general")
        if not (config.without_set_aside and is_set_aside(str(record["id"])))
    ]
    sampled = [record for record in _read(inputs, "sample") if record["split"] == "test"]
    suites = {
        "task": task_items(test, config.task),
        "general": general_items(general),
        "ability": sorted(
            probe_items(general, per_ability=config.probes_per_ability, seed=config.seed),
            key=lambda item: (item.id, item.candidate),
        ),
        "sampled": reference_items(sampled, "sampled"),
    }
    return [suites[suite] for suite in dict.fromkeys(config.suites) if suite in suites]


def _training_items(config: PredictConfig, train: Sequence[Record], model: LanguageModel) -> list[Item]:
    """The training records that are scored; those that do not fit the context were trained in parts, and are left out."""
    if config.method == "few_shot" or "trained" not in config.suites:
        return []
    chosen = sorted(chosen_by_hash(train, config.training_records, seed=config.seed), key=lambda one: str(one["id"]))
    items = reference_items(chosen, "trained")
    return [item for item in items if len(model.render(item.example).tokens) <= model.facts.context_length]


def _score(model: LanguageModel, items: Sequence[Item], shots: Sequence[Example], context: Context) -> dict[str, Score]:
    """Scores by item key; suites apart, since only texts of one suite begin alike."""
    scores: dict[str, Score] = {}
    for suite in dict.fromkeys(item.suite for item in items):
        examples = [_shown(item, shots) for item in items if item.suite == suite]
        rows = [model.render(example) for example in examples]
        refuse_too_long(rows, context_length=model.facts.context_length)
        scores |= score_durably(model, rows, context=context, name=suite)
    return scores


def _answer(
    model: LanguageModel, items: Sequence[Item], shots: Sequence[Example], config: PredictConfig, context: Context
) -> dict[str, Generation]:
    """Greedy answers by item key."""
    prompts = [model.render_prompt(up_to_answer(_shown(item, shots))) for item in items]
    refuse_too_long(prompts, context_length=model.facts.context_length, room=config.max_new_tokens)
    return answer_durably(model, prompts, Sampling(config.max_new_tokens), context=context, name="answers")


def _shown(item: Item, shots: Sequence[Example]) -> Example:
    return with_shots(item.named_example, shots) if shots else item.named_example


def _row(item: Item, score: Score, answer: Generation | None) -> dict[str, Any]:
    return {
        "id": item.id,
        "suite": item.suite,
        "candidate": item.candidate,
        "nats": score.nats,
        "tokens": score.tokens,
        "bytes": score.bytes,
        "generated": answer.text if answer else None,
        "stopped": answer.stopped if answer else None,
    }


def _tokens(model: LanguageModel, item: Item, score: Score) -> dict[str, Any]:
    """How likely each token of a task's reference is, and where it stands; what is asked of terms rests on it."""
    ends = model.answer_ends(item.example) if (item.suite, item.candidate) == ("task", "reference") else ()
    known = bool(ends) and len(ends) == len(score.token_nats)
    return {"token_ends": ends, "token_nats": score.token_nats} if known else {"token_ends": None, "token_nats": None}


def _metrics(
    model: LanguageModel, rows: Sequence[Mapping[str, Any]], shots: Sequence[Example], config: PredictConfig
) -> dict[str, Any]:
    references = [row for row in rows if row["suite"] != "ability" and row["candidate"] != "rejected"]
    nats, size = Counter[str](), Counter[str]()
    for row in references:
        nats[row["suite"]] += row["nats"]
        size[row["suite"]] += row["bytes"]
    answered = [row for row in rows if row["generated"] is not None]
    return {
        "model": {"name": model.facts.name, "digest": model.facts.digest},
        "items": dict(Counter(row["suite"] for row in rows)),
        "bits_per_byte": {suite: nats[suite] / math.log(2) / size[suite] for suite in size if size[suite]},
        "tokens_scored": sum(row["tokens"] for row in rows),
        "generations": len(answered),
        "generations_cut": sum(not row["stopped"] for row in answered),
        "shots": [shot.id for shot in shots],
        "shots_wanted": config.shots if config.method == "few_shot" else 0,
    }


def _warnings(config: PredictConfig, shots: Sequence[Example], answers: Mapping[str, Generation]) -> tuple[str, ...]:
    warnings = []
    if config.method == "few_shot" and len(shots) < config.shots:
        warnings.append(
            f"The prompted base saw {len(shots)} instead of {config.shots} examples:"
            " no more fit its context, or training has no more short ones."
        )
    cut = sum(not answer.stopped for answer in answers.values())
    if cut:
        warnings.append(f"{cut} of {len(answers)} answers were cut at {config.max_new_tokens} tokens.")
    return tuple(warnings)


def _answers(config: PredictConfig) -> int:
    """How many items get an answer; those of a smaller number are among those of a larger one."""
    if config.method == "few_shot":
        return min(config.few_shot_generations, config.generations)
    return config.generations

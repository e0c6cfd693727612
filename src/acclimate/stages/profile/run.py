"""The stage: counts every record, looks at some word by word, and says what to mend or gather before training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl
import pyarrow as pa

from acclimate.core.artifacts import Artifact, Output
from acclimate.core.errors import ContractError
from acclimate.core.hash_order import first_by_hash
from acclimate.core.ports import Context, Tokenizer
from acclimate.core.report import Counts, Report
from acclimate.core.schema import TEXT_COLUMNS
from acclimate.core.stage import ExpectedCost, Inputs, InputSizes, Stage
from acclimate.stages.profile.associations import association_rows
from acclimate.stages.profile.collection_plan import collection_plan
from acclimate.stages.profile.config import ProfileConfig
from acclimate.stages.profile.facts import all_facts, groups_of
from acclimate.stages.profile.findings import findings
from acclimate.stages.profile.label_errors import label_errors
from acclimate.stages.profile.sample import WordCounter, Words
from acclimate.stages.profile.shift import shift_metrics
from acclimate.stages.profile.size import label_rows, missing_rows, size_rows
from acclimate.stages.profile.telltale import telltale_words
from acclimate.stages.profile.tokens import count_tokens, fertility_rows, length_metrics, term_metrics

PROFILE_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("site", pa.string()),
        pa.field("split", pa.string()),
        pa.field("words", pa.int64(), nullable=False),
        pa.field("characters", pa.int64(), nullable=False),
        pa.field("tokens", pa.int64()),
        pa.field("label", pa.string()),
        pa.field("likely_label", pa.string()),
    ]
)
"""One record. `tokens` is null where it was not looked at, `likely_label` where its label is not doubted."""


def run(config: ProfileConfig, inputs: Inputs, output: Output, context: Context) -> Report:
    """A row for each record, and in the report everything that is known of all of them together.

    The optional input `general` is text of everyday language, beside which tokens per word are read; `glossary` holds the
    terms whose cutting is told.
    """
    if context.models is None:
        raise ContractError("profile needs the base's tokenizer")
    model = context.models.tokenizer(inputs["base"].path)
    facts = all_facts(inputs["records"], context)
    chosen = first_by_hash(facts["id"].to_list(), config.max_records, config.seed)
    sample, words = _look_at(inputs["records"], facts.filter(pl.col("id").is_in(sorted(chosen))), model, context)
    metrics = _of_all(facts, config) | _of_sample(sample, words, config)
    metrics["lengths"] = length_metrics(sample, context_length=model.facts.context_length)
    terms = [row["term"] for row in inputs["glossary"].rows(["term"])] if "glossary" in inputs else []
    metrics["terms"] = term_metrics(terms, model)
    general = list(_general(inputs, config.max_records))
    metrics["fertility"] = fertility_rows(sample, general, model, confidence=config.confidence, seed=config.seed)
    doubted = metrics["label_errors"].pop("by_id") if metrics["label_errors"] else {}
    output.keep(_table(facts, sample, doubted))
    return Report("profile", Counts(facts.height, output.kept_rows), metrics, tuple(findings(metrics)))


def _look_at(records: Artifact, chosen: pl.DataFrame, model: Tokenizer, context: Context) -> tuple[pl.DataFrame, Words]:
    """The chosen records with their tokens, in the order of their ids, and the words in them."""
    counter, tokens, columns = WordCounter(), [], ["id", *TEXT_COLUMNS, "messages"]
    with context.progress("reading words", chosen.height) as progress:
        for record in records.chosen(set(chosen["id"]), columns, batch_rows=context.batch_rows):
            counter.add(record)
            tokens.append({"id": record["id"], **count_tokens(record, model)})
            progress.advance()
    counted = pl.DataFrame(tokens, schema={"id": pl.String, "tokens": pl.Int64, "text_tokens": pl.Int64})
    return chosen.join(counted, on="id", how="left", maintain_order="left"), counter.words(chosen["id"])


def _of_all(facts: pl.DataFrame, config: ProfileConfig) -> dict[str, Any]:
    """What rests on every record."""
    groups = groups_of(facts, max_values=config.max_values)
    rows = collection_plan(facts, groups, wanted=config.half_width, confidence=config.confidence)
    return {
        "size": size_rows(facts),
        "missing": missing_rows(facts, max_values=config.max_values),
        "labels": label_rows(facts),
        "several_labels": facts["label"].null_count() == facts.height and facts["labels"].drop_nulls().len() > 0,
        "associations": association_rows(facts, groups, max_values=config.max_values, seed=config.seed),
        "plan": {"half_width": config.half_width, "confidence": config.confidence, "groups": rows},
    }


def _of_sample(sample: pl.DataFrame, words: Words, config: ProfileConfig) -> dict[str, Any]:
    """What rests on the records that were looked at word by word."""
    telltale = {
        target: telltale_words(sample, words, target=target, confidence=config.confidence)
        for target in ("site", "label")
    }
    return {
        "looked_at": sample.height,
        "shift": shift_metrics(sample, words, confidence=config.confidence, seed=config.seed),
        "label_errors": label_errors(sample, words, seed=config.seed),
        "telltale": telltale,
    }


def _general(inputs: Inputs, limit: int) -> Iterator[dict[str, Any]]:
    """General texts, at most so many, in the order of their ids."""
    if "general" not in inputs:
        return
    chosen = first_by_hash((row["id"] for row in inputs["general"].rows(["id"])), limit)
    yield from sorted(inputs["general"].chosen(chosen, ["id", "text"]), key=lambda row: str(row["id"]))


def _table(facts: pl.DataFrame, sample: pl.DataFrame, doubted: Mapping[str, str]) -> pa.Table:
    likely = pl.DataFrame(
        {"id": list(doubted), "likely_label": list(doubted.values())},
        schema={"id": pl.String, "likely_label": pl.String},
    )
    joined = facts.join(sample.select("id", "tokens"), on="id", how="left", maintain_order="left")
    joined = joined.join(likely, on="id", how="left", maintain_order="left")
    return joined.select(PROFILE_SCHEMA.names).to_arrow()


def _estimate(config: ProfileConfig, known: InputSizes) -> ExpectedCost | None:
    if "records" not in known.rows:
        return None
    looked_at = min(config.max_records, known.rows["records"])
    seconds = 5.0 + looked_at / 300 + known.rows["records"] / 20_000
    return ExpectedCost(
        seconds, (500 << 20) + known.rows["records"] * 500, f"{looked_at} records are looked at word by word"
    )


STAGE = Stage(
    name="profile",
    config=ProfileConfig,
    run=run,
    inputs=("records", "base"),
    schema=PROFILE_SCHEMA,
    code=(
        "acclimate.core.confident_learning",
        "acclimate.core.examples",
        "acclimate.core.hash_order",
        "acclimate.core.preferences",
        "acclimate.core.label_sets",
        "acclimate.core.logistic_regression",
        "acclimate.core.statistics",
        "acclimate.backends.rendering",
        "acclimate.backends.text_rendering",
    ),
    estimate=_estimate,
)

"""Everything a run learns from and is measured on, as rows; the task decides here, and only here, of which kind they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from acclimate.core.artifacts import Artifact
from acclimate.core.errors import DataError
from acclimate.core.labels import COLUMNS, LABEL_TASKS, SINGLE
from acclimate.core.ports import ModelFacts, Models, TokenRow
from acclimate.core.stage import Inputs
from acclimate.stages.train.config import TrainConfig
from acclimate.stages.train.labels import LabelRows
from acclimate.stages.train.masked import MaskedRows
from acclimate.stages.train.pairs import PairRows
from acclimate.stages.train.rows import Record, RowMaker, Rows, refuse_too_long
from acclimate.stages.train.steps import shuffled
from acclimate.stages.train.texts import TextRows, without_stops


@dataclass(frozen=True)
class Material:
    """Everything a run learns from and is measured on, as rows of `maker`, and text to replay."""

    maker: RowMaker
    domain: Rows[Any]
    replay: Rows[TokenRow]
    validation: Rows[Any]

    @property
    def tokens_to_learn(self) -> int:
        """Of the domain, each counted once."""
        return sum(self.maker.tokens_to_learn(row) for row in self.domain.plain)


def row_maker(config: TrainConfig, inputs: Inputs, models: Models) -> RowMaker:
    """What makes the rows of the task."""
    base = inputs["base"].model_folder
    if config.task == "masked_lm":
        tokenizer = models.tokenizer(base)
        return MaskedRows(tokenizer, max_length(config, tokenizer.facts))
    if config.task in LABEL_TASKS:
        tokenizer = models.tokenizer(base)
        rows_of = LabelRows.of_one if config.task == SINGLE else LabelRows.of_several
        records = inputs["records"].rows(COLUMNS)
        return rows_of(tokenizer, records, config.labels, max_length(config, tokenizer.facts))
    model = models.tokenizer_only(base)
    if config.task == "preference":
        return PairRows(model, max_length(config, model.facts))
    return TextRows(model, config.task, max_length(config, model.facts))


def gather_material(config: TrainConfig, inputs: Inputs, models: Models) -> Material:
    """The rows of the training records, of at most `validation_limit` validation records, and of text to replay."""
    maker = row_maker(config, inputs, models)
    domain = domain_rows(config, maker, of_split(inputs["records"], "train"))
    if not domain.rows:
        raise DataError(
            f"No training record is left to learn from ({len(domain.dropped)} were set aside).",
            hint="look at the split's report; raise train.max_length, or add records",
        )
    measured = sorted(
        of_split(inputs["records"], "validation"), key=lambda record: shuffled(record["id"], seed=config.seed)
    )
    validation = maker.rows_of(measured[: config.validation_limit])
    return Material(maker, domain, _replay_rows(config, inputs, models), validation)


def domain_rows(config: TrainConfig, maker: RowMaker, records: Sequence[Record]) -> Rows[Any]:
    """The rows of training records; fails where one is too long and may not be set aside."""
    rows = maker.rows_of(records)
    if config.on_too_long == "fail":
        refuse_too_long(rows, max_length=maker.max_length)
    return rows


def _replay_rows(config: TrainConfig, inputs: Inputs, models: Models) -> Rows[TokenRow]:
    if not config.replays or "sample" not in inputs:
        return Rows()
    model = models.tokenizer_only(inputs["base"].model_folder)
    replay = TextRows(model, None, max_length(config, model.facts)).rows_of(of_split(inputs["sample"], "train"))
    replay.rows = without_stops(replay.rows)
    return replay


def max_length(config: TrainConfig, facts: ModelFacts) -> int:
    """Most tokens of a row."""
    return min(config.max_length or facts.context_length, facts.context_length)


def of_split(artifact: Artifact, split: str) -> list[dict[str, Any]]:
    """The records of a split, by id, so that nothing depends on the order they came in."""
    return sorted((row for row in artifact.rows() if row["split"] == split), key=lambda row: str(row["id"]))

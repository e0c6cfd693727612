"""Text drawn from the base alone, one half for replay in training, the other for measuring what was kept.

The retention half is left as drawn, apart from empty texts: filtering it would turn the estimate of the divergence
from the base into that of another distribution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from acclimate.core.artifacts import Output
from acclimate.core.errors import ContractError
from acclimate.core.ports import Context, ModelFacts, Sampling
from acclimate.core.report import Counts, Report
from acclimate.core.schema import records_table
from acclimate.core.stage import Inputs
from acclimate.stages.sample.config import SampleConfig
from acclimate.stages.sample.draw import DRAWN_AT_ONCE, Drawn, draw_conversations, draw_texts
from acclimate.stages.sample.faults import Fault, fault_of

REPLAY, RETENTION = "train", "test"


def run(config: SampleConfig, inputs: Inputs, output: Output, context: Context) -> Report:
    """Records of sampled text with split `train` (replay) and `test` (retention)."""
    if context.models is None:
        raise ContractError("sample needs a base model")
    model = context.models.load(inputs["base"].path, precision=config.precision)
    facts = model.facts
    sampling = Sampling(config.max_new_tokens, config.temperature, config.seed, DRAWN_AT_ONCE)
    names = [f"sample-{facts.digest[:12]}-{number:05d}" for number in range(config.n)]
    plain = {name for number, name in enumerate(names) if not facts.has_chat_template or is_plain(number, config)}
    conversations = draw_conversations(model, [name for name in names if name not in plain], sampling, context)
    longer = replace(sampling, max_new_tokens=2 * config.max_new_tokens)
    texts = draw_texts(model, [name for name in names if name in plain], longer, context)
    by_name = {text.name: text for text in (*conversations, *texts)}
    drawn = [by_name[name] for name in names]
    replayed = (config.n + 1) // 2
    records = [_record(text, REPLAY if place < replayed else RETENTION, facts) for place, text in enumerate(drawn)]
    faults = [fault_of(text, for_replay=record["split"] == REPLAY) for text, record in zip(drawn, records, strict=True)]
    return _write(records, faults, drawn, facts, output)


def is_plain(number: int, config: SampleConfig) -> bool:
    """Whether the sample of this number is a plain text: they are spread evenly, so that both halves have their share."""
    return int((number + 1) * config.text_share) > int(number * config.text_share)


def _write(
    records: Sequence[dict[str, Any]],
    faults: Sequence[Fault | None],
    drawn: Sequence[Drawn],
    facts: ModelFacts,
    output: Output,
) -> Report:
    table = records_table(records)
    sound = pa.array([fault is None for fault in faults])
    output.keep(table.filter(sound))
    found = [fault for fault in faults if fault is not None]
    faulty = table.filter(pc.invert(sound))
    output.drop(faulty, [fault.reason for fault in found], [fault.value for fault in found])
    counts = Counts(0, output.kept_rows, created=len(records), dropped=dict(sorted(output.dropped_by_reason.items())))
    kept = [record["split"] for record, fault in zip(records, faults, strict=True) if fault is None]
    metrics = {
        "model": {"name": facts.name, "digest": facts.digest},
        "replay": kept.count(REPLAY),
        "retention": kept.count(RETENTION),
        "texts": sum(text.user is None for text in drawn),
        "cut": sum(not text.finished for text in drawn),
        "characters": sum(len(text.user or "") + len(text.answer) for text in drawn),
    }
    return Report("sample", counts, metrics)


def _record(drawn: Drawn, split: str, facts: ModelFacts) -> dict[str, Any]:
    origin = {"id": drawn.name, "source": "base-sample", "licence": facts.licence, "split": split}
    if drawn.user is None:
        return {**origin, "text": drawn.answer}
    turns = [("user", drawn.user), ("assistant", drawn.answer)]
    return {**origin, "messages": [{"role": role, "content": content, "train": True} for role, content in turns]}

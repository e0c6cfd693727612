"""The one record schema: every table of records has these columns, always all of them, most of them nullable.

Field names of the payload follow the dataset formats of TRL and transformers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

MESSAGE = pa.struct(
    [
        pa.field("role", pa.string()),
        pa.field("speaker", pa.string()),
        pa.field("content", pa.string()),
        pa.field("train", pa.bool_()),
        pa.field("tool_calls", pa.string()),
    ]
)
"""One turn of a conversation; `train` says whether its tokens carry loss, `tool_calls` is JSON."""

SPAN = pa.struct(
    [
        pa.field("field", pa.string()),
        pa.field("start", pa.int32()),
        pa.field("end", pa.int32()),
        pa.field("label", pa.string()),
    ]
)
"""A stretch of a text column: offsets are Unicode code points, end exclusive."""

NAMED_VALUE = pa.struct([pa.field("name", pa.string()), pa.field("value", pa.string())])
LABEL_WEIGHT = pa.struct([pa.field("label", pa.string()), pa.field("weight", pa.float64())])
LABEL_PROBABILITY = pa.struct([pa.field("label", pa.string()), pa.field("probability", pa.float64())])
MEDIUM = pa.struct([pa.field("digest", pa.string()), pa.field("type", pa.string())])

RECORD_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("text", pa.string()),
        pa.field("prompt", pa.string()),
        pa.field("completion", pa.string()),
        pa.field("messages", pa.list_(MESSAGE)),
        pa.field("label", pa.string()),
        pa.field("label_weights", pa.list_(LABEL_WEIGHT)),
        pa.field("spans", pa.list_(SPAN)),
        pa.field("chosen", pa.string()),
        pa.field("rejected", pa.string()),
        pa.field("media", pa.list_(MEDIUM)),
        pa.field("source", pa.string()),
        pa.field("locator", pa.string()),
        pa.field("site", pa.string()),
        pa.field("subject_id", pa.string()),
        pa.field("licence", pa.string()),
        pa.field("collected_at", pa.timestamp("us", tz="UTC")),
        pa.field("attributes", pa.list_(NAMED_VALUE)),
        pa.field("identifiers", pa.list_(NAMED_VALUE)),
        pa.field("cluster_id", pa.string()),
        pa.field("split", pa.string()),
        pa.field("slices", pa.list_(pa.string())),
        pa.field("weight", pa.float64()),
        pa.field("parents", pa.list_(pa.string())),
        pa.field("extra", pa.string()),
    ]
)
"""`source` is the name of the source as the project gives it; `locator` is the place in it
(`notes.jsonl:12`), which may name a person and is therefore emptied by deidentify."""

DROPPED_SCHEMA = pa.schema(
    [
        pa.field("reason", pa.string(), nullable=False),
        pa.field("value", pa.string()),
        pa.field("threshold", pa.string()),
        *RECORD_SCHEMA,
    ]
)
"""A dropped record is kept aside whole, with the rule that dropped it, the value that broke it and its threshold."""

PREDICTION_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("suite", pa.string(), nullable=False),
        pa.field("candidate", pa.string(), nullable=False),
        pa.field("nats", pa.float64()),
        pa.field("tokens", pa.int64()),
        pa.field("bytes", pa.int64()),
        pa.field("generated", pa.string()),
        pa.field("stopped", pa.bool_()),
        pa.field("token_ends", pa.list_(pa.int32())),
        pa.field("token_nats", pa.list_(pa.float32())),
        pa.field("label", pa.string()),
        pa.field("probabilities", pa.list_(LABEL_PROBABILITY)),
        pa.field("labels", pa.list_(pa.string())),
    ]
)
"""One scored text, one generated answer or one labelled text of one model.

`suite` is task, general, ability, sampled or trained; `candidate` is reference, chosen or rejected. `nats` is the negative
natural log-likelihood of the candidate text given its prompt, over `tokens` tokens and `bytes` UTF-8 bytes.
`generated` is the greedy answer, null where none was asked for; `stopped` says the model ended it by itself.
`token_nats` are the parts of `nats` token by token, and `token_ends` where in the candidate text each token ends, in code
points; for the task's references, null elsewhere and where the tokenizer does not tell.
`label` is the likeliest of the labels in `probabilities`, which sum to one; `nats` is then the negative natural logarithm
of the reference label's probability, null where the record has no label or one that training lacks.
Where a text may have several labels, `labels` are those whose probability is above the threshold, each probability stands
by itself, `label` is null, and `nats` are summed over all labels, those told and those not.
"""

TEXT_COLUMNS = ("text", "prompt", "completion", "chosen", "rejected")
"""The plain text payload columns; `messages[].content` is the only other place where text stands."""


def records_table(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """A table in the record schema from plain dictionaries; columns a row does not name are null.

    >>> records_table([{"id": "a", "text": "hello"}]).num_rows
    1
    """
    return pa.Table.from_pylist([dict(row) for row in rows], schema=RECORD_SCHEMA)


def task_text(record: Mapping[str, Any]) -> str:
    """All payload text of one record as one string, in a fixed order, for signatures and language checks."""
    parts = [record[column] for column in TEXT_COLUMNS if record.get(column)]
    parts += [message["content"] for message in record.get("messages") or [] if message["content"]]
    return "\n".join(parts)

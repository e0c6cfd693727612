"""Lists of tokens and of their tags, the form of datasets for named entities -> a text and the spans in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from acclimate.core.tags import TAG, tagged_runs
from acclimate.stages.ingest.rows import RowError

_CHARACTERS_SHOWN = 40


@dataclass(frozen=True)
class TaggedText:
    """The tokens with a space between them, and a span for each run of tags."""

    text: str
    spans: list[dict[str, Any]]


def read_tagged_tokens(tokens: Any, tags: Any, *, names: Sequence[str] = ()) -> TaggedText | None:
    """The text and spans of a row, None where it has neither list; `names` are the tags that numbers count from 0.

    >>> read_tagged_tokens(["Ann", "Lee", "left"], ["B-PER", "I-PER", "O"])
    TaggedText(text='Ann Lee left', spans=[{'field': 'text', 'start': 0, 'end': 7, 'label': 'PER'}])
    """
    if tokens is None and tags is None:
        return None
    if not isinstance(tokens, list) or not isinstance(tags, list):
        raise RowError("bad_type", "the tokens or their tags are not a list")
    if len(tokens) != len(tags):
        sentence = f"it has {len(tokens)} tokens and {len(tags)} tags"
        raise RowError("bad_tags", sentence, f"{len(tokens)} tokens, {len(tags)} tags")
    if not all(isinstance(token, str) and token for token in tokens):
        raise RowError("bad_type", "a token is not a text, or an empty one")
    starts = list(accumulate((len(token) + 1 for token in tokens), initial=0))
    runs = tagged_runs([_tag(tag, names) for tag in tags])
    spans = [
        {"field": "text", "start": starts[run.first], "end": starts[run.last + 1] - 1, "label": run.label}
        for run in runs
    ]
    return TaggedText(" ".join(tokens), spans)


def _tag(value: Any, names: Sequence[str]) -> str:
    """A tag as it is written, or as its number says."""
    if isinstance(value, int) and not isinstance(value, bool):
        if 0 <= value < len(names):
            return names[value]
        sentence = f"a tag is a number that tag_names, which has {len(names)} names, does not name"
        raise RowError("bad_tags", sentence, value)
    if not isinstance(value, str) or not TAG.fullmatch(value) or (names and value not in names):
        sentence = "a tag is not one of tag_names" if names else "a tag is not in the form of O, B-PER, I-PER"
        raise RowError("bad_tags", sentence, str(value)[:_CHARACTERS_SHOWN])
    return value

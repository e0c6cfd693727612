"""The formats by name: what each can hold, and how it is read and written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from acclimate.annotation.formats import argilla, brat, conll, doccano, hf_datasets, label_studio, prodigy
from acclimate.annotation.formats.exchange import ExchangeItem, ReadOptions
from acclimate.annotation.schema import Choice, LabelSchema, Question, Rating, Spans, Text
from acclimate.core.errors import ConfigError

Reader = Callable[[Path, ReadOptions], Iterator[ExchangeItem]]
Writer = Callable[[Iterable[ExchangeItem], Path, LabelSchema, Counter[str]], None]


def _no_schema(_path: Path, _options: ReadOptions) -> LabelSchema | None:
    return None


def _labelled(asked: Question) -> bool:
    return isinstance(asked, Choice | Spans | Text) or (
        isinstance(asked, Rating) and len(asked.criteria) == 1 and asked.low >= 0
    )


@dataclass(frozen=True)
class Format:
    """One format. `holds` says which questions it can hold; `many` that it holds all questions of a task at once."""

    read: Reader
    write: Writer
    holds: Callable[[Question], bool]
    many: bool = False
    everybody: bool = False
    """Whether it holds everybody's answers; else what counts as the answer, or those of one person."""
    suggests: bool = False
    """Whether it holds suggestions."""
    exposes: bool = False
    """Whether it holds who was shown a suggestion."""
    ranks: bool = False
    """Whether it holds candidates to rank."""
    settles: bool = True
    """Whether it holds what counts as the answer."""
    schema: Callable[[Path, ReadOptions], LabelSchema | None] = _no_schema


FORMATS = {
    "label-studio": Format(
        label_studio.read,
        label_studio.write,
        lambda asked: _labelled(asked) and not (isinstance(asked, Rating) and asked.low != 1),
        many=True,
        everybody=True,
        suggests=True,
        settles=False,
        schema=label_studio.schema,
    ),
    "argilla": Format(
        argilla.read,
        argilla.write,
        _labelled,
        many=True,
        everybody=True,
        suggests=True,
        settles=False,
        schema=argilla.schema,
    ),
    "doccano": Format(doccano.read, doccano.write, lambda asked: isinstance(asked, Choice | Spans | Text)),
    "doccano-seq2seq": Format(doccano.read_seq2seq, doccano.write, lambda asked: isinstance(asked, Text)),
    "prodigy": Format(
        prodigy.read,
        prodigy.write,
        lambda asked: isinstance(asked, Choice | Spans | Text),
        everybody=True,
        suggests=True,
        settles=False,
    ),
    "conll": Format(conll.read, conll.write, lambda asked: isinstance(asked, Spans)),
    "brat": Format(brat.read, brat.write, lambda asked: isinstance(asked, Spans)),
    "hf": Format(
        hf_datasets.read,
        hf_datasets.write,
        lambda _asked: True,
        many=True,
        everybody=True,
        suggests=True,
        exposes=True,
        ranks=True,
        schema=hf_datasets.schema,
    ),
}


def format_named(name: str) -> Format:
    """The format of a name; raises ConfigError where there is none."""
    if name not in FORMATS:
        raise ConfigError(f"There is no format {name[:40]!r}.", hint=f"formats are {', '.join(FORMATS)}")
    return FORMATS[name]

"""What the columns of a source mean: as the user maps them, else as one of the dataset formats of the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from acclimate.core.errors import ConfigError, nearest_hint
from acclimate.core.schema import RECORD_SCHEMA
from acclimate.core.sources import (
    DESCRIPTIVE_COLUMNS,
    LABELS_COLUMN,
    PAYLOAD_COLUMNS,
    TAGGED_COLUMNS,
    SourceConfig,
)

MAPPED = "mapped"
_NAMES_SHOWN, _CHARACTERS_SHOWN, _NAMES_COMPARED = 20, 40, 1000


@dataclass(frozen=True)
class DatasetFormat:
    """A dataset format by its source columns, each with the part it plays.

    `repeats` are columns that such datasets often carry beside it and that only say the same again.
    """

    name: str
    required: Mapping[str, str]
    optional: Mapping[str, str]
    repeats: tuple[str, ...] = ()

    @property
    def covered(self) -> frozenset[str]:
        """All columns that this format accounts for."""
        return frozenset({*self.required.values(), *self.optional.values(), *self.repeats})


_PAIR = {"chosen": "chosen", "rejected": "rejected"}
_BESIDE_PAIR = {"system": "system", "messages": "messages"}

FORMATS = (
    DatasetFormat("acclimate records", {column: column for column in PAYLOAD_COLUMNS}, {}),
    DatasetFormat("preference", {"prompt": "prompt", **_PAIR}, _BESIDE_PAIR),
    DatasetFormat("preference, prompt in the answers or messages", _PAIR, _BESIDE_PAIR),
    DatasetFormat("preference with question", {"prompt": "question", **_PAIR}, {"system": "system"}),
    DatasetFormat("alpaca preference", {"instruction": "instruction", **_PAIR}, {"input": "input", "system": "system"}),
    DatasetFormat("sharegpt preference", {"messages": "conversations", **_PAIR}, {"system": "system"}),
    DatasetFormat(
        "argilla preference",
        {"prompt": "instruction", "chosen": "chosen_response", "rejected": "rejected_response"},
        {"system": "system"},
    ),
    DatasetFormat(
        "openai preference", {"prompt": "input", "chosen": "preferred_output", "rejected": "non_preferred_output"}, {}
    ),
    DatasetFormat("messages", {"messages": "messages"}, {}),
    DatasetFormat("sharegpt", {"messages": "conversations"}, {"system": "system"}),
    DatasetFormat("alpaca", {"instruction": "instruction", "completion": "output"}, {"input": "input"}, ("text",)),
    DatasetFormat("prompt/completion", {"prompt": "prompt", "completion": "completion"}, {}),
    DatasetFormat("tokens/tags", {"tokens": "tokens", "tags": "ner_tags"}, {}),
    DatasetFormat("tokens/tags", {"tokens": "tokens", "tags": "tags"}, {}),
    DatasetFormat("text/label", {"text": "text", "label": "label"}, {"label_weights": "label_weights"}),
    DatasetFormat("text", {"text": "text"}, {}),
)


@dataclass(frozen=True)
class Meaning:
    """What the columns of a source mean.

    `columns` maps the part a column plays to its name: a record column, or `instruction` and `input` (together the
    prompt of alpaca), `system` (the opening of a conversation), or `tokens` and `tags` (a text and its spans). `required` must stand in every table.
    """

    recognised: str
    columns: Mapping[str, str]
    required: tuple[str, ...]
    used: frozenset[str]


def wanted_columns(source: SourceConfig) -> frozenset[str]:
    """All source columns that the user names; empty while the payload is still to be recognised."""
    if not maps_payload(source):
        return frozenset()
    return frozenset(column for _, column in named_columns(source))


def understand(source: SourceConfig, columns: Sequence[str]) -> Meaning:
    """The meaning of a source's columns; fails when a named column is missing or the payload cannot be told."""
    for place, column in named_columns(source):
        if column not in columns:
            raise missing_column(source, place, column, columns)
    parts = dict(source.columns)
    recognised = MAPPED
    required = [column for _, column in named_columns(source)]
    if not maps_payload(source):
        found = _recognise(source, columns)
        recognised = found.name
        required += found.required.values()
        parts |= {**found.required, **{part: name for part, name in found.optional.items() if name in columns}}
    named = ((part, descriptive_column(source, part)) for part in DESCRIPTIVE_COLUMNS)
    parts |= {part: column for part, column in named if column is not None and column in columns}
    if "split" not in parts and set(columns).issuperset(RECORD_SCHEMA.names):
        # A table of records keeps its split under any mapping: test records that people worked on must not be trained on.
        parts["split"] = "split"
    used = frozenset({*parts.values(), *required})
    return Meaning(recognised, parts, tuple(dict.fromkeys(required)), used)


def descriptive_column(source: SourceConfig, part: str) -> str | None:
    """The column that says of whom a row is, or whatever else `part` of the description is, where a source has it.

    >>> descriptive_column(SourceConfig(path="a.csv"), "subject_id")
    'subject_id'
    >>> descriptive_column(SourceConfig(path="a.csv", columns={"text": "note"}), "subject_id") is None
    True
    """
    return source.columns.get(part) if source.columns else part


def missing_column(source: SourceConfig, place: str, column: str, columns: Sequence[str]) -> ConfigError:
    """The error of a mapping that points to no column."""
    columns = [_printable(name) for name in columns]
    return ConfigError(
        f"{place}: the source {source.name!r} has no column {column!r}; it has {shown_names(columns)}.",
        hint=nearest_hint(column, columns[:_NAMES_COMPARED], "name one of them")
        if columns
        else "the source holds no readable row",
    )


def shown_names(columns: Sequence[str]) -> str:
    """Column names for a message, cut short: a table without a header would show its first record here."""
    printable = [_printable(name) for name in columns[:_NAMES_SHOWN]]
    names = [name if len(name) <= _CHARACTERS_SHOWN else f"{name[:_CHARACTERS_SHOWN]}…" for name in printable]
    more = f" and {len(columns) - _NAMES_SHOWN} more" if len(columns) > _NAMES_SHOWN else ""
    return (", ".join(names) or "none") + more


def named_columns(source: SourceConfig) -> list[tuple[str, str]]:
    """Every column the user names, with the place in the config that names it."""
    groups = (("columns", source.columns), ("attributes", source.attributes), ("identifiers", source.identifiers))
    named = [(f"{group}.{name}", column) for group, mapping in groups for name, column in mapping.items()]
    return named + [(f"texts.{name}", column) for name, columns in source.texts.items() for column in columns]


def maps_payload(source: SourceConfig) -> bool:
    """Whether the user says which column holds the text, the messages or the label."""
    return any(column in (*PAYLOAD_COLUMNS, *TAGGED_COLUMNS, LABELS_COLUMN) for column in source.columns)


def _recognise(source: SourceConfig, columns: Sequence[str]) -> DatasetFormat:
    taken = {*source.columns.values(), *(column for columns in source.texts.values() for column in columns)}
    present = {column for column in columns if column not in taken}
    fitting = [one for one in FORMATS if present.issuperset(one.required.values())]
    fitting = [one for one in fitting if not any(_says_more(other, one) for other in fitting)]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        known = "; ".join(", ".join(one.required.values()) for one in FORMATS)
        raise ConfigError(
            f"What the columns of the source {source.name!r} mean could not be recognised: {shown_names(columns)}.",
            hint=f"say it, for example columns: {{prompt: question, completion: answer}}; recognised are {known}",
        )
    names = "; ".join(f"{one.name} ({', '.join(one.required.values())})" for one in fitting)
    raise ConfigError(
        f"The columns of the source {source.name!r} fit several dataset formats: {names}; it has {shown_names(columns)}.",
        hint="say which is meant, for example columns: {text: text}",
    )


def _says_more(other: DatasetFormat, one: DatasetFormat) -> bool:
    return other is not one and other.covered.issuperset(one.required.values())


def _printable(name: str) -> str:
    """A column's name without what a terminal would obey."""
    return "".join(character if character.isprintable() else "\ufffd" for character in name)

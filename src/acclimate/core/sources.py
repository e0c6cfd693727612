"""What a user says of one source of data: where it lies, what its columns mean, on what terms it may be used.

Both islands need it: collect finds the files, ingest reads them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from acclimate.core.errors import ConfigError, SourceError, nearest_hint
from acclimate.core.tags import TAG
from acclimate.core.terms import Use, consent_refusal, licence_refusal, purpose_refusal

PAYLOAD_COLUMNS = ("text", "prompt", "completion", "messages", "label", "label_weights", "chosen", "rejected")
"""Record columns that hold what the task is about."""

DESCRIPTIVE_COLUMNS = ("id", "subject_id", "site", "licence", "collected_at")
"""Record columns that say of whom, from where, when; recognised by these names when a source maps no column."""

TAGGED_COLUMNS = ("tokens", "tags")
"""What `columns` may name in place of a text and its spans: the lists of tokens and of their tags."""

LABELS_COLUMN = "labels"
"""What `columns` may name in place of label and label_weights: the names of all labels that a record has."""

MAPPABLE_COLUMNS = (*DESCRIPTIVE_COLUMNS, *PAYLOAD_COLUMNS, *TAGGED_COLUMNS, LABELS_COLUMN, "split", "weight")
"""What `columns` may name."""

FORMAT_BY_SUFFIX = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".txt": "text",
    ".text": "text",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".pdf": "pdf",
    ".docx": "docx",
    ".eml": "email",
    ".mbox": "email",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".hl7": "hl7v2",
}
ROW_FORMATS = frozenset({"jsonl", "csv", "parquet", "xlsx"})
"""Formats in which a file is a table of rows; a query gives one too."""

DOCUMENT_FORMATS = frozenset({"text", "markdown", "html", "pdf", "docx", "email"})
"""Formats in which a file is a document: its name is a column, and an empty one is a row rather than a mistake."""

ARCHIVE_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
"""What the names of archives end in, whose files are read as those of a folder."""

WILDCARDS = frozenset("*?[")

_PASSWORD = re.compile(r"://[^/@]*:[^/@]*@")
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_SECRET_OPTION = re.compile(r"(?i)secret|passw|token|(^|_)key$|credential")
_NAME_SECRETS = "name environment variables, in capitals, that hold them: secrets: {password: SFTP_PASSWORD}"


def is_archive(name: str) -> bool:
    """Whether a file is an archive, by its name.

    >>> is_archive("notes.tar.gz"), is_archive("notes.jsonl.gz")
    (True, False)
    """
    return name.lower().endswith(ARCHIVE_SUFFIXES)


class SourceConfig(BaseModel):
    """One source of data: a file, a folder, a glob or a query, with the meaning of its columns."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    path: str = ""
    """File, folder or glob (`data/north/*.jsonl`), relative to the project folder, or a URL such as `s3://bucket/notes`."""

    sql: str | None = None
    """A query in place of a path; its rows are read from the database whose URL `secrets` names."""

    secrets: dict[str, str] = Field(default_factory=dict)
    """What must not stand here -> the environment variable that holds it, as in {url: CLINIC_DB} or {password: SFTP_PASSWORD}."""

    options: dict[str, Any] = Field(default_factory=dict)
    """What else the file system behind a URL must know, as in {endpoint_url: "https://store.example"}; nothing secret."""

    name: str = ""
    """What the source is called in record ids and reports; by default its site, else the name of its file."""

    format: Literal[
        "auto",
        "jsonl",
        "csv",
        "parquet",
        "text",
        "markdown",
        "html",
        "pdf",
        "docx",
        "email",
        "xlsx",
        "fhir",
        "hl7v2",
    ] = "auto"
    """How the files are read, gzipped or not; `auto` goes by their names. FHIR, whose files end in .json, must be named."""

    sheet: str | None = None
    """The sheet of a workbook that is read; by default its first."""

    site: str | None = None
    """The hospital, desk or court all its records come from, unless a column says so."""

    licence: str | None = None
    """The terms on which its records may be used, an SPDX expression where there is one, unless a column says so."""

    consent: str | None = None
    """What those it is about agreed to, or why they need not be asked; `refused` or `withdrawn` stops the run."""

    purpose: tuple[str, ...] = ()
    """The purposes for which alone it may be used; `use.purpose` of the project must be one of them."""

    each: str = ""
    """The column whose list of objects holds the records, one of each; a field of them is the column `<each>.<field>`."""

    texts: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """New column -> the columns whose values, written as text with an empty line between, make it up: {prompt: [table, question]}."""

    columns: dict[str, str] = Field(default_factory=dict)
    """Record column -> source column, as in {prompt: dialogue, subject_id: patient.id}; by default recognised."""

    label_separator: str = ""
    """What stands between the names in a text cell of labels, as in billing;urgent; lists need none."""

    tag_names: tuple[str, ...] = ()
    """What the numbers in a list of tags mean, counted from 0, as in [O, B-PER, I-PER]; no other tag is then read."""

    attributes: dict[str, str] = Field(default_factory=dict)
    """Declared population attributes by which results are sliced: a list of source columns, or name -> column."""

    identifiers: dict[str, str] = Field(default_factory=dict)
    """Kind -> source column of what names the person, as in {name: patient_name, mrn: mrn}; deidentify uses it."""

    role: Literal["data", "test"] = "data"
    """`test` makes this a frozen test file: all its records go to the test split."""

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, values: Any) -> Any:
        if isinstance(values, dict) and _PASSWORD.search(str(values.get("path", ""))):
            raise ConfigError("A source's path holds a password.", hint=_NAME_SECRETS)
        for key in values if isinstance(values, dict) else ():
            if key not in cls.model_fields:
                raise ConfigError(
                    f"The source {values.get('path', '')!r}: {key} is not a known setting.",
                    hint=nearest_hint(str(key), tuple(cls.model_fields), "the settings of a source are"),
                )
        return values

    @model_validator(mode="after")
    def _labels_once(self) -> SourceConfig:
        beside = [name for name in ("label", "label_weights") if name in self.columns]
        if LABELS_COLUMN in self.columns and beside:
            raise ConfigError(
                f"columns: labels stands beside {beside[0]}, and both say which labels a record has.",
                hint="name one of them",
            )
        if self.label_separator and LABELS_COLUMN not in self.columns:
            raise ConfigError(
                f"label_separator: the source {self.name!r} maps no column to labels.",
                hint="say which column holds them, for example: columns: {text: message, labels: topics}",
            )
        return self

    @model_validator(mode="after")
    def _one_place(self) -> SourceConfig:
        if bool(self.path) == (self.sql is not None):
            raise ConfigError(
                f"The source {self.name!r} needs a path or a query, and one of them.", hint="give it path: or sql:"
            )
        if self.sql is not None and (set(self.secrets) != {"url"} or self.format not in ("auto", "jsonl")):
            raise ConfigError(
                f"The source {self.name!r} is a query: it takes the URL of its database from the environment.",
                hint="name the variable that holds it, secrets: {url: CLINIC_DB}, and leave format: out",
            )
        if (self.secrets or self.options) and not self.is_elsewhere:
            raise ConfigError(
                f"The source {self.name!r} lies on this machine, so secrets: and options: have no meaning.",
                hint="remove them, or give a URL as path:",
            )
        return self

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is fetched from a database or by URL, and kept from then on."""
        return self.sql is not None or "://" in self.path

    @field_validator("secrets", mode="before")
    @classmethod
    def _secrets_by_name(cls, value: Any) -> Any:
        if not isinstance(value, dict) or not all(_VARIABLE.fullmatch(str(name)) for name in value.values()):
            raise ConfigError("secrets: holds something else than names of environment variables.", hint=_NAME_SECRETS)
        return value

    @field_validator("options")
    @classmethod
    def _nothing_secret(cls, options: dict[str, Any]) -> dict[str, Any]:
        for name in options:
            if _SECRET_OPTION.search(name):
                raise ConfigError(f"options: {name} is a secret and must not stand in a file.", hint=_NAME_SECRETS)
        return options

    @model_validator(mode="before")
    @classmethod
    def _name_by_default(cls, values: Any) -> Any:
        if isinstance(values, dict) and not values.get("name"):
            return {**values, "name": default_name(str(values.get("path", "")), values.get("site"))}
        return values

    @field_validator("attributes", mode="before")
    @classmethod
    def _list_as_mapping(cls, value: Any) -> Any:
        return {name: name for name in value} if isinstance(value, list | tuple) else value

    @field_validator("consent", mode="before")
    @classmethod
    def _consent_in_words(cls, value: Any) -> Any:
        return {True: "given", False: "refused"}[value] if isinstance(value, bool) else value

    @field_validator("texts", mode="before")
    @classmethod
    def _one_or_several_columns(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: (columns,) if isinstance(columns, str) else columns for name, columns in value.items()}

    @field_validator("texts")
    @classmethod
    def _texts_of_columns(cls, texts: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for name, columns in texts.items():
            if not columns or texts.keys() & set(columns):
                raise ConfigError(
                    f"texts: {name!r} names {'another text' if columns else 'no column'}.",
                    hint=f"name the source's own columns, for example: {name}: [context, question]",
                )
        return texts

    @field_validator("purpose", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("name")
    @classmethod
    def _name_fits_in_an_id(cls, name: str) -> str:
        if name != _plain_name(name):
            raise ConfigError(
                f"The source name {name!r} cannot stand in a record id.",
                hint=f"use letters, digits, '.', '_' and '-' only, for example: name: {_plain_name(name)}",
            )
        return name

    @field_validator("tag_names")
    @classmethod
    def _tags_in_form(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if not TAG.fullmatch(name):
                raise ConfigError(
                    f"tag_names: {name!r} is not in the form of a BIO tag.",
                    hint="name them in the order of their numbers, for example: tag_names: [O, B-PER, I-PER]",
                )
        return names

    @field_validator("columns")
    @classmethod
    def _only_record_columns(cls, columns: dict[str, str]) -> dict[str, str]:
        for column in columns:
            if column not in MAPPABLE_COLUMNS:
                raise ConfigError(
                    f"columns: {column!r} is not a column of the record schema.",
                    hint=nearest_hint(column, MAPPABLE_COLUMNS, "the columns that can be filled are"),
                )
        _check_tagged(columns)
        return columns


def default_name(path: str, site: object = None) -> str:
    """The name of a source that was given none.

    >>> default_name("data/north/*.jsonl"), default_name("data/notes.csv.gz"), default_name("x.csv", "St. Mary")
    ('north', 'notes', 'St.-Mary')
    """
    if isinstance(site, str) and site:
        return _plain_name(site)
    parts = [part for part in PurePosixPath(path.rpartition("://")[2]).parts if part not in ("/", ".", "..", "~")]
    plain = [part for part in parts if not WILDCARDS & set(part)]
    return _plain_name(_stem(plain[-1])) if plain else "source"


def _check_tagged(columns: Mapping[str, str]) -> None:
    """Fails where tokens come without tags, or beside a text, which they would overwrite."""
    named = [column for column in TAGGED_COLUMNS if column in columns]
    if named and (len(named) < len(TAGGED_COLUMNS) or "text" in columns):
        wrong = "beside text" if "text" in columns else "alone"
        raise ConfigError(
            f"columns: {named[0]} stands {wrong}; tokens and tags make a text and its spans together.",
            hint="name both and no text, for example: columns: {tokens: words, tags: labels}",
        )


def check_terms(source: SourceConfig, use: Use) -> None:
    """Fails when the terms of a source forbid to train on it; a test file is not trained on, so its terms may."""
    found = {
        "licence": licence_refusal(source.licence, use) if source.licence else None,
        "purpose": purpose_refusal(source.purpose, use),
        "consent": consent_refusal(source.consent) if source.consent else None,
    }
    for term, refusal in found.items():
        if refusal and source.role == "data":
            named = f" {source.licence!r}" if term == "licence" else ""
            raise ConfigError(
                f"The source {source.name!r} may not be trained on: its {term}{named} {refusal}.",
                hint="leave the source out, correct what is said of it, or say under use: what the model is for"
                " (purpose:, commercial:); data with role: test is not trained on",
            )


def check_unique_names(sources: Sequence[SourceConfig]) -> None:
    """Fails when two sources have one name, which would mix up their record ids."""
    seen: dict[str, SourceConfig] = {}
    for source in sources:
        if source.name in seen:
            raise ConfigError(
                f"Two sources are called {source.name!r} ({seen[source.name].path} and {source.path}),"
                " so their record ids could not be told apart.",
                hint="give one of them another name, for example: name: second",
            )
        seen[source.name] = source


def source_format(source: SourceConfig, file_names: Sequence[str]) -> str:
    """How the files of a source are read: one of the formats that `format` can name."""
    if source.format != "auto":
        return source.format
    if source.sql is not None:
        return "jsonl"
    found: dict[str, str] = {}
    for name in file_names:
        suffix = PurePosixPath(_without_gz(name)).suffix.lower()
        if suffix not in FORMAT_BY_SUFFIX:
            raise SourceError(
                f"{source.path}: the name of {name} does not say how to read it.",
                hint=f"set format: for this source, or give a glob that leaves it out; known: {', '.join(FORMAT_BY_SUFFIX)}",
            )
        found.setdefault(FORMAT_BY_SUFFIX[suffix], name)
    if len(found) > 1:
        examples = ", ".join(f"{name} ({kind})" for kind, name in found.items())
        raise SourceError(
            f"{source.path} holds files of several formats: {examples}.",
            hint="make one source of each, with a glob such as notes/*.txt",
        )
    return next(iter(found))


def read_as(source: Mapping[str, Any]) -> str:
    """How a source was read, from its figures in the report of ingest.

    >>> read_as({"format": "jsonl", "recognised": "sharegpt"}), read_as({"format": "csv", "recognised": "mapped"})
    ('jsonl, recognised as sharegpt', 'csv, columns as mapped')
    """
    recognised = source["recognised"]
    return f"{source['format']}, {'columns as' if recognised == 'mapped' else 'recognised as'} {recognised}"


def _plain_name(name: str) -> str:
    return re.sub(r"[^\w.\-]+", "-", name) or "source"


def _stem(file_name: str) -> str:
    path = PurePosixPath(_without_gz(file_name))
    return path.stem if path.suffix.lower() in FORMAT_BY_SUFFIX else path.name


def _without_gz(file_name: str) -> str:
    return file_name[:-3] if file_name.lower().endswith(".gz") else file_name

"""Reads a Markdown file as one row: its text as it is written, and the columns that its front matter gives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from acclimate.stages.ingest.charsets import decode_text
from acclimate.stages.ingest.documents import FILE_COLUMN, document_fault
from acclimate.stages.ingest.files import ByteStream
from acclimate.stages.ingest.rows import Item, Row, RowError, plain_value, too_long

TEXT_COLUMN = "text"
MAX_FRONT_MATTER = 64 * 1024
MAX_BRACKETS = 500
"""The YAML library takes time in the square of how deep they stand."""
_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.S | re.M)


class _FrontMatterLoader(yaml.SafeLoader):
    """YAML as its version 1.2 has it: `on`, `no`, 12:30 and 0017 are texts, where the library's 1.1 makes them
    truth values and other numbers."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the library's own name, copied so that its class is left alone
        sign: [(tag, pattern) for tag, pattern in resolvers if tag.endswith((":null", ":timestamp", ":merge"))]
        for sign, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


for _tag, _pattern, _signs in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9]{0,17})", "-+0123456789"),
    ("float", r"[-+]?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+]?[0-9]+)?", "-+0123456789"),
):
    _FrontMatterLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), list(_signs))


def read_markdown(stream: ByteStream, file_name: str, *, max_bytes: int) -> Iterator[Item]:
    """The one row of a Markdown file; an empty file is an empty text."""
    try:
        content = stream.read(max_bytes + 1)
        if len(content) > max_bytes:
            raise too_long(max_bytes)
        text = decode_text(content, "utf-8")
        found = _FRONT_MATTER.match(text)
        values = _front_matter(found[1]) if found else None
    except RowError as error:
        yield document_fault(error)
        return
    body = text if found is None or values is None else text[found.end() :].lstrip("\r\n")
    yield Row(1, {**(values or {}), FILE_COLUMN: file_name, TEXT_COLUMN: body}, "")


def _front_matter(written: str) -> dict[str, Any] | None:
    """The columns of a front matter; None where text between two rules is no mapping, and so none."""
    if len(written) > MAX_FRONT_MATTER:
        raise RowError("bad_front_matter", f"its front matter is longer than {MAX_FRONT_MATTER} characters")
    if written.count("[") + written.count("{") > MAX_BRACKETS:
        raise RowError("bad_front_matter", f"its front matter has more than {MAX_BRACKETS} brackets")
    try:
        # An alias stands for any amount of data, which is how a small file becomes a huge one.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(written, Loader=yaml.SafeLoader)):
            raise RowError("bomb", "its front matter uses YAML aliases")
        values = yaml.load(written, Loader=_FrontMatterLoader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RowError("bad_front_matter", "its front matter is not valid YAML") from error
    if not isinstance(values, dict):
        return None
    if {FILE_COLUMN, TEXT_COLUMN} & {str(key) for key in values}:
        raise RowError(
            "bad_front_matter", f"its front matter has a key {FILE_COLUMN} or {TEXT_COLUMN}, a column of its own"
        )
    return {str(key): plain_value(value) for key, value in values.items()}

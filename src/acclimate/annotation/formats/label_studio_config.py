"""Label Studio's labeling configuration as a label schema, and the other way round.

The tags and their attributes are those of https://labelstud.io/tags.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError, SubElement, indent, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from acclimate.annotation.schema import Choice, LabelSchema, Option, Question, Rating, Spans, Text, read_schema
from acclimate.core.errors import SourceError
from acclimate.core.schema import TEXT_COLUMNS

_LARGEST = 4 * 2**20
_SHOWN_ONLY = frozenset(
    [
        "View",
        "Header",
        "Style",
        "HyperText",
        "Text",
        "Paragraphs",
        "Choice",
        "Label",
        "Relation",
        "Relations",
        "Collapse",
        "Panel",
        "Filter",
    ]
)


@dataclass(frozen=True)
class LabelStudioConfig:
    """What a configuration asks: the schema, which data field each shown object is, and tags that have no place here."""

    schema: LabelSchema
    fields: Mapping[str, str]
    lost: tuple[str, ...]


def read_config(path: Path) -> LabelStudioConfig:
    """The configuration in a file; SourceError where it is no XML, or tries to make the reader fetch or grow."""
    if path.stat().st_size > _LARGEST:
        raise SourceError(f"{path.name} has more than {_LARGEST // 2**20} MB.", hint="name the labeling configuration")
    try:
        root = fromstring(path.read_bytes(), forbid_dtd=True)
    except DefusedXmlException:
        raise SourceError(
            f"{path.name} declares entities, which a labeling configuration never needs.", hint="remove the declaration"
        ) from None
    except (ParseError, ValueError, LookupError) as error:
        raise SourceError(f"{path.name} is no XML ({error}).", hint="save the labeling configuration anew") from None
    return _config(root, path.name)


def write_config(schema: LabelSchema) -> bytes:
    """A configuration that asks what a schema asks, as far as Label Studio can."""
    root = Element("View")
    for column in _shown(schema):
        SubElement(root, "Text", name=column, value=f"${column}")
    relations = dict.fromkeys(
        label for asked in schema.questions if isinstance(asked, Spans) for label in asked.relations
    )
    if relations:
        above = SubElement(root, "Relations")
        for label in relations:
            SubElement(above, "Relation", value=label)
    for asked in schema.questions:
        _ask(root, asked, _shown(schema)[0])
    indent(root)
    return bytes(tostring(root, encoding="utf-8"))


def _config(root: Element, name: str) -> LabelStudioConfig:
    tags = list(root.iter())
    fields = {
        tag.get("name", ""): tag.get("value", "").removeprefix("$")
        for tag in tags
        if tag.tag in ("Text", "HyperText", "Paragraphs") and tag.get("value", "").startswith("$")
    }
    relations = [tag.get("value", "") for tag in tags if tag.tag == "Relation"]
    questions = [asked for tag in tags if (asked := _question(tag, fields, relations)) is not None]
    if not questions:
        raise SourceError(
            f"{name} asks nothing that can be asked here.",
            hint="questions are Choices, Taxonomy, Labels, TextArea and Rating",
        )
    lost = sorted({str(tag.tag) for tag in tags if tag.tag not in _SHOWN_ONLY and tag.tag not in _QUESTIONS})
    schema = read_schema({"questions": questions})
    return LabelStudioConfig(schema, fields, tuple(f"{tag} tags" for tag in lost))


def _question(tag: Element, fields: Mapping[str, str], relations: list[str]) -> dict[str, Any] | None:
    if tag.tag not in _QUESTIONS or not tag.get("name"):
        return None
    required = tag.get("required", "false") == "true"
    asked: dict[str, Any] = {"kind": _QUESTIONS[tag.tag], "name": tag.get("name", ""), "required": required}
    if tag.tag in ("Choices", "Taxonomy"):
        several = tag.tag == "Taxonomy" or tag.get("choice") == "multiple"
        leaves = tag.get("leafsOnly", "false") == "true" if tag.tag == "Taxonomy" else True
        return {**asked, "options": list(_options(tag, None)), "multiple": several, "leaves_only": leaves}
    if tag.tag == "Labels":
        column = column_of(fields.get(tag.get("toName", ""), ""))
        labels = [{"name": _result_name(one)} for one in tag.iter("Label")]
        return {**asked, "options": labels, "fields": [column], "relations": relations}
    if tag.tag == "Rating":
        high = tag.get("maxRating", "5")
        return {**asked, "high": int(high) if high.isdecimal() and len(high) < 4 else 5}
    starts_from = tag.get("value", "").removeprefix("$")
    return {**asked, "edits": starts_from if starts_from in TEXT_COLUMNS else None}


def column_of(field: str) -> str:
    """The column of records that a data field fills: its own name, else `text`."""
    return field if field in TEXT_COLUMNS else "text"


_QUESTIONS = {"Choices": "choice", "Taxonomy": "choice", "Labels": "spans", "TextArea": "text", "Rating": "rating"}


def _result_name(tag: Element) -> str:
    """What a label is called in results."""
    return tag.get("alias", "") or tag.get("value", "")


def _options(tag: Element, parent: str | None) -> Iterator[dict[str, Any]]:
    for one in tag.findall("Choice"):
        name = _result_name(one)
        yield {"name": name, "parent": parent, "description": one.get("hint", "")}
        yield from _options(one, name)


def _shown(schema: LabelSchema) -> list[str]:
    """The columns that people read: those that questions are about, else the text."""
    marked = [column for asked in schema.questions if isinstance(asked, Spans) for column in asked.fields]
    edited = [asked.edits for asked in schema.questions if isinstance(asked, Text) and asked.edits]
    return list(dict.fromkeys(marked + edited)) or ["text"]


def _ask(root: Element, asked: Question, column: str) -> None:
    required = str(asked.required).lower()
    if isinstance(asked, Choice):
        nested = any(option.parent for option in asked.options)
        about = {"name": asked.name, "toName": column, "required": required}
        if nested:
            above = SubElement(root, "Taxonomy", {**about, "leafsOnly": str(asked.leaves_only).lower()})
        else:
            above = SubElement(root, "Choices", {**about, "choice": "multiple" if asked.multiple else "single"})
        _choices(above, asked.options, None)
    elif isinstance(asked, Spans):
        for field in asked.fields[:1]:
            above = SubElement(root, "Labels", name=asked.name, toName=field)
            for option in asked.options:
                SubElement(above, "Label", value=option.name)
    elif isinstance(asked, Text):
        starts_from = {"value": f"${asked.edits}"} if asked.edits else {}
        SubElement(root, "TextArea", {"name": asked.name, "toName": column, "required": required, **starts_from})
    elif isinstance(asked, Rating):
        SubElement(root, "Rating", name=asked.name, toName=column, required=required, maxRating=str(asked.high))


def _choices(above: Element, options: tuple[Option, ...], parent: str | None) -> None:
    for option in options:
        if option.parent == parent:
            hint = {"hint": option.description} if option.description else {}
            _choices(SubElement(above, "Choice", {"value": option.name, **hint}), options, option.name)

"""Reads FHIR (DSTU2, STU3, R4), as Bundles or as NDJSON: one row a text, with the identity of the patient it is about.

What is text: attachments of DocumentReference and DiagnosticReport, conclusions, sections of a Composition, notes, and
narratives. Resources that hold none are counted, not lost.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from acclimate.stages.ingest.charsets import decode_text
from acclimate.stages.ingest.fhir_patients import (
    IDENTITY_COLUMNS,
    Identity,
    Patients,
    listed,
    patients_in,
    subject_of,
    text_of,
)
from acclimate.stages.ingest.files import ByteStream, skip_line
from acclimate.stages.ingest.html_text import html_text
from acclimate.stages.ingest.json_lines import StrictJson
from acclimate.stages.ingest.rows import Fault, Item, LeftOut, Row, RowError, too_long

FHIR_COLUMNS = ("resource", "type", "date", "subject_id", "title", "text", *IDENTITY_COLUMNS)
"""The columns that FHIR gives; those of the patient's identity can be mapped by `identifiers`."""

BUNDLE_RECORDS = 8
"""How many times as long as a record a Bundle may be: it holds all resources of a patient."""

_DATES = ("date", "effectiveDateTime", "issued", "created", "authored", "authoredOn", "recordedDate", "indexed")
_MAX_DEPTH = 50
_TEXT_TYPES = ("text/plain", "text/html", "application/xhtml+xml")


@dataclass(frozen=True)
class _Text:
    """One text of a resource: what it is within it, its title, itself."""

    part: str
    text: str
    title: str | None = None
    number: int = 0


def read_fhir(stream: ByteStream, patients: Patients, *, max_bytes: int) -> Iterator[Item]:
    """The rows of a file; `patients` are those that other files of the source hold."""
    for place, content in _objects(stream, max_bytes=max_bytes):
        value = content if isinstance(content, Fault) else _parsed(content, place)
        if isinstance(value, Fault):
            yield value
            continue
        reading = _Reading(patients.with_those_of(value), max_bytes)
        for resource in resources_of(value):
            yield from reading.rows(resource, place)
        yield from (LeftOut(kind, count) for kind, count in reading.left_out.items())


def find_patients(stream: ByteStream, *, max_bytes: int) -> Iterator[tuple[str, Identity]]:
    """The patients of a file by reference; what cannot be read is passed over, for it is told when rows are read."""
    for place, content in _objects(stream, max_bytes=max_bytes):
        if isinstance(content, bytes) and b'"Patient"' in content:
            value = _parsed(content, place)
            if not isinstance(value, Fault):
                yield from patients_in(value)


def _objects(stream: ByteStream, *, max_bytes: int) -> Iterator[tuple[Row, bytes | Fault]]:
    """The bytes of JSON objects with their places: one a line, or one for the whole file when it is indented."""
    limit = max_bytes * BUNDLE_RECORDS
    position = 0
    while line := stream.readline(limit + 1):
        position += 1
        if position == 1 and line.rstrip().endswith((b"{", b",", b"[")):
            content = line + stream.read(limit + 1)
            whole = Row(1, {}, "")
            yield whole, content if len(content) <= limit else too_long(limit).at(1, unit="")
            return
        place = Row(position, {}, "line")
        if len(line) > limit and not line.endswith(b"\n"):
            skip_line(stream)
            yield place, too_long(limit).at(position)
        elif line.strip():
            yield place, line


def _parsed(line: bytes, place: Row) -> dict[str, Any] | Fault:
    parser = StrictJson()
    try:
        text = decode_text(line, "utf-8").strip()
        value, end = parser.parse(text)
        if end != len(text):
            raise RowError("bad_json", "this is not one JSON object: more follows", end)
        resource = parser.checked_object(value)
        if not isinstance(resource.get("resourceType"), str):
            raise RowError("not_fhir", "this is JSON, but has no resourceType, as every FHIR resource has")
        return resource
    except RowError as error:
        return error.at(place.position, line.decode("utf-8", "backslashreplace"), unit=place.unit)
    except ValueError:
        broken = RowError("bad_json", "this is not valid JSON")
        return broken.at(place.position, line.decode("utf-8", "backslashreplace"), unit=place.unit)


def resources_of(value: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The resources of a Bundle, or the one resource that is none."""
    if value.get("resourceType") != "Bundle":
        yield value
        return
    for entry in listed(value, "entry"):
        resource = entry.get("resource")
        if isinstance(resource, dict):
            yield resource


@dataclass
class _Reading:
    """The reading of the resources of one Bundle or line."""

    patients: Patients
    max_bytes: int
    left_out: Counter[str] = field(default_factory=Counter)

    def rows(self, resource: Mapping[str, Any], place: Row) -> Iterator[Item]:
        """One row a text, or a fault where the resource cannot be read."""
        try:
            texts = [text for text in self._texts(resource) if text.text.strip()]
        except RowError as error:
            yield error.at(place.position, unit=place.unit)
            return
        if not texts:
            self.left_out["resources without text"] += 1
            return
        kind = text_of(resource.get("resourceType")) or "unknown"
        name = f"{kind}/{resource['id']}" if text_of(resource.get("id")) else kind
        shared = {
            "date": next((resource[key] for key in _DATES if text_of(resource.get(key))), None),
            **self.patients.about(resource),
        }
        for one in texts:
            part = f"{one.part}-{one.number}" if one.number else one.part
            own = {"resource": f"{name}#{part}", "type": f"{kind}.{one.part}", "title": one.title, "text": one.text}
            yield Row(place.position, {**shared, **own}, place.unit)

    def _texts(self, resource: Mapping[str, Any]) -> Iterator[_Text]:
        title = text_of(resource.get("title")) or _concept(resource.get("code")) or _concept(resource.get("type"))
        found = False
        for text in self._written(resource, title):
            found = True
            yield text
        narrative = resource.get("text")
        if not isinstance(narrative, dict) or not isinstance(narrative.get("div"), str):
            return
        # A generated narrative says nothing that the resource does not; of people and places it is no record.
        if subject_of(resource) is None:
            self.left_out["narratives of resources without subject"] += 1
        elif not found or narrative.get("status") in ("additional", "extensions"):
            yield _Text("narrative", self._html(narrative["div"]), title)

    def _written(self, resource: Mapping[str, Any], title: str | None) -> Iterator[_Text]:
        """What people wrote, wherever the versions of FHIR have it."""
        contents = (one.get("attachment") for one in listed(resource, "content"))
        attachments: list[Mapping[str, Any]] = [one for one in contents if isinstance(one, dict)]
        attachments += listed(resource, "presentedForm")
        for number, attachment in enumerate(attachments, start=1):
            text = self._attachment(attachment)
            yield _Text("attachment", text, text_of(attachment.get("title")) or title, number)
        if conclusion := text_of(resource.get("conclusion")):
            yield _Text("conclusion", conclusion, title)
        if resource.get("resourceType") == "Composition":
            yield _Text("sections", "\n\n".join(self._sections(resource, depth=1)), title)
        notes = [text_of(note.get("text")) for note in listed(resource, "note")]
        # DSTU2 has one text in `comments`, STU3 in `comment`; elsewhere both are lists or references.
        notes += [text_of(resource.get("comments")), text_of(resource.get("comment"))]
        for number, note in enumerate((note for note in notes if note), start=1):
            yield _Text("note", note, title, number)

    def _sections(self, parent: Mapping[str, Any], *, depth: int) -> Iterator[str]:
        """The sections in their order, each under its heading."""
        if depth > _MAX_DEPTH:
            raise RowError("bomb", f"its sections are nested more than {_MAX_DEPTH} levels deep")
        for section in listed(parent, "section"):
            heading = text_of(section.get("title")) or _concept(section.get("code"))
            narrative = section.get("text")
            text = self._html(narrative["div"]) if isinstance(narrative, dict) and text_of(narrative.get("div")) else ""
            if heading and text:
                yield f"{'#' * min(depth, 6)} {heading}"
            if text:
                yield text
            yield from self._sections(section, depth=depth + 1)

    def _attachment(self, attachment: Mapping[str, Any]) -> str:
        """The text of an attachment; one of another type, or that lies elsewhere, is counted."""
        kind, *parameters = str(attachment.get("contentType") or "text/plain").lower().replace(" ", "").split(";")
        data = attachment.get("data")
        if kind not in _TEXT_TYPES:
            self.left_out["attachments that are not text"] += 1
            return ""
        if not isinstance(data, str):
            self.left_out["attachments that lie elsewhere"] += 1
            return ""
        try:
            content = b64decode("".join(data.split()), validate=True)
        except (Base64Error, ValueError) as error:
            raise RowError("bad_base64", "an attachment is not valid base64") from error
        named = (one.partition("=")[2].strip('"') for one in parameters if one.startswith("charset="))
        text = decode_text(content, next(named, "utf-8"))
        return text if kind == "text/plain" else self._html(text)

    def _html(self, markup: str) -> str:
        return html_text(markup, max_bytes=self.max_bytes).text


def _concept(value: Any) -> str | None:
    """The words of a CodeableConcept."""
    if not isinstance(value, dict):
        return None
    displays = (text_of(coding.get("display")) for coding in listed(value, "coding"))
    return text_of(value.get("text")) or next((one for one in displays if one), None)

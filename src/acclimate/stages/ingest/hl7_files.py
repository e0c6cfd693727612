"""Reads HL7 version 2 messages (ORU, MDM): one row a patient in a message, who that is beside the text of the results."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from acclimate.stages.ingest.charsets import decode_text
from acclimate.stages.ingest.documents import FILE_COLUMN
from acclimate.stages.ingest.files import CHUNK, ByteStream
from acclimate.stages.ingest.rows import Item, LeftOut, Row, RowError, too_long

HL7_COLUMNS = (
    *(FILE_COLUMN, "message_type", "message_id", "document_type", "date", "subject_id", "text"),
    *("names", "birth_date", "sex", "addresses", "phones", "identifiers"),
)
"""The columns of a message; `names`, `addresses`, `phones` and `identifiers` are lists of texts."""

_CHARSETS = {"": "utf-8", "ASCII": "ascii", "UNICODE UTF-8": "utf-8", "UNICODE": "utf-8", "ISO IR87": "iso2022_jp"}
_SEGMENT_END = re.compile(rb"[\r\n\x0b\x1c]+")
_ESCAPE = re.compile(r"\\([^\\]{0,60})\\")
_DATE = re.compile(r"(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:\.\d{1,4})?([+-]\d{4})?")
_LINES_OF_TEXT = frozenset({"TX", "FT"})


def read_hl7(stream: ByteStream, file_name: str, *, max_bytes: int) -> Iterator[Item]:
    """The rows of a file of messages, with or without the frames of MLLP; messages that hold no text are counted."""
    without_text = 0
    for position, content in enumerate(_messages(stream, max_bytes=max_bytes), start=1):
        try:
            message = _Message(content, max_bytes)
            rows = [{FILE_COLUMN: file_name, **values} for values in message.by_patient()]
        except RowError as error:
            yield error.at(position, content.decode("utf-8", "backslashreplace"), unit="message")
            continue
        yield from (LeftOut(kind, count) for kind, count in message.left_out.items())
        with_text = [values for values in rows if values["text"]]
        yield from (Row(position, values, "message") for values in with_text)
        without_text += not with_text
    if without_text:
        yield LeftOut("messages without text", without_text)


def _messages(stream: ByteStream, *, max_bytes: int) -> Iterator[bytes]:
    """The bytes of each message: from one MSH segment to the next. Of one too long the start is kept."""
    segments: list[bytes] = []
    size = 0
    for segment in _segments(stream, max_bytes=max_bytes):
        if segment.startswith(b"MSH") and segments:
            yield b"\r".join(segments)
            segments, size = [], 0
        if size <= max_bytes and segment[:3] not in (b"FHS", b"BHS", b"BTS", b"FTS"):
            segments.append(segment)
            size += len(segment) + 1
    if segments:
        yield b"\r".join(segments)


def _segments(stream: ByteStream, *, max_bytes: int) -> Iterator[bytes]:
    """The segments of a file, however their ends are written; one too long is cut."""
    waiting = b""
    while chunk := stream.read(CHUNK):
        *whole, last = _SEGMENT_END.split(waiting[: max_bytes + 1] + chunk)
        yield from (segment for segment in whole if segment.strip())
        waiting = last
    if waiting.strip():
        yield waiting


@dataclass(frozen=True)
class _Separators:
    """The signs that a message divides its fields by, as its MSH segment says."""

    field: str
    component: str
    repetition: str
    escape: str
    subcomponent: str


class _Message:
    """One message, taken apart."""

    def __init__(self, content: bytes, max_bytes: int) -> None:
        if len(content) > max_bytes:
            raise too_long(max_bytes)
        if not content.startswith(b"MSH") or len(content) < 8:
            raise RowError("bad_hl7", "it does not begin with an MSH segment")
        text = decode_text(content, _charset(content))
        signs = (text[3:8] + "|^~\\&"[len(text[3:8]) :])[:5]
        self._signs = _Separators(*signs)
        if len(set(signs)) < len(signs) or any(sign.isalnum() for sign in signs):
            raise RowError("bad_hl7", "its MSH segment does not say by which signs fields are divided")
        self._segments = [segment.split(self._signs.field) for segment in text.split("\r")]
        self.left_out: Counter[str] = Counter()

    def by_patient(self) -> Iterator[dict[str, Any]]:
        """The columns for each patient: a message may hold the results of several, each after a PID segment."""
        segments = self._segments
        starts = [place for place, segment in enumerate(segments) if segment[0] == "PID"]
        if not starts:
            yield self._values()
            return
        header = segments[: starts[0]]
        for start, end in pairwise([*starts, len(segments)]):
            self._segments = header + segments[start:end]
            yield self._values()

    def _values(self) -> dict[str, Any]:
        header, patient = self._first("MSH"), self._first("PID")
        order, document = self._first("OBR"), self._first("TXA")
        # MSH-1 is the sign after the name itself, so that the header's fields stand one place further left.
        sent, kind, control = (_at(header, place) for place in (6, 8, 9))
        moment = _at(order, 7) or _at(document, 4) or sent
        numbers = [one for place in (3, 2, 4) for one in self._repeated(_at(patient, place), first_only=True)]
        return {
            "message_type": "^".join(kind.split(self._signs.component)[:2]) or None,
            "message_id": self._plain(control) or None,
            "document_type": self._words(_at(order, 4)) or self._words(_at(document, 2)) or None,
            "date": iso_date(moment),
            "subject_id": numbers[0] if numbers else None,
            "text": self._text(),
            "names": self._names(patient) or None,
            "birth_date": iso_date(_at(patient, 7)),
            "sex": self._plain(_at(patient, 8)) or None,
            "addresses": self._repeated(_at(patient, 11)) or None,
            "phones": self._repeated(_at(patient, 13)) + self._repeated(_at(patient, 14)) or None,
            "identifiers": [*numbers, *(self._repeated(_at(patient, 18), first_only=True)),
                            *(self._repeated(_at(patient, 19), first_only=True))] or None,
        }  # fmt: skip

    def _first(self, name: str) -> Sequence[str]:
        return next((segment for segment in self._segments if segment[0] == name), ())

    def _text(self) -> str:
        """Results and notes in their order: lines of text as they are, other values behind their names."""
        lines: list[str] = []
        for segment in self._segments:
            if segment[0] == "OBX":
                lines += self._result(segment)
            elif segment[0] == "NTE":
                lines += [self._plain(one) for one in _at(segment, 3).split(self._signs.repetition)]
        return "\n".join(lines).strip("\n")

    def _result(self, segment: Sequence[str]) -> Iterator[str]:
        kind, value = _at(segment, 2), _at(segment, 5)
        if kind == "ED":
            yield from self._encapsulated(value)
        elif kind == "RP":
            self.left_out["attachments that lie elsewhere"] += 1
        elif kind in _LINES_OF_TEXT:
            yield from (self._plain(one) for one in value.split(self._signs.repetition))
        elif value:
            shown = " ".join(filter(None, (self._words(value), self._words(_at(segment, 6)))))
            name = self._words(_at(segment, 3))
            yield f"{name}: {shown}" if name else shown

    def _encapsulated(self, value: str) -> Iterator[str]:
        """The text of an attachment; one that is no text is counted."""
        kind, subtype, encoding, data = (value.split(self._signs.component) + [""] * 5)[1:5]
        if kind.lower() not in ("text", "tx", "ft") or subtype.lower() not in ("", "plain", "text", "txt"):
            self.left_out["attachments"] += 1
        elif encoding.lower() == "base64":
            try:
                yield decode_text(b64decode(data, validate=True), "utf-8")
            except (Base64Error, ValueError) as error:
                raise RowError("bad_base64", "an attachment is not valid base64") from error
        else:
            yield self._plain(data)

    def _names(self, patient: Sequence[str]) -> list[str]:
        """Names of the patient, aliases and the mother's maiden name, in the order they are spoken."""
        written = [one for place in (5, 9, 6) for one in _at(patient, place).split(self._signs.repetition)]
        names = []
        for name in written:
            family, given, middle, suffix = (
                [self._plain(one) for one in name.split(self._signs.component)] + [""] * 4
            )[:4]
            names.append(" ".join(filter(None, (given, middle, family, suffix))))
        return list(dict.fromkeys(filter(None, names)))

    def _repeated(self, value: str, *, first_only: bool = False) -> list[str]:
        """The repetitions of a field as texts: of each its first component, or all that are not empty."""
        texts = []
        for one in value.split(self._signs.repetition):
            components = [self._plain(component) for component in one.split(self._signs.component)]
            texts.append(components[0] if first_only else ", ".join(filter(None, components)))
        return list(dict.fromkeys(filter(None, texts)))

    def _words(self, value: str) -> str:
        """A coded value in words: its second component, else the first."""
        parts = value.split(self._signs.component)
        return self._plain(parts[1] if len(parts) > 1 and parts[1] else parts[0])

    def _plain(self, value: str) -> str:
        """A value with its escape sequences resolved; those that only style it are dropped."""
        if self._signs.escape not in value:
            return value
        return _ESCAPE.sub(self._resolved, value.replace(self._signs.escape, "\\"))

    def _resolved(self, escape: re.Match[str]) -> str:
        code = escape[1]
        signs = {"F": self._signs.field, "S": self._signs.component, "T": self._signs.subcomponent,
                 "R": self._signs.repetition, "E": self._signs.escape, "H": "", "N": ""}  # fmt: skip
        if code in signs:
            return signs[code]
        if code.startswith((".br", ".sp", ".ce")):
            return "\n"
        if code.startswith("."):
            return ""
        if code.startswith("X") and re.fullmatch("([0-9A-Fa-f]{2})+", code[1:]):
            return decode_text(bytes.fromhex(code[1:]), "iso-8859-1").replace("\r", "\n")
        return escape[0]


def iso_date(value: str) -> str | None:
    """A date or time of HL7 in ISO form, as exact as it is; None where it is none.

    >>> iso_date("202403011030-0500"), iso_date("1980"), iso_date("soon")
    ('2024-03-01T10:30:00-05:00', '1980', None)
    """
    found = _DATE.fullmatch(value.strip())
    if found is None:
        return None
    year, month, day, hour, minute, second, zone = found.groups()
    if hour is None:
        written = "-".join(filter(None, (year, month, day)))
    else:
        written = f"{year}-{month}-{day}T{hour}:{minute or '00'}:{second or '00'}"
        written += f"{zone[:3]}:{zone[3:]}" if zone else ""
    try:
        datetime.fromisoformat(written if day else f"{year}-{month or '01'}-01")
    except ValueError:
        return None
    return written


def _charset(content: bytes) -> str:
    """The charset that MSH-18 names; UTF-8 where it names none."""
    fields = content.partition(b"\r")[0].split(content[3:4])
    named = fields[17].decode("ascii", "replace").partition("~")[0].strip() if len(fields) > 17 else ""
    if named.startswith("8859/"):
        return f"iso-8859-{named[5:]}"
    return _CHARSETS.get(named.upper(), named)


def _at(segment: Sequence[str], place: int) -> str:
    return segment[place] if place < len(segment) else ""

"""Reads e-mail: an .eml file is one row, an mbox one row a message; attachments are counted, by type, and not read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage, MIMEPart
from email.policy import EmailPolicy
from typing import Any, cast

from acclimate.stages.ingest.charsets import decode_text
from acclimate.stages.ingest.documents import FILE_COLUMN, document_fault, empty
from acclimate.stages.ingest.files import CHUNK, ByteStream
from acclimate.stages.ingest.html_text import html_text
from acclimate.stages.ingest.rows import Item, LeftOut, Row, RowError, too_long

EMAIL_COLUMNS = (FILE_COLUMN, "from", "to", "cc", "subject", "date", "message_id", "text", "attachments")
"""The columns that an e-mail has; `to` and `cc` are lists of addresses, `attachments` a list of media types."""

# The standard library parses a header in quadratic time: 60,000 quotes took 33 s. The squares of all lengths bound it.
_MAX_HEADER_COST = 32_000**2
_PARSED_HEADER = re.compile(
    rb"^(?:from|to|cc|subject|date|message-id|mime-version|content-[a-z-]{1,40}):.*(?:\n[ \t].*)*", re.I | re.M
)
# Every line is compared with the boundary of every open part: the product bounds the time to some seconds.
_MAX_COMPARISONS = 30_000_000
_SHOWN_HEADERS = ("From", "To", "Date", "Subject")
_USUAL_HEADERS = ("from", "to", "subject", "date", "message-id", "received", "sender")
_MEDIA_TYPE = re.compile(r"(application|audio|font|image|message|model|multipart|text|video)/[a-z0-9.+-]{1,80}")
_BOUNDARY = re.compile(rb"boundary[\s*\d]{0,9}=", re.I)
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.M)
# What the parser of the standard library raises for headers and parts that break its grammar.
_BROKEN = (MessageError, LookupError, ValueError, TypeError, AttributeError, AssertionError, RecursionError)


class _Utf8Headers(EmailPolicy):
    """The usual policy, with headers in UTF-8 where they are."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        """The name and the value of a header."""
        return super().header_source_parse([_in_utf8(line) for line in sourcelines])


_POLICY = _Utf8Headers()


def read_email(stream: ByteStream, file_name: str, *, max_bytes: int) -> Iterator[Item]:
    """The rows of an e-mail or an mbox file; before each how many attachments and images it leaves out."""
    if not stream.peek(5).startswith(b"From "):
        try:
            yield from _read_message(stream.read(max_bytes + 1), file_name, Row(1, {}, ""), max_bytes=max_bytes)
        except RowError as error:
            yield document_fault(error)
        return
    for position, content in enumerate(_messages(stream, max_bytes=max_bytes), start=1):
        try:
            yield from _read_message(content, file_name, Row(position, {}, "message"), max_bytes=max_bytes)
        except RowError as error:
            yield error.at(position, content.decode("utf-8", "backslashreplace"), unit="message")


def _messages(stream: ByteStream, *, max_bytes: int) -> Iterator[bytes]:
    """The messages of an mbox; each begins with a line `From ` after an empty one. Of one too long the start is kept."""
    lines: list[bytes] = []
    size, previous = 0, b"\n"
    stream.readline(CHUNK)
    while line := stream.readline(CHUNK):
        if line.startswith(b"From ") and previous in (b"\n", b"\r\n"):
            yield _QUOTED_FROM.sub(rb"\1", b"".join(lines))
            lines, size, previous = [], 0, b""
            continue
        if size <= max_bytes:
            lines.append(line)
        size += len(line)
        previous = line
    yield _QUOTED_FROM.sub(rb"\1", b"".join(lines))


def _read_message(content: bytes, file_name: str, place: Row, *, max_bytes: int) -> Iterator[Item]:
    if not content:
        raise empty()
    if len(content) > max_bytes:
        raise too_long(max_bytes)
    _check_cost(content)
    try:
        message = cast(EmailMessage, message_from_bytes(content, policy=_POLICY))
        values = {FILE_COLUMN: file_name, **_headers(message)}
        body = _Body(max_bytes)
        values["text"] = body.text_of(message)
    except _BROKEN as error:
        sentence = f"its headers or parts break the grammar of e-mail ({type(error).__name__})"
        raise RowError("bad_email", sentence) from error
    values["attachments"] = sorted(body.attachments.elements()) or None
    yield from (LeftOut(kind, count) for kind, count in body.left_out.items())
    yield replace(place, values=values)


def _check_cost(content: bytes) -> None:
    """Refuses what the parser would take minutes for."""
    if content.count(b"\n") * len(_BOUNDARY.findall(content)) > _MAX_COMPARISONS:
        raise RowError("bomb", "the message has more parts and lines than can be told apart in reasonable time")
    if sum(len(header[0]) ** 2 for header in _PARSED_HEADER.finditer(content)) > _MAX_HEADER_COST:
        raise RowError("bomb", "the headers of the message are too long to be parsed in reasonable time")


def _headers(message: EmailMessage) -> dict[str, Any]:
    if not any(name in message for name in _USUAL_HEADERS):
        raise RowError("bad_email", "it has none of the headers of an e-mail")
    date = message["date"]
    return {
        "from": ", ".join(_addresses(message, "from")) or None,
        "to": _addresses(message, "to") or None,
        "cc": _addresses(message, "cc") or None,
        "subject": _text(message["subject"]),
        "date": date.datetime.isoformat() if date is not None and date.datetime else None,
        "message_id": _text(message["message-id"]),
    }


def _addresses(message: EmailMessage, name: str) -> list[str]:
    return [str(address) for header in message.get_all(name, []) for address in header.addresses]


def _text(header: object) -> str | None:
    return None if header is None else str(header).strip() or None


class _Body:
    """The body of a message on its way to text; what is not text is counted."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self.attachments: Counter[str] = Counter()
        self.images = 0

    @property
    def left_out(self) -> dict[str, int]:
        """What became no text, by kind."""
        kinds = {f"attachments of type {kind}": count for kind, count in self.attachments.items()}
        return kinds | ({"images": self.images} if self.images else {})

    def text_of(self, part: MIMEPart) -> str:
        """The text of a part and of all parts in it, in their order."""
        kind = part.get_content_type()
        if kind == "multipart/alternative" and part.is_multipart():
            return self._best_of(list(part.iter_parts()))
        if part.is_multipart() and part.get_content_maintype() == "multipart":
            texts = [self.text_of(one) for one in part.iter_parts()]
            return "\n\n".join(text for text in texts if text)
        if kind == "message/rfc822" and part.is_multipart():
            return "\n\n".join(self._forwarded(cast(EmailMessage, one)) for one in part.iter_parts())
        if kind not in ("text/plain", "text/html") or part.get_content_disposition() == "attachment":
            self.attachments[_known_kind(kind)] += 1
            return ""
        return self._written(part, kind)

    def _forwarded(self, message: EmailMessage) -> str:
        """A message inside another one, under the headers that a reader sees of it."""
        headers = [(name, _text(message[name.lower()])) for name in _SHOWN_HEADERS]
        shown = "\n".join(f"{name}: {value}" for name, value in headers if value)
        return "\n\n".join(text for text in (shown, self.text_of(message)) if text)

    def _best_of(self, parts: Sequence[MIMEPart]) -> str:
        """The plain text if there is any, else the last form that has text, which is the richest."""
        texts = [(part.get_content_type() != "text/plain", self.text_of(part)) for part in parts]
        texts = [one for one in reversed(texts) if one[1].strip()]
        return min(texts, key=lambda one: one[0])[1] if texts else ""

    def _written(self, part: MIMEPart, kind: str) -> str:
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes):
            raise RowError("bad_email", "a part of it has no content")
        text = decode_text(content, part.get_content_charset("utf-8"))
        if kind == "text/plain":
            return text.replace("\r\n", "\n").strip("\n")
        page = html_text(text, max_bytes=self._max_bytes)
        self.images += page.left_out["images"]
        return page.text


def _known_kind(kind: str) -> str:
    """A media type for the report, as far as it is one and not a text that a sender put there."""
    return kind if _MEDIA_TYPE.fullmatch(kind) else "unknown"


def _in_utf8(line: str) -> str:
    """A header line whose bytes beyond ASCII are UTF-8, as newer programs write it; others stay escaped."""
    try:
        return line.encode("ascii", "surrogateescape").decode("utf-8")
    except UnicodeError:
        return line

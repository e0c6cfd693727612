"""Reads an HTML file as one row: its main text and its title."""

from __future__ import annotations

import re
from collections.abc import Iterator

from acclimate.stages.ingest.charsets import decode_text
from acclimate.stages.ingest.documents import FILE_COLUMN, document_fault, read_whole
from acclimate.stages.ingest.files import ByteStream
from acclimate.stages.ingest.html_text import main_html_text
from acclimate.stages.ingest.rows import Item, LeftOut, Row, RowError

HTML_COLUMNS = (FILE_COLUMN, "text", "title")
"""The columns that an HTML file has."""

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_START = 4096
_DECLARED = re.compile(
    rb"""(?:<meta[^>]{0,300}?charset|<\?xml[^>]{0,100}?encoding)\s{0,9}=\s{0,9}["']?\s{0,9}([\w.:-]{1,40})""", re.I
)


def read_html(stream: ByteStream, file_name: str, *, max_bytes: int) -> Iterator[Item]:
    """The one row of an HTML file; before it how many images and blocks of navigation it leaves out."""
    try:
        content = read_whole(stream, max_bytes=max_bytes)
        page = main_html_text(decode_text(content, declared_charset(content)), max_bytes=max_bytes)
    except RowError as error:
        yield document_fault(error)
        return
    yield from (LeftOut(kind, count) for kind, count in page.left_out.items())
    yield Row(1, {FILE_COLUMN: file_name, "text": page.text, "title": page.title}, "")


def declared_charset(content: bytes) -> str:
    """The charset by the byte order mark, else as the page declares it, else UTF-8.

    >>> declared_charset(b'<meta charset="windows-1252">')
    'windows-1252'
    """
    for mark, charset in _MARKS:
        if content.startswith(mark):
            return charset
    declared = _DECLARED.search(content[:_START])
    # A declaration that can be read byte by byte is not in UTF-16, whatever it says.
    if declared is None or declared[1].lower().startswith(b"utf-16"):
        return "utf-8"
    return declared[1].decode("ascii")

"""Reads a Word document as one row: its text with headings, lists and tables, its headers and footers apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from acclimate.stages.ingest.documents import FILE_COLUMN, document_fault
from acclimate.stages.ingest.layout import TextLayout
from acclimate.stages.ingest.rows import Item, LeftOut, Row, RowError
from acclimate.stages.ingest.zipped_parts import ZippedParts, local_name, open_parts, read_events

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

DOCX_COLUMNS = (FILE_COLUMN, "text", "header", "footer", "title")
"""The columns that a Word document has."""

_MAIN_PART = re.compile(r"word/document\d*\.xml")
_HEADING = re.compile(r"heading (\d)")
_PROPERTIES = frozenset({"pPr", "rPr", "tblPr", "trPr", "tcPr", "sectPr"})
# A fallback says again, for older programs, what stands beside it; moved text stands where it was moved to.
_SKIPPED = frozenset({"Fallback", "moveFrom", "del"})
_PICTURES = {"blip": "images", "imagedata": "images", "OLEObject": "embedded objects", "chart": "charts"}


def read_docx(path: Path, file_name: str, *, max_bytes: int) -> Iterator[Item]:
    """The one row of a Word document; before it how many images, objects and comments it leaves out."""
    try:
        with open_parts(path) as parts:
            document = _Document(parts, max_bytes)
            values = {FILE_COLUMN: file_name, **document.values()}
    except RowError as error:
        yield document_fault(error)
        return
    yield from (LeftOut(kind, count) for kind, count in document.left_out.items())
    yield Row(1, values, "")


class _Document:
    """The parts of one document, put together."""

    def __init__(self, parts: ZippedParts, max_bytes: int) -> None:
        self._parts = parts
        self._max_bytes = max_bytes
        self._headings = _heading_styles(parts)
        self.left_out: Counter[str] = Counter()

    def values(self) -> dict[str, str | None]:
        main = next((name for name in self._parts.names if _MAIN_PART.fullmatch(name)), None)
        if main is None:
            raise RowError("broken_file", "the file holds no Word document")
        body = [self._text(main), *self._texts("word/footnotes.xml"), *self._texts("word/endnotes.xml")]
        if comments := sum(
            1 for name in self._parts.matching(r"word/comments\.xml") for _ in _starts(self._parts, name, "comment")
        ):
            self.left_out["comments"] = comments
        return {
            "text": "\n\n".join(text for text in body if text),
            "header": "\n".join(self._texts(r"word/header\d*\.xml")) or None,
            "footer": "\n".join(self._texts(r"word/footer\d*\.xml")) or None,
            "title": self._title(),
        }

    def _texts(self, pattern: str) -> list[str]:
        """The texts of all parts of a kind; equal ones (the same header in several sections) once."""
        texts = (self._text(name) for name in self._parts.matching(pattern))
        return list(dict.fromkeys(text for text in texts if text))

    def _text(self, name: str) -> str:
        part = _Part(self._max_bytes, self._headings)
        for event, element in read_events(self._parts, name):
            part.take(event, element)
        self.left_out.update(part.left_out)
        return part.layout.text

    def _title(self) -> str | None:
        for name in self._parts.matching(r"docProps/core\.xml"):
            for event, element in read_events(self._parts, name):
                if event == "end" and local_name(element) == "title":
                    return (element.text or "").strip() or None
        return None


class _Part:
    """One part on its way to text, element by element."""

    def __init__(self, max_bytes: int, headings: Mapping[str, int]) -> None:
        self.layout = TextLayout(max_bytes=max_bytes)
        self.left_out: Counter[str] = Counter()
        self._headings = headings
        self._skipped = 0
        self._properties = 0
        self._in_list: list[bool] = []

    def take(self, event: str, element: Element) -> None:
        tag = local_name(element)
        if event == "start":
            self._skipped += tag in _SKIPPED and not self._properties
            if not self._skipped:
                self._start(tag, element)
            self._properties += tag in _PROPERTIES
        else:
            self._properties -= tag in _PROPERTIES
            if not self._skipped:
                self._end(tag, element)
            self._skipped -= tag in _SKIPPED and not self._properties

    def _start(self, tag: str, element: Element) -> None:
        if tag == "p":
            self._in_list.append(False)
        elif tag == "tr":
            self.layout.start_row()
        elif tag == "tc":
            self.layout.start_cell()
        elif tag == "pStyle":
            if level := self._headings.get(_value(element)):
                self.layout.start_marked("#" * level + " ")
        elif tag == "numPr" and self._in_list:
            self._in_list[-1] = True
            self.layout.start_marked("- ")
        elif tag in _PICTURES:
            self.left_out[_PICTURES[tag]] += 1

    def _end(self, tag: str, element: Element) -> None:
        if tag == "t":
            self.layout.write(element.text or "")
        elif tag == "p":
            self._end_paragraph()
        elif tag == "tr":
            self.layout.end_row()
        elif tag == "tbl":
            self.layout.end_paragraph()
        elif not self._properties:
            self._end_sign(tag)

    def _end_sign(self, tag: str) -> None:
        if tag == "tab":
            self.layout.write("\t")
        elif tag in ("br", "cr"):
            self.layout.end_line()
        elif tag == "noBreakHyphen":
            self.layout.write("-")

    def _end_paragraph(self) -> None:
        in_list = self._in_list.pop() if self._in_list else False
        self.layout.end_marked()
        if in_list:
            self.layout.end_line()
        else:
            self.layout.end_paragraph()


def _heading_styles(parts: ZippedParts) -> dict[str, int]:
    """Style id -> level of heading; ids are in the language of the program, names are not."""
    levels: dict[str, int] = {}
    style = ""
    for name in parts.matching(r"word/styles\.xml"):
        for event, element in read_events(parts, name):
            tag = local_name(element)
            if event == "start" and tag == "style":
                style = _value(element, "styleId")
            elif event == "start" and tag == "name" and style:
                called = _value(element).lower()
                if called == "title":
                    levels[style] = 1
                elif heading := _HEADING.fullmatch(called):
                    levels[style] = min(int(heading[1]), 6)
    return {style: level for style, level in levels.items() if level}


def _starts(parts: ZippedParts, name: str, tag: str) -> Iterator[Element]:
    return (element for event, element in read_events(parts, name) if event == "start" and local_name(element) == tag)


def _value(element: Element, name: str = "val") -> str:
    """An attribute in the namespace of the element, or in none."""
    namespace = element.tag.rpartition("}")[0]
    return element.get(f"{namespace}}}{name}" if namespace else name) or ""

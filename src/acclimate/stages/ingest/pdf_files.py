"""Reads a PDF file as one row: the text of its pages; what is no text is told, and pages without any, which may be scans."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from acclimate.stages.ingest.documents import FILE_COLUMN, document_fault, empty, encrypted
from acclimate.stages.ingest.rows import Item, LeftOut, Row, RowError, too_long

PDF_COLUMNS = (FILE_COLUMN, "text", "pages", "scanned_pages", "title")
"""The columns that a PDF file has."""

_WORKER = Path(__file__).with_name("pdf_worker.py")


class PdfReader:
    """Reads PDF files in a process of its own, bounded in memory and time; started when needed, ended by `close`."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def read(self, path: Path, file_name: str, *, max_bytes: int) -> Iterator[Item]:
        """The one row of a PDF file, its text page by page; before it how many pages are scans, and what else is no text."""
        try:
            if path.stat().st_size == 0:
                raise empty()
            said = self._ask({"path": str(path), "max_bytes": max_bytes})
            if "fault" in said:
                raise _fault(said["fault"], max_bytes)
        except RowError as error:
            yield document_fault(error)
            return
        yield from (LeftOut(kind, count) for kind, count in said["left_out"].items())
        yield Row(1, {FILE_COLUMN: file_name, **said["values"]}, "")

    def close(self) -> None:
        """Ends the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """What the process answers; a fault where it dies of the file."""
        process = self._process = self._process or _start()
        assert process.stdin and process.stdout
        try:
            process.stdin.write(json.dumps(question) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer.endswith("\n"):
            self.close()
            return {"fault": "bomb"}
        values: dict[str, Any] = json.loads(answer)
        return values


def _start() -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    # -P keeps the folder of the script, whose modules have names such as `files`, out of the import path.
    command = [sys.executable, "-P", str(_WORKER)]
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, encoding="utf-8")


def _fault(reason: str, max_bytes: int) -> RowError:
    if reason == "too_long":
        return too_long(max_bytes)
    if reason == "encrypted":
        return encrypted()
    if reason == "bomb":
        return RowError("bomb", "the file takes more memory or time than a PDF may, or crashes its reader")
    return RowError("broken_file", "the file is not a whole PDF")

"""The process in which PDF files are opened: one path a line comes in, one JSON answer a line goes out.

A file of 160 kB can make PDFium take 1.5 GB and minutes, and a hostile one may crash it; neither may end a run. This
file is run by its path and imports nothing of the package, so that a new process costs a tenth of a second.
"""

from __future__ import annotations

import json
import re
import signal
import sys
from contextlib import suppress
from typing import Any, NamedTuple

import pypdfium2
import pypdfium2.raw as pdfium_c

MAX_MEMORY = 2 * 1024**3
MAX_SECONDS = 120
MAX_PAGES = 20_000
MAX_DEPTH = 4
"""How deep pictures are looked for in forms, which may hold forms."""
PAGE_BREAK = "\n\n"
# PDFium gives \x02 for a hyphen at the end of a line and drops the break: "hyph\x02enated".
_BROKEN_WORD = re.compile(r"(?<=[^\W\d_])\x02(?=[a-zß-öø-ÿ])")
# Lines that run over the edge of a page are read whole.
_FAR = 1_000_000
_PASSWORD, _SECURITY = 4, 5


class RefusedError(Exception):
    """The document is not read; its one argument says which rule it broke."""


def answer(path: str, max_bytes: int) -> dict[str, Any]:
    """What stands in a PDF file, or `fault`: encrypted, broken_file or too_long."""
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        return {"fault": "encrypted" if error.err_code in (_PASSWORD, _SECURITY) else "broken_file"}
    try:
        return read_document(document, max_bytes)
    except RefusedError as refused:
        return {"fault": refused.args[0]}
    except pypdfium2.PdfiumError:
        return {"fault": "broken_file"}
    finally:
        document.close()


def read_document(document: pypdfium2.PdfDocument, max_bytes: int) -> dict[str, Any]:
    """The text of all pages, how many hold no text but something else, and what stands beside text on the others."""
    pages = len(document)
    if not 0 < pages <= MAX_PAGES:
        raise RefusedError("broken_file")
    texts: list[str] = []
    size = scanned = images = 0
    attachments = document.count_attachments()
    for number in range(pages):
        page = read_page(document, number)
        size += len(page.text)
        if size > max_bytes:
            raise RefusedError("too_long")
        texts.append(page.text)
        scanned += page.is_scanned
        images += page.images
        attachments += page.attachments
    title = document.get_metadata_value("Title").strip() or None
    text = PAGE_BREAK.join(text for text in texts if text)
    left_out = {"scanned pages": scanned, "images": images, "attachments": attachments}
    values = {"text": text, "pages": pages, "scanned_pages": scanned, "title": title}
    return {"values": values, "left_out": {kind: count for kind, count in left_out.items() if count}}


class Page(NamedTuple):
    """What stands on a page. A scan has no text, but something else; images are those beside text."""

    text: str
    is_scanned: bool
    images: int
    attachments: int


def read_page(document: pypdfium2.PdfDocument, number: int) -> Page:
    """What stands on a page."""
    page = document[number]
    try:
        text_page = page.get_textpage()
        try:
            text = as_written(text_page.get_text_bounded(-_FAR, -_FAR, _FAR, _FAR))
        finally:
            text_page.close()
        is_scanned = not text and any(True for _ in page.get_objects(max_depth=1))
        pictures = page.get_objects([pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=MAX_DEPTH) if text else ()
        return Page(text, is_scanned, sum(1 for _ in pictures), files_pinned_to(page))
    finally:
        page.close()


def files_pinned_to(page: pypdfium2.PdfPage) -> int:
    """How many files hang on a page as a note."""
    found = 0
    for number in range(pdfium_c.FPDFPage_GetAnnotCount(page)):
        note = pdfium_c.FPDFPage_GetAnnot(page, number)
        found += pdfium_c.FPDFAnnot_GetSubtype(note) == pdfium_c.FPDF_ANNOT_FILEATTACHMENT
        pdfium_c.FPDFPage_CloseAnnot(note)
    return found


def as_written(text: str) -> str:
    """The text with one kind of line break, and with words that were broken over two lines whole again."""
    joined = _BROKEN_WORD.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return joined.replace("\x02", "-").replace("\x00", "").strip()


def limit_memory() -> None:
    """Bounds the process where the system can; the operating system ends it when it asks for more."""
    try:
        import resource
    except ImportError:
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    limit = MAX_MEMORY if hard == resource.RLIM_INFINITY else min(MAX_MEMORY, hard)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def limit_time(seconds: float) -> None:
    """Bounds the processor time until the next call, so that a busy machine changes no result."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds)


def main() -> None:
    """Answers until there are no more questions."""
    limit_memory()
    for line in sys.stdin:
        question = json.loads(line)
        limit_time(MAX_SECONDS)
        said = answer(question["path"], question["max_bytes"])
        limit_time(0)
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

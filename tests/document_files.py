"""Small real documents, written byte by byte, so that every test shows what its file holds."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

PICTURE = b"BI /W 1 /H 1 /BPC 8 /CS /G ID \x80 EI"
"""In a content stream, a picture of one grey point."""


def pdf(*pages: bytes, title: str = "", encrypted: bool = False, catalog: bytes = b"", page: bytes = b"") -> bytes:
    """A PDF file with the given content streams, one a page; `catalog` and `page` are further entries of these."""
    numbers = [4 + 2 * index for index in range(len(pages))]
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog,
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(b"%d 0 R" % number for number in numbers), len(pages)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, content in zip(numbers, pages, strict=True):
        resources = b"<< /Font << /F1 3 0 R >> >>"
        place = b"/Parent 2 0 R /MediaBox [0 0 612 792] %s" % page
        objects.append(b"<< /Type /Page %s /Resources %s /Contents %d 0 R >>" % (place, resources, number + 1))
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
    objects.append(b"<< /Title (%s) >>" % title.encode())
    written, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, start=1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    key = b"<" + b"5a" * 32 + b">"
    lock = b"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O %s /U %s >> /ID [%s %s]" % (key, key, key, key)
    trailer = b"/Size %d /Root 1 0 R /Info %d 0 R %s" % (len(objects) + 1, len(objects), lock if encrypted else b"")
    return b"%sxref\n0 %d\n0000000000 65535 f \n%strailer\n<< %s >>\nstartxref\n%d\n%%%%EOF\n" % (
        written, len(objects) + 1, table, trailer, len(written)
    )  # fmt: skip


def pdf_page(*lines: str) -> bytes:
    """The content stream of a page with lines of text."""
    shown = " ".join(f"({line}) Tj 0 -14 Td" for line in lines)
    return f"BT /F1 12 Tf 72 720 Td {shown} ET".encode()


WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STYLES = (
    f"""<w:styles xmlns:w="{WORD}"><w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style></w:styles>"""
)


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    """A zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def docx(body: str, parts: Mapping[str, str | bytes] | None = None) -> bytes:
    """A Word document with the given body (prefix w), and further parts."""
    document = f"""<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>"""
    return zipped({"word/document.xml": document, "word/styles.xml": STYLES, **(parts or {})})


def paragraph(text: str, properties: str = "") -> str:
    """A paragraph of a Word document."""
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"

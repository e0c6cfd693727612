from __future__ import annotations

import json
import zlib

import pytest
from tests.document_files import PICTURE, pdf, pdf_page

from acclimate.core.errors import SourceError

SCAN = b"0 0 100 100 re f"
BLANK = b""


def test_a_pdf_file_is_one_record_its_text_page_by_page(ingest):
    record = ingest({"a.pdf": pdf(pdf_page("One", "two"), pdf_page("three"), title="Letter")}).record
    assert (record["text"], record["locator"]) == ("One\ntwo\n\nthree", "a.pdf:1")
    assert json.loads(record["extra"]) == {"pages": 2, "scanned_pages": 0, "title": "Letter"}


def test_a_word_broken_over_two_lines_is_whole_again_and_a_compound_keeps_its_hyphen(ingest):
    page = pdf_page("the hospi-", "tal of Smith-", "Jones")
    assert ingest({"a.pdf": pdf(page)}).record["text"] == "the hospital of Smith-Jones"


def test_scanned_pages_are_counted_in_the_report_and_blank_ones_are_not(ingest):
    files = {"n/a.pdf": pdf(pdf_page("text"), SCAN, BLANK), "n/b.pdf": pdf(SCAN, SCAN)}
    ingested = ingest(files, {"path": "n"})
    metrics = ingested.report.metrics["sources"]["n"]
    assert (metrics["left_out"], metrics["without_payload"]) == ({"scanned pages": 3}, 1)
    assert ingested.report.warnings == ("source n: what became no text was left out: 3 scanned pages",)
    assert ingested.columns("text") == [("text",), ("",)]


FILE = b"<< /Type /Filespec /F (a.txt) >>"
ATTACHED = b"/Names << /EmbeddedFiles << /Names [(a.txt) %s] >> >>" % FILE
PINNED = b"/Annots [<< /Type /Annot /Subtype /FileAttachment /Rect [0 0 9 9] /FS %s >>]" % FILE


def test_pictures_beside_text_and_attached_files_are_counted_and_told(ingest):
    pages = (pdf_page("text") + b" " + PICTURE, pdf_page("more") + b" %s %s" % (PICTURE, PICTURE), PICTURE)
    ingested = ingest({"a.pdf": pdf(*pages, catalog=ATTACHED, page=PINNED)})
    left_out = {"attachments": 4, "images": 3, "scanned pages": 1}
    assert ingested.report.metrics["sources"]["a"]["left_out"] == left_out
    assert ingested.report.warnings[-1].endswith("4 attachments, 3 images, 1 scanned pages")
    assert ingested.record["text"] == "text\n\nmore"


def test_a_gzipped_pdf_is_read(ingest):
    assert ingest({"a.pdf.gz": pdf(pdf_page("text"))}).record["text"] == "text"


def bomb() -> bytes:
    """Twelve million texts in 640 kB."""
    packed = zlib.compress(b"BT /F1 1 Tf (x) Tj ET " * 12_000_000, 9)
    plain = b"<< /Length 2 >>\nstream\nXX"
    return pdf(b"XX").replace(plain, b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s" % (len(packed), packed))


@pytest.mark.parametrize(
    ("content", "reason", "says"),
    [
        (pdf(pdf_page("secret"))[:300], "broken_file", "a.pdf: the file is not a whole PDF"),
        (b"secret, no PDF", "broken_file", "a.pdf: the file is not a whole PDF"),
        (pdf(pdf_page("secret"), encrypted=True), "encrypted", "a.pdf: the file is encrypted"),
        (pdf(pdf_page("secret" * 400)), "too_long", "a.pdf: the record is longer than 2048 bytes"),
        (pdf(), "broken_file", "a.pdf: the file is not a whole PDF"),
    ],
)
def test_a_pdf_that_cannot_be_read_is_one_fault(ingest, content, reason, says):
    with pytest.raises(SourceError) as error:
        ingest({"a.pdf": content}, max_record_bytes=2048)
    assert error.value.message.startswith(says)
    assert "secret" not in str(error.value)
    ingested = ingest({"n/a.pdf": content, "n/b.pdf": pdf(pdf_page("b"))}, {"path": "n"}, on_error="set_aside",
                      max_record_bytes=2048)  # fmt: skip
    assert (ingested.reasons, ingested.columns("text")) == ([reason], [("b",)])


def test_an_empty_pdf_among_others_is_one_fault(ingest):
    files = {"n/a.pdf": b"", "n/b.pdf": pdf(pdf_page("b"))}
    assert ingest(files, {"path": "n"}, on_error="set_aside").reasons == ["empty_file"]


@pytest.mark.slow
def test_a_pdf_that_unpacks_without_bound_ends_its_process_and_not_the_run(ingest):
    files = {"n/a.pdf": bomb(), "n/b.pdf": pdf(pdf_page("b"))}
    ingested = ingest(files, {"path": "n"}, on_error="set_aside")
    assert (ingested.reasons, ingested.columns("text")) == (["bomb"], [("b",)])

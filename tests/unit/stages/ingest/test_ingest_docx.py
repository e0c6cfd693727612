from __future__ import annotations

import json
import zipfile

import pytest
from tests.document_files import WORD, docx, paragraph, pdf, pdf_page, zipped

from acclimate.core.errors import SourceError

HEADING = '<w:pStyle w:val="berschrift1"/>'
ITEM = '<w:numPr><w:numId w:val="1"/></w:numPr>'
TABLE = "<w:tbl>{}</w:tbl>".format(
    "".join(
        "<w:tr>" + "".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row) + "</w:tr>"
        for row in [("Drug", "", "Dose"), ("aspirin", "x", "5 mg")]
    )
)
RUNS = "<w:p><w:r><w:t>one</w:t><w:tab/><w:t>two</w:t><w:br/><w:t>three</w:t></w:r></w:p>"
EDITED = (
    "<w:p><w:del><w:r><w:delText>old</w:delText></w:r></w:del><w:ins><w:r><w:t>new</w:t></w:r></w:ins>"
    "<w:moveFrom><w:r><w:t>moved</w:t></w:r></w:moveFrom></w:p>"
)
PICTURE = '<w:p><w:r><w:drawing><a:blip xmlns:a="urn:a"/></w:drawing></w:r></w:p>'
BOX = (
    '<w:p><w:r><m:AlternateContent xmlns:m="urn:m"><m:Choice><w:txbxContent>{0}</w:txbxContent></m:Choice>'
    "<m:Fallback><w:pict>{0}</w:pict></m:Fallback></m:AlternateContent></w:r></w:p>"
).format(paragraph("boxed"))


def part(kind: str, text: str) -> str:
    return f'<w:{kind} xmlns:w="{WORD}">{paragraph(text)}</w:{kind}>'


def test_the_body_keeps_its_order_headings_lists_and_tables(ingest):
    body = paragraph("Plan", HEADING) + paragraph("before") + TABLE + paragraph("a", ITEM) + paragraph("b", ITEM)
    text = ingest({"a.docx": docx(body + paragraph("after"))}).record["text"]
    assert text == "# Plan\n\nbefore\n\nDrug |  | Dose\naspirin | x | 5 mg\n\n- a\n- b\nafter"


@pytest.mark.parametrize(
    ("body", "text"), [(RUNS, "one\ttwo\nthree"), (EDITED, "new"), (BOX, "boxed"), ("<w:p/>" * 3, "")]
)
def test_runs_edits_and_boxes_read_as_the_document_shows_them(ingest, body, text):
    assert ingest({"a.docx": docx(body)}).record["text"] == text


def test_headers_footers_notes_and_title_are_read_and_pictures_counted(ingest):
    parts = {
        "word/header1.xml": part("hdr", "Ward 3"),
        "word/header2.xml": part("hdr", "Ward 3"),
        "word/footer1.xml": part("ftr", "page"),
        "word/footnotes.xml": part("footnotes", "a note"),
        "word/comments.xml": f'<w:comments xmlns:w="{WORD}"><w:comment>{paragraph("hm")}</w:comment></w:comments>',
        "docProps/core.xml": '<p xmlns:d="urn:d"><d:title>Letter</d:title></p>',
    }
    ingested = ingest({"a.docx": docx(paragraph("body") + PICTURE, parts)})
    assert ingested.record["text"] == "body\n\na note"
    assert json.loads(ingested.record["extra"]) == {"header": "Ward 3", "footer": "page", "title": "Letter"}
    assert ingested.report.metrics["sources"]["a"]["left_out"] == {"comments": 1, "images": 1}


ENTITIES = '<!DOCTYPE x [<!ENTITY a "secret"><!ENTITY b "&a;&a;&a;">]><w:document xmlns:w="urn:w">&b;</w:document>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><w:document xmlns:w="urn:w">&a;</w:document>'


def with_password_flag(content: bytes) -> bytes:
    """The archive with the bit that says encrypted set on every member."""
    return content.replace(b"PK\x03\x04\x14\x00\x00", b"PK\x03\x04\x14\x00\x01").replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (docx(paragraph("secret"))[:-30], "broken_file"),
        (docx(paragraph("secret"))[:200], "broken_file"),
        (docx("<w:p><w:r><w:t>secret"), "broken_file"),
        (zipped({"a.txt": "secret"}), "broken_file"),
        (pdf(pdf_page("secret")), "broken_file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"secret", "encrypted"),
        (with_password_flag(docx(paragraph("secret"))), "encrypted"),
        (zipped({"word/document.xml": ENTITIES}), "bomb"),
        (zipped({"word/document.xml": OUTSIDE}), "bomb"),
        (docx("<w:p>" * 2000 + "</w:p>" * 2000), "bomb"),
        (docx(" " * 20_000_000), "bomb"),
        (docx(paragraph("secret" * 20_000)), "too_long"),
    ],
)
def test_a_document_that_cannot_be_read_is_one_fault(ingest, content, reason):
    with pytest.raises(SourceError, match=r"^a\.docx: ") as error:
        ingest({"a.docx": content}, max_record_bytes=100_000)
    assert "secret" not in str(error.value)
    files = {"n/a.docx": content, "n/b.docx": docx(paragraph("b"))}
    ingested = ingest(files, {"path": "n"}, on_error="set_aside", max_record_bytes=100_000)
    assert (ingested.reasons, ingested.columns("text")) == ([reason], [("b",)])


def test_a_document_in_another_charset_of_xml_is_read(ingest):
    document = f'<?xml version="1.0" encoding="UTF-16"?><w:document xmlns:w="{WORD}">{paragraph("naïve")}</w:document>'
    assert ingest({"a.docx": zipped({"word/document.xml": document.encode("utf-16")})}).record["text"] == "naïve"


def test_a_member_that_holds_more_than_it_declares_gives_no_more(ingest, tmp_path):
    path = tmp_path / "a.docx"
    path.write_bytes(docx(paragraph("secret" * 1000)))
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("word/document.xml").file_size
    lying = path.read_bytes().replace(size.to_bytes(4, "little"), (100).to_bytes(4, "little"))
    with pytest.raises(SourceError, match="the file is damaged"):
        ingest({"a.docx": lying})

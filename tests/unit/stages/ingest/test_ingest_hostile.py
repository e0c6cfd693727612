"""Whatever bytes a file holds, reading it gives records, faults or one sentence, and never another exception."""

from __future__ import annotations

import gzip
import io
import json
from email.message import EmailMessage

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.document_files import docx, paragraph, pdf, pdf_page
from tests.hostile_files import parquet
from tests.unit.stages.ingest.test_ingest_properties import quick

from acclimate.core.errors import UserError


def workbook() -> bytes:
    book = openpyxl.Workbook()
    book.active.append(("text", "x"))
    book.active.append(("a", 1.5))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def mail() -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Ann <a@x.org>", "b@x.org, c@x.org", "naïve"
    message.set_content("a")
    message.add_alternative("<p>a", subtype="html")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="x.pdf")
    return message.as_bytes()


NOTE = {"resourceType": "Observation", "id": "1", "subject": {"reference": "Patient/1"}, "note": [{"text": "a"}]}
HL7 = b"MSH|^~\\&|A|B|C|D|2024||ORU^R01|1|P|2.5\rPID|1||17||Lee^Ann\rOBX|1|TX|R^x||a\\.br\\b\r"
SOUND = {
    "jsonl": b'{"text": "a", "x": [1.5, null]}\n{"text": "b"}\n',
    "csv": b'text,x\na,"b\nc"\n"d ""e""",\n',
    "parquet": parquet("a", "b"),
    "text": b"a",
    "html": b"<html><title>t</title><body><h1>a</h1><table><tr><td>b<ul><li>c</ul></table>",
    "markdown": b"---\ntitle: a\non: [1, {b: c}]\n---\n# a\n",
    "pdf": pdf(pdf_page("a"), b"0 0 9 9 re f", title="t"),
    "docx": docx(paragraph("a") + "<w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>"),
    "email": b"From x\n" + mail() + b"\nFrom x\n" + mail(),
    "xlsx": workbook(),
    "fhir": json.dumps(NOTE).encode() + b"\n" + json.dumps(NOTE).encode(),
    "hl7v2": HL7 * 2,
}
STARTS = {
    "jsonl": b'[{"text": "a"}, ',
    "csv": b'text,x\n"',
    "parquet": b"PAR1",
    "pdf": b"%PDF-1.4\n",
    "docx": b"PK\x03\x04",
    "xlsx": b"PK\x03\x04",
    "email": b"From x\nSubject: a\n",
    "hl7v2": b"MSH|^~\\&|",
}


def read(ingest, kind: str, content: bytes) -> None:
    """Reads the file beside a sound one; what comes out is accounted for, or it is one sentence."""
    source = {"path": "n", "format": kind, "columns": {} if kind in ("markdown", "xlsx") else {"text": "text"}}
    try:
        ingested = ingest({"n/a": content, "n/b": SOUND[kind]}, source, on_error="set_aside", max_record_bytes=100_000)
    except UserError as error:
        assert error.hint
        return
    assert len(ingested.records) + len(ingested.dropped) == ingested.report.counts.inputs


@pytest.mark.parametrize("kind", sorted(SOUND))
@quick
@given(content=st.binary(min_size=1, max_size=300), started=st.booleans())
def test_any_bytes_are_records_faults_or_one_sentence(ingest, kind, content, started):
    read(ingest, kind, (STARTS.get(kind, b"") if started else b"") + content)


@pytest.mark.parametrize("kind", sorted(SOUND))
@quick
@given(data=st.data())
def test_a_file_spoilt_anywhere_is_records_faults_or_one_sentence(ingest, kind, data):
    content = bytearray(SOUND[kind])
    for place, byte in data.draw(
        st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=5)
    ):
        content[place] = byte
    read(ingest, kind, bytes(content[: data.draw(st.integers(1, len(content)))]))


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=5)


@pytest.mark.parametrize("kind", ["csv", "docx", "jsonl", "parquet"])
@quick
@given(data=st.data())
def test_a_packed_file_spoilt_anywhere_is_records_faults_or_one_sentence(ingest, kind, data):
    content = bytearray(gzip.compress(SOUND[kind], mtime=0))
    content[data.draw(st.integers(2, len(content) - 1))] = data.draw(st.integers(0, 255))
    read(ingest, kind, bytes(content[: data.draw(st.integers(2, len(content)))]))


keys = st.sampled_from(
    ["resourceType", "id", "subject", "patient", "reference", "content", "attachment", "data", "contentType", "text",
     "div", "section", "note", "title", "code", "coding", "entry", "resource", "name", "given", "family", "fullUrl"]
)  # fmt: skip
kinds = st.sampled_from(["Bundle", "Patient", "Composition", "DocumentReference", "DiagnosticReport"])
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)


@quick
@given(resource=st.dictionaries(keys, trees, max_size=6), kind=kinds)
def test_fhir_of_any_shape_is_records_faults_or_one_sentence(ingest, resource, kind):
    read(ingest, "fhir", json.dumps({**resource, "resourceType": kind}).encode())


marks = st.sampled_from(
    ["w:p", "w:r", "w:t", "w:tbl", "w:tr", "w:tc", "w:pPr", "w:numPr", "w:tab", "w:br", "w:del", "w:Fallback"]
)
elements = st.recursive(
    st.text(st.characters(codec="utf-8", categories=("L", "N", "Zs")), max_size=3),
    lambda inner: st.tuples(marks, st.lists(inner, max_size=3)).map(
        lambda one: f"<{one[0]}>{''.join(one[1])}</{one[0]}>"
    ),
    max_leaves=20,
)


@quick
@given(body=elements)
def test_word_elements_in_any_order_are_a_record(ingest, body):
    assert len(ingest({"a.docx": docx(body)}).records) == 1


tags = st.sampled_from(
    [
        "<p>",
        "</p>",
        "<td>",
        "<tr>",
        "<table>",
        "</table>",
        "<li>",
        "<ul>",
        "</ul>",
        "<h1>",
        "</h1>",
        "<br>",
        "<pre>",
        "</pre>",
        "a",
        "<svg>",
    ]
)


@quick
@given(markup=st.lists(tags, max_size=40))
def test_html_elements_in_any_order_are_a_record(ingest, markup):
    assert len(ingest({"n/a.html": "".join(markup) or " "}, {"path": "n"}).records) == 1

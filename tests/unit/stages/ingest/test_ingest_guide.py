"""Every source on the page about sources reads a file of its kind."""

from __future__ import annotations

import gzip
import io
import json
import re
import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from fsspec.implementations.memory import MemoryFileSystem
from tests.document_files import docx, paragraph, pdf, pdf_page, zipped
from tests.unit.collect.test_archives import tarred
from tests.unit.stages.ingest.test_ingest_hostile import HL7, NOTE, mail
from tests.unit.stages.ingest.test_ingest_xlsx import xlsx


def parquet(rows: list[dict[str, Any]]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), buffer)
    return buffer.getvalue()


PAGE = Path(__file__).parents[4] / "docs/guides/sources.md"
SOURCES = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)]
PATIENT = {"resourceType": "Patient", "id": "1", "name": [{"text": "Ann Lee"}], "birthDate": "1980-01-02"}
CONTENTS = {
    ".jsonl": '{"note": "a", "patient": "1"}\n',
    "entities.jsonl": '{"tokens": ["a", "b"], "ner_tags": [1, 2], "hospital": "north"}\n',
    "mentions.jsonl": '{"words": ["a", "b"], "labels": ["B-PER", "O"], "hospital": "north"}\n',
    "stays.jsonl": '{"note": "a", "patient": {"id": 1, "name": "Ann Lee"}}\n',
    "reports.jsonl": json.dumps(
        {
            "table": {"uid": "t", "cells": [["a", 1]]},
            "paragraphs": [{"text": "b"}],
            "questions": [{"uid": "q", "question": "c", "answer": ["d"]}],
        }
    ),
    ".csv": "dialogue,summary,patient_name\na,b,Ann Lee\n",
    ".tsv": "note\tpatient\na\t1\n",
    ".parquet": parquet([{"note": "a", "patient": "1", "written": date(2024, 3, 1)}]),
    ".txt": "a",
    ".xlsx": xlsx(("x",), letters=[("letter", "pid", "written"), ("a", 1, "2024-03-01")]),
    ".md": "---\nwritten: 2024-03-01\n---\na",
    ".html": "<p>a",
    ".pdf": pdf(pdf_page("a")),
    ".docx": docx(paragraph("a"), {"word/header1.xml": f'<h xmlns:w="urn:w">{paragraph("Ann Lee")}</h>'}),
    ".eml": b"Message-ID: <1@x>\nDate: Fri, 1 Mar 2024 10:00:00 +0000\n" + mail(),
    ".mbox": b"From x\nMessage-ID: <1@x>\nDate: Fri, 1 Mar 2024 10:00:00 +0000\n" + mail(),
    ".ndjson": json.dumps(NOTE) + "\n" + json.dumps(PATIENT),
    ".json": json.dumps({"resourceType": "Bundle", "entry": [{"resource": NOTE}, {"resource": PATIENT}]}),
    ".hl7": HL7,
    ".tar": tarred({"2024/one.jsonl": b'{"note": "a", "patient": "1"}\n'}),
    ".tgz": gzip.compress(tarred({"2024/one.html": b"<p>a"})),
    ".zip": zipped({"2024/one.pdf": pdf(pdf_page("a"))}),
}


FILES = [source for source in SOURCES if "://" not in source.get("path", "://")]
FETCHED = [source for source in SOURCES if source not in FILES]


@pytest.mark.parametrize("source", FILES, ids=lambda source: source["path"])
def test_a_source_of_the_guide_reads_a_file_of_its_kind(ingest, source):
    path = source["path"].replace("*", "one")
    content = CONTENTS.get(Path(path).name) or CONTENTS[Path(path).suffix]
    record = ingest({path: content}, source).record
    assert (record["text"] or record["prompt"]).startswith("a")
    assert bool(record["identifiers"]) == ("identifiers" in source)


def test_the_guide_has_a_source_for_every_kind_of_file():
    assert {Path(source["path"]).suffix for source in FILES} == {name for name in CONTENTS if name.startswith(".")}


@pytest.mark.parametrize("source", FETCHED, ids=lambda source: source["name"])
def test_a_source_of_the_guide_that_lies_elsewhere_is_fetched(ingest, source, tmp_path, monkeypatch):
    with sqlite3.connect(tmp_path / "clinic.db") as connection:
        connection.execute("create table notes (visit, patient, note, written, ward)")
        connection.execute("insert into notes values (1, '17', 'a', '2024-03-01', 'north')")
    monkeypatch.setenv("CLINIC_DB", f"sqlite:///{tmp_path}/clinic.db")
    MemoryFileSystem().pipe("/hospital-notes/north/one.jsonl", CONTENTS[".jsonl"].encode())
    here = (
        {"path": source["path"].replace("s3://", "memory://"), "options": {}, "secrets": {}} if "path" in source else {}
    )
    record = ingest({}, {**source, **here}).record
    assert (record["text"], record["source"]) == ("a", source["name"])
    assert record["subject_id"] in ("17", "1")

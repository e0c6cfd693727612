from __future__ import annotations

import json
from base64 import b64encode

import pytest

from acclimate.core.errors import SourceError

HEADER = r"MSH|^~\&|LAB|NORTH|EHR|NORTH|202403011030-0500||ORU^R01^ORU_R01|M-1|P|2.5"
PATIENT = (
    r"PID|1||17^^^NORTH^MR~999-11-2222^^^USA^SS||Lee^Ann^B.^Jr~Lee^Annie|Olsen^May|19800102|F|||"
    r"7 Elm St^^Wareham^MA^02571||(555)555-0101"
)
ORDER = r"OBR|1|||CXR^Chest X-ray|||20240229"


def message(*segments: str, header: str = HEADER, end: str = "\r") -> bytes:
    return end.join([header, PATIENT, ORDER, *segments, ""]).encode()


REPORT = (
    "OBX|1|TX|R^Report||IMPRESSION:",
    "OBX|2|TX|R^Report||no fracture~no effusion",
    "OBX|3|NM|718-7^Hemoglobin||13.5|g/dL",
    "OBX|4|CE|X^Smoker||N^No^L",
    "NTE|1||seen twice",
)
TEXT = "IMPRESSION:\nno fracture\nno effusion\nHemoglobin: 13.5 g/dL\nSmoker: No\nseen twice"


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_the_results_of_a_message_are_its_text_and_the_patient_stands_beside_it(ingest, end):
    source = {"path": "a.hl7", "identifiers": {"name": "names", "phone": "phones", "mrn": "identifiers"}}
    record = ingest({"a.hl7": message(*REPORT, end=end)}, source).record
    assert (record["text"], record["subject_id"], record["locator"]) == (TEXT, "17", "a.hl7:1")
    assert [one["value"] for one in record["identifiers"]] == [
        "Ann B. Lee Jr", "Annie Lee", "May Olsen", "(555)555-0101", "17", "999-11-2222",
    ]  # fmt: skip
    extra = json.loads(record["extra"])
    assert (extra["message_type"], extra["date"], extra["birth_date"]) == ("ORU^R01", "2024-02-29", "1980-01-02")
    assert (extra["document_type"], extra["addresses"]) == ("Chest X-ray", ["7 Elm St, Wareham, MA, 02571"])


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"a\F\b\S\c\T\d\R\e\E\f", r"a|b^c&d~e\f"),
        (r"one\.br\two", "one\ntwo"),
        (r"\H\bold\N\ ", "bold "),
        (r"caf\XE9\ ", "café "),
        (r"\Zx\ C:\dir", r"\Zx\ C:\dir"),
    ],
)
def test_escape_sequences_are_resolved(ingest, written, read):
    assert ingest({"a.hl7": message(f"OBX|1|TX|R||x{written}y")}).record["text"] == f"x{read}y"


def test_other_separators_are_taken_from_the_header(ingest):
    content = b"MSH*:~!&*A*B*C*D*2024**ORU:R01*M-1\rPID***17\rOBX*1*TX*R**a!F!b|c\r"
    assert ingest({"a.hl7": content}).record["text"] == "a*b|c"


def test_frames_of_mllp_and_batches_hold_several_messages(ingest):
    framed = b"".join(b"\x0b" + message(f"OBX|1|TX|R||{text}") + b"\x1c\r" for text in ("one", "two"))
    content = b"FHS|^~\\&\rBHS|^~\\&\r" + framed + b"BTS|2\rFTS|1\r"
    assert ingest({"a.hl7": content}).columns("text", "locator") == [("one", "a.hl7:1"), ("two", "a.hl7:2")]


def test_the_patients_of_one_message_are_kept_apart(ingest):
    other = (PATIENT.replace("17^^^", "18^^^"), "OBX|1|TX|R||theirs")
    ingested = ingest({"a.hl7": message("OBX|1|TX|R||ours", *other)})
    assert ingested.columns("subject_id", "text") == [("17", "ours"), ("18", "theirs")]


def test_what_is_no_text_is_counted(ingest):
    scan = "OBX|1|ED|R||^Image^PDF^Base64^JVBERg=="
    elsewhere = "OBX|2|RP|R||http://x/1"
    note = "OBX|3|ED|R||^TEXT^PLAIN^Base64^" + b64encode("naïve".encode()).decode()
    ingested = ingest({"a.hl7": message(scan, elsewhere, note) + message()})
    assert ingested.columns("text") == [("naïve",)]
    assert ingested.report.metrics["sources"]["a"]["left_out"] == {
        "attachments": 1, "attachments that lie elsewhere": 1, "messages without text": 1,
    }  # fmt: skip


def test_a_message_is_read_in_the_charset_it_names(ingest):
    header = HEADER + "||||||8859/1"
    content = message("OBX|1|TX|R||naïve", header=header).decode().encode("latin-1")
    assert ingest({"a.hl7": content}).record["text"] == "naïve"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"secret|no header\r", "bad_hl7"),
        (b"MSH|||||secret\r", "bad_hl7"),
        (b"MSH\r", "bad_hl7"),
        (message("OBX|1|TX|R||secret \xe9").decode().encode("latin-1"), "bad_utf8"),
        (message("OBX|1|TX|R||secret", header=HEADER + "||||||KLINGON"), "bad_charset"),
        (message("OBX|1|ED|R||^TEXT^PLAIN^Base64^secret!"), "bad_base64"),
        (message("OBX|1|TX|R||" + "secret " * 1000), "too_long"),
        (message(*["OBX|1|TX|R||secret"] * 1000), "too_long"),
    ],
)
def test_a_damaged_message_costs_only_itself(ingest, content, reason):
    good = message("OBX|1|TX|R||good")
    with pytest.raises(SourceError, match=r"^a\.hl7, message \d: ") as error:
        ingest({"a.hl7": content + good}, max_record_bytes=2048)
    assert "secret" not in str(error.value)
    ingested = ingest({"a.hl7": content + good}, on_error="set_aside", max_record_bytes=2048)
    assert (ingested.columns("text"), ingested.reasons) == ([("good",)], [reason])

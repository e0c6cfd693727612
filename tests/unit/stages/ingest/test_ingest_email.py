from __future__ import annotations

import json
import time
from email.message import EmailMessage

import pytest

from acclimate.core.errors import SourceError

PLAIN = b"""From: Ann Lee <ann@example.org>\r
To: Bob <bob@example.org>, c@example.org\r
Subject: =?utf-8?q?Na=C3=AFve?= question\r
Date: Fri, 1 Mar 2024 10:00:00 +0200\r
Message-ID: <1@example.org>\r
\r
Hello,\r
Bob.\r
"""


def message(text: str = "", html: str = "") -> EmailMessage:
    written = EmailMessage()
    written["Subject"] = "s"
    if text:
        written.set_content(text)
    if html and text:
        written.add_alternative(html, subtype="html")
    elif html:
        written.set_content(html, subtype="html")
    return written


def test_a_message_is_one_record_with_its_headers(ingest):
    record = ingest({"a.eml": PLAIN}).record
    assert (record["text"], record["locator"]) == ("Hello,\nBob.", "a.eml:1")
    assert json.loads(record["extra"]) == {
        "from": "Ann Lee <ann@example.org>",
        "to": ["Bob <bob@example.org>", "c@example.org"],
        "subject": "Naïve question",
        "date": "2024-03-01T10:00:00+02:00",
        "message_id": "<1@example.org>",
    }


def test_headers_can_be_mapped(ingest):
    columns = {"text": "text", "collected_at": "date", "id": "message_id"}
    record = ingest({"a.eml": PLAIN}, {"path": "a.eml", "columns": columns, "identifiers": {"name": "to"}}).record
    assert (record["id"], record["collected_at"].hour) == ("a:<1@example.org>", 8)
    assert [one["value"] for one in record["identifiers"]] == ["Bob <bob@example.org>", "c@example.org"]


@pytest.mark.parametrize(
    ("text", "html", "read"),
    [("plain\n", "<p>rich", "plain"), (" ", "<h1>Rich</h1><p>text", "# Rich\n\ntext"), ("", "<p>a<p>b", "a\n\nb")],
)
def test_plain_text_goes_before_html_and_html_becomes_text(ingest, text, html, read):
    assert ingest({"a.eml": message(text, html).as_bytes()}).record["text"].strip() == read


def test_attachments_are_counted_by_type_and_their_names_stay_out_of_the_report(ingest):
    mail = message("see attached")
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="ann-lee.pdf")
    mail.add_attachment("a note", filename="note.txt")
    ingested = ingest({"a.eml": mail.as_bytes()})
    assert ingested.record["text"] == "see attached"
    kinds = ["application/pdf", "text/plain"]
    assert json.loads(ingested.record["extra"])["attachments"] == kinds
    left_out = ingested.report.metrics["sources"]["a"]["left_out"]
    assert left_out == {f"attachments of type {kind}": 1 for kind in kinds}


def test_a_forwarded_message_is_text_under_its_headers_and_its_attachments_are_counted(ingest):
    inner, middle, outer = message("the first"), message("the second"), message("see below")
    inner["From"], inner["To"], inner["Date"] = "Ann <a@x.org>", "b@x.org", "Fri, 1 Mar 2024 10:00:00 +0000"
    inner.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="a.pdf")
    middle.add_attachment(inner)
    outer.add_attachment(middle)
    ingested = ingest({"a.eml": outer.as_bytes()})
    assert ingested.record["text"] == (
        "see below\n\nSubject: s\n\nthe second\n\n"
        "From: Ann <a@x.org>\nTo: b@x.org\nDate: Fri, 01 Mar 2024 10:00:00 +0000\nSubject: s\n\nthe first"
    )
    assert ingested.report.metrics["sources"]["a"]["left_out"] == {"attachments of type application/pdf": 1}


def test_an_mbox_gives_one_record_a_message(ingest):
    mbox = (
        b"From ann@x Fri Mar  1 10:00:00 2024\nSubject: a\n\none\n>From here\n>>From there\nFrom now on\n\n"
        b"From bob@x Fri Mar  1 10:00:00 2024\nSubject: b\n\ntwo\n"
    )
    ingested = ingest({"a.mbox": mbox})
    assert ingested.columns("text", "locator") == [
        ("one\nFrom here\n>From there\nFrom now on", "a.mbox:1"),
        ("two", "a.mbox:2"),
    ]


def test_a_damaged_message_of_an_mbox_costs_only_itself(ingest):
    long = b"Subject: b\n\n" + b"long secret\n" * 500
    mbox = b"From x\nSubject: a\n\none\n\nFrom x\n" + long + b"\nFrom x\n\nno headers\n\nFrom x\nSubject: d\n\nfour\n"
    with pytest.raises(SourceError, match=r"a.mbox, message 2: the record is longer than 2048 bytes"):
        ingest({"a.mbox": mbox}, max_record_bytes=2048)
    ingested = ingest({"a.mbox": mbox}, on_error="set_aside", max_record_bytes=2048)
    assert (ingested.columns("text"), ingested.reasons) == ([("one",), ("four",)], ["too_long", "bad_email"])


@pytest.mark.parametrize(
    ("charset", "body", "text"),
    [
        ("iso-8859-1", b"na\xefve \x93x\x94", "naïve “x”"),
        ("utf-8", b"na\xc3\xafve", "naïve"),
        ("us-ascii", b"na\xc3\xafve", "naïve"),
        ("iso-2022-jp", "日本".encode("iso-2022-jp"), "日本"),
    ],
)
def test_a_body_is_read_in_the_charset_it_names(ingest, charset, body, text):
    header = b"Subject: a\nContent-Type: text/plain; charset=" + charset.encode()
    assert ingest({"a.eml": header + b"\n\n" + body}).record["text"] == text


def test_headers_in_plain_utf8_are_read(ingest):
    extra = json.loads(ingest({"a.eml": "Subject: naïve\n\nx".encode()}).record["extra"])
    assert extra["subject"] == "naïve"


def nested(depth: int) -> bytes:
    parts = b"".join(b"--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n" % (n, n + 1) for n in range(depth))
    return b"Subject: secret\nContent-Type: multipart/mixed; boundary=b0\n\n" + parts


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"secret", "bad_email"),
        (b"\x00\x01secret" * 9, "bad_email"),
        (b"Subject: secret\nContent-Type: text/plain; charset=klingon\n\nx", "bad_charset"),
        (b"Subject: secret\n\nna\xefve", "bad_utf8"),
        (b"Subject: secret" + b"(" * 100_000 + b"\n\nx", "bomb"),
        (b"From: " + b"(" * 5000 + b"\n\nsecret", "bad_email"),
        (nested(1000), "bad_email"),
        (nested(5000), "bomb"),
        (nested(100) + b"secret\n" * 400_000, "bomb"),
    ],
)
def test_a_message_that_cannot_be_read_is_one_fault(ingest, content, reason):
    with pytest.raises(SourceError, match=r"^a\.eml: ") as error:
        ingest({"a.eml": content})
    assert "secret" not in str(error.value)
    ingested = ingest({"n/a.eml": content, "n/b.eml": PLAIN}, {"path": "n"}, on_error="set_aside")
    assert (ingested.reasons, len(ingested.records)) == ([reason], 1)


@pytest.mark.parametrize(
    "content",
    [
        nested(60) + b"x\n" * 200_000,
        b"To: " + b"a@b.c, " * 9000 + b"\n\nx",
        b"Subject: " + b"=?utf-8?q?a?= " * 4000 + b"\n\nx",
        b"From: " + b'"' * 15_000 + b"\n\nx",
        b"From: " + b"<@" * 30_000 + b"\n\nx",
        b"Content-Type: text/plain" + b"; a*0*=b" * 3500 + b"\nSubject: x\n\nx",
        b"Subject: a\n" * 100_000 + b"\nx",
    ],
)
def test_hostile_headers_and_parts_take_seconds_at_most(ingest, content):
    started = time.process_time()
    ingest({"n/a.eml": content, "n/b.eml": PLAIN}, {"path": "n"}, on_error="set_aside")
    assert time.process_time() - started < 20

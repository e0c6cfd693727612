from __future__ import annotations

import json
import time

import pytest

from acclimate.core.errors import SourceError
from acclimate.stages.ingest.html_text import html_text

PAGE = """<!doctype html><html><head><title>Ward
 rules</title><style>p {}</style><script>var secret = 1</script></head><body>
<nav><a href="/">Home</a></nav><h1>Ward <em>rules</em></h1><p>Visits  until<br>eight.</p>
<table><tr><th>Drug</th><th>Dose</th></tr><tr><td><p>aspirin</p></td><td><p>5 &lt; 10 mg</p></td></tr></table>
<ul><li>quiet</li><li><p>clean</p></li></ul><pre>a  b
 c</pre><img src="x.png"><footer>imprint</footer></body></html>"""
TEXT = """# Ward rules

Visits until
eight.

Drug | Dose
aspirin | 5 < 10 mg

- quiet
- clean

a  b
 c"""


def test_a_page_gives_its_main_text_with_its_structure_and_its_title(ingest):
    ingested = ingest({"a.html": PAGE})
    assert ingested.record["text"] == TEXT
    assert json.loads(ingested.record["extra"]) == {"title": "Ward rules"}
    left_out = ingested.report.metrics["sources"]["a"]["left_out"]
    assert left_out == {"images": 1, "navigation and footer blocks": 2}


@pytest.mark.parametrize("tag", ["main", "article", "div role=main"])
def test_the_only_main_part_of_a_page_is_its_text(ingest, tag):
    page = f"<div>around</div><{tag}><p>inside</p></{tag.split()[0]}><p>after</p>"
    ingested = ingest({"a.htm": page})
    assert ingested.record["text"] == "inside"
    left_out = ingested.report.metrics["sources"]["a"]["left_out"]
    assert left_out == {"pages read without what surrounds their main part": 1}


@pytest.mark.parametrize(
    ("page", "charset"),
    [
        ("<meta charset=iso-8859-1><p>naïve “quotes”", "windows-1252"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=utf-8"><p>naïve “quotes”', "utf-8"),
        ('<?xml version="1.0" encoding="windows-1252"?><p>naïve “quotes”', "windows-1252"),
        ("<p>naïve “quotes”", "utf-8"),
        ("<p>naïve “quotes”", "utf-8-sig"),
        ("<p>naïve “quotes”", "utf-16"),
    ],
)
def test_a_page_is_read_in_the_charset_it_declares(ingest, page, charset):
    assert ingest({"a.html": page.encode(charset)}).record["text"] == "naïve “quotes”"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<p>na\xefve secret", "bad_utf8"),
        (b"<meta charset=latin1><p>secret \x81", "bad_charset"),
        (b"<meta charset=ascii><p>secret \x81", "bad_utf8"),
        (b"<meta charset=klingon><p>secret", "bad_charset"),
        (b"<meta charset=punycode><p>secret", "bad_charset"),
        (b"<meta charset=zlib><p>secret", "bad_charset"),
        ("<p>secret".encode("utf-16-le"), "not_text"),
        (b"<p>" + b"secret" * 1000, "too_long"),
    ],
)
def test_a_page_that_is_not_text_is_one_fault(ingest, content, reason):
    with pytest.raises(SourceError) as error:
        ingest({"a.html": content}, max_record_bytes=2048)
    assert "secret" not in str(error.value)
    ingested = ingest({"n/a.html": content, "n/b.html": "<p>b"}, {"path": "n"}, on_error="set_aside",
                      max_record_bytes=2048)  # fmt: skip
    assert (ingested.reasons, ingested.columns("text")) == ([reason], [("b",)])


@pytest.mark.parametrize(
    "markup",
    ["<div>" * 300_000, "<ul><li>" * 100_000, "".join(f"<b a={n}>" for n in range(9000)) + "<p>x" * 9000,
     "<svg>" + "<td>" * 300_000, "<p>" * 300_000, "<table><tr>" + "<td>" * 300_000],
    ids=["div", "list", "formatting", "foreign", "paragraphs", "cells"],
)  # fmt: skip
def test_hostile_nesting_is_refused_or_read_in_seconds(ingest, markup):
    started = time.process_time()
    ingest({"n/a.html": markup, "n/b.html": "<p>b"}, {"path": "n"}, on_error="set_aside")
    assert time.process_time() - started < 10


def test_deep_but_ordinary_markup_is_read():
    assert html_text("<div>" * 2000 + "deep" + "</div>" * 2000, max_bytes=100).text == "deep"


def test_an_empty_page_is_a_record_without_text(ingest):
    ingested = ingest({"a.html": "<html></html>"})
    assert (ingested.record["text"], ingested.report.metrics["sources"]["a"]["without_payload"]) == ("", 1)

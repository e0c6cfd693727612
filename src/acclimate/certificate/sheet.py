"""The sheet a person reads: each record of the sample as it was, with what was replaced marked; one page without script."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from acclimate.certificate.count import SampledRecord
from acclimate.stages.deidentify.records import Passage

_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Audit sheet</title>
<style>
body { margin:0 auto; max-width:52rem; padding:2rem 1.2rem 5rem; font:16px/1.6 system-ui,sans-serif; color:#1f2933; background:#fff; }
section { border-top:1px solid #cbd2d9; padding:1rem 0; } h2 { font-size:1rem; margin:0 0 .4rem; } h3 { font-size:.8rem; margin:.7rem 0 .1rem; color:#616e7c; }
p.text { white-space:pre-wrap; overflow-wrap:anywhere; margin:.1rem 0; } code { font-size:.9em; }
mark { background:#cdeae7; border-radius:.2rem; padding:0 .15rem; } mark small { color:#0b7a75; margin-left:.25rem; }
</style></head><body>
<h1>Audit sheet</h1>
<p>This page holds the original texts and names real people. Every <mark>marked</mark> stretch was replaced; the small word is the class it was taken for.</p>
<ol>
<li>Read every record to its end. In the table, write <code>yes</code> under <code>read</code> for it.</li>
<li>An identifier that is not marked, or of which a part is not: a line with the record, <code>missed</code>, its class, and the words as they stand here.</li>
<li>A marked stretch that identifies nobody: a line with the record, <code>wrong</code>, and the words. Otherwise it would count as an identifier found.</li>
</ol>
"""


def sheet_page(records: Iterable[SampledRecord], *, kinds: Iterable[str]) -> Iterator[str]:
    """The page, in pieces."""
    yield _HEAD
    yield f"<p>Classes: {escape(', '.join(kinds))}</p>\n"
    for number, record in enumerate(records, start=1):
        site = f" · {escape(record.site)}" if record.site else ""
        yield f"<section><h2>{number}. <code>{escape(record.id)}</code>{site}</h2>\n"
        for passage in record.passages:
            yield f'<h3>{escape(passage.place)}</h3><p class="text">{"".join(_marked(passage))}</p>\n'
        yield "</section>\n"
    yield "</body></html>\n"


def _marked(passage: Passage) -> Iterator[str]:
    end = 0
    for edit in passage.edits:
        yield escape(passage.text[end : edit.start])
        yield f"<mark>{escape(passage.text[edit.start : edit.end])}<small>{escape(edit.kind)}</small></mark>"
        end = edit.end
    yield escape(passage.text[end:])

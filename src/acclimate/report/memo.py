"""A release as one document to read and sign: the verdict, what was decided, the cards, and how to check it all.

The bundle stays the evidence; the memo is written from it at any time and names the digest of what it tells of.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acclimate.core.atomic import read_json, write_bytes
from acclimate.core.errors import ConfigError, WorkspaceError
from acclimate.release.bundle import digest_of, recheck
from acclimate.release.cards import CARDS
from acclimate.release.verify_bundle import ENVELOPE, PREDICATE_TYPE, WRONG, Check, Decision, read_statement, standing

if TYPE_CHECKING:
    from docx.document import Document
    from docx.text.paragraph import Paragraph
    from markdown_it.token import Token


def write_memo(
    bundle: Path, output: Path, *, key: bytes | None = None, approvers: Sequence[bytes] = (), today: date
) -> None:
    """Writes the memo of a bundle as DOCX. Raises WorkspaceError for a bundle that does not hold."""
    try:
        import docx
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"A memo needs {error.name}, which is not installed.", hint="pip install 'acclimate[memo]'"
        ) from error
    checks = recheck(bundle, key, approvers=approvers, today=today)
    if checks[-1].state == WRONG:
        raise WorkspaceError(
            f"The bundle {bundle} does not hold: {checks[-1].what}: {checks[-1].said}.", hint="restore it from a copy"
        )
    payload, statement = read_statement(bundle / ENVELOPE, PREDICATE_TYPE)
    said = statement["predicate"]
    document = docx.Document()
    document.core_properties.title = f"{said['project']} {said['version']}"
    document.core_properties.author = f"acclimate {said['acclimate']}"
    document.add_heading(f"Release {said['project']} {said['version']}", level=0)
    found = standing(bundle, approvers=approvers, today=today)
    document.add_paragraph(f"Verdict: {said['verdict']}. On {today}: {found.state}; {found.said}.")
    _decisions(document, found.decisions)
    for name in CARDS:
        if (bundle / name).is_file():
            _markdown(document, _without_header((bundle / name).read_text(encoding="utf-8")))
    _proof(document, checks, digest_of(payload), read_json(bundle / ENVELOPE)["signatures"])
    content = io.BytesIO()
    document.save(content)
    write_bytes(output, content.getvalue())


def _decisions(document: Document, decisions: Sequence[Decision]) -> None:
    document.add_heading("What was decided", level=1)
    if not decisions:
        document.add_paragraph("Nothing yet.")
        return
    rows = [
        (one.kind, one.by, one.at[:10], one.until or "–", "; ".join([one.reason, *one.conditions]).strip("; "))
        for one in decisions
    ]
    _table(document, [("decision", "by", "on", "until", "why, and for what alone"), *rows])


def _proof(document: Document, checks: Sequence[Check], digest: str, signatures: Iterable[Any]) -> None:
    document.add_heading("How to check it", level=1)
    names = ", ".join(one["keyid"] for one in signatures) or "nobody"
    document.add_paragraph(
        f"This memo tells of the bundle whose statement has the SHA-256 {digest}, signed by {names}. The bundle is the"
        " evidence: acclimate verify, or verify_bundle.py by itself, checks it without this memo."
    )
    _table(document, [("what", "state", "found"), *((check.what, check.state, check.said) for check in checks)])
    document.add_heading("Signed", level=1)
    for line in ("Name", "Role", "Date", "Signature"):
        document.add_paragraph(f"{line}: {'_' * 40}")


def _without_header(text: str) -> str:
    """A card without the fields that a model hub reads, which stand between two lines of dashes at its head."""
    return text.split("---\n", 2)[2] if text.startswith("---\n") else text


def _markdown(document: Document, text: str) -> None:
    """Headings, paragraphs, bullets and tables of a card; what else it might hold comes as plain paragraphs."""
    from markdown_it import MarkdownIt

    tokens = iter(MarkdownIt("commonmark").enable("table").parse(text))
    style = None
    for token in tokens:
        if token.type == "heading_open":
            heading = document.add_heading(level=int(token.tag[1:]))
            heading.paragraph_format.page_break_before = token.tag == "h1"
            _inline(heading, next(tokens))
        elif token.type in ("bullet_list_open", "bullet_list_close"):
            style = "List Bullet" if token.type.endswith("open") else None
        elif token.type == "table_open":
            _table(document, list(_rows(tokens)))
        elif token.type == "inline":
            _inline(document.add_paragraph(style=style), token)


def _rows(tokens: Iterator[Token]) -> Iterator[list[Token]]:
    """The cells of each row up to the end of the table; rows without a word, as a head may be, are left out."""
    row: list[Token] = []
    for token in tokens:
        if token.type == "table_close":
            return
        if token.type == "inline":
            row.append(token)
        elif token.type == "tr_close":
            if any(cell.content for cell in row):
                yield row
            row = []


def _table(document: Document, rows: Sequence[Sequence[str | Token]]) -> None:
    if not rows:
        return
    table = document.add_table(rows=0, cols=max(len(row) for row in rows), style="Light Grid Accent 1")
    for row in rows:
        for cell, said in zip(table.add_row().cells, row, strict=False):
            if isinstance(said, str):
                cell.text = said
            else:
                _inline(cell.paragraphs[0], said)


def _inline(paragraph: Paragraph, token: Token) -> None:
    """A token's text, with what is strong in it, as a hole is, in bold and code in a fixed width."""
    is_strong = False
    for child in token.children or ():
        if child.type in ("strong_open", "strong_close"):
            is_strong = child.type == "strong_open"
        elif child.type in ("softbreak", "hardbreak"):
            paragraph.add_run(" ")
        elif child.content:
            run = paragraph.add_run(child.content)
            run.bold = is_strong or None
            if child.type == "code_inline":
                run.font.name = "Courier New"

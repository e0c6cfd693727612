from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

import openpyxl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl.chart import BarChart
from openpyxl.comments import Comment
from tests.document_files import zipped
from tests.unit.stages.ingest.test_ingest_properties import quick

from acclimate.core.errors import SourceError


def xlsx(*rows: tuple[Any, ...], **more: list[tuple[Any, ...]]) -> bytes:
    """A workbook with the given rows in its first sheet, and further sheets by name."""
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append(row)
    for name, others in more.items():
        sheet = workbook.create_sheet(name)
        for row in others:
            sheet.append(row)
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def changed(content: bytes, part: str, change: Callable[[str], str]) -> bytes:
    """The workbook with one of its parts changed."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return zipped({**parts, part: change(parts.get(part, b"").decode())})


def with_shared_texts(*texts: str, rows: str) -> bytes:
    """A workbook as Excel writes it: cells point to texts that all sheets share."""
    content = changed(
        xlsx(),
        SHEET,
        lambda sheet: re.sub(r"<sheetData.*(/>|</sheetData>)(?=<page)", f"<sheetData>{rows}</sheetData>", sheet),
    )
    return changed(content, STRINGS, lambda _: f"<sst>{''.join(f'<si>{text}</si>' for text in texts)}</sst>")


SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
HEADER = '<row r="1"><c r="A1" t="s"><v>0</v></c></row>'


def test_the_first_row_names_the_columns_and_values_keep_their_kinds(ingest):
    row = ("a note", 7, 1.5, True, date(2024, 3, 1), datetime(2024, 3, 1, 10, 30), time(8, 15), None)
    ingested = ingest({"a.xlsx": xlsx(("text", "n", "x", "b", "on", "at", "t", "empty"), row)})
    assert (ingested.record["text"], ingested.record["locator"]) == ("a note", "a.xlsx:2")
    assert json.loads(ingested.record["extra"]) == {
        "n": 7,
        "x": 1.5,
        "b": True,
        "on": "2024-03-01",
        "at": "2024-03-01T10:30:00",
        "t": "08:15:00",
    }


def test_columns_can_be_mapped_and_blank_rows_do_not_count(ingest):
    columns = {"text": "note", "collected_at": "on", "subject_id": "pid"}
    content = xlsx((), ("note", "on", "pid"), ("a", date(2024, 3, 1), 17), (), ("b", None, 18))
    ingested = ingest({"a.xlsx": content}, {"path": "a.xlsx", "columns": columns})
    assert ingested.columns("text", "subject_id", "locator") == [("a", "17", "a.xlsx:3"), ("b", "18", "a.xlsx:5")]


def test_the_sheet_that_is_named_is_read_and_the_others_are_counted(ingest):
    content = xlsx(("text",), ("first",), notes=[("text",), ("second",)])
    assert ingest({"a.xlsx": content}).columns("text") == [("first",)]
    ingested = ingest({"a.xlsx": content}, {"path": "a.xlsx", "sheet": "notes"})
    assert ingested.columns("text") == [("second",)]
    assert ingested.report.metrics["sources"]["a"]["left_out"] == {"sheets": 1}


def test_a_formula_gives_the_value_it_had_and_one_without_is_counted(ingest):
    content = xlsx(("text", "sum"), ("a", "=1+1"), ("b", "=1+2"))
    cached = changed(content, SHEET, lambda sheet: re.sub("<f>1[+]1</f><v( ?/>|></v>)", "<f>1+1</f><v>2</v>", sheet))
    ingested = ingest({"a.xlsx": cached})
    assert [json.loads(record["extra"] or "{}").get("sum") for record in ingested.records] == [2, None]
    assert ingested.report.metrics["sources"]["a"]["left_out"] == {"formulas without a value": 1}


THREAD = '<ThreadedComments><threadedComment id="1"/><threadedComment id="2" parentId="1"/></ThreadedComments>'
BOX = '<wsDr xmlns:x="x"><x:sp><x:txBody/></x:sp></wsDr>'


def with_everything() -> bytes:
    """A workbook with a chart, a comment, a reply to it, a picture, a text box and an embedded file."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.append(("text",))
    sheet.append(("a note",))
    sheet["A2"].comment = Comment("a remark", "somebody")
    sheet.add_chart(BarChart(), "C1")
    buffer = io.BytesIO()
    workbook.save(buffer)
    content = changed(buffer.getvalue(), "xl/media/image1.png", lambda _: "not read")
    content = changed(content, "xl/embeddings/report.docx", lambda _: "not read")
    content = changed(content, "xl/threadedComments/threadedComment1.xml", lambda _: THREAD)
    return changed(content, "xl/drawings/drawing2.xml", lambda _: BOX)


def test_what_stands_in_no_cell_is_counted_and_told(ingest):
    ingested = ingest({"a.xlsx": with_everything()})
    kinds = {"charts": 1, "comments": 2, "embedded files": 1, "images": 1, "text boxes": 1}
    assert ingested.report.metrics["sources"]["a"]["left_out"] == kinds
    assert "1 charts, 2 comments, 1 embedded files, 1 images, 1 text boxes" in ingested.report.warnings[-1]
    assert ingested.columns("text") == [("a note",)]


def test_rows_are_kept_where_the_comments_are_damaged(ingest):
    content = changed(with_everything(), "xl/drawings/drawing2.xml", lambda _: "<wsDr>")
    ingested = ingest({"a.xlsx": content}, on_error="set_aside")
    assert (ingested.columns("text"), ingested.reasons) == ([("a note",)], ["broken_file"])


def test_rich_and_escaped_texts_are_read_as_shown(ingest):
    rich = "<r><t>na</t></r><r><t>ïve_x000D_ </t></r><rPh><t>spoken</t></rPh>"
    content = with_shared_texts("<t>text</t>", rich, rows=HEADER + '<row r="2"><c r="A2" t="s"><v>1</v></c></row>')
    assert ingest({"a.xlsx": content}).record["text"] == "naïve\r "


def texts_as_texts(*rows):
    """A workbook in which a text that begins with = is a text, where the library would make it a formula."""
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append(row)
        for cell, value in zip(workbook.active[workbook.active.max_row], row, strict=True):
            if isinstance(value, str):
                cell.data_type = "s"
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


cells = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), min_size=1, max_size=9)
values = st.none() | cells | st.integers(-(10**9), 10**9) | st.booleans() | st.dates(date(1901, 1, 1), date(2100, 1, 1))


@quick
@given(rows=st.lists(st.tuples(cells, values), min_size=1, max_size=8))
@example(rows=[("0", "=0"), ("=1", "#N/A")])
def test_any_rows_come_back_as_they_were_written(ingest, rows):
    ingested = ingest({"a.xlsx": texts_as_texts(("text", "more"), *(("'" + text, value) for text, value in rows))})
    back = [(record["text"], json.loads(record["extra"] or "{}").get("more")) for record in ingested.records]
    assert back == [("'" + text, value.isoformat() if isinstance(value, date) else value) for text, value in rows]


GOOD = xlsx(("text", "x"), ("secret", 1))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (GOOD[:-40], "broken_file"),
        (zipped({"a.txt": "secret"}), "broken_file"),
        (b"text,x\nsecret,1\n", "broken_file"),
        (xlsx(), "empty_sheet"),
        (xlsx(("text", "text"), ("secret", 1)), "bad_header"),
        (changed(GOOD, SHEET, lambda sheet: sheet[:200]), "broken_file"),
        (changed(GOOD, STRINGS, lambda _: '<!DOCTYPE x [<!ENTITY a "secret">]><sst/>'), "bomb"),
        (changed(GOOD, SHEET, lambda sheet: sheet + " " * 20_000_000), "bomb"),
        (changed(GOOD, "xl/_rels/workbook.xml.rels", lambda text: text.replace("sheet1", "sheet9")), "broken_file"),
    ],
)
def test_a_workbook_that_cannot_be_read_is_one_fault(ingest, content, reason):
    with pytest.raises(SourceError, match=r"^a\.xlsx") as error:
        ingest({"a.xlsx": content}, {"path": "a.xlsx", "columns": {"text": "text"}})
    assert "secret" not in str(error.value)
    ingested = ingest({"n/a.xlsx": content, "n/b.xlsx": xlsx(("text",), ("b",))}, {"path": "n"}, on_error="set_aside")
    assert (ingested.reasons, ingested.columns("text")) == ([reason], [("b",)])


def cell(change: Callable[[str], str]) -> bytes:
    return changed(xlsx(("text", "x"), ("a", 1), ("good", 2)), SHEET, change)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (xlsx(("text",), ("a", "beyond"), ("good",)), "wrong_columns"),
        (cell(lambda sheet: sheet.replace("<v>1</v>", "<v>99999</v>", 1).replace('r="B2" t="n"', 'r="B2" t="s"')), "broken_cell"),
        (cell(lambda sheet: sheet.replace("<v>1</v>", "<v>x</v>").replace('t="s"', 't="s"')), "bad_number"),
        (cell(lambda sheet: sheet.replace('r="B2"', 'r="ZZZ2"')), "broken_cell"),
        (xlsx(("text",), ("a" * 3000,), ("good",)), "too_long"),
    ],
)  # fmt: skip
def test_a_damaged_row_costs_only_itself(ingest, content, reason):
    ingested = ingest(
        {"a.xlsx": content},
        {"path": "a.xlsx", "columns": {"text": "text"}},
        on_error="set_aside",
        max_record_bytes=2048,
    )
    assert (ingested.columns("text"), ingested.reasons) == ([("good",)], [reason])
    assert re.fullmatch(r"a\.xlsx:2", ingested.dropped[0]["locator"])


def test_a_text_that_a_row_points_to_many_times_is_too_long_and_not_built(ingest):
    row = '<row r="2">' + '<c t="s"><v>1</v></c>' * 16_000 + "</row>"
    text = "".join(map(str, range(100_000)))
    content = with_shared_texts("<t>text</t>", f"<t>{text}</t>", rows=HEADER + row)
    files = {"n/a.xlsx": content, "n/b.xlsx": xlsx(("text",), ("b",))}
    assert ingest(files, {"path": "n"}, on_error="set_aside").reasons == ["too_long"]


def test_a_sheet_damaged_in_its_middle_gives_the_rows_before_and_one_fault(ingest):
    content = changed(GOOD, SHEET, lambda sheet: sheet.replace("</sheetData>", "</sheet"))
    ingested = ingest({"a.xlsx": content}, on_error="set_aside")
    assert (ingested.columns("text"), ingested.reasons) == ([("secret",)], ["broken_file"])


def test_a_sheet_that_does_not_exist_is_named(ingest):
    with pytest.raises(SourceError, match=r"a.xlsx: none of its 1 sheets is called 'notes'"):
        ingest({"a.xlsx": GOOD}, {"path": "a.xlsx", "sheet": "notes", "columns": {"text": "text"}})

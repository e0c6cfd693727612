"""A reader's table: what spreadsheets write is read, and what cannot be meant is refused by line, without its words."""

from __future__ import annotations

import pytest

from acclimate.certificate.marks import Mark, blank_table, read_marks
from acclimate.core.errors import DataError

HEAD = "record,read,mark,class,quote,place,start,end\n"


def read(tmp_path, text, *, encoding="utf-8"):
    path = tmp_path / "marks.csv"
    path.write_bytes(text.encode(encoding))
    return read_marks(path, records={"d1", "d2"}, kinds={"name", "mrn"})


def test_a_blank_table_has_a_line_for_each_record_and_none_is_read(tmp_path):
    reading = read(tmp_path, blank_table(["d1", "d2"]))
    assert (reading.read, reading.marks) == (frozenset(), ())


def test_a_record_may_have_several_lines_and_quotes_may_hold_commas_and_lines(tmp_path):
    text = HEAD + 'd1,yes,missed,name,"Lee,\nAnn",text,4,12\nd1,,wrong,,Hand,,,\nd2,no,,,,,,\n'
    reading = read(tmp_path, text)
    assert reading.read == {"d1"}
    assert reading.marks == (
        Mark(3, "d1", "missed", "name", "Lee,\nAnn", "text", 4, 12),
        Mark(4, "d1", "wrong", "", "Hand"),
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_what_a_spreadsheet_saves_is_read(tmp_path, encoding):
    text = "Record;Read;Mark;Class;Quote\r\nd1;Yes;missed;name;Zoë\r\n;;;;\r\n"
    assert read(tmp_path, text, encoding=encoding).marks == (Mark(2, "d1", "missed", "name", "Zoë"),)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("d3,yes,,,,,,", "line 2: there is no record 'd3'"),
        ("d1,maybe,,,,,,", "read is 'maybe'"),
        ("d1,yes,mised,name,Secret,,,", "mark is 'mised'"),
        ("d1,yes,missed,nome,Secret,,,", "class is 'nome'"),
        ("d1,yes,missed,name,,,,", "there is no quote"),
        ("d1,yes,missed,name,Secret,text,4,", "needs place, start and end"),
        ("d1,yes,missed,name,Secret,,4,9", "needs place, start and end"),
        ("d1,yes,missed,name,Secret,text,four,9", "start is 'four'"),
        ('d1,yes,missed,name,"Secret', "no line of a table"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path, line, why):
    with pytest.raises(DataError, match=why) as refused:
        read(tmp_path, HEAD + line + "\n")
    assert "Secret" not in str(refused.value)


def test_a_table_without_its_columns_or_in_another_encoding_is_refused(tmp_path):
    with pytest.raises(DataError, match="no column mark"):
        read(tmp_path, "record,read\nd1,yes\n")
    with pytest.raises(DataError, match="not UTF-8"):
        read(tmp_path, HEAD + "d1,yes,missed,name,Zoë,,,\n", encoding="utf-16")

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acclimate.core.csv_tables import csv_table, neutral_cell, plain_cell

cells = st.text(st.sampled_from("'=+-@\t\r\n\",;a＝"), max_size=6) | st.text(
    st.characters(exclude_categories=("Cs",)), max_size=6
)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝"])
def test_a_cell_that_a_spreadsheet_would_run_is_text(start):
    assert neutral_cell(f"{start}HYPERLINK(1)") == f"'{start}HYPERLINK(1)"


@given(rows=st.lists(st.tuples(cells, cells), max_size=5))
def test_no_cell_begins_like_a_formula_and_all_come_back(rows):
    read = list(csv.reader(io.StringIO(csv_table(["one", "two"], rows), newline=""), strict=True))[1:]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝")) for row in read for cell in row)
    assert [tuple(plain_cell(cell) for cell in row) for row in read] == rows

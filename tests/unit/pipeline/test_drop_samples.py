from __future__ import annotations

import csv
from pathlib import Path

import pytest

from acclimate.core.errors import DataError, SourceError, WorkspaceError
from acclimate.core.reinclusion import id_digest
from acclimate.pipeline.drop_samples import COLUMNS, read_marks, write_sample
from acclimate.pipeline.drops import DroppedRecord

RECORDS = [
    DroppedRecord("clean", "language", "north:1", "es", "0.8", "dolor; lumbar,\n=1+1"),
    DroppedRecord("clean", "too_short", "=2+2", "2", "3", "=HYPERLINK(1)"),
]
HEADING = ",".join(COLUMNS)
ROW = f"clean,language,{id_digest('north:1')},north:1,es,0.8,text,"


@pytest.mark.parametrize("name", ["sample.csv", "sample.jsonl"])
def test_an_unmarked_sample_is_open_and_names_its_records(tmp_path: Path, name: str) -> None:
    write_sample(tmp_path / name, RECORDS)
    marks = read_marks(tmp_path / name)
    assert (marks.judgements, marks.open) == ([], 2)


def test_no_cell_is_a_formula_and_nobody_else_may_read_the_file(tmp_path: Path) -> None:
    file = tmp_path / "sample.csv"
    write_sample(file, RECORDS)
    cells = [cell for row in csv.reader(file.open(newline="")) for cell in row]
    assert not [cell for cell in cells if cell.startswith("=")]
    assert file.stat().st_mode & 0o077 == 0


def test_a_spreadsheet_that_saves_with_semicolons_is_read(tmp_path: Path) -> None:
    file = tmp_path / "sample.csv"
    file.write_text(f"{HEADING}\n{ROW}yes\n".replace(",", ";"), encoding="utf-8-sig")
    (judgement,) = read_marks(file).judgements
    assert (judgement.rule, judgement.record, judgement.rightly_dropped) == ("language", id_digest("north:1"), True)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (f"{HEADING}\n{ROW}perhaps\n", "line 2: rightly_dropped is neither yes nor no"),
        (f"{HEADING}\n{ROW}yes\n{ROW}no\n", "line 3: the record is marked twice"),
        (f"{HEADING}\nclean,language,north:1,north:1,es,0.8,text,yes\n", "line 2: the column record does not name"),
        ("a,b\n1,2\n", "line 2, lacks step"),
        (f"{HEADING}\nclean\n", "line 2, lacks rule"),
    ],
)
def test_a_file_that_is_no_marked_sample_is_refused_in_one_sentence(tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "sample.csv"
    file.write_text(content)
    with pytest.raises(DataError, match=says) as refused:
        read_marks(file)
    assert "text" not in str(refused.value)


def test_what_is_no_text_or_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SourceError, match=r"a\.csv is not in UTF-8"):
        read_marks(tmp_path / "a.csv")
    (tmp_path / "a.jsonl").write_text("{\n")
    with pytest.raises(DataError, match="line 1, is not JSON"):
        read_marks(tmp_path / "a.jsonl")


def test_a_sample_never_replaces_a_file_and_has_one_of_two_formats(tmp_path: Path) -> None:
    (tmp_path / "sample.csv").write_text("marks")
    with pytest.raises(WorkspaceError, match="is there already"):
        write_sample(tmp_path / "sample.csv", RECORDS)
    with pytest.raises(WorkspaceError, match=r"neither \.csv nor \.jsonl"):
        write_sample(tmp_path / "sample.xlsx", RECORDS)

"""People's list grows by what was found, and what they wrote stays byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from acclimate.core.errors import SourceError
from acclimate.pipeline.glossary_list import extend_list

FOUND = [
    {"term": "MRI", "kind": "abbreviation", "expansion": "magnetic resonance imaging", "subjects": 9},
    {"term": "chest pain", "kind": "phrase", "expansion": None, "subjects": 30},
]


def test_a_new_list_has_a_header_and_a_line_for_each_term(tmp_path: Path) -> None:
    assert extend_list(tmp_path / "glossary.csv", FOUND) == 2
    assert (tmp_path / "glossary.csv").read_text().splitlines() == [
        "term,expansion,use,kind,subjects,note",
        "MRI,magnetic resonance imaging,,abbreviation,9,",
        "chest pain,,,phrase,30,",
    ]


def test_adding_again_adds_nothing(tmp_path: Path) -> None:
    extend_list(tmp_path / "glossary.csv", FOUND)
    before = (tmp_path / "glossary.csv").read_bytes()
    assert extend_list(tmp_path / "glossary.csv", FOUND) == 0
    assert (tmp_path / "glossary.csv").read_bytes() == before


def test_no_cell_is_a_formula_and_it_is_known_again(tmp_path: Path) -> None:
    found = [{"term": "+ve", "kind": "abbreviation", "expansion": "=1+1", "subjects": 0}]
    assert extend_list(tmp_path / "glossary.csv", found) == 1
    assert (tmp_path / "glossary.csv").read_text().splitlines()[1] == "'+ve,'=1+1,,abbreviation,0,"
    assert extend_list(tmp_path / "glossary.csv", found) == 0


@pytest.mark.parametrize("written", [b"use,term\nno,Chest Pain", b"\xef\xbb\xbfuse,term\r\nno,Chest Pain\r\n"])
def test_what_people_wrote_stays_and_decides_the_columns(tmp_path: Path, written: bytes) -> None:
    path = tmp_path / "glossary.csv"
    path.write_bytes(written)
    assert extend_list(path, FOUND) == 1
    assert path.read_bytes().startswith(written)
    assert path.read_bytes().splitlines()[1:] == [b"no,Chest Pain", b",MRI"]


def test_a_file_that_is_no_list_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "glossary.csv"
    path.write_text("name\nx\n")
    with pytest.raises(SourceError, match="the columns are name"):
        extend_list(path, FOUND)
    assert path.read_text() == "name\nx\n"

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.annotation.project_of_four import open_store

from acclimate.annotation.code_search import CodeIndex, code_lists, read_codes, search_codes, titles_of
from acclimate.annotation.tasks import save_codes
from acclimate.core.errors import DataError

ICD = {
    "I21.0": "Acute transmural myocardial infarction of anterior wall",
    "I21": "Acute myocardial infarction",
    "I25.2": "Old myocardial infarction",
    "J45": "Asthma",
    "G20": "Parkinson's disease",
    "K50": "Crohn disease [régional enteritis]",
}


def found(words: str) -> list[str]:
    return [code for code, _ in CodeIndex.of(list(ICD.items())).search(words)]


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        ("i21", ["I21", "I21.0"]),
        ("I210", ["I21.0"]),
        ("infarct", ["I21", "I25.2", "I21.0"]),
        ("infarct ante", ["I21.0"]),
        ("acute", ["I21", "I21.0"]),
        ("REGIONAL", ["K50"]),
        ("parkinson", ["G20"]),
        ("farction", []),
        ("  ", []),
    ],
)
def test_codes_are_found_by_their_beginning_and_by_beginnings_of_words(words: str, codes: list[str]) -> None:
    assert found(words) == codes


@given(st.text(max_size=30))
def test_whatever_is_typed_finds_codes_or_nothing(words: str) -> None:
    assert set(found(words)) <= ICD.keys()


def test_codes_that_are_added_later_are_found_too(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    save_codes(store, "icd", read_codes("code,name\nJ45,Asthma\n"), by="mia")
    assert search_codes(store, "icd", "asth") == [("J45", "Asthma")]
    save_codes(store, "icd", read_codes('J46,"Status asthmaticus, severe"\n'), by="mia")
    assert [code for code, _ in search_codes(store, "icd", "asth")] == ["J45", "J46"]
    assert titles_of(store, "icd", ["J46", "none"]) == [("J46", "Status asthmaticus, severe")]
    assert code_lists(store) == [("icd", 2)]


@pytest.mark.parametrize(
    ("text", "fault"),
    [("", "no code"), ("J45", "Line 1 has 1 cells"), ("J45,a\nJ45,b", "J45 is there twice"), (",a", "no usable code")],
)
def test_a_file_that_is_no_list_of_codes_is_one_sentence(text: str, fault: str) -> None:
    with pytest.raises(DataError, match=fault):
        read_codes(text)

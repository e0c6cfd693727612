"""The files of the example: equal for equal seeds, in two formats, with a truth that fits them."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from acclimate.examples.clinical import Sizes, write_project

SMALL = Sizes(
    people_per_site=20, exact_copies=3, near_copies=3, mojibake=4, empties=4, other_languages=3, identifiers=6
)


def written(folder: Path, seed: int = 7, sizes: Sizes = SMALL) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in write_project(folder, seed=seed, sizes=sizes)
    }


def rows_of(files: dict[str, bytes]) -> list[dict[str, str]]:
    north = files["data/north/visits-1.jsonl"] + gzip.decompress(files["data/north/visits-2.jsonl.gz"])
    south = files["data/south/visits.csv"].decode()
    return [*map(json.loads, north.decode().split("\n")[:-1]), *csv.DictReader(south.splitlines(keepends=True))]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return written(tmp_path_factory.mktemp("full"), sizes=Sizes())


@pytest.fixture(scope="module")
def truth(full: dict[str, bytes]) -> dict[str, Any]:
    planted: dict[str, Any] = json.loads(full["data/planted.json"])
    return planted


def test_equal_seeds_give_equal_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert written(tmp_path / "a") == written(tmp_path / "b")


def test_another_seed_gives_other_people_and_other_talk(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = rows_of(written(tmp_path / "a", 1)), rows_of(written(tmp_path / "b", 2))
    for column in ("patient_name", "dialogue", "summary"):
        shared = {row[column].strip() for row in first} & {row[column].strip() for row in second} - {""}
        assert not shared


def test_every_identifier_stands_where_the_truth_says(full: dict[str, bytes], truth: dict[str, Any]) -> None:
    rows = {row["note_id"]: row for row in rows_of(full)}
    for entry in truth["identifiers"]:
        assert rows[entry["record"]][entry["field"]][entry["start"] : entry["end"]] == entry["value"]


def test_every_kind_of_fault_is_there_often_enough_for_a_figure(truth: dict[str, Any]) -> None:
    faults = Counter(fault["kind"] for fault in truth["faults"])
    identifiers = Counter(entry["kind"] for entry in truth["identifiers"])
    languages = Counter(fault["language"] for fault in truth["faults"] if fault["kind"] == "other_language")
    assert set(faults) == {"exact_copy", "near_copy_5", "near_copy_10", "mojibake", "empty", "other_language"}
    assert len(identifiers) == 14
    assert min(faults.values()) >= 30
    assert min(identifiers.values()) >= 30
    assert min(languages.values()) >= 5


def test_exact_copies_repeat_their_original_under_another_number(full: dict[str, bytes], truth: dict[str, Any]) -> None:
    rows = {row["note_id"]: row for row in rows_of(full)}
    for fault in truth["faults"]:
        if fault["kind"] == "exact_copy":
            copy, original = rows[fault["record"]], rows[fault["of"]]
            assert copy["note_id"] != original["note_id"]
            assert (copy["dialogue"], copy["summary"]) == (original["dialogue"], original["summary"])


def test_only_planted_rows_are_blank(full: dict[str, bytes], truth: dict[str, Any]) -> None:
    blank = {row["note_id"] for row in rows_of(full) if not (row["dialogue"].strip() and row["summary"].strip())}
    assert blank == {fault["record"] for fault in truth["faults"] if fault["kind"] == "empty"}


def test_the_faults_of_a_record_cannot_be_read_from_its_number_or_place(truth: dict[str, Any]) -> None:
    for site in "NS":
        numbers = [int(fault["record"][1:]) - 10_000 for fault in truth["faults"] if fault["record"][0] == site]
        assert 80 < sum(numbers) / len(numbers) < 190


def test_patients_have_from_one_to_four_notes_of_their_own(full: dict[str, bytes], truth: dict[str, Any]) -> None:
    extra = {fault["record"] for fault in truth["faults"] if fault["kind"] != "mojibake"}
    notes = Counter(row["patient"] for row in rows_of(full) if row["note_id"] not in extra)
    assert set(notes.values()) == {1, 2, 3, 4}
    assert len(notes) == 220


def test_the_project_file_names_columns_that_exist(full: dict[str, bytes]) -> None:
    config = yaml.safe_load(full["acclimate.yaml"])
    columns = set(rows_of(full)[0])
    for source in config["ingest"]["sources"]:
        named = {*source["columns"].values(), *source["attributes"], *source["identifiers"].values()}
        assert named <= columns

"""The stage as a whole: what passes into the open zone, and that it does not depend on order, batches or luck."""

from __future__ import annotations

import datetime
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acclimate.core.errors import DataError, WorkspaceError
from acclimate.core.surrogates import record_hash, subject_hash
from acclimate.stages.deidentify.dates import read_date
from acclimate.stages.deidentify.name_pools import first_names

KEY = bytes(range(32))
NAME = [{"name": "name", "value": "Ann Lee"}]
NOTES = [
    {"id": "n1", "subject_id": "p1", "text": "Ann Lee seen 2021-03-01, MRN 445566.", "identifiers": NAME},
    {"id": "n2", "subject_id": "p1", "text": "Lee, Ann again 2021-03-15. Dr. Ruiz, 312-555-0142."},
    {"id": "n3", "subject_id": "p2", "text": "Ann Lee seen 2021-03-01.", "identifiers": NAME},
    {"id": "n4", "text": "A walk-in on March 3, 2021."},
    {"id": "n5", "subject_id": "p3", "text": "No change. 😀"},
]


def by_id(result):
    return {row["id"]: row for row in result.rows}


@given(order=st.permutations(range(len(NOTES))), batch_rows=st.integers(1, 6))
@settings(max_examples=15, deadline=None)
def test_neither_record_order_nor_batch_size_changes_a_record(deidentify, order, batch_rows):
    assert by_id(deidentify([NOTES[i] for i in order], batch_rows=batch_rows)) == by_id(deidentify(NOTES))


def test_the_same_key_gives_the_same_and_another_key_gives_other_surrogates(deidentify):
    assert deidentify(NOTES).rows == deidentify(NOTES).rows
    other = deidentify(NOTES, key=bytes(range(1, 33)))
    assert not {row["id"] for row in other.rows} & {row["id"] for row in deidentify(NOTES).rows}
    assert other.texts[0] != deidentify(NOTES).texts[0]


def test_identifiers_of_one_record_are_found_in_the_others_of_its_subject(deidentify):
    texts = deidentify(NOTES).texts
    assert not re.search("Ann|Lee", " ".join(texts))
    first, last = texts[0].split()[:2]
    assert texts[1].startswith(f"{last}, {first} again")
    assert texts[0].split()[:2] != texts[2].split()[:2]


def test_a_name_in_a_header_is_replaced_in_all_texts_of_its_subject_with_the_declared_gender(deidentify):
    visits = [
        {"id": "a", "subject_id": "p1", "text": "Patient: Kim Ochoa\nMRN: 445566"},
        {"id": "b", "subject_id": "p1", "text": "Ochoa came back. Kim is well.",
         "attributes": [{"name": "sex", "value": "F"}]},
    ]  # fmt: skip
    first, second = deidentify(visits).texts
    given, family = re.fullmatch(r"Patient: (\w+) (\w+)\nMRN: \d+", first).groups()
    assert second == f"{family} came back. {given} is well."
    assert family != "Ochoa" and given in first_names("", "female")
    assert deidentify([visits[1]]).texts == [visits[1]["text"]]


def test_the_pieces_of_a_document_without_a_subject_name_its_person_alike(deidentify):
    pieces = [
        {"id": f"d#{number}", "text": "Ann Lee seen.", "parents": ["d"], "identifiers": NAME if number == 2 else None}
        for number in (1, 2)
    ]
    first, second = deidentify(pieces).texts
    assert first == second != "Ann Lee seen."


def test_days_between_two_visits_stay_what_they_were(deidentify):
    dates = [read_date(re.search(r"\d{4}-\d\d-\d\d", text).group()).first for text in deidentify(NOTES).texts[:2]]
    assert dates[1] - dates[0] == datetime.timedelta(14)
    assert dates[0] != datetime.date(2021, 3, 1)


def test_ids_are_keyed_hashes_and_what_names_a_place_or_person_is_gone(deidentify):
    seen = datetime.datetime(2021, 3, 1, tzinfo=datetime.UTC)
    record = {
        "id": "n1",
        "subject_id": "p1",
        "cluster_id": "n0",
        "parents": ["n0"],
        "locator": "lee.csv:1",
        "extra": "{}",
    }
    row = deidentify([{**record, "collected_at": seen, "site": "north", "identifiers": NAME}]).rows[0]
    assert (row["id"], row["subject_id"]) == (record_hash(KEY, "n1"), subject_hash(KEY, "p1"))
    assert (row["cluster_id"], row["parents"]) == (record_hash(KEY, "n0"), [record_hash(KEY, "n0")])
    assert (row["locator"], row["extra"], row["identifiers"], row["site"]) == (None, None, None, "north")
    assert 1 <= abs((row["collected_at"] - seen).days) <= 364


def test_the_report_counts_what_was_replaced_and_names_no_key(deidentify):
    report = deidentify(NOTES).report
    assert report.counts.inputs == report.counts.kept == 5
    assert report.metrics["replaced"] == {"mrn": 1, "phone": 1, "date": 4, "name": 4}
    assert (report.metrics["records_touched"], report.metrics["subjects"], report.metrics["residual"]) == (4, 3, 0)
    assert KEY.hex() not in str(report)
    assert "1 records name no subject" in report.warnings[0]


def test_a_record_with_nothing_to_replace_keeps_its_payload(deidentify):
    record = {"id": "a", "prompt": "How is the cough?", "completion": "Better. 😀", "label": "ok", "weight": 0.5}
    row = deidentify([record]).rows[0]
    assert {name: row[name] for name in record if name != "id"} == {
        name: record[name] for name in record if name != "id"
    }


@pytest.mark.parametrize("secrets", [{}, {"other": KEY}, {"surrogates": b"short"}])
def test_without_a_proper_key_the_user_is_told_how_to_make_one(deidentify, secrets):
    with pytest.raises(WorkspaceError, match="acclimate key new"):
        deidentify(NOTES, secrets=secrets)


def test_a_span_into_a_field_that_is_no_text_is_refused(deidentify):
    with pytest.raises(DataError, match="span in the field 'messages'"):
        deidentify([{"id": "a", "text": "x", "spans": [{"field": "messages", "start": 0, "end": 1, "label": "x"}]}])


def test_no_records_give_an_empty_table(deidentify):
    assert deidentify([]).rows == []

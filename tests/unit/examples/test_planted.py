"""The count of found, missed and wrongly touched, on tables small enough to count by hand."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from acclimate.core.schema import DROPPED_SCHEMA, records_table
from acclimate.examples.planted import (
    FaultScore,
    StageTables,
    replaced_words,
    score_copies,
    score_drops,
    score_faults,
    score_identifiers,
    score_mojibake,
    sound_words,
)
from acclimate.stages.deidentify.rewrite import Edit


def kept(**texts: tuple[str, str]) -> pa.Table:
    return records_table(
        {"id": f"north:{name}", "prompt": prompt, "completion": note} for name, (prompt, note) in texts.items()
    )


def dropped(**reasons: str) -> pa.Table:
    rows = [{"id": f"north:{name}", "reason": reason, "value": ""} for name, reason in reasons.items()]
    return pa.Table.from_pylist(rows, schema=DROPPED_SCHEMA)


def faults(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"faults": list(entries), "identifiers": []}


def named(record: str, kind: str, value: str, field: str = "dialogue") -> dict[str, Any]:
    return {"record": record, "field": field, "kind": kind, "value": value, "start": 0, "end": len(value)}


def same(record_id: str) -> str:
    return record_id


def edits(record: str = "A", **columns: list[Edit]) -> dict[str, dict[str, list[Edit]]]:
    return {f"north:{record}": columns}


def test_drops_are_found_missed_or_wrong_by_their_reason() -> None:
    planted = faults(
        {"record": "A", "kind": "empty"}, {"record": "B", "kind": "empty"}, {"record": "C", "kind": "other_language"}
    )
    scores = score_drops(
        planted, kept=kept(B=("x", "")), dropped=dropped(A="empty", C="language", D="language", E="long")
    )
    assert scores == [
        FaultScore("empty", 2, 1, 1, 0, 3),
        FaultScore("other_language", 1, 1, 0, 1, 4),
        FaultScore("long", 0, 0, 0, 1, 5),
    ]


def test_repaired_text_counts_with_straight_or_curly_quotes() -> None:
    right = {"dialogue": "It’s fine", "summary": "OK"}
    planted = faults(
        {"record": "A", "kind": "mojibake", "right": right}, {"record": "B", "kind": "mojibake", "right": right}
    )
    raw = kept(A=("Itâ€™s fine", "OK"), B=("Itâ€™s fine", "OK"), C=("He’s  well", "OK"), D=("5 µg", "x"))
    cleaned = kept(A=("It's fine", "OK"), B=("Itâ€™s fine", "OK"), C=("He's well", "OK"), D=("5 mg", "x"))
    assert score_mojibake(planted, ingested=raw, kept=cleaned) == FaultScore("mojibake", 2, 1, 1, 1, 2)


def test_a_copy_is_found_whichever_of_the_pair_was_dropped() -> None:
    planted = faults(
        {"record": "A2", "kind": "exact_copy", "of": "A"},
        {"record": "B2", "kind": "near_copy_5", "of": "B"},
        {"record": "C2", "kind": "near_copy_5", "of": "C"},
    )
    rows = dropped(A="exact", B2="near_duplicate", D="near_duplicate")
    scores = score_copies(planted, kept=kept(A2=("", ""), B=("", ""), C=("", ""), C2=("", "")), dropped=rows)
    assert scores == [FaultScore("exact_copy", 1, 1, 0, 0, 1), FaultScore("near_copy_5", 2, 1, 1, 1, 1)]


def test_a_pair_dropped_whole_is_wrongly_touched() -> None:
    planted = faults({"record": "A2", "kind": "exact_copy", "of": "A"})
    (score,) = score_copies(planted, kept=kept(), dropped=dropped(A="exact", A2="exact"))
    assert (score.found, score.wrongly_touched) == (1, 1)


def test_an_identifier_is_missed_while_it_stands_in_any_case() -> None:
    planted = {"faults": [], "identifiers": [named("A", "name", "Ana Ruiz"), named("A", "phone", "555-0199")]}
    before = kept(A=("Call Ana Ruiz at 555-0199 soon", "ok"))
    after = kept(A=("Call ANA RUIZ at 555-0142 soon", "ok"))
    rows = score_identifiers(planted, before=before, after=after, open_id=same, replacements=None)
    scores = {score.kind: score for score in rows}
    assert (scores["name"].found, scores["name"].missed) == (0, 1)
    assert (scores["phone"].found, scores["phone"].missed) == (1, 0)


def test_a_word_that_is_no_identifier_is_wrongly_touched_as_the_class_that_replaced_it() -> None:
    planted = {"faults": [], "identifiers": [named("A", "name", "Ana"), named("A", "date_of_birth", "1/2/1950")]}
    before, after = kept(A=("Ana (1/2/1950) had 81 mg", "BP 120/80")), kept(A=("Eva (3/4/1950) had 7 mg", "BP 4/12"))
    prompt = [Edit(0, 3, "Eva", "name"), Edit(5, 13, "3/4/1950", "date"), Edit(19, 21, "7", "age")]
    replaced = edits(prompt=prompt, completion=[Edit(3, 9, "4/12", "date")])
    scores = score_identifiers(planted, before=before, after=after, open_id=same, replacements=replaced)
    assert [(score.kind, score.planted, score.wrongly_touched, score.unplanted) for score in scores] == [
        ("date_of_birth", 1, 1, 5), ("name", 1, 0, 5), ("age", 0, 1, 5)
    ]  # fmt: skip
    assert {(score.unit, score.unplanted_unit) for score in scores} == {("identifiers", "words")}


def test_what_was_wrongly_touched_stays_open_where_the_replacements_are_not_known() -> None:
    planted = {"faults": [], "identifiers": [named("A", "name", "Ana")]}
    before, after = kept(A=("Ana", "x")), kept(A=("Eva", "x"))
    (name,) = score_identifiers(planted, before=before, after=after, open_id=same, replacements=None)
    assert (name.found, name.wrongly_touched, name.unplanted) == (1, None, 1)


def test_identifiers_of_records_that_never_arrived_do_not_count() -> None:
    planted = {"faults": [], "identifiers": [named("A", "name", "Ana"), named("B", "name", "Bo")]}
    before, after = kept(A=("Ana", "x")), kept(A=("Eva", "x"))
    scores = score_identifiers(planted, before=before, after=after, open_id=same, replacements=None)
    assert [score.planted for score in scores] == [1]


def test_records_are_joined_through_their_open_ids() -> None:
    planted = {"faults": [], "identifiers": [named("A", "name", "Ana")]}
    after = records_table([{"id": "h/north:A", "prompt": "Eva", "completion": "x"}])
    before = kept(A=("Ana", "x"))
    replaced = {"h/north:A": {"prompt": [Edit(0, 3, "Eva", "name")], "completion": [Edit(0, 1, "y", "name")]}}
    (name,) = score_identifiers(
        planted, before=before, after=after, open_id=lambda record: f"h/{record}", replacements=replaced
    )
    assert (name.found, name.wrongly_touched) == (1, 1)


@pytest.mark.parametrize(
    ("value", "text", "expected"),
    [
        ("Ana", "Ana's Anatomy", [False, True]),
        ("12 Oak St", "at 12 Oak St, yes", [True, False, False, False, True]),
        ("O'Hara", "Mr. O’Hara", [True, False]),
    ],
)
def test_words_of_an_identifier_are_told_from_sound_ones(value: str, text: str, expected: list[bool]) -> None:
    assert sound_words(text, [value]) == expected


@pytest.mark.parametrize(
    ("replacements", "gone"),
    [
        ([Edit(0, 8, "Dr. Roe", "name")], {(1, "name")}),
        ([Edit(4, 8, "de la Roe", "name")], {(1, "name")}),
        ([Edit(3, 12, " ", "other")], {(1, "other"), (2, "other")}),
        ([Edit(13, 14, "4", "date"), Edit(15, 17, "9", "date"), Edit(15, 17, "9", "age")], {(3, "date"), (3, "age")}),
        ([Edit(0, 3, "Dr.", "name")], set()),
    ],
)
def test_a_word_that_a_replacement_writes_again_still_stands(
    replacements: list[Edit], gone: set[tuple[int, str]]
) -> None:
    assert replaced_words("Dr. Ruiz saw 3/10", replacements) == gone


def test_all_faults_are_scored_in_the_order_of_the_line() -> None:
    planted = faults({"record": "A", "kind": "empty"}, {"record": "C", "kind": "exact_copy", "of": "B"})
    planted["identifiers"] = [named("B", "name", "Ana")]
    before, after = kept(B=("Ana", "x")), kept(B=("Eva", "x"))
    tables = StageTables(
        ingested=before, clean_kept=before, clean_dropped=dropped(A="empty"),
        dedup_kept=before, dedup_dropped=dropped(C="exact"), deidentified=after,
    )  # fmt: skip
    replaced = edits("B", prompt=[Edit(0, 3, "Eva", "name")])
    rows = score_faults(planted, tables, open_id=same, replacements=replaced)
    assert [(row["kind"], row["found"], row["missed"]) for row in rows] == [
        ("empty", 1, 0), ("other_language", 0, 0), ("mojibake", 0, 0), ("exact_copy", 1, 0), ("name", 1, 0),
    ]  # fmt: skip

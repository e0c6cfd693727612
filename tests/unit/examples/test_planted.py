"""The count of found, missed and wrongly touched, on tables small enough to count by hand."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from acclimate.core.schema import DROPPED_SCHEMA, records_table
from acclimate.examples.planted import (
    FaultScore,
    StageTables,
    changed_stretches,
    score_copies,
    score_drops,
    score_faults,
    score_identifiers,
    score_mojibake,
    sound_words,
)


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
    scores = {score.kind: score for score in score_identifiers(planted, before=before, after=after, open_id=same)}
    assert (scores["name"].found, scores["name"].missed) == (0, 1)
    assert (scores["phone"].found, scores["phone"].missed) == (1, 0)
    assert scores["no_identifier"].wrongly_touched == 0


def test_sound_words_are_counted_once_for_all_kinds_of_identifier() -> None:
    planted = {"faults": [], "identifiers": [named("A", "name", "Ana")]}
    name, sound = score_identifiers(planted, before=kept(A=("Ana", "x")), after=kept(A=("Eva", "x")), open_id=same)
    assert (name.wrongly_touched, name.unplanted) == (None, None)
    assert (sound.wrongly_touched, sound.unplanted) == (0, 1)


def test_a_changed_word_that_is_no_identifier_is_wrongly_touched() -> None:
    planted = {"faults": [], "identifiers": [named("A", "name", "Ana")]}
    before, after = kept(A=("Ana takes 81 mg aspirin", "BP 120/80")), kept(A=("Eva takes 81 mg aspirin", "BP 4/12"))
    *_, sound = score_identifiers(planted, before=before, after=after, open_id=same)
    assert (sound.kind, sound.wrongly_touched, sound.unplanted) == ("no_identifier", 1, 6)


def test_identifiers_of_records_that_never_arrived_do_not_count() -> None:
    planted = {"faults": [], "identifiers": [named("A", "name", "Ana"), named("B", "name", "Bo")]}
    before, after = kept(A=("Ana", "x")), kept(A=("Eva", "x"))
    scores = score_identifiers(planted, before=before, after=after, open_id=same)
    assert [score.planted for score in scores] == [1, 0]


def test_records_are_joined_through_their_open_ids() -> None:
    planted = {"faults": [], "identifiers": [named("A", "name", "Ana")]}
    after = records_table([{"id": "h/north:A", "prompt": "Eva", "completion": "x"}])
    before = kept(A=("Ana", "x"))
    name, _ = score_identifiers(planted, before=before, after=after, open_id=lambda record: f"h/{record}")
    assert name.found == 1


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
    ("after", "count"),
    [("a b c d", 0), ("a x c d", 1), ("a x c y", 2), ("a b d", 1), ("a b c d e", 1), ("x y c d", 1)],
)
def test_stretches_of_changed_words_are_counted_once(after: str, count: int) -> None:
    assert changed_stretches("a b c d", after, [True] * 4) == count


def test_all_faults_are_scored_in_the_order_of_the_line() -> None:
    planted = faults({"record": "A", "kind": "empty"}, {"record": "C", "kind": "exact_copy", "of": "B"})
    planted["identifiers"] = [named("B", "name", "Ana")]
    before, after = kept(B=("Ana", "x")), kept(B=("Eva", "x"))
    tables = StageTables(
        ingested=before, clean_kept=before, clean_dropped=dropped(A="empty"),
        dedup_kept=before, dedup_dropped=dropped(C="exact"), deidentified=after,
    )  # fmt: skip
    rows = score_faults(planted, tables, open_id=same)
    assert [(row["kind"], row["found"], row["missed"]) for row in rows] == [
        ("empty", 1, 0), ("other_language", 0, 0), ("mojibake", 0, 0), ("exact_copy", 1, 0), ("name", 1, 0),
        ("no_identifier", 0, 0),
    ]  # fmt: skip

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from acclimate.core.errors import ContractError, DataError, WorkspaceError
from acclimate.stages.split import STAGE, SplitConfig
from acclimate.stages.split.leaks import check_no_leaks
from acclimate.testing import write_artifact

TEN = [{"id": f"r{index}", "text": f"text {index}", "subject_id": f"s{index}", "site": "north"} for index in range(10)]

WAYS = [{}, {"by": "time"}, {"together": ["thread"], "templates": "tie"}, {"stratify": ["site", "thread"]}]


def splits(result):
    return {id: row["split"] for id, row in result.kept.items()}


def crossing(kept, column):
    """The values of a column that stand in more than one split."""
    found = defaultdict(set)
    for row in kept.values():
        if row[column] is not None:
            found[row[column]].add(row["split"])
    return {value for value, where in found.items() if len(where) > 1}


@st.composite
def rounds_of_records(draw):
    """A first round and a second with further records, whose subjects and clusters tie old and new at random."""
    number = draw(st.integers(12, 30))
    few = st.one_of(st.none(), st.sampled_from([f"k{index}" for index in range(20)]))
    rows = [
        {
            "id": f"r{index}",
            "text": f"t{draw(st.integers(0, 60))}",
            "subject_id": draw(few),
            "cluster_id": draw(few),
            "collected_at": datetime(2020, 1, draw(st.integers(1, 9)), tzinfo=UTC),
            "attributes": [{"name": "thread", "value": draw(few)}],
        }
        for index in range(number)
    ]
    anchors = [{"id": f"a{index}", "text": f"anchor {index}", "subject_id": f"a{index}"} for index in range(6)]
    return [*anchors, *rows[: number // 2]], [*anchors, *rows]


@settings(max_examples=8, deadline=None)
@given(rounds_of_records(), st.sampled_from(WAYS))
def test_nobody_and_no_copy_ever_stands_in_two_splits(run_stage, rounds, way):
    first = run_stage(STAGE, rounds[0], way)
    second = run_stage(STAGE, rounds[1], way, previous=first.artifact)
    for result in (first, second):
        assert not any(crossing(result.kept, column) for column in ("subject_id", "cluster_id", "text"))
        assert not any(result.report.metrics["leaks"].values())


@settings(max_examples=8, deadline=None)
@given(rounds_of_records())
def test_earlier_assignments_stay_or_the_training_side_is_dropped(run_stage, rounds):
    first = run_stage(STAGE, rounds[0])
    second = run_stage(STAGE, rounds[1], {"seed": 5}, previous=first.artifact)
    for id, split in splits(first).items():
        assert splits(second).get(id) == split or (split != "test" and id in second.dropped)


@settings(max_examples=8, deadline=None)
@given(rounds_of_records(), st.sampled_from(WAYS), st.integers(0, 99), st.integers(1, 9))
def test_order_and_batch_size_change_nothing(run_stage, rounds, way, seed, batch_rows):
    rows = rounds[1]
    shuffled = random.Random(seed).sample(rows, len(rows))
    one, other = run_stage(STAGE, rows, way), run_stage(STAGE, shuffled, way, batch_rows=batch_rows)
    assert (one.kept, one.dropped, one.report) == (other.kept, other.dropped, other.report)
    ledgers = [(result.artifact.path / "ledger.parquet").read_bytes() for result in (one, other)]
    assert ledgers[0] == ledgers[1]


def test_fractions_hold_and_the_report_counts_records_by_site(run_stage):
    metrics = run_stage(STAGE, TEN).report.metrics
    assert metrics["records"] == {"train": 8, "validation": 1, "test": 1}
    assert metrics["records_by_site"] == {"north": {"train": 8, "validation": 1, "test": 1}}


def test_records_tied_in_steps_stay_together(run_stage):
    chain = [
        {"id": "x", "text": "x", "subject_id": "p"},
        {"id": "y", "text": "y", "subject_id": "p", "cluster_id": "c"},
        {"id": "z", "text": "z", "subject_id": "q", "cluster_id": "c"},
    ]
    for seed in range(5):
        assert len({splits(run_stage(STAGE, [*TEN, *chain], {"seed": seed}))[id] for id in "xyz"}) == 1


def test_a_new_record_of_an_earlier_subject_follows_it_into_test(run_stage):
    first = run_stage(STAGE, TEN)
    tested = next(row for row in first.kept.values() if row["split"] == "test")
    visit = {"id": "new", "text": "new visit", "subject_id": tested["subject_id"]}
    rest = [row for row in TEN if row["id"] != tested["id"]]
    second = run_stage(STAGE, [*rest, visit], previous=first.artifact)
    assert second.kept["new"]["split"] == "test"
    assert second.report.metrics["earlier_test_records_absent"] == 1
    assert any("1 test records of earlier rounds are not here now" in text for text in second.report.warnings)


def test_new_data_that_ties_train_to_test_costs_the_training_side(run_stage):
    first = run_stage(STAGE, TEN)
    by_split = {row["split"]: row for row in first.kept.values()}
    test, train = by_split["test"], by_split["train"]
    tie = {"id": "tie", "text": "tie", "subject_id": train["subject_id"], "cluster_id": "c"}
    rows = [{**row, "cluster_id": "c"} if row["id"] == test["id"] else row for row in TEN]
    second = run_stage(STAGE, [*rows, tie], previous=first.artifact)
    assert second.dropped["tie"] == ("leak_train_test", "cluster c")
    assert second.dropped[train["id"]][0] == "leak_train_test"
    assert second.kept[test["id"]]["split"] == "test"


def test_nothing_joins_a_frozen_test_file_and_its_subjects_leave_training(run_stage):
    frozen = {"id": "f", "text": "frozen", "subject_id": "s3", "split": "test"}
    result = run_stage(STAGE, [*TEN, frozen])
    assert [id for id, split in splits(result).items() if split == "test"] == ["f"]
    assert result.dropped == {"r3": ("leak_train_test", "subject s3")}


def test_a_frozen_record_that_was_trained_on_earlier_is_warned_of(run_stage):
    first = run_stage(STAGE, TEN)
    trained = next(id for id, split in splits(first).items() if split == "train")
    rows = [{**row, "split": "test"} if row["id"] == trained else row for row in TEN]
    second = run_stage(STAGE, rows, previous=first.artifact)
    assert second.kept[trained]["split"] == "test"
    assert any("1 test records were trained on in an earlier round" in text for text in second.report.warnings)


def test_the_ledger_keeps_what_is_absent_now(run_stage):
    first = run_stage(STAGE, TEN)
    later = [{"id": f"n{index}", "text": f"later {index}"} for index in range(10)]
    second = run_stage(STAGE, later, previous=first.artifact)
    third = run_stage(STAGE, TEN, {"seed": 9}, previous=second.artifact)
    assert splits(third) == splits(first)


def test_without_a_test_record_nothing_is_written(run_stage):
    with pytest.raises(DataError, match=r"test split is empty: 3 records in 1 groups .* test fraction 0.1"):
        run_stage(STAGE, [{**row, "subject_id": "same"} for row in TEN[:3]])


def test_without_a_train_record_nothing_is_written(run_stage):
    with pytest.raises(DataError, match="train split is empty"):
        run_stage(STAGE, [{**row, "split": "test"} for row in TEN])


def test_an_empty_validation_split_is_a_warning(run_stage):
    result = run_stage(STAGE, TEN[:2])
    assert sorted(splits(result).values()) == ["test", "train"]
    assert "no validation records" in result.report.warnings[0]


def test_a_split_that_is_none_of_the_three_is_an_error_that_names_the_record(run_stage):
    with pytest.raises(DataError, match="Record r0 comes with the split 'dev'"):
        run_stage(STAGE, [{**TEN[0], "split": "dev"}])


def test_fractions_must_add_up():
    with pytest.raises(ValidationError, match=r"add up to 1\.1; they must add up to 1"):
        SplitConfig.model_validate({"fractions": {"train": 0.9, "validation": 0.1, "test": 0.1}})


def test_an_earlier_split_without_its_ledger_is_refused(run_stage, tmp_path):
    with pytest.raises(WorkspaceError, match=r"no ledger\.parquet"):
        run_stage(STAGE, TEN, previous=write_artifact(tmp_path / "earlier", TEN))


def test_a_leak_in_the_outcome_is_a_defect_and_stops_the_stage():
    with pytest.raises(ContractError, match="'subjects': 2"):
        check_no_leaks({"subjects": 2, "clusters": 0})


def test_the_pieces_of_a_document_stay_together_and_with_their_document(run_stage):
    pieces = [
        {"id": f"d{index}#{number}", "text": f"piece {index} {number}", "parents": [f"d{index}"]}
        for index in range(10)
        for number in range(3)
    ]
    documents = [{"id": f"d{index}", "text": f"document {index}"} for index in range(0, 10, 2)]
    result = run_stage(STAGE, [*pieces, *documents])
    found = defaultdict(set)
    for id, split in splits(result).items():
        found[id.partition("#")[0]].add(split)
    assert {len(where) for where in found.values()} == {1}
    assert result.report.metrics["groups"] == 10
    assert set(splits(result).values()) == {"train", "validation", "test"}


def test_a_piece_that_is_frozen_as_test_draws_the_whole_document_out_of_training(run_stage):
    pieces = [{"id": f"d#{number}", "text": f"piece {number}", "parents": ["d"]} for number in range(3)]
    result = run_stage(STAGE, [*TEN, {**pieces[0], "split": "test"}, *pieces[1:]])
    assert splits(result)["d#0"] == "test"
    assert {result.dropped[id] for id in ("d#1", "d#2")} == {("leak_train_test", "parent d")}


def test_pairs_about_the_same_prompt_are_in_one_split(run_stage):
    rows = [
        {"id": f"r{n}", "prompt": f"question {n // 3}", "chosen": f"yes {n}", "rejected": f"no {n}"} for n in range(60)
    ]
    kept = run_stage(STAGE, rows).kept
    assert len(kept) == 60
    assert not crossing(kept, "prompt")


def test_pairs_hold_held_out_passages_in_either_answer(run_stage, tmp_path):
    passage = " ".join(f"word{n}" for n in range(30))
    rows = [
        {"id": f"r{n}", "prompt": f"q {n}", "chosen": f"a {n}", "rejected": f"b {n}", "subject_id": f"s{n}"}
        for n in range(20)
    ]
    rows.append({"id": "held", "prompt": "asked", "chosen": passage, "rejected": "no", "split": "test"})
    rows.append({"id": "leak", "prompt": "other", "chosen": "yes", "rejected": passage, "split": "train"})
    result = run_stage(STAGE, rows, {"shared_passages": "drop"})
    assert result.dropped["leak"][0] == "leak_passage"

from __future__ import annotations

import random
import shutil

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acclimate.core.artifacts import Artifact
from acclimate.stages.split import STAGE
from acclimate.testing import write_artifact


def words(name: str, count: int = 40) -> str:
    return " ".join(f"{name}{index}" for index in range(count))


NOTE, LETTER = words("note"), words("letter")
TEST = {"id": "test", "text": NOTE, "split": "test"}
OWN = [{"id": f"r{index}", "text": words(f"own{index}-")} for index in range(10)]
OTHER = {"id": "other", "text": words("other"), "split": "test"}
QUOTING = {"id": "quoting", "text": f"{LETTER} {' '.join(NOTE.split()[:30])} {LETTER}", "split": "train"}


def leaks(result):
    return pq.read_table(result.artifact.path / "leaks.parquet").to_pylist()


def test_a_training_record_that_quotes_a_test_record_is_reported_with_both_ids(run_stage):
    result = run_stage(STAGE, [*OWN, TEST, QUOTING])
    found = {"id": "quoting", "split": "train", "held_out": "test", "held_out_id": "test", "share": 0.75}
    assert leaks(result) == [found]
    counts = {"items": 1, "items_without_passage": 0, "items_found": 1, "records": 1}
    assert result.report.metrics["overlaps"] == {"test": counts}
    assert "1 records to learn from hold at least 50% of the words of test items (1 of 1)" in result.report.warnings[-1]


def test_such_a_record_is_dropped_where_that_is_asked_for(run_stage):
    result = run_stage(STAGE, [*OWN, TEST, QUOTING], {"shared_passages": "drop"})
    assert result.dropped == {"quoting": ("leak_passage", "test")}
    assert not any("to learn from hold" in warning for warning in result.report.warnings)


def test_a_share_below_the_wished_one_is_no_leak(run_stage):
    result = run_stage(STAGE, [*OWN, TEST, QUOTING], {"shared_passages_from": 0.76})
    assert leaks(result) == []


def test_a_test_record_may_quote_another(run_stage):
    assert leaks(run_stage(STAGE, [*OWN, TEST, {**QUOTING, "split": "test"}])) == []


def test_a_form_that_many_training_records_share_is_no_leak(run_stage):
    form = words("form")
    filled = [{"id": f"f{index}", "text": f"{form} {words(f'said{index}-', 10)}"} for index in range(12)]
    result = run_stage(STAGE, [*OWN, *filled, {"id": "test", "text": f"{form} {NOTE}", "split": "test"}])
    assert leaks(result) == []
    assert result.report.metrics["overlaps"]["test"]["items_without_passage"] == 0


def test_a_copy_of_an_earlier_test_record_that_is_gone_is_found_under_its_new_id(run_stage):
    first = run_stage(STAGE, [*OWN, TEST])
    again = {"id": "again", "text": f"{NOTE} {LETTER}", "split": "train"}
    second = run_stage(STAGE, [*OWN, OTHER, again], previous=first.artifact)
    found = {"id": "again", "split": "train", "held_out": "earlier test", "held_out_id": "test", "share": 1.0}
    assert leaks(second) == [found]
    assert second.report.metrics["overlaps"]["earlier test"]["records"] == 1


@pytest.fixture(scope="module")
def two_rounds(run_stage):
    """The inputs of a third round: the first tested the note, the second has neither it nor a copy of it."""
    first = run_stage(STAGE, [*OWN, TEST])
    second = run_stage(STAGE, [*OWN, OTHER], previous=first.artifact)
    return {"previous": second.artifact, "earlier.1": first.artifact}


def test_a_test_record_of_a_round_before_the_last_is_found_in_what_is_learnt_now(run_stage, two_rounds):
    third = run_stage(STAGE, [*OWN, OTHER, QUOTING], {"shared_passages": "drop"}, batch_rows=2, **two_rounds)
    assert third.dropped == {"quoting": ("leak_passage", "earlier test")}
    assert [row["held_out_id"] for row in leaks(third)] == ["test"]
    assert third.report.metrics["earlier_test_texts_gone"] == 0


def test_an_earlier_test_record_whose_split_was_erased_is_told_as_known_by_id_alone(run_stage, two_rounds, tmp_path):
    erased = Artifact(shutil.copytree(two_rounds["earlier.1"].path, tmp_path / "erased"))
    erased.data_files[0].unlink()
    third = run_stage(STAGE, [*OWN, OTHER, QUOTING], **(two_rounds | {"earlier.1": erased}))
    assert leaks(third) == []
    assert third.report.metrics["earlier_test_texts_gone"] == 1
    assert any("1 test records of earlier rounds are known by id alone" in text for text in third.report.warnings)


def test_earlier_test_records_of_one_text_are_one_item_and_no_stock_phrase(run_stage):
    first = run_stage(STAGE, [*OWN, *({**TEST, "id": f"test{index}"} for index in reversed(range(12)))])
    second = run_stage(STAGE, [*OWN, OTHER, QUOTING], previous=first.artifact)
    assert [row["held_out_id"] for row in leaks(second)] == ["test0"]


def test_an_item_of_an_evaluation_set_is_named_by_its_set_alone(run_stage, tmp_path):
    items = write_artifact(tmp_path / "exam", [{"id": "exam:Ann Lee", "source": "exam", "text": NOTE}])
    test = {"id": "test", "text": LETTER, "split": "test"}
    train = {"id": "a", "text": f"{words('own')} {NOTE}", "split": "train"}
    result = run_stage(STAGE, [*OWN, test, train], {"shared_passages": "drop"}, evaluation=items)
    assert result.dropped == {"a": ("leak_passage", "evaluation set exam")}
    found = {"id": "a", "split": "train", "held_out": "evaluation set exam", "held_out_id": None, "share": 1.0}
    assert leaks(result) == [found]


texts = st.lists(st.sampled_from([NOTE, LETTER, f"{NOTE} {LETTER}", words("own"), "short", ""]), max_size=14)


@settings(max_examples=10, deadline=None)
@given(texts, st.integers(0, 99), st.integers(1, 5))
def test_order_and_batch_size_change_no_finding(run_stage, chosen, seed, batch_rows):
    rows = [*OWN, *({"id": f"t{index}", "text": f"{text} {index}"} for index, text in enumerate(chosen))]
    shuffled = random.Random(seed).sample(rows, len(rows))
    config = {"shared_passages": "drop", "fractions": {"train": 0.6, "validation": 0.1, "test": 0.3}}
    one, other = run_stage(STAGE, rows, config), run_stage(STAGE, shuffled, config, batch_rows=batch_rows)
    assert (one.kept, one.dropped, one.report) == (other.kept, other.dropped, other.report)
    assert leaks(one) == leaks(other)

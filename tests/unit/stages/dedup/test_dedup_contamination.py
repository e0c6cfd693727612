from __future__ import annotations

import random

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acclimate.stages.dedup import STAGE
from acclimate.testing import write_artifact

ITEM = " ".join(f"item{index}" for index in range(40))
LONG = " ".join(f"word{index}" for index in range(200))
OTHER = " ".join(f"other{index}" for index in range(40))


def edited_item(*places: int) -> str:
    return " ".join(f"new{index}" if index in places else word for index, word in enumerate(ITEM.split()))


NEAR = edited_item(5, 25)


@pytest.fixture
def evaluation(tmp_path):
    """An evaluation set with one long item, one that is a question with its answer, and one of two words."""
    question = " ".join(f"question{index}" for index in range(12))
    answer = " ".join(f"answer{index}" for index in range(60))
    rows = [
        {"id": "exam:1", "source": "exam", "text": ITEM},
        {"id": "exam:2", "source": "exam", "prompt": question, "completion": answer},
        {"id": "quiz:1", "source": "quiz", "text": "Short item"},
    ]
    return write_artifact(tmp_path / "evaluation", rows)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (ITEM.upper(), "exam:1 (equal_text)"),
        (NEAR, "exam:1 (near_copy)"),
        (f"{LONG} {ITEM} {LONG}", "exam:1 (passage)"),
        (f"{LONG} {' '.join(f'question{index}' for index in range(12))} {LONG}", "exam:2 (passage)"),
        ("short  ITEM", "quiz:1 (equal_text)"),
    ],
)
def test_a_record_that_holds_an_item_is_dropped_and_names_it(run_stage, evaluation, text, value):
    rows = [{"id": "a", "text": text}, {"id": "b", "text": OTHER}]
    result = run_stage(STAGE, rows, evaluation=evaluation)
    assert result.dropped == {"a": ("contaminated", value)}
    assert set(result.kept) == {"b"}


@pytest.mark.parametrize("words", [8, 19])
def test_a_stock_phrase_of_less_than_half_an_item_drops_nothing(run_stage, evaluation, words):
    rows = [{"id": "a", "text": f"{LONG} {' '.join(ITEM.split()[:words])} {OTHER}"}]
    assert set(run_stage(STAGE, rows, evaluation=evaluation).kept) == {"a"}


def test_counts_by_set_say_what_was_found_how_and_what_is_too_short_to_look_for(run_stage, evaluation):
    rows = [{"id": "a", "text": ITEM}, {"id": "b", "text": f"{ITEM} {LONG}"}, {"id": "c", "text": OTHER}]
    result = run_stage(STAGE, rows, evaluation=evaluation)
    exam = {"items": 2, "items_without_passage": 0, "items_found": 1, "records": 2}
    quiz = {"items": 1, "items_without_passage": 1, "items_found": 0, "records": 0}
    ways = {"equal_text": 1, "near_copy": 0, "passage": 1}
    none = dict.fromkeys(ways, 0)
    assert result.report.metrics["contamination"] == {"exam": exam | ways, "quiz": quiz | none}
    assert "1 of 1 items of quiz have fewer than 8 words" in result.report.warnings[-1]


def test_reporting_keeps_the_record_and_says_which(run_stage, evaluation):
    rows = [{"id": "a", "text": f"{LONG} {ITEM}"}, {"id": "b", "text": OTHER}]
    result = run_stage(STAGE, rows, {"contaminated": "report"}, evaluation=evaluation)
    assert set(result.kept) == {"a", "b"}
    assert "1 records that hold items of evaluation sets were kept" in result.report.warnings[0]
    found = pq.read_table(result.artifact.path / "contamination.parquet").to_pylist()
    assert found == [
        {
            "id": "a", "evaluation_set": "exam", "evaluation_id": "exam:1", "found_by": "passage", "share": 1.0,
            "dropped": False,
        }
    ]  # fmt: skip


def test_a_frozen_test_record_is_kept_and_warned_of(run_stage, evaluation):
    rows = [{"id": "a", "text": ITEM, "split": "test"}, {"id": "b", "text": OTHER}]
    result = run_stage(STAGE, rows, evaluation=evaluation)
    assert set(result.kept) == {"a", "b"}
    assert "1 records that hold items of evaluation sets were kept" in result.report.warnings[0]


def test_a_contaminated_record_never_stands_for_a_clean_copy(run_stage, evaluation):
    clean = f"{LONG} {' '.join(ITEM.split()[:15])}"
    rows = [{"id": "held", "text": f"{LONG} {' '.join(ITEM.split()[:22])}"}, {"id": "clean", "text": clean}]
    assert run_stage(STAGE, rows).dropped == {"clean": ("near_duplicate", "held")}
    result = run_stage(STAGE, rows, evaluation=evaluation)
    assert result.dropped == {"held": ("contaminated", "exam:1 (passage)")}
    assert set(result.kept) == {"clean"}


def test_reporting_never_hides_copies_among_the_records(run_stage, evaluation):
    rows = [{"id": "a", "text": ITEM}, {"id": "b", "text": NEAR}]
    result = run_stage(STAGE, rows, {"contaminated": "report"}, evaluation=evaluation)
    assert result.dropped == {"b": ("near_duplicate", "a")}


def test_many_alike_items_never_hide_copies_among_the_records(run_stage, tmp_path):
    alike = [{"id": f"i{index:03}", "text": f"{edited_item(1, 2, 3)} tail{index}"} for index in range(150)]
    items = write_artifact(tmp_path / "alike", alike)
    rows = [{"id": name, "text": edited_item(*places)} for name, places in {"a": (1, 2, 3), "b": (1, 2, 3, 4)}.items()]
    result = run_stage(STAGE, rows, {"contaminated": "report"}, evaluation=items)
    assert result.dropped == {"b": ("near_duplicate", "a")}


def test_an_item_without_words_contaminates_nothing(run_stage, tmp_path):
    items = write_artifact(tmp_path / "empty", [{"id": "e", "text": "--"}])
    assert set(run_stage(STAGE, [{"id": "a", "text": "--"}], evaluation=items).kept) == {"a"}


def test_without_evaluation_sets_nothing_is_said_of_them(run_stage):
    result = run_stage(STAGE, [{"id": "a", "text": ITEM}])
    assert "contamination" not in result.report.metrics
    assert not (result.artifact.path / "contamination.parquet").exists()


texts = st.lists(st.sampled_from([ITEM, NEAR, f"{LONG} {ITEM}", LONG, OTHER, "short item", ""]), max_size=9)


@settings(max_examples=10, deadline=None)
@given(texts, st.integers(0, 99), st.integers(1, 5))
def test_order_and_batch_size_never_change_what_is_found(run_stage, tmp_path_factory, chosen, seed, batch_rows):
    items = [{"id": "exam:1", "source": "exam", "text": ITEM}, {"id": "exam:2", "source": "exam", "text": NEAR}]
    folder = tmp_path_factory.mktemp("items")
    one_set, other_set = write_artifact(folder / "one", items), write_artifact(folder / "other", items[::-1])
    rows = [{"id": f"r{index}", "text": text} for index, text in enumerate(chosen)]
    shuffled = random.Random(seed).sample(rows, len(rows))
    one = run_stage(STAGE, rows, evaluation=one_set)
    other = run_stage(STAGE, shuffled, batch_rows=batch_rows, evaluation=other_set)
    assert (one.kept, one.dropped, one.report) == (other.kept, other.dropped, other.report)
    assert not any(ITEM in (row["text"] or "") for row in one.kept.values())

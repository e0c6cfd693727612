from __future__ import annotations

import random
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acclimate.core.artifacts import Artifact
from acclimate.core.atomic import write_json
from acclimate.core.errors import WorkspaceError
from acclimate.core.reinclusion import KEPT_FILE, id_digest
from acclimate.core.surrogates import record_hash
from acclimate.stages.dedup import STAGE
from acclimate.stages.dedup.earlier import mark_earlier
from acclimate.stages.dedup.metrics import cluster_warnings

KEY = bytes(32)
LONG = " ".join(f"word{index}" for index in range(40))
OTHER = " ".join(f"other{index}" for index in range(40))


def edited(text: str, *positions: int) -> str:
    """The text with the words at these positions replaced."""
    return " ".join(f"new{index}" if index in positions else word for index, word in enumerate(text.split()))


def test_an_exact_copy_goes_and_names_the_record_that_stays(run_stage):
    result = run_stage(STAGE, [{"id": "b", "text": LONG}, {"id": "a", "text": LONG.upper()}])
    assert result.dropped == {"b": ("exact_duplicate", "a")}
    assert result.kept["a"]["cluster_id"] == "a"


def test_a_near_copy_goes_and_the_longest_stays(run_stage):
    rows = [{"id": "a", "text": LONG}, {"id": "b", "text": edited(LONG, 7) + " end"}, {"id": "c", "text": OTHER}]
    result = run_stage(STAGE, rows)
    assert result.dropped == {"a": ("near_duplicate", "b")}
    assert {id: row["cluster_id"] for id, row in result.kept.items()} == {"b": "a", "c": "c"}


@pytest.mark.parametrize(("order", "stays"), [(["longest"], "long"), (["most_annotated"], "spans"), ([], "a")])
def test_the_survivor_is_the_preferred_one(run_stage, order, stays):
    spans = [{"field": "text", "start": 0, "end": 4, "label": "X"}]
    rows = [
        {"id": "a", "text": LONG},
        {"id": "long", "text": LONG + " and more"},
        {"id": "spans", "text": LONG, "spans": spans},
    ]
    assert set(run_stage(STAGE, rows, {"survivor_order": order}).kept) == {stays}


@pytest.mark.parametrize(("order", "stays"), [("earliest", "2021"), ("newest", "2024")])
def test_the_earliest_or_the_newest_record_can_be_preferred(run_stage, order, stays):
    years = [{"id": str(year), "collected_at": datetime(year, 1, 1, tzinfo=UTC)} for year in (2022, 2024, 2021)]
    rows = [{"text": LONG, **row} for row in [*years, {"id": "undated", "collected_at": None}]]
    assert set(run_stage(STAGE, rows, {"survivor_order": [order]}).kept) == {stays}


def test_short_texts_are_copies_only_when_equal(run_stage):
    rows = [{"id": "a", "text": "BP 120/80, HR 72"}, {"id": "b", "text": "BP 120/80, HR 73"}]
    assert set(run_stage(STAGE, rows).kept) == {"a", "b"}


def test_frozen_test_records_stay_and_their_copies_in_training_go(run_stage):
    rows = [
        {"id": "a", "text": LONG + " longer"},
        {"id": "b", "text": edited(LONG, 3)},
        {"id": "y", "text": LONG, "split": "test"},
        {"id": "z", "text": LONG, "split": "test"},
    ]
    result = run_stage(STAGE, rows)
    assert set(result.kept) == {"y", "z"}
    assert result.dropped == {"a": ("near_duplicate", "y"), "b": ("near_duplicate", "y")}
    assert result.report.metrics["copies_of_test_records"] == 2
    assert "1 test records are copies of other test records" in result.report.warnings[-1]


def ledger(tmp_path, **splits: str) -> Artifact:
    """An earlier split's ledger, with the ids as deidentify writes them."""
    rows = {"id": [record_hash(KEY, name) for name in splits], "subject_id": None, "cluster_id": None}
    pl.DataFrame({**rows, "split": list(splits.values())}).write_parquet(tmp_path / "ledger.parquet")
    return Artifact(tmp_path)


def test_a_longer_copy_of_a_later_round_never_replaces_an_earlier_test_record(run_stage, tmp_path):
    rows = [{"id": "old", "text": LONG}, {"id": "a", "text": edited(LONG, 3) + " and longer"}]
    secrets = {"surrogates": KEY}
    result = run_stage(STAGE, rows, secrets=secrets, previous=ledger(tmp_path, old="test"))
    assert result.dropped == {"a": ("near_duplicate", "old")}
    assert run_stage(STAGE, rows).dropped == {"old": ("near_duplicate", "a")}


def test_a_copy_that_replaces_an_earlier_training_record_is_tied_to_it_by_name(run_stage, tmp_path):
    rows = [{"id": "old", "text": LONG}, {"id": "a", "text": edited(LONG, 3) + " and longer"}]
    result = run_stage(STAGE, rows, secrets={"surrogates": KEY}, previous=ledger(tmp_path, old="train"))
    assert {id: row["cluster_id"] for id, row in result.kept.items()} == {"a": "old"}


def test_a_ledger_without_the_key_is_refused(tmp_path):
    with pytest.raises(WorkspaceError, match="test records of earlier rounds are not recognised"):
        mark_earlier(pl.DataFrame({"id": ["a"]}), ledger(tmp_path, a="test"), key_name="surrogates", secrets={})


def test_other_answers_to_the_same_prompt_stay_in_one_cluster(run_stage):
    rows = [{"id": name, "prompt": LONG, "completion": name} for name in ("yes", "no")]
    result = run_stage(STAGE, rows)
    assert [row["cluster_id"] for row in result.kept.values()] == ["no", "no"]


def test_equal_texts_with_different_labels_stay_and_are_warned_of(run_stage):
    rows = [{"id": "a", "text": "Card lost.", "label": "lost"}, {"id": "b", "text": "Card lost.", "label": "stolen"}]
    result = run_stage(STAGE, rows)
    assert {row["cluster_id"] for row in result.kept.values()} == {"a"}
    assert "1 texts stand more than once with different labels" in result.report.warnings[0]


def test_equal_texts_with_other_sets_of_labels_stay_and_those_with_the_same_set_go(run_stage):
    sets = {"a": ("x", "y"), "b": ("y", "x"), "c": ("x",), "d": ()}
    weights = {name: [{"label": one, "weight": 1.0} for one in labels] for name, labels in sets.items()}
    result = run_stage(STAGE, [{"id": name, "text": LONG, "label_weights": given} for name, given in weights.items()])
    assert result.dropped == {"b": ("exact_duplicate", "a")}
    assert set(result.kept) == {"a", "c", "d"}


def test_a_chain_does_not_drop_a_record_that_is_no_copy_of_its_survivor(run_stage):
    chain = [LONG, edited(LONG, 3, 13, 23, 33), edited(LONG, 3, 13, 23, 33, 8, 18, 28, 37)]
    result = run_stage(STAGE, [{"id": str(index), "text": text} for index, text in enumerate(chain)])
    assert result.dropped == {"1": ("near_duplicate", "0")}
    assert {row["cluster_id"] for row in result.kept.values()} == {"0"}


texts = st.lists(
    st.sampled_from([LONG, edited(LONG, 5), edited(LONG, 5, 9), OTHER, edited(OTHER, 1), "short", ""]), max_size=12
)


@settings(max_examples=15, deadline=None)
@given(texts, st.integers(0, 99), st.integers(1, 5))
def test_order_and_batch_size_never_change_what_stays(run_stage, chosen, seed, batch_rows):
    rows = [{"id": f"r{index}", "text": text} for index, text in enumerate(chosen)]
    shuffled = random.Random(seed).sample(rows, len(rows))
    one, other = run_stage(STAGE, rows), run_stage(STAGE, shuffled, batch_rows=batch_rows)
    assert (one.kept, one.dropped, one.report) == (other.kept, other.dropped, other.report)


def test_copies_in_conversations_are_found(run_stage):
    turns = [{"role": "user", "content": OTHER}, {"role": "assistant", "content": LONG}]
    near = [turns[0], {"role": "assistant", "content": edited(LONG, 4)}]
    result = run_stage(STAGE, [{"id": "a", "messages": turns}, {"id": "b", "messages": near}])
    assert result.dropped == {"b": ("near_duplicate", "a")}


def test_a_crowded_cluster_keeps_one_record_and_is_warned_of(run_stage):
    result = run_stage(STAGE, [{"id": f"{index:03}", "text": edited(LONG, index % 40)} for index in range(120)])
    assert set(result.kept) == {"000"}
    assert "One cluster ties 120 of 120 records" in result.report.warnings[1]
    assert "117 records of one cluster were dropped as near copies" in result.report.warnings[2]


def test_near_copies_of_one_cluster_are_counted_together_whichever_record_stands_for_them():
    rows = [
        {"id": f"{place:03}", "cluster_id": "a" if place < 40 else f"{place:03}", "label": None, "frozen": False}
        | {"text_digest": f"{place:03}"}
        | {"reason": "near_duplicate" if 1 < place < 40 else None, "value": "ab"[place % 2] if 1 < place < 40 else None}
        for place in range(400)
    ]
    (warning,) = (one for one in cluster_warnings(pl.DataFrame(rows)) if "near copies" in one)
    assert warning.startswith("38 records of one cluster")


def test_a_copy_that_was_re_included_stays_in_its_cluster_and_is_counted(run_stage, tmp_path):
    text = "The patient reports chest pain since Monday, worse at night, with no fever and no cough at all."
    rows = [{"id": name, "text": text} for name in ("a", "b", "c")]
    write_json(tmp_path / KEPT_FILE, [id_digest("b")])
    result = run_stage(STAGE, rows, keep=Artifact(tmp_path))
    assert {name: row["cluster_id"] for name, row in result.kept.items()} == {"a": "a", "b": "a"}
    assert result.dropped == {"c": ("exact_duplicate", "a")}
    assert result.report.metrics["reincluded"] == {"exact_duplicate": 1}


def test_clusters_across_sources_and_sites_are_counted(run_stage):
    rows = [
        {"id": "a", "text": LONG, "source": "letters", "site": "north"},
        {"id": "b", "text": edited(LONG, 4), "source": "notes", "site": "north"},
        {"id": "c", "text": OTHER, "source": "notes", "site": "south"},
        {"id": "d", "text": OTHER, "source": "notes", "site": "north"},
    ]
    metrics = run_stage(STAGE, rows).report.metrics
    assert metrics["clusters_across_sources"] == {"letters, notes": 1}
    assert metrics["clusters_across_sites"] == {"north, south": 1}


def test_opposite_preferences_are_no_copies_of_each_other_and_stay_together(run_stage):
    pair = {"prompt": LONG, "chosen": "No fever at all.", "rejected": "It may well be that he is warm."}
    swapped = {**pair, "chosen": pair["rejected"], "rejected": pair["chosen"]}
    result = run_stage(STAGE, [{"id": "a", **pair}, {"id": "b", **swapped}])
    assert not result.dropped
    assert {row["cluster_id"] for row in result.kept.values()} == {"a"}


def test_a_ranking_of_three_answers_keeps_each_of_its_pairs(run_stage):
    answers = ["no fever and no pain at all today", "he may be warm or not", "patient denies everything asked"]
    pairs = [(answers[0], answers[1]), (answers[0], answers[2]), (answers[1], answers[2])]
    rows = [{"id": f"p{n}", "prompt": LONG, "chosen": best, "rejected": worst} for n, (best, worst) in enumerate(pairs)]
    assert set(run_stage(STAGE, rows).kept) == {"p0", "p1", "p2"}


def test_a_near_copy_of_a_whole_pair_goes(run_stage):
    pair = {"prompt": LONG, "chosen": "No fever at all.", "rejected": "It may well be that he is warm."}
    rows = [{"id": "a", **pair}, {"id": "b", **pair, "prompt": edited(LONG, 7)}]
    assert len(run_stage(STAGE, rows).kept) == 1

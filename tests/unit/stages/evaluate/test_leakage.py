"""What a model remembers of its training records, told from scores that are written here."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from tests.unit.stages.evaluate.evaluation_bench import Bench, bits

from acclimate.core.artifacts import Artifact
from acclimate.stages.evaluate.leakage import LEAKAGE_FILE, auc
from acclimate.testing import write_artifact

NOISE = np.random.default_rng(0).normal(0, 0.1, 400)


def numbered(split: str, count: int) -> list[dict[str, str]]:
    return [
        {"id": f"{split}{n:02}", "split": split, "subject_id": f"{split}{n // 2}", "site": "north"}
        for n in range(count)
    ]


def measured(bench: Bench, *, gain: float, records: int = 60, base: float = 2.0, seen: bool = True):
    """Training records whose bits per byte fall by `gain` more than those of test records do."""
    rows = [*numbered("train", records), *numbered("test", records)]
    said = {}
    for arm, noise in (("base", NOISE[:120]), ("adapted", NOISE[120:])):
        told = [("trained" if row["split"] == "train" else "task", row["id"]) for row in rows]
        level = {"trained": base, "task": 2.0}
        said[arm] = bench.predictions(
            arm,
            [
                {"id": id, "suite": suite}
                | bits(level[suite] + drawn - (0.3 + gain * (suite == "trained")) * (arm == "adapted"))
                for (suite, id), drawn in zip(told, noise, strict=False)
            ],
        )
    trained = [row for row in rows if row["split"] == "train" and seen]
    inputs = {"records": bench.records(rows), **said, "trained": write_artifact(bench.folder / "trained", trained)}
    report, _ = bench.evaluate(inputs)
    return report.metrics["leakage"]


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=20),
    st.lists(st.integers(0, 5), min_size=1, max_size=20),
)
def test_the_auc_is_that_of_scikit_learn_also_with_ties(members: list[int], others: list[int]) -> None:
    expected = roc_auc_score([1] * len(members) + [0] * len(others), members + others)
    assert auc(np.array(members, float), np.array(others, float)) == pytest.approx(expected)


def test_a_model_that_remembers_is_told_and_each_record_named_in_the_table(bench: Bench) -> None:
    found = measured(bench, gain=0.6)["membership"]
    assert found["auc"] > 0.99
    assert found["low"] > 0.8
    assert found["true_positive_rate"] > 0.8
    assert (found["records"], found["subjects"]) == ({"training": 60, "test": 60}, {"training": 30, "test": 30})
    rows = Artifact(bench.folder / "output").path.joinpath(LEAKAGE_FILE)
    import polars as pl

    assert pl.read_parquet(rows)["told"].sum() == found["told"]


def test_a_model_that_learnt_the_domain_and_no_record_is_by_chance(bench: Bench) -> None:
    found = measured(bench, gain=0.0)["membership"]
    assert found["low"] < 0.5 < found["high"]
    assert found["true_positive_rate"] < 0.1
    assert not found["shift"]["is_shown"]


def test_where_all_are_told_the_interval_still_has_a_width(bench: Bench) -> None:
    found = measured(bench, gain=9.0)["membership"]
    assert (found["auc"], found["high"]) == (1.0, 1.0)
    assert 0.85 < found["low"] < 0.9


def test_records_that_differ_before_training_are_said_to(bench: Bench) -> None:
    found = measured(bench, gain=0.0, base=3.0)["membership"]
    assert found["shift"]["is_shown"]
    assert found["low"] < 0.5 < found["high"]


def test_records_that_no_step_reached_are_no_training_records(bench: Bench) -> None:
    found = measured(bench, gain=0.6, seen=False)
    assert (found["membership"], found["because"]) == (
        None,
        "the 0 training records that were scored are of fewer than two subjects",
    )


@pytest.mark.parametrize(("roles", "because"), [((), "which records"), (("trained",), "predict.training_records is 0")])
def test_what_cannot_be_measured_says_why(bench: Bench, roles: tuple[str, ...], because: str) -> None:
    said = {arm: bench.predictions(arm, [{"id": "test00", **bits(2)}]) for arm in ("base", "adapted")}
    more = {role: write_artifact(bench.folder / role, numbered("train", 4)) for role in roles}
    report, _ = bench.evaluate({"records": bench.records(numbered("test", 1)), **said, **more})
    assert report.metrics["leakage"]["membership"] is None
    assert because in report.metrics["leakage"]["because"]

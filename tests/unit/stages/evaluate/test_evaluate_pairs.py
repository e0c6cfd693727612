"""How often the chosen answer wins, against the base and against length alone, and how long answers became."""

from __future__ import annotations

import pytest

from acclimate.core.errors import DataError

PAIRS = 24
LONG, SHORT = "a good deal of words here", "few words"


def pair(number, *, chosen=SHORT, rejected=LONG, **record):
    return {
        "id": f"r{number:02d}",
        "prompt": f"q {number}",
        "completion": None,
        "chosen": chosen,
        "rejected": rejected,
        **record,
    }


def predicted(bench, arm, records, nats, generated=()):
    """Rows of both answers from (chosen, rejected) nats of each record; a byte is a token."""
    rows = []
    for number, record in enumerate(records):
        for candidate, value in zip(("chosen", "rejected"), nats(number), strict=True):
            size = len(record[candidate])
            row = {"id": record["id"], "candidate": candidate, "nats": value, "tokens": size, "bytes": size}
            if candidate == "chosen" and number < len(generated):
                row |= {"generated": generated[number], "stopped": True}
            rows.append(row)
    return bench.predictions(arm, rows)


def evaluate(bench, records, base, adapted, generated=((), ()), **config):
    inputs = {
        "records": bench.records(records),
        "base": predicted(bench, "base", records, base, generated[0]),
        "adapted": predicted(bench, "adapted", records, adapted, generated[1]),
    }
    return bench.evaluate(inputs, task="preference", **config)


def by_arm_and_metric(report):
    return {(row["arm"], row["metric"]): row for row in report.metrics["comparisons"]}


def flat(number):
    return 30.0, 30.0


def learnt(number):
    """The chosen answer gains in five pairs of six."""
    return (28.0, 31.0) if number % 6 else (31.0, 28.0)


def test_a_model_that_learnt_preferences_beats_its_base_and_the_rule_that_longer_is_better(bench):
    records = [pair(n, site="north" if n % 2 else "south") for n in range(PAIRS)]
    report, items = evaluate(bench, records, flat, learnt)
    rows = by_arm_and_metric(report)
    for arm, other in (("base", 0.5), ("longer", 0.0), ("shorter", 1.0)):
        row = rows[arm, "reward_accuracy"]
        assert (row["adapted"], row["other"]) == (pytest.approx(20 / 24), other)
    assert rows["base", "reward_accuracy"]["verdict"] == "better"
    assert rows["longer", "reward_accuracy"]["verdict"] == "better"
    assert rows["shorter", "reward_accuracy"]["verdict"] != "better"
    assert report.metrics["summary"]["helped"]
    assert {row["value"] for row in report.metrics["slices"] if row["group"] == "site"} == {"north", "south"}
    assert len(items) == report.counts.kept == PAIRS


def test_the_likelier_answer_is_told_by_the_sum_and_by_the_mean_over_its_tokens(bench):
    report, _ = evaluate(bench, [pair(n) for n in range(PAIRS)], flat, lambda n: (20.0, 30.0))
    rows = by_arm_and_metric(report)
    assert rows["base", "likelihood_accuracy"]["adapted"] == 1.0
    assert rows["base", "likelihood_accuracy_per_token"]["adapted"] == 0.0
    assert rows["base", "likelihood_accuracy"]["other"] == 0.5


@pytest.mark.parametrize(("loss_type", "metric"), [("sigmoid", "reward_accuracy"), ("sigmoid_norm", "reward_accuracy_per_token")])  # fmt: skip
def test_the_verdict_rests_on_the_reward_that_the_loss_raises(bench, loss_type, metric):
    report, _ = evaluate(bench, [pair(n) for n in range(PAIRS)], flat, learnt, loss_type=loss_type)
    assert report.metrics["task"]["answer_metric"] == metric
    assert report.metrics["summary"]["against"]["base"][metric] == "better"


def test_a_model_that_only_likes_length_is_told_apart(bench):
    records = [pair(n, **({"chosen": LONG, "rejected": SHORT} if n % 2 else {})) for n in range(PAIRS)]
    likes_long = lambda n: (20.0, 30.0) if n % 2 else (30.0, 20.0)  # noqa: E731
    report, _ = evaluate(bench, records, flat, likes_long, min_clusters=2)
    leaning = report.metrics["lengths"]["leaning"]["adapted"]
    assert leaning["value"] == 1.0
    assert by_arm_and_metric(report)["longer", "reward_accuracy"]["verdict"] == "no difference shown"
    assert report.metrics["lengths"]["pairs_by_length"] == {"chosen is longer": 12, "chosen is shorter": 12}


def test_the_length_of_answers_is_a_ratio_with_an_interval(bench):
    made = (["x" * (10 + n % 3) for n in range(12)], ["x" * (20 + n % 5) for n in range(12)])
    report, items = evaluate(bench, [pair(n) for n in range(PAIRS)], flat, learnt, made)
    lengths = report.metrics["lengths"]["generated"]
    assert (lengths["answers"], lengths["clusters"]) == (12, 12)
    assert lengths["value"] == pytest.approx(sum(map(len, made[1])) / sum(map(len, made[0])))
    assert lengths["low"] < lengths["value"] < lengths["high"]
    assert sum(item["characters_base"] is not None for item in items) == 12


def test_no_generated_answers_are_no_lengths(bench):
    report, _ = evaluate(bench, [pair(n) for n in range(PAIRS)], flat, learnt)
    assert report.metrics["lengths"]["generated"] is None


def test_pairs_about_one_prompt_are_one_cluster(bench):
    records = [pair(n, prompt=f"q {n % 4}") for n in range(PAIRS)]
    report, _ = evaluate(bench, records, flat, learnt)
    assert report.metrics["task"]["clusters"] == 4
    assert by_arm_and_metric(report)["base", "reward_accuracy"]["verdict"] == "insufficient evidence"


def test_records_that_are_no_preferences_do_not_count(bench):
    records = [pair(n) for n in range(PAIRS)]
    inputs = {"records": bench.records([*records, pair(30, rejected=SHORT)])}
    inputs |= {arm: predicted(bench, arm, records, flat) for arm in ("base", "adapted")}
    report, _ = bench.evaluate(inputs, task="preference")
    assert report.counts.inputs == PAIRS


def test_without_any_preference_it_is_said_how_to_map_them(bench):
    inputs = {"records": bench.records([pair(0, rejected=None)])}
    inputs |= {arm: bench.predictions(arm, []) for arm in ("base", "adapted")}
    with pytest.raises(DataError, match=r"None of 1 test records is a pair of answers"):
        bench.evaluate(inputs, task="preference")


def test_an_arm_that_lacks_an_answer_is_refused_by_name(bench):
    records = [pair(n) for n in range(PAIRS)]
    inputs = {"records": bench.records(records), "base": predicted(bench, "base", records, flat)}
    inputs["adapted"] = predicted(bench, "adapted", records[:-1], flat)
    with pytest.raises(DataError, match=r"predictions of adapted cover 23 of 24 .* r23"):
        bench.evaluate(inputs, task="preference")

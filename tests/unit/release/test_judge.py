"""The verdict as a function of gates and reports: each cause alone, and how often a faultless model fails."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from acclimate.core.errors import ConfigError
from acclimate.core.retention import ONE_SIDED
from acclimate.core.statistics import paired_share_bounds
from acclimate.release.config import KINDS, ReleaseConfig
from acclimate.release.evidence import FAIL, INSUFFICIENT, NOT_TESTED, PASS, Evidence, Finding
from acclimate.release.judge import Verdict, judge
from acclimate.release.looks import Looks, read_looks
from acclimate.release.measure import from_interval

SET = {"set_by": "Ann", "why": "agreed"}
GATES = (
    {"gate": "gain", "metric": "bits_per_byte", "each_site": True},
    {"gate": "gain", "metric": "rouge_l", "against": "prompted", "margin": 0.05},
    {"gate": "retention"},
    {"gate": "support", "at_most": 0.2},
    {"gate": "groups", "attribute": "sex", "at_most": 0.3},
    {"gate": "leaks"},
    {"gate": "membership", "at_most": 0.65},
    {"gate": "identifiers"},
    {"gate": "people"},
)


def release(*gates: dict[str, Any]) -> ReleaseConfig:
    return ReleaseConfig.model_validate({"gates": [{**SET, **gate} for gate in gates]})


def compared(arm: str, metric: str, difference: float, error: float, **more: Any) -> dict[str, Any]:
    return {
        "arm": arm,
        "metric": metric,
        "difference": difference,
        "low": difference - 1.96 * error,
        "high": difference + 1.96 * error,
        "lower_is_better": metric == "bits_per_byte",
        "items": 100,
        "clusters": 50,
        **more,
    }


def probes(*, won: int, lost: int, items: int) -> dict[str, Any]:
    bounds = paired_share_bounds(won=won, lost=lost, items=items, confidence=ONE_SIDED)
    counts = {"won": won, "lost": lost, "items": items, "difference": (won - lost) / items}
    return {"ability": "arithmetic", **counts, "low": bounds.low, "high": bounds.high, "budget": -0.02}


def overlaps(records: int, *, short: int = 0) -> dict[str, Any]:
    return {"test": {"records": records, "items": 20, "items_without_passage": short}}


def told(auc: float, **more: Any) -> dict[str, Any]:
    """What membership inference found, as evaluate reports it."""
    shift = {"auc": 0.51, "low": 0.44, "high": 0.58, "is_shown": False}
    figures = {"auc": auc, "low": auc - 0.06, "high": min(1.0, auc + 0.06), "clusters": 40, "items": 120}
    return {"membership": {**figures, "shift": shift, **more}, "because": ""}


SITES = {"north": {"test": 9}, "south": {"test": 9}}


def evaluated() -> dict[str, Any]:
    general = {"value": -0.002, "low": -0.004, "high": 0.001, "budget": 0.01, "confidence": 0.9, "items": 50}
    arithmetic = probes(won=9, lost=6, items=300)
    answers = {"share": 0.1, "low": 0.06, "high": 0.15, "clusters": 40, "items": 60}
    return {
        "task": {"confidence": 0.95},
        "comparisons": [compared("base", "bits_per_byte", -0.5, 0.05), compared("prompted", "rouge_l", 0.3, 0.05)],
        "slices": [
            compared("base", "bits_per_byte", -0.6, 0.06, group="site", value="north"),
            compared("base", "bits_per_byte", -0.4, 0.06, group="site", value="south"),
        ],
        "gaps": [gap("F", -0.05), gap("M", 0.05)],
        "retention": {"general": general, "abilities": [arithmetic]},
        "support": {"is_grounded": True, "arms": {"adapted": {**answers, "kinds": {}}}},
        "leakage": told(0.54),
    }


def gap(value: str, worse_by: float, **more: Any) -> dict[str, Any]:
    row = {"group": "sex", "value": value, "metric": "bits_per_byte", "worse_by": worse_by, "items": 60, "clusters": 40}
    return row | {"low": worse_by - 0.1, "high": worse_by + 0.1} | more


def study(verdict: str = "better", value: float = 0.4, **more: Any) -> dict[str, Any]:
    net = {"value": value, "low": value - 0.2, "high": value + 0.2, "standard_error": 0.1, "items": 60}
    first = {"arm": "adapted", "other": "base", "verdict": verdict, "net": net}
    return {"study": "blind", "look": {"last": True}, "preferences": [{**first, **more}]}


def evidence(gates: ReleaseConfig, **more: Any) -> Evidence:
    sound: dict[str, Any] = {
        "evaluation": "e1",
        "evaluate": evaluated(),
        "min_clusters": 10,
        "split": {"overlaps": overlaps(0), "dropped": {}, "records_by_site": SITES},
        "identifiers": {"status": "passed", "more_spans": 0},
        "studies": [study()],
        "looks": Looks(1, True, "2026-01-01T00:00:00+00:00", "rules"),
        "rules": "rules",
    }
    return Evidence(**{**sound, **more})


def under_all_gates(**more: Any) -> Verdict:
    gates = release(*GATES)
    return judge(gates, evidence(gates, **more))


def statuses(verdict: Verdict) -> dict[str, str]:
    return {finding.measured: finding.status for finding in verdict.findings if finding.status != PASS}


def test_a_sound_model_passes_every_gate() -> None:
    verdict = under_all_gates()
    assert (verdict.status, statuses(verdict), verdict.reasons, verdict.no_gate) == (PASS, {}, [], [])
    assert {finding.gate for finding in verdict.findings} == set(KINDS)
    assert len(verdict.findings) == 12


def changed(**changes: Any) -> dict[str, Any]:
    """The metrics of evaluate with single figures replaced, named as slices__1__low."""
    metrics = copy.deepcopy(evaluated())
    for path, value in changes.items():
        *way, last = [int(step) if step.isdigit() else step for step in path.split("__")]
        place: Any = metrics
        for step in way:
            place = place[step]
        place[last] = value
    return metrics


@pytest.mark.parametrize(
    ("more", "cause"),
    [
        (
            {"evaluate": changed(slices__1=compared("base", "bits_per_byte", 0.3, 0.05, group="site", value="south"))},
            "by how much bits per byte is better than that of base at site south",
        ),
        (
            {"evaluate": changed(retention__abilities__0=probes(won=0, lost=30, items=300))},
            "change of the share of probes right, arithmetic",
        ),
        (
            {"evaluate": changed(retention__general__value=0.05, retention__general__low=0.04, retention__general__high=0.06)},
            "rise of bits per byte on general text, as a share",
        ),
        (
            {"evaluate": changed(support__arms__adapted__share=0.5, support__arms__adapted__low=0.4, support__arms__adapted__high=0.6)},
            "share of statements in answers that their source does not hold",
        ),
        ({"split": {"overlaps": overlaps(1), "dropped": {}, "records_by_site": SITES}}, "records to learn from that hold held-out text"),
        ({"evaluate": changed(leakage=told(0.9))}, "how surely training records are told from test records: AUC, 0.5 is chance"),
        (
            {"evaluate": changed(leakage=told(0.9, shift={"auc": 0.8, "is_shown": True}))},
            "how surely training records are told from test records: AUC, 0.5 is chance; the base alone tells them apart at"
            " 0.80: a part may be how they differ",
        ),
        ({"identifiers": {"status": "failed", "more_spans": 0}}, "identifiers replaced, by an audited sample"),
        ({"studies": [study("worse", -0.4)]}, "study blind: net share of readings that prefer it to base"),
        ({"studies": [study("better", arm="base", other="adapted")]}, "study blind: net share of readings that prefer it to base"),
        ({"studies": [study("no difference shown", 0.01)]}, "study blind: net share of readings that prefer it to base"),
    ],
)  # fmt: skip
def test_one_fault_fails_and_is_named(more: dict[str, Any], cause: str) -> None:
    verdict = under_all_gates(**more)
    assert (verdict.status, statuses(verdict)) == (FAIL, {cause: FAIL})


@pytest.mark.parametrize(
    ("more", "cause", "status", "needed"),
    [
        (
            {"evaluate": changed(comparisons__1__clusters=4)},
            "by how much rouge l is better than that of prompted",
            INSUFFICIENT,
            (6, "subjects"),
        ),
        (
            {"evaluate": changed(comparisons__1=compared("prompted", "rouge_l", 0.1, 0.05))},
            "by how much rouge l is better than that of prompted",
            INSUFFICIENT,
            (685, "items"),
        ),
        (
            {"evaluate": changed(comparisons__1__low=None, comparisons__1__high=None)},
            "by how much rouge l is better than that of prompted",
            INSUFFICIENT,
            (None, ""),
        ),
        (
            {"evaluate": changed(comparisons__1=compared("prompted", "rouge_l", 0.3, 0.0))},
            "by how much rouge l is better than that of prompted",
            INSUFFICIENT,
            (None, ""),
        ),
        (
            {"evaluate": changed(support__is_grounded=False)},
            "share of statements in answers that their source does not hold",
            NOT_TESTED,
            (None, ""),
        ),
        (
            {"identifiers": {"status": "insufficient", "more_spans": 12}},
            "identifiers replaced, by an audited sample",
            INSUFFICIENT,
            (12, "spans"),
        ),
        (
            {"evaluate": changed(leakage=told(0.54, clusters=4))},
            "how surely training records are told from test records: AUC, 0.5 is chance",
            INSUFFICIENT,
            (6, "subjects"),
        ),
        (
            {"evaluate": changed(leakage={"membership": None, "because": "nothing was scored"})},
            "how surely training records are told from test records: AUC, 0.5 is chance (nothing was scored)",
            NOT_TESTED,
            (None, ""),
        ),
        ({"identifiers": None}, "identifiers replaced, by an audited sample", NOT_TESTED, (None, "")),
        ({"split": None}, "records to learn from that hold held-out text", NOT_TESTED, (None, "")),
        ({"studies": []}, "a study of these answers, closed", NOT_TESTED, (None, "")),
        (
            {"studies": [study("insufficient evidence", 0.1)]},
            "study blind: net share of readings that prefer it to base",
            INSUFFICIENT,
            (311, "items"),
        ),
    ],
)  # fmt: skip
def test_what_is_not_settled_is_insufficient_and_says_how_much_more(
    more: dict[str, Any], cause: str, status: str, needed: tuple[int | None, str]
) -> None:
    verdict = under_all_gates(**more)
    assert (verdict.status, statuses(verdict)) == (INSUFFICIENT, {cause: status})
    [finding] = [finding for finding in verdict.findings if finding.status != PASS]
    assert (finding.needed, finding.unit) == needed


@pytest.mark.parametrize(
    ("gaps", "statuses"),
    [
        ([gap("F", 0.9), gap("M", -0.9)], [FAIL, PASS]),
        ([gap("F", 0.25), gap("M", -0.25)], [INSUFFICIENT, PASS]),
        ([gap("F", 0.0, clusters=8), gap("M", 0.0, clusters=8)], [INSUFFICIENT, INSUFFICIENT]),
        ([gap("F", 0.0, low=None, high=None), gap("M", 0.0)], [INSUFFICIENT, PASS]),
        ([gap("F", 0.0)], [PASS, NOT_TESTED]),
        ([], [NOT_TESTED]),
    ],
)
def test_no_group_may_be_served_worse_than_the_margin(gaps: list[dict[str, Any]], statuses: list[str]) -> None:
    gates = release({"gate": "groups", "attribute": "sex", "at_most": 0.3})
    findings = judge(gates, evidence(gates, evaluate=evaluated() | {"gaps": gaps})).findings
    assert [finding.status for finding in findings] == statuses
    if gaps and gaps[0]["clusters"] == 8:
        assert (findings[0].needed, findings[0].unit) == (2, "subjects")


def of_support(**kinds: dict[str, Any]) -> list[Finding]:
    """The findings of a gate on all statements and of one on doses, where the kinds stand so."""
    gates = release({"gate": "support", "at_most": 0.2}, {"gate": "support", "at_most": 0.3, "kind": "dose"})
    return judge(gates, evidence(gates, evaluate=changed(support__arms__adapted__kinds=kinds))).findings


def test_what_is_wrong_in_answers_is_named_by_kind_and_can_have_a_gate_of_its_own() -> None:
    wrong = {"share": 0.6, "low": 0.5, "high": 0.7, "clusters": 40, "items": 60, "stated": 40, "unsupported": 24}
    of_all, of_doses = of_support(name={**wrong, "unsupported": 3}, dose=wrong, side={**wrong, "unsupported": 0})
    assert of_all.measured.endswith("(dose 24 of 40, name 3 of 40)")
    assert of_doses.measured == "share of doses in answers that their source does not hold"
    assert (of_all.status, of_doses.status) == (PASS, FAIL)


def test_no_statement_of_a_kind_is_no_pass() -> None:
    assert [finding.status for finding in of_support()] == [PASS, NOT_TESTED]


def test_no_unsupported_statement_in_few_answers_proves_little() -> None:
    few = changed(
        support__arms__adapted={"share": 0.0, "low": 0.0, "high": 0.0, "clusters": 12, "items": 12, "kinds": {}},
    )
    [finding] = [one for one in under_all_gates(evaluate=few).findings if one.gate == "support"]
    assert finding.status == INSUFFICIENT
    assert finding.high == pytest.approx(1 - 0.025 ** (1 / 12))


def test_one_unsupported_statement_proves_no_more_than_none() -> None:
    def high(**answers: Any) -> float:
        metrics = changed(support__arms__adapted={"clusters": 30, "items": 30, "kinds": {}, **answers})
        [finding] = [one for one in under_all_gates(evaluate=metrics).findings if one.gate == "support"]
        assert finding.high is not None
        return finding.high

    assert high(share=1 / 300, low=0.0, high=0.01) > high(share=0.0, low=0.0, high=0.0)


@pytest.mark.parametrize(
    ("more", "missing"),
    [
        ({"evaluate": changed(retention__abilities=[])}, "abilities: nothing was measured"),
        ({"evaluate": changed(retention__general=None)}, "general text: nothing was measured"),
        (
            {"split": {"overlaps": overlaps(0), "dropped": {}, "records_by_site": {**SITES, "west": {"test": 0}}}},
            "bits per byte at site west",
        ),
        (
            {"split": {"overlaps": overlaps(0, short=20), "dropped": {}, "records_by_site": SITES}},
            "records to learn from that hold held-out text",
        ),
    ],
)
def test_what_is_missing_in_part_is_not_tested(more: dict[str, Any], missing: str) -> None:
    verdict = under_all_gates(**more)
    assert (verdict.status, statuses(verdict)) == (INSUFFICIENT, {missing: NOT_TESTED})


def test_a_study_that_is_still_open_is_not_left_out() -> None:
    verdict = under_all_gates(studies=[study(), {**study("worse", -0.4), "study": "second", "look": {"last": False}}])
    assert (verdict.status, statuses(verdict)) == (INSUFFICIENT, {"study second, which is still open": INSUFFICIENT})


def test_a_quick_trial_passes_nothing() -> None:
    assert under_all_gates(is_trial=True).status == INSUFFICIENT


def test_probes_of_which_none_changed_pay_for_looks_as_tango_s_interval_does() -> None:
    gates = release({"gate": "retention"})
    metrics = changed(retention__abilities__0=probes(won=0, lost=0, items=200))
    found = [
        judge(gates, evidence(gates, evaluate=metrics, looks=Looks(looks, True, "then", "rules"))).status
        for looks in (1, 3)
    ]
    assert found == [PASS, INSUFFICIENT]


def test_records_that_were_dropped_for_their_passages_leak_nothing() -> None:
    split = {"overlaps": overlaps(3), "dropped": {"leak_passage": 3}, "records_by_site": SITES}
    assert under_all_gates(split=split).status == PASS


@pytest.mark.parametrize(
    ("looks", "reason"),
    [
        (Looks(), "the audit log does not tell of this evaluation"),
        (Looks(1, False, "2026-01-01T00:00:00+00:00", "rules"), "the audit log does not tell of this evaluation"),
        (Looks(1, True, "2026-01-01T00:00:00+00:00", "others"), "are not those that stood when the test set was first"),
    ],
)
def test_gates_that_were_not_set_before_the_first_look_prove_nothing(looks: Looks, reason: str) -> None:
    verdict = under_all_gates(looks=looks)
    assert verdict.status == INSUFFICIENT
    assert reason in verdict.reasons[0]


def test_an_evaluation_that_does_not_know_newer_data_passes_nothing() -> None:
    verdict = under_all_gates(outdated=["split"])
    assert (verdict.status, len(verdict.reasons)) == (INSUFFICIENT, 1)
    assert verdict.reasons[0].startswith("split was run again since")


def test_without_gates_nothing_is_shown() -> None:
    verdict = judge(release(), evidence(release()))
    assert (verdict.status, tuple(verdict.no_gate)) == (INSUFFICIENT, KINDS)
    assert verdict.reasons == ["no gates are set: nothing was asked of the model"]


@pytest.mark.parametrize(("low", "high", "needed"), [(0.0, 0.4, 264), (0.0, 9.0, 264), (-0.1, 0.4, 718)])
def test_only_the_side_that_has_to_clear_the_margin_says_how_much_more(low: float, high: float, needed: int) -> None:
    measure = from_interval(0.2, low, high, margin=0.05, confidence=0.95, clusters=50, looks=1, items=100)
    assert not measure.passes
    assert measure.items_missing == needed


def test_every_look_is_paid_for() -> None:
    gates = release({"gate": "gain"})
    close = evaluated() | {"comparisons": [compared("base", "bits_per_byte", -0.105, 0.05)]}
    found = [
        judge(gates, evidence(gates, evaluate=close, looks=Looks(looks, True, "then", "rules"))).status
        for looks in (1, 2)
    ]
    assert found == [PASS, INSUFFICIENT]
    steps = (("predict.adapted", "p"), ("evaluate", "a"), ("evaluate", "a"), ("evaluate", "b"))
    opened = {"action": "test set opened", "area": "", "predictions": "p", "rules": "r", "at": "t"}
    again = [{**opened, "step": step, "key": key} for step, key in steps]
    peeked = [{**opened, "step": "predict.adapted", "key": key, "predictions": key} for key in ("q", "q", "s")]
    assert read_looks([*peeked, *again], area="", evaluation="b") == Looks(4, True, "t", "r")
    assert read_looks(again, area="", evaluation="b") == Looks(2, True, "t", "r")
    assert read_looks(again, area="", evaluation="c") == Looks(2, False, "t", "r")
    assert read_looks(again, area="trial", evaluation="b") == Looks()


def test_a_gate_that_asks_for_what_is_not_measured_is_refused() -> None:
    gates = release(GATES[0], {"gate": "gain", "metric": "bleu"})
    with pytest.raises(ConfigError, match="gate 2: bleu against base is not measured") as error:
        judge(gates, evidence(gates))
    assert "rouge_l against prompted" in error.value.hint


@pytest.mark.parametrize(("true", "wanted"), [(0.0, "pass"), (0.0, "fail"), (0.5, "fail")])
def test_chance_decides_no_more_often_than_it_may(true: float, wanted: str) -> None:
    """Twenty sites: a model that is better nowhere must not pass, and none without a fault may fail in 5 % of cases."""
    generator, gates = np.random.default_rng(1), release({"gate": "gain", "each_site": True})
    found = []
    for _ in range(400):
        drawn = generator.normal(-true, 0.1, 20)
        sites = [
            compared("base", "bits_per_byte", float(one), 0.1, group="site", value=str(number))
            for number, one in enumerate(drawn)
        ]
        found.append(judge(gates, evidence(gates, evaluate=evaluated() | {"slices": sites})).status)
    by_luck = 2 * (0.05 * 0.95 / len(found)) ** 0.5  # how far so few draws lie off the true share
    assert found.count(wanted) / len(found) <= 0.05 + by_luck

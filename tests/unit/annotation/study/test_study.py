from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.annotation.project_of_four import open_store

from acclimate.annotation.answering import Submission, submit
from acclimate.annotation.batches import start_batch
from acclimate.annotation.export import export_snapshot
from acclimate.annotation.formats.leaving import export_annotations
from acclimate.annotation.people import RefusedError
from acclimate.annotation.queue import next_item
from acclimate.annotation.review import own_answers, seen_item
from acclimate.annotation.store import Store
from acclimate.annotation.study.design import KNOWN_BAD, Answered, study_items
from acclimate.annotation.study.protocol import PHYSICIAN_AXES, Protocol, read_protocol
from acclimate.annotation.study.running import found_at, look, open_study, study
from acclimate.annotation.tasks import start_round
from acclimate.core.errors import ConfigError, DataError

PLAN = Protocol(name="review", arms=("adapted", "base"), items=12, readings=1, readers=2, repeats=0.25, known_bad=0.25)
ANSWERED = [
    Answered(f"r{n}", f"Question {n}?", {"adapted": f"good {n}", "base": f"poor {n}"}, f"true {n}", cluster=f"p{n}")
    for n in range(14)
]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def prefer(store: Store, person: str, order: tuple[str, ...], *, at_most: int = 100) -> int:
    """The person reads what comes and always prefers outputs that begin with the earlier of these words."""
    for count in range(at_most):
        lease = next_item(store, "review", person)
        if lease is None:
            return count
        ranked = sorted(lease.candidates, key=lambda one: order.index(one.text.split()[0]))
        bad = [one for one in ranked if one.text.startswith("true") and one.text[-2:] != lease.record["prompt"][-3:-1]]
        groups = [[one.key] for one in [*(one for one in ranked if one not in bad), *bad]]
        content = {"better": groups}
        submit(store, Submission("review", lease.item, person, f"{person}-{lease.item}", content, 3.0))
    return at_most


def test_a_study_from_protocol_to_findings(store: Store) -> None:
    opened = open_study(store, PLAN, ANSWERED, by="mia")
    assert opened.wanted == 9 + 3 * 2 + 3 * 2 + 3 * 2
    assert (
        prefer(store, "ann", ("good", "poor", "true")) + prefer(store, "bob", ("good", "poor", "true")) == opened.wanted
    )
    taken, findings = look(store, "review", by="mia")
    assert taken.last
    [preference] = findings.preferences
    assert (preference.better, preference.verdict) == (1.0, "better")
    assert (findings.items, findings.repeats_equal.right, findings.repeats_equal.of) == (12, 6, 6)
    assert (findings.known_bad_noticed.right, findings.known_bad_noticed.of) == (6, 6)
    assert found_at(store, "review", 1, by="mia")[1] == findings
    assert study(store, "review", by="mia").closed
    assert store.verify() > 0


def test_nothing_is_found_before_its_time(store: Store) -> None:
    open_study(store, PLAN.model_copy(update={"looks": 2}), ANSWERED, by="mia")
    with pytest.raises(RefusedError, match="Look 1 of 2 needs 14 readings and 0 are given"):
        look(store, "review", by="mia")
    with pytest.raises(DataError, match="looked at 0 times"):
        found_at(store, "review", 1, by="mia")
    prefer(store, "ann", ("good", "poor", "true"), at_most=14)
    assert not look(store, "review", by="mia")[0].last
    with pytest.raises(RefusedError, match="Look 2 of 2 needs 27"):
        look(store, "review", by="mia")


def test_answers_after_a_look_do_not_change_what_it_found(store: Store) -> None:
    open_study(store, PLAN.model_copy(update={"looks": 2}), ANSWERED, by="mia")
    prefer(store, "ann", ("good", "poor", "true"), at_most=14)
    _, first = look(store, "review", by="mia")
    prefer(store, "bob", ("poor", "good", "true"))
    assert found_at(store, "review", 1, by="mia")[1] == first


def test_closing_early_needs_a_reason_that_stays_and_ends_the_reading(store: Store) -> None:
    open_study(store, PLAN, ANSWERED, by="mia")
    prefer(store, "ann", ("good", "poor", "true"), at_most=2)
    taken, findings = look(store, "review", by="mia", close_early="two readers left")
    assert (taken.reason, taken.last, findings.preferences[0].verdict) == (
        "two readers left",
        True,
        "insufficient evidence",
    )
    assert next_item(store, "review", "bob") is None
    with pytest.raises(RefusedError, match="is closed"):
        look(store, "review", by="mia")


@pytest.mark.parametrize("name", ["pilot", "work"])
def test_a_closed_study_is_not_opened_again(store: Store, name: str) -> None:
    open_study(store, PLAN, ANSWERED, by="mia")
    start_round(store, "review", name, by="mia")
    look(store, "review", by="mia", close_early="two readers left")
    with pytest.raises(RefusedError, match="mixed with answers given blind"):
        start_round(store, "review", name, by="mia")
    assert next_item(store, "review", "ann") is None


def test_readers_may_not_look(store: Store) -> None:
    open_study(store, PLAN, ANSWERED, by="mia")
    with pytest.raises(RefusedError):
        look(store, "review", by="ann", close_early="curious")


def test_a_registered_protocol_cannot_be_exchanged_and_opening_twice_changes_nothing(store: Store) -> None:
    opened = open_study(store, PLAN, ANSWERED, by="mia")
    assert open_study(store, PLAN, ANSWERED, by="mia") == opened
    with pytest.raises(DataError, match="registered with another protocol"):
        open_study(store, PLAN.model_copy(update={"alpha": 0.2}), ANSWERED, by="mia")


def test_the_protocol_stands_in_the_chain_before_any_item(store: Store) -> None:
    open_study(store, PLAN, ANSWERED, by="mia")
    events = [event for event in store.events() if event["details"].get("task") == "review"]
    actions = [event["action"] for event in events]
    assert actions.index("study registered") < actions.index("items added")
    assert Protocol.model_validate(events[0]["details"]["protocol"]) == PLAN


@pytest.mark.parametrize(
    "seen",
    [
        lambda store, item, folder: export_snapshot(store, "review", folder / "out", by="mia"),
        lambda store, item, folder: export_annotations(store, "review", "hf", folder / "hf", by="mia"),
        lambda store, item, folder: seen_item(store, "review", item, "mia"),
        lambda store, item, folder: start_batch(store, "review", reader=None, rates=None, by="mia"),
    ],
    ids=["snapshot", "other format", "an item's answers", "checking"],
)
def test_nobody_sees_answers_before_the_study_is_closed_a_look_between_or_not(
    tmp_path: Path, seen: Callable[[Store, str, Path], object]
) -> None:
    store = open_store(tmp_path)
    open_study(store, PLAN.model_copy(update={"looks": 2, "items": 2}), ANSWERED, by="mia")
    prefer(store, "ann", ("good", "poor", "true"))
    item = own_answers(store, "review", "ann")[0].item
    with pytest.raises(RefusedError, match="blind study that is not closed"):
        seen(store, item, tmp_path)
    assert not look(store, "review", by="mia")[0].last
    with pytest.raises(RefusedError, match="blind study that is not closed"):
        seen(store, item, tmp_path)
    look(store, "review", by="mia", close_early="seen enough")
    seen(store, item, tmp_path)


def test_readers_see_neither_arm_nor_which_items_are_special(store: Store) -> None:
    open_study(store, PLAN, ANSWERED, by="mia")
    lease = next_item(store, "review", "ann")
    assert lease is not None
    shown = f"{lease.item} {[one.key for one in lease.candidates]} {lease.schema}"
    assert not any(word in shown for word in ("adapted", "base", KNOWN_BAD, "reference", "r1"))


def test_items_do_not_depend_on_the_order_of_records() -> None:
    assert study_items(PLAN, ANSWERED) == study_items(PLAN, list(reversed(ANSWERED)))


def test_repeats_come_last_and_both_times_go_to_every_reader() -> None:
    items = study_items(PLAN, ANSWERED)
    repeats = [item for item in items if "parents" in item.record]
    assert items[-3:] == repeats
    repeated = {item.record["parents"][0] for item in repeats}
    assert {item.readings for item in items if item.id in repeated} == {2}
    assert Counter(KNOWN_BAD in item.candidates for item in items) == {True: 3, False: 15}


def test_too_few_complete_records_are_refused_by_name_of_the_arm() -> None:
    with pytest.raises(
        DataError, match=r"0 of 14 test records have an output of every arm.*no record has one of prompted"
    ):
        study_items(PLAN.model_copy(update={"arms": ("adapted", "prompted")}), ANSWERED)


def test_protocols_say_what_is_wrong() -> None:
    assert read_protocol({"name": "a", "axes": "physician"}).asked == PHYSICIAN_AXES
    for content, said in (
        ({"name": "a", "arms": ["x"]}, "two arms"),
        ({"name": "A b"}, "name"),
        ({"name": "a", "colour": 1}, "colour"),
        ([], "mapping"),
    ):
        with pytest.raises(ConfigError, match=said):
            read_protocol(content)

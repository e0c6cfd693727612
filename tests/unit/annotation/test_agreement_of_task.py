"""Agreement of a task's readers, part by part, and the readings that deserve another look."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tests.unit.annotation.project_of_four import TASK, answer, open_store, read_all, start_task, urgency_schema

from acclimate.annotation.agreement.of_task import (
    DECIDED_OTHERWISE,
    OPEN,
    OUTVOTED,
    UNLIKELY,
    Doubt,
    Part,
    QuestionParts,
    agreement_of,
    agreement_parts,
)
from acclimate.annotation.people import SYSTEM, Person, RefusedError, Role, save_person
from acclimate.annotation.review import next_dispute
from acclimate.annotation.schema import Choice, LabelSchema, Option, Rating, Spans
from acclimate.annotation.store import Store
from acclimate.annotation.tasks import NewItem

LABELS = ("low", "medium", "high")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def sited(count: int) -> list[NewItem]:
    return [
        NewItem({"id": f"n{number:02}", "text": f"note {number}", "site": ("north", "south")[number % 2]})
        for number in range(count)
    ]


def read_sites(store: Store) -> None:
    for name, role in (("ann", Role.ANNOTATOR), ("bob", Role.ANNOTATOR), ("cem", Role.ANNOTATOR)):
        save_person(store, Person(name, (role,), ("*",)), by=SYSTEM)
    save_person(store, Person("rae", (Role.REVIEWER,), ("*",)), by=SYSTEM)


def parts_of(found: QuestionParts, kind: str) -> dict[str, Part]:
    return {part.name: part for part in found.parts if part.kind == kind}


@pytest.fixture
def one_guesses(store: Store) -> Store:
    """Ann and Bob read sixty notes well, Cem presses keys; all said the plain truth but Ann once, of n30."""
    read_sites(store)
    start_task(store, sited(60), readings=3, schema=urgency_schema(*LABELS))
    draw = random.Random(1)
    truth = {f"n{number:02}": LABELS[number % 3] for number in range(60)}
    guesses = {item: draw.choice(LABELS) for item in truth} | {"n30": truth["n30"]}
    slip = {"n30": LABELS[(LABELS.index(truth["n30"]) + 1) % 3]}
    read_all(store, {"ann": truth | slip, "bob": truth, "cem": guesses})
    return store


def test_the_reader_who_guesses_is_found_by_pair_and_by_both_models(one_guesses: Store) -> None:
    [found] = agreement_parts(one_guesses, TASK, by="mia")
    pairs = {name: part.agreement.value for name, part in parts_of(found, "readers").items()}
    assert pairs["ann and bob"] > 0.9 and max(pairs["ann and cem"], pairs["bob and cem"]) < 0.3
    quality = {reader.reader: reader for reader in found.readers}
    assert min(quality["ann"].right, quality["bob"].right) > 0.9 > 0.6 > quality["cem"].right
    assert min(quality["ann"].knows, quality["bob"].knows) > 0.8 > 0.4 > quality["cem"].knows
    assert {reader.readings for reader in found.readers} == {60}


def test_labels_and_sites_have_figures_of_their_own(one_guesses: Store) -> None:
    [whole], [found] = agreement_of(one_guesses, TASK, by="mia"), agreement_parts(one_guesses, TASK, by="mia")
    assert [one.coefficient for one in whole.figures] == [
        "krippendorff_alpha_nominal",
        "gwet_ac1",
        "percent_agreement",
    ]
    assert parts_of(found, "label").keys() == set(LABELS)
    assert {site: part.agreement.items for site, part in parts_of(found, "site").items()} == {"north": 30, "south": 30}


def test_a_slip_is_named_first_without_label_or_reader(one_guesses: Store) -> None:
    [found] = agreement_parts(one_guesses, TASK, by="mia")
    assert [doubt.item for doubt in found.doubts if doubt.why != OUTVOTED] == ["n30"]
    assert found.doubts[0] == Doubt("n30", UNLIKELY)
    assert len(found.doubts) > 30
    words = " ".join(f"{doubt.item} {doubt.why}" for doubt in found.doubts)
    assert not any(name in words.split() for name in ("ann", "bob", "cem", *LABELS))


def test_a_manager_of_a_site_is_told_of_that_site_alone(one_guesses: Store) -> None:
    save_person(one_guesses, Person("sue", (Role.MANAGER,), ("south",)), by=SYSTEM)
    [whole], [found] = agreement_of(one_guesses, TASK, by="sue"), agreement_parts(one_guesses, TASK, by="sue")
    assert whole.figures[0].items == 30
    assert not parts_of(found, "site")
    assert all(int(doubt.item[1:]) % 2 for doubt in found.doubts)


def test_readers_may_not_see_it(one_guesses: Store) -> None:
    with pytest.raises(RefusedError):
        agreement_parts(one_guesses, TASK, by="ann")


def test_with_two_readers_what_they_differ_on_is_open_and_nobody_is_judged(store: Store) -> None:
    read_sites(store)
    start_task(store, sited(3))
    same = {"n00": "low", "n01": "low", "n02": "high"}
    read_all(store, {"ann": same, "bob": {**same, "n01": "high"}})
    [found] = agreement_parts(store, TASK, by="mia")
    assert [(doubt.item, doubt.why) for doubt in found.doubts] == [("n01", OPEN)]
    assert not found.readers and not parts_of(found, "readers") and not parts_of(found, "label")


def test_what_is_decided_comes_back_only_where_the_readers_make_it_unlikely(store: Store) -> None:
    read_sites(store)
    start_task(store, sited(40), readings=3)
    truth = {f"n{number:02}": ("low", "high")[number % 2] for number in range(40)}
    read_all(store, {"ann": truth | {"n05": "low", "n07": "low"}, "bob": truth, "cem": truth})
    decided = {}
    while (dispute := next_dispute(store, TASK, "rae")) is not None:
        decided[dispute.lease.item] = "low" if dispute.lease.item == "n05" else truth[dispute.lease.item]
        answer(store, "rae", dispute.lease.item, decided[dispute.lease.item])
    assert decided.keys() == {"n05", "n07"}
    [found] = agreement_parts(store, TASK, by="mia")
    assert {doubt.item: doubt.why for doubt in found.doubts} == {"n05": DECIDED_OTHERWISE}


def test_ratings_spans_and_labels_chosen_together_have_figures_too(store: Store) -> None:
    options = tuple(Option(name=name) for name in ("cough", "fever"))
    asked = (
        Choice(name="signs", options=options, multiple=True),
        Rating(name="quality", criteria=("clear", "short")),
        Spans(name="drugs", fields=("text",), options=(Option(name="drug"),)),
    )
    start_task(
        store,
        [NewItem({"id": f"n{n}", "text": "aspirin daily"}) for n in range(4)],
        schema=LabelSchema(questions=asked),
    )
    span = {"field": "text", "start": 0, "end": 7, "label": "drug", "quote": "aspirin"}
    for person, last in (("ann", 4), ("bob", 5)):
        given = {
            f"n{n}": {
                "signs": ["cough"] if n % 2 else ["cough", "fever"],
                "quality": {"clear": n + 1, "short": last if n == 3 else n + 1},
                "drugs": {"spans": [span] if n else [], "relations": []},
            }
            for n in range(4)
        }
        read_all(store, {person: given})
    figures = {found.what: found.figures for found in agreement_of(store, TASK, by="mia")}
    assert list(figures) == ["signs: cough", "signs: fever", "quality: clear", "quality: short", "drugs"]
    assert figures["signs: fever"][0].value == 1
    assert 0.9 < figures["quality: short"][0].value < 1 and figures["quality: short"][0].coefficient.endswith("ordinal")
    assert [one.coefficient for one in figures["drugs"]] == ["span_f1_exact", "span_f1_overlap", "span_alpha"]
    assert [found.what for found in agreement_parts(store, TASK, by="mia")] == list(figures)


def test_nothing_read_yet_is_a_reason_and_no_fault(store: Store) -> None:
    start_task(store, sited(2))
    [whole], [found] = agreement_of(store, TASK, by="mia"), agreement_parts(store, TASK, by="mia")
    assert all(one.reason for one in whole.figures)
    assert not found.readers and not found.doubts

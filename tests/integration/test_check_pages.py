"""Checking annotations, questions of readers and work without the server, in a real Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect
from tests.integration import test_annotate_pages as pages
from tests.integration.test_annotate_pages import (
    Served,
    add_records,
    answer_with,
    draw,
    follow,
    invite,
    join,
    new_page,
    shot,
)

from acclimate.annotation.batches import batches_of
from acclimate.annotation.people import Role, active_people
from acclimate.annotation.relabelling import rename_label, revise_guideline
from acclimate.annotation.review import own_answers
from acclimate.annotation.schema_history import standing_answers

pytestmark = pytest.mark.slow
served, browser = pages.served, pages.browser


def notes(count: int) -> list[dict[str, object]]:
    return [{"id": f"n{number:02}", "text": f"Note {number}: chest pain since noon."} for number in range(count)]


def test_readings_are_accepted_corrected_and_returned_and_a_question_is_answered_for_all(
    browser: Browser, served: Served
) -> None:
    manager = join(new_page(browser, served), served.first_link)
    draw(manager, served, "urgency", {"name": "urgent", "prompt": "Is it urgent?", "labels": "yes\nno"})
    add_records(manager, notes(3), readings=1)
    ann = join(new_page(browser, served), invite(manager, served, "ann", "annotator"))
    rae = join(new_page(browser, served), invite(manager, served, "rae", "reviewer"))
    follow(ann, "Annotate")
    ann.keyboard.press("q")
    ann.get_by_label("Your question").fill("Is chest pain always urgent?")
    shot(ann, "ask")
    ann.keyboard.press("Control+Enter")
    expect(ann.locator("#status")).to_contain_text("Asked")
    for _ in range(3):
        answer_with(ann, "1", "Enter")
    rae.goto(f"{served.address}/tasks/urgency/questions")
    rae.get_by_label("The answer").fill("Yes, always.")
    shot(rae, "questions")
    rae.get_by_role("button", name="Answer for all").click()
    expect(rae.get_by_text("No question waits for an answer.")).to_be_visible()
    rae.goto(f"{served.address}/tasks/urgency/batches")
    rae.get_by_role("button", name="Draw").click()
    shot(rae, "batches")
    follow(rae, "Check")
    shot(rae, "check")
    first, second, third = (rae.locator("#card").get_attribute("data-item"), None, None)
    answer_with(rae, "Enter")
    second = rae.locator("#card").get_attribute("data-item")
    rae.keyboard.press("2")
    expect(rae.get_by_role("button", name="Save the correction")).to_be_visible()
    shot(rae, "check-correct")
    answer_with(rae, "Enter")
    third = rae.locator("#card").get_attribute("data-item")
    rae.keyboard.press("r")
    rae.get_by_label("What is wrong").fill("Read the second sentence.")
    shot(rae, "check-return")
    rae.keyboard.press("Control+Enter")
    expect(rae.get_by_role("heading", name="Nothing is left to check")).to_be_visible()
    shot(rae, "check-nothing-left")
    ann.goto(f"{served.address}/read/urgency")
    expect(ann.locator(f"#card[data-item={third}]")).to_be_visible()
    expect(ann.get_by_text("Read the second sentence.")).to_be_visible()
    expect(ann.locator("input[value=yes]")).to_be_checked()
    ann.get_by_text("Questions answered").click()
    expect(ann.get_by_text("Yes, always.")).to_be_visible()
    shot(ann, "returned")
    answer_with(ann, "2", "Enter")
    store = served.store()
    (batch,) = batches_of(store, "urgency", by="rae")
    assert (batch.state, batch.accepted, batch.corrected, batch.returned) == ("checked", 1, 1, 1)
    with store.read() as connection:
        said = {(one.item, one.person): one.content["urgent"] for one in standing_answers(connection, "urgency")}
    assert said == {(first, "ann"): "yes", (second, "ann"): "yes", (second, "rae"): "no", (third, "ann"): "no"}
    assert store.verify() > 0


def test_twenty_answers_given_while_the_server_is_away_are_kept_in_their_order(
    browser: Browser, served: Served
) -> None:
    manager = join(new_page(browser, served), served.first_link)
    draw(manager, served, "urgency", {"name": "urgent", "labels": "yes\nno"})
    add_records(manager, notes(120), readings=1)
    ann = join(new_page(browser, served), invite(manager, served, "ann", "annotator"))
    with ann.expect_response("**/ahead/**") as listed:
        ann.goto(f"{served.address}/read/urgency")
    listed.value.finished()
    ann.wait_for_timeout(200)
    served.stop()
    for number in range(20):
        answer_with(ann, "2" if number % 2 else "1", "Enter")
    expect(ann.locator("#status")).to_contain_text("20 not saved yet")
    expect(ann.locator("#card[data-item=n20]")).to_be_visible()
    shot(ann, "twenty-waiting")
    served.start()
    expect(ann.locator("#status")).to_have_text("", timeout=20_000)
    given = own_answers(served.store(), "urgency", "ann")
    assert [one.item for one in given] == [f"n{number:02}" for number in range(20)]
    assert [one.content["urgent"] for one in given] == ["yes", "no"] * 10
    answer_with(ann, "1", "Enter")


def test_an_answer_that_the_server_does_not_take_afterwards_is_shown_and_given_again(
    browser: Browser, served: Served
) -> None:
    manager = join(new_page(browser, served), served.first_link)
    draw(manager, served, "urgency", {"name": "urgent", "labels": "yes\nno"})
    add_records(manager, notes(30), readings=1)
    ann = join(new_page(browser, served), invite(manager, served, "ann", "annotator"))
    with ann.expect_response("**/ahead/**") as listed:
        ann.goto(f"{served.address}/read/urgency")
    listed.value.finished()
    ann.wait_for_timeout(200)
    ann.context.set_offline(True)
    answer_with(ann, "1", "Enter")
    answer_with(ann, "2", "Enter")
    revise(served, "Yes means within the hour.", "yes")
    ann.context.set_offline(False)
    expect(ann.locator("#refused")).to_contain_text("n00: The guideline gave a label", timeout=20_000)
    shot(ann, "refused")
    assert [one.item for one in own_answers(served.store(), "urgency", "ann")] == ["n01"]
    ann.get_by_role("button", name="Answer again").click()
    expect(ann.locator("#card[data-item=n00]")).to_be_visible()
    expect(ann.get_by_text("Yes means within the hour.")).to_be_visible()
    expect(ann.locator("#refused")).to_be_hidden()
    answer_with(ann, "Enter")
    expect(ann.locator("#card[data-item=n02]")).to_be_visible()
    given = own_answers(served.store(), "urgency", "ann")
    assert [(one.item, one.content["urgent"]) for one in given] == [("n01", "no"), ("n00", "yes")]


def test_a_guideline_and_labels_are_changed_in_mid_project_after_a_preview(browser: Browser, served: Served) -> None:
    manager = join(new_page(browser, served), served.first_link)
    draw(manager, served, "urgency", {"name": "urgent", "labels": "now\nsoon\nlater"})
    add_records(manager, notes(2), readings=1)
    ann = join(new_page(browser, served), invite(manager, served, "ann", "annotator"))
    follow(ann, "Annotate")
    answer_with(ann, "1", "Enter")
    answer_with(ann, "2", "Enter")
    manager.goto(f"{served.address}/tasks/urgency/guideline")
    manager.get_by_label("How to decide").fill("Soon means within the hour.")
    manager.get_by_label("soon").check()
    manager.get_by_role("button", name="Save as version 2").click()
    expect(manager.get_by_text("1 answer to 1 item: taken back")).to_be_visible()
    shot(manager, "guideline-preview")
    manager.get_by_role("button", name="have them read again").click()
    expect(manager.get_by_role("cell", name="guideline 2: another meaning of soon")).to_be_visible()
    shot(manager, "guideline")
    ann.goto(f"{served.address}/read/urgency")
    expect(ann.get_by_text("Soon means within the hour.")).to_be_visible()
    answer_with(ann, "2", "Enter")
    manager.goto(f"{served.address}/tasks/urgency/labels")
    manager.get_by_label("Merge").select_option(["now", "soon"])
    manager.locator("form:has(input[value=merge]) [name=into]").fill("now")
    manager.locator("form:has(input[value=merge]) button").click()
    expect(manager.get_by_text("now and soon: now from now on.")).to_be_visible()
    shot(manager, "labels-preview")
    manager.get_by_role("button", name="Do it").click()
    expect(manager.get_by_role("cell", name="urgent: soon → now")).to_be_visible()
    shot(manager, "labels")
    given = own_answers(served.store(), "urgency", "ann")
    assert [one.content["urgent"] for one in given] == ["now", "now"]


def test_cards_that_wait_in_the_page_are_replaced_when_a_label_is_renamed(browser: Browser, served: Served) -> None:
    manager = join(new_page(browser, served), served.first_link)
    draw(manager, served, "urgency", {"name": "urgent", "labels": "yes\nno"})
    add_records(manager, notes(30), readings=1)
    ann = join(new_page(browser, served), invite(manager, served, "ann", "annotator"))
    with ann.expect_response("**/ahead/**") as listed:
        ann.goto(f"{served.address}/read/urgency")
    listed.value.finished()
    rename_label(served.store(), "urgency", "urgent", old="yes", new="now", by=manager_of(served))
    ann.keyboard.press("1")
    ann.keyboard.press("Enter")
    expect(ann.locator("#status")).to_have_text("The questions have changed: answer anew.")
    for _ in range(2):
        answer_with(ann, "1", "Enter")
    given = own_answers(served.store(), "urgency", "ann")
    assert [(one.item, one.content["urgent"]) for one in given] == [("n00", "now"), ("n01", "now")]


def manager_of(served: Served) -> str:
    with served.store().read() as connection:
        (name,) = [one.name for one, _ in active_people(connection) if Role.MANAGER in one.roles]
    return name


def revise(served: Served, guideline: str, *labels: str) -> None:
    by = manager_of(served)
    revise_guideline(served.store(), "urgency", guideline, changes_meaning_of={"urgent": labels}, by=by)

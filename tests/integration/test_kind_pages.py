"""Kinds of question and settings of a task that need a browser to be seen, in a real Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect
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
    select,
    shot,
)

from acclimate.annotation.output_marks import read_marks
from acclimate.annotation.people import Role, active_people
from acclimate.annotation.review import own_answers
from acclimate.annotation.study.design import Answered
from acclimate.annotation.study.protocol import Protocol
from acclimate.annotation.study.running import open_study

pytestmark = pytest.mark.slow
served, browser = pages.served, pages.browser


def double_click(page: Page, word: str) -> None:
    """Double-clicks a word of the item's text where it first stands."""
    place = page.evaluate(
        """(word) => {
          const walker = document.createTreeWalker(document.querySelector('.text[data-field]'), NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) {
            const at = walker.currentNode.data.search(new RegExp(`\\\\b${word}\\\\b`));
            if (at < 0) continue;
            const range = document.createRange();
            range.setStart(walker.currentNode, at); range.setEnd(walker.currentNode, at + word.length);
            const box = range.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
          }
        }""",
        word,
    )
    page.mouse.dblclick(*place)


def test_codes_are_searched_spans_related_and_the_same_words_marked_everywhere(
    browser: Browser, served: Served
) -> None:
    manager = join(new_page(browser, served), served.first_link)
    manager.goto(f"{served.address}/code-lists")
    manager.locator("[name=list]").fill("icd")
    manager.locator("#codes").fill(
        "code,name\nI21,Acute myocardial infarction\nI25.2,Old myocardial infarction\nJ45,Asthma"
    )
    manager.get_by_role("button", name="Add the codes").click()
    expect(manager.get_by_role("cell", name="3", exact=True)).to_be_visible()
    shot(manager, "code-lists")
    draw(
        manager,
        served,
        "facts",
        {"name": "said", "kind": "spans", "labels": "drug\nillness", "relations": "treats\ncauses"},
        {"name": "coded", "kind": "codes", "codes": "icd", "prompt": "Which codes?"},
    )
    text = "😀 Aspirin for angina. Aspirins differ. aspirin, Aspirin."
    add_records(manager, [{"id": "n1", "text": text}], readings=1)
    ann = join(new_page(browser, served), invite(manager, served, "ann", "annotator"))
    ann.goto(f"{served.address}/read/facts")
    select(ann, "angina")
    ann.keyboard.press("2")
    select(ann, "Aspirin")
    ann.keyboard.press("1")
    ann.locator("select.relation").select_option("treats")
    ann.locator(".marked li", has_text="Aspirin").get_by_label("A relation").click()
    ann.locator(".marked li", has_text="angina").get_by_label("A relation").click()
    ann.keyboard.press("e")
    expect(ann.locator("#status")).to_have_text("1 more marked.")
    ann.keyboard.press("2")
    held = ann.locator(".mark[data-label=illness]")
    expect(held).to_have_attribute("aria-pressed", "true")
    double_click(ann, "differ")
    expect(ann.locator(".marked li", has_text="illness: differ")).to_be_visible()
    ann.keyboard.press("2")
    expect(held).to_have_attribute("aria-pressed", "false")
    double_click(ann, "for")
    expect(ann.locator(".marked li")).to_have_count(5)  # three names, one word, one relation
    ann.locator(".marked li", has_text="differ").get_by_label("Remove").click()
    box = ann.get_by_label("Search for a code")
    box.fill("old inf")
    expect(ann.locator(".found [data-code]")).to_have_count(1)
    shot(ann, "codes-and-relations")
    box.press("Enter")
    box.fill("asth")
    ann.locator(".found [data-code=J45]").click()
    box.blur()
    answer_with(ann, "Control+Enter")
    (given,) = own_answers(served.store(), "facts", "ann")
    spans = [(span["start"], span["end"], span["label"]) for span in given.content["said"]["spans"]]
    assert spans == [(14, 20, "illness"), (2, 9, "drug"), (48, 55, "drug")]
    assert given.content["said"]["relations"] == [{"source": 1, "target": 0, "label": "treats"}]
    assert given.content["coded"] == ["I25.2", "J45"]


def test_examples_are_written_for_a_plan_and_turns_of_a_chat_are_rated(browser: Browser, served: Served) -> None:
    manager = join(new_page(browser, served), served.first_link)
    draw(manager, served, "write", {"name": "prompt", "kind": "text"}, {"name": "completion", "kind": "text"})
    manager.get_by_text("Have examples written").click()
    manager.get_by_label("How many by site and group").fill("site,group,count\n,over 80,1")
    manager.get_by_role("button", name="Add to the plan").click()
    expect(manager.get_by_role("cell", name="0 of 1")).to_be_visible()
    ann = join(new_page(browser, served), invite(manager, served, "ann", "annotator"))
    ann.goto(f"{served.address}/read/write")
    shot(ann, "write-an-example")
    ann.get_by_label("prompt").fill("I am dizzy.")
    ann.get_by_label("completion").fill("Sit down.")
    answer_with(ann, "Control+Enter")
    manager.goto(f"{served.address}/tasks/write")
    expect(manager.get_by_role("cell", name="1 of 1")).to_be_visible()
    shot(manager, "task-with-plan")
    draw(manager, served, "chat", {"name": "helpful", "kind": "turns", "role": "assistant", "low": "1", "high": "5"})
    turns = [{"role": role, "content": "Hello."} for role in ("user", "assistant", "user", "assistant")]
    add_records(manager, [{"id": "c1", "messages": turns}], readings=1)
    ann.goto(f"{served.address}/read/chat")
    ann.keyboard.press("4")
    expect(ann.locator(".turn.now h2")).to_have_text("4 · assistant")
    shot(ann, "chat")
    answer_with(ann, "5", "Enter")
    (given,) = own_answers(served.store(), "chat", "ann")
    assert given.content["helpful"] == {"1": 4, "3": 5}


def test_gold_gives_feedback_a_digit_saves_at_once_and_the_manager_sees_time_cost_and_items(
    browser: Browser, served: Served
) -> None:
    manager = join(new_page(browser, served), served.first_link)
    draw(manager, served, "urgency", {"name": "urgent", "labels": "yes\nno"})
    records: list[dict[str, object]] = [{"id": f"n{n}", "text": f"Note {n}."} for n in range(4)]
    add_records(manager, records, readings=2)
    manager.locator("#records").fill('{"id": "g", "text": "Gold.", "gold": {"urgent": "yes"}}')
    manager.get_by_role("button", name="Add records").click()
    manager.get_by_role("link", name="Settings").click()
    manager.get_by_label("One in how many items").fill("2")
    manager.get_by_label("tell readers afterwards").check()
    manager.get_by_label("a digit saves at once").check()
    shot(manager, "settings")
    manager.get_by_role("button", name="Save").click()
    ann = join(new_page(browser, served), invite(manager, served, "ann", "annotator"))
    follow(ann, "Annotate")
    for _ in range(5):
        card = ann.locator("#card").get_attribute("data-item")
        ann.keyboard.press("2")
        if card == "g":
            expect(ann.locator("#feedback-dialog")).to_contain_text("urgent")
            shot(ann, "feedback")
            ann.keyboard.press("Enter")
        expect(ann.locator(f'#card[data-item="{card}"]')).to_have_count(0)
    expect(ann.get_by_role("heading", name="Nothing is left for you")).to_be_visible()
    manager.goto(f"{served.address}/tasks/urgency")
    manager.get_by_label("An hour of reading costs").fill("40")
    manager.get_by_role("button", name="Estimate").click()
    expect(manager.get_by_text("cost of what is left")).to_be_visible()
    shot(manager, "task-with-outlook")
    manager.get_by_role("link", name="Items").click()
    manager.get_by_label("Words").fill("note 2")
    manager.get_by_role("button", name="Search").click()
    expect(manager.locator("tbody tr")).to_have_count(1)
    shot(manager, "items")
    manager.get_by_role("button", name="n2").click()
    expect(manager.get_by_role("heading", name="What was answered")).to_be_visible()
    shot(manager, "item")
    manager.get_by_role("button", name="Hand it out first").click()
    expect(manager.get_by_text("waiting · first").or_(manager.get_by_text("under way · first"))).to_be_visible()


def test_three_outputs_of_a_study_are_ranked_and_errors_and_omissions_marked_by_keys(
    browser: Browser, served: Served
) -> None:
    manager = join(new_page(browser, served), served.first_link)
    link, store = invite(manager, served, "ann", "annotator"), served.store()
    with store.read() as connection:
        [by] = [one.name for one, _ in active_people(connection) if Role.MANAGER in one.roles]
    outputs = {"adapted": "💊 Aspirin 10 mg, rest.", "base": "Rest at home."}
    asked = Answered("r1", "Chest pain,\r\nallergic to aspirin?", outputs, "Call an ambulance.", cluster="p1")
    plan = Protocol(
        name="notes",
        arms=("adapted", "base", "reference"),
        together="all",
        items=1,
        repeats=0,
        known_bad=0,
        marks="errors_and_omissions",
    )
    open_study(store, plan, [asked], by=by)
    ann = join(new_page(browser, served), link)
    ann.goto(f"{served.address}/read/notes")
    for words, key in (("10 mg", "3"), ("Rest", "1"), ("Rest", "2")):
        select(ann, words)
        ann.keyboard.press(key)
    select(ann, "allergic to aspirin")
    ann.keyboard.press("1")
    expect(ann.locator("#status")).to_contain_text("not to be marked so")
    about = ann.locator("select.about option:checked").inner_text()
    ann.keyboard.press("o")
    expect(ann.locator("select.about option:checked")).not_to_have_text(about)
    for key in ("5", "x", "o", "x"):
        ann.keyboard.press(key)
    ann.keyboard.press("o")
    expect(ann.locator(".marked li")).to_have_count(1)
    select(ann, "allergic to aspirin")
    ann.keyboard.press("6")
    expect(ann.locator(".marked li")).to_have_count(2)
    ann.get_by_role("group", name="Which one would").focus()
    for key in ("2", "1", "3"):
        ann.keyboard.press(key)
    shot(ann, "study-marks")
    answer_with(ann, "Enter")
    ann.keyboard.press("u")
    expect(ann.locator(".marked li")).to_have_count(2)
    answer_with(ann, "Enter")
    (given,) = own_answers(store, "notes", "ann")
    assert sorted(map(len, given.content["better"])) == [1, 1, 1]
    marked = [(one.field, one.start, one.end, one.kind, one.severity) for one in read_marks(given.content["marks"])]
    assert marked == [("output", 10, 15, "error", "critical"), ("prompt", 13, 32, "omission", "critical")]

"""The pages in a real Chromium, over the real server started from the command line."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.integration.chromium import chromium

from acclimate.annotation.review import own_answers
from acclimate.annotation.store import Store, database_url
from acclimate.core.artifacts import Artifact

pytestmark = pytest.mark.slow
PASSWORD = "correct horse battery"
SCRIPT = "<img src=x onerror=\"window.ran='yes'\"><script>window.ran='yes'</script>"
SHOTS = os.environ.get("ACCLIMATE_SCREENSHOTS")
"""A folder for pictures of the pages, for whoever wants to look at them."""


@dataclass
class Served:
    """A running server over a project's folder."""

    folder: Path
    port: int
    first_link: str = ""
    process: subprocess.Popen[str] | None = None
    faults: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        run = "from acclimate.cli.main import main; main()"
        command = [sys.executable, "-c", run, "annotate", "--project", str(self.folder), "--port", str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        said = self.process.stdout.readline().strip()
        self.first_link = said if "/join/" in said else ""
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise TimeoutError("the server did not start")

    def stop(self) -> None:
        assert self.process is not None and self.process.stdout is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def store(self) -> Store:
        return Store.open(database_url(self.folder, None))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    served = Served(tmp_path / "study", port)
    served.start()
    yield served
    served.stop()
    assert served.faults == []


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def new_page(browser: Browser, served: Served, *, scheme: str = "light") -> Page:
    """A page of a fresh browser profile; what it may not load, and scripts that ran or failed, are faults."""
    page = browser.new_context(color_scheme=scheme, viewport={"width": 1440, "height": 900}).new_page()  # type: ignore[arg-type]
    page.on("pageerror", lambda error: served.faults.append(str(error)))
    page.on("console", lambda said: served.faults.append(said.text) if "Content Security" in said.text else None)
    return page


def join(page: Page, link: str) -> Page:
    page.goto(link)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    shot(page, "join")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("heading", name="Tasks")).to_be_visible()
    return page


def invite(manager: Page, served: Served, name: str, *roles: str) -> str:
    manager.goto(f"{served.address}/people")
    manager.get_by_label("Name").fill(name)
    for role in roles:
        manager.locator(f"input[value={role}]").check()
    manager.get_by_role("button", name="Save and make a link").click()
    shot(manager, "people")
    return manager.get_by_label("Invitation link").input_value()


def draw(manager: Page, served: Served, name: str, *questions: dict[str, str]) -> None:
    manager.goto(f"{served.address}/new-task")
    manager.get_by_label("Name of the task").fill(name)
    manager.get_by_label("Guideline").fill("Urgent means that somebody must see the patient today.\n\nIn doubt: yes.")
    for number, question in enumerate(questions):
        if number:
            manager.get_by_role("button", name="Add a question").click()
        for given, value in question.items():
            box = manager.locator(f"[name={given}-{number}]")
            box.select_option(value) if given in ("kind", "edits", "marked", "role", "codes") else box.fill(value)
    expect(manager.locator("#preview .question")).to_have_count(len(questions))
    shot(manager, f"new-task-{name}")
    manager.get_by_role("button", name="Make the task").click()
    expect(manager.get_by_role("heading", name=name, exact=True)).to_be_visible()


def add_records(manager: Page, records: list[dict[str, object]], *, readings: int) -> None:
    manager.locator("#records").fill("\n".join(json.dumps(record) for record in records))
    manager.get_by_label("Readings an item").fill(str(readings))
    manager.get_by_role("button", name="Add records").click()
    expect(manager.get_by_text(f"0 of {len(records)} items are settled.")).to_be_visible()


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def follow(page: Page, link: str) -> None:
    """Follows the link and waits until the next page's script listens to keys."""
    page.get_by_role("link", name=link).click()
    expect(page.locator("#card")).to_be_visible()
    page.wait_for_load_state()


def answer_with(page: Page, *keys: str) -> None:
    """Answers by keyboard and waits for the next item."""
    before = page.locator("#card").get_attribute("data-item") or ""
    for key in keys:
        page.keyboard.press(key)
    expect(page.locator(f'#card[data-item="{before}"]')).to_have_count(0)


def select(page: Page, words: str) -> None:
    """Selects the words where they first stand in a text that can be marked."""
    page.evaluate(
        """(words) => {
          const box = [...document.querySelectorAll('.text[data-field]')].find((one) => one.textContent.includes(words));
          const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) {
            const at = walker.currentNode.data.indexOf(words);
            if (at >= 0) return getSelection().setBaseAndExtent(walker.currentNode, at, walker.currentNode, at + words.length);
          }
        }""",
        words,
    )


def test_two_people_annotate_differ_are_decided_on_and_the_snapshot_is_exported(
    browser: Browser, served: Served
) -> None:
    manager = join(new_page(browser, served), served.first_link)
    shot(manager, "home-empty")
    labels = f"yes: today\nno\n{SCRIPT}"
    draw(manager, served, "urgency", {"name": "urgent", "prompt": "Is it urgent?", "labels": labels})
    texts = [f"Note {n}: chest pain since noon. {SCRIPT}" for n in range(3)]
    add_records(manager, [{"id": f"n{n}", "text": text} for n, text in enumerate(texts)], readings=2)
    ann, bob, rae = (
        join(new_page(browser, served, scheme=scheme), invite(manager, served, name, role))
        for name, role, scheme in (
            ("ann", "annotator", "light"),
            (f"b {SCRIPT}", "annotator", "dark"),
            ("rae", "reviewer", "light"),
        )
    )
    for page, keys in ((ann, "111"), (bob, "112")):
        follow(page, "Annotate")
        shot(page, f"read-{'ann' if page is ann else 'bob-dark'}")
        for key in keys:
            answer_with(page, key, "Enter")
        expect(page.get_by_role("heading", name="Nothing is left for you")).to_be_visible()
    shot(ann, "nothing-left")
    follow(rae, "Decide disputes")
    expect(rae.get_by_role("heading", name="What the readers said")).to_be_visible()
    shot(rae, "decide")
    answer_with(rae, "2", "Enter")
    manager.goto(f"{served.address}/tasks/urgency/agreement")
    shot(manager, "agreement")
    assert "percent" in manager.content()
    manager.goto(f"{served.address}/tasks/urgency")
    expect(manager.get_by_text("3 of 3 items are settled.")).to_be_visible()
    shot(manager, "task")
    manager.get_by_role("button", name="Export a snapshot").click()
    shot(manager, "snapshot")
    folder = served.folder / manager.locator("code").inner_text()
    assert sorted(Artifact(folder).table()["label"].to_pylist()) == ["no", "yes", "yes"]
    assert [page.evaluate("window.ran") for page in (manager, ann, bob, rae)] == [None] * 4
    store = served.store()
    assert store.verify() > 0
    assert all(answer.seconds > 0 for answer in own_answers(store, "urgency", "ann"))


def test_spans_are_marked_by_keyboard_and_counted_in_code_points(browser: Browser, served: Served) -> None:
    manager = join(new_page(browser, served), served.first_link)
    draw(manager, served, "names", {"name": "who", "kind": "spans", "labels": "person\nplace"})
    add_records(manager, [{"id": "n1", "text": "\r\n😀 Maria went\r\nto Oslo."}], readings=1)
    reader = join(new_page(browser, served), invite(manager, served, "ann", "annotator"))
    reader.goto(f"{served.address}/read/names")
    reader.locator(".text mark, .text").first.focus()
    select(reader, "Maria")
    reader.keyboard.press("1")
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowRight", "2"):
        reader.keyboard.press(key)
    shot(reader, "spans")
    reader.keyboard.press("x")
    select(reader, "Oslo")
    reader.get_by_role("button", name="2 place").click()
    answer_with(reader, "Enter")
    (given,) = own_answers(served.store(), "names", "ann")
    spans = [(span["start"], span["end"], span["quote"], span["label"]) for span in given.content["who"]["spans"]]
    assert spans == [(4, 9, "Maria", "person"), (19, 23, "Oslo", "place")]


def test_what_is_wrong_in_an_answer_is_marked_in_the_completion_alone(browser: Browser, served: Served) -> None:
    manager = join(new_page(browser, served), served.first_link)
    draw(manager, served, "facts", {"name": "wrong", "kind": "spans", "labels": "fact", "marked": "completion"})
    add_records(manager, [{"id": "n1", "prompt": "Which dose?", "completion": "A dose of 90 mg."}], readings=1)
    reader = join(new_page(browser, served), invite(manager, served, "ann", "annotator"))
    reader.goto(f"{served.address}/read/facts")
    for words in ("Which", "90 mg"):
        select(reader, words)
        reader.keyboard.press("1")
    answer_with(reader, "Enter")
    (given,) = own_answers(served.store(), "facts", "ann")
    spans = [(span["field"], span["quote"]) for span in given.content["wrong"]["spans"]]
    assert spans == [("completion", "90 mg")]


def test_every_kind_of_question_is_answered_by_keys_and_the_last_answer_can_be_taken_back(
    browser: Browser, served: Served
) -> None:
    manager = join(new_page(browser, served), served.first_link)
    draw(
        manager,
        served,
        "outputs",
        {"name": "best", "kind": "ranking", "prompt": "Which output is better?"},
        {"name": "quality", "kind": "rating", "criteria": "correct\ncomplete"},
        {"name": "topics", "kind": "choices", "labels": "heart\n  rhythm\n  pain\nlung"},
        {"name": "remark", "kind": "text"},
    )
    outputs = {"base": "Wait and see.", "tuned": "Go to the emergency department."}
    records: list[dict[str, object]] = [
        {"id": f"n{n}", "prompt": "Chest pain?", "candidates": outputs} for n in range(2)
    ]
    add_records(manager, records, readings=1)
    reader = join(new_page(browser, served), invite(manager, served, "ann", "annotator"))
    reader.goto(f"{served.address}/read/outputs")
    for key in ("1", "2", "4", "5"):
        reader.keyboard.press(key)
    for key in ("1", "3"):
        reader.keyboard.press(key)
    reader.keyboard.press("Enter")
    expect(reader.locator("#fault")).to_contain_text("remark: the question is not answered")
    reader.locator("#card textarea").fill("Well put.")
    shot(reader, "outputs")
    answer_with(reader, "Control+Enter")
    reader.keyboard.press("u")
    expect(reader.locator("#card[data-item=n0]")).to_be_visible()
    expect(reader.locator("#card textarea")).to_have_value("Well put.")
    answer_with(reader, "Enter")
    reader.keyboard.press("?")
    shot(reader, "help")
    reader.keyboard.press("Escape")
    reader.keyboard.press("s")
    shot(reader, "skip")
    answer_with(reader, "1")
    (given,) = own_answers(served.store(), "outputs", "ann")
    assert given.content["quality"] == {"correct": 4, "complete": 5}
    assert given.content["topics"] == ["rhythm", "lung"]
    assert [len(group) for group in given.content["best"]] == [1, 1]


def test_an_answer_given_while_the_server_is_away_stays_in_the_page_and_is_kept_once(
    browser: Browser, served: Served
) -> None:
    manager = join(new_page(browser, served), served.first_link)
    draw(manager, served, "urgency", {"name": "urgent", "labels": "yes\nno"})
    add_records(manager, [{"id": "n1", "text": "Chest pain."}, {"id": "n2", "text": "Fine."}], readings=1)
    reader = join(new_page(browser, served), invite(manager, served, "ann", "annotator"))
    reader.goto(f"{served.address}/read/urgency")
    served.stop()
    reader.keyboard.press("2")
    reader.keyboard.press("Enter")
    expect(reader.locator("#status")).to_contain_text("1 not saved yet")
    shot(reader, "server-away")
    assert reader.evaluate("localStorage.length + sessionStorage.length") == 0
    served.start()
    expect(reader.locator("#card[data-item=n2]")).to_be_visible(timeout=15_000)
    (given,) = own_answers(served.store(), "urgency", "ann")
    assert given.content == {"urgent": "no"}


def test_other_records_of_the_subject_are_opened_beside_the_item_by_keys(browser: Browser, served: Served) -> None:
    manager = join(new_page(browser, served), served.first_link)
    draw(manager, served, "visits", {"name": "urgent", "labels": "yes\nno"})
    dates = ("2024-03-01", "2024-01-05", "2024-02-10")
    records: list[dict[str, object]] = [
        {"id": f"n{n}", "text": f"Visit {n}. {SCRIPT} " + "Pain and fever. " * (7000 if n == 2 else 20)}
        | {"subject_id": "p1", "collected_at": date}
        for n, date in enumerate(dates)
    ]
    add_records(manager, [*records, {"id": "n3", "text": "Somebody else."}], readings=1)
    manager.goto(f"{served.address}/tasks/visits/settings")
    manager.locator("input[name=beside]").check()
    manager.get_by_role("button", name="Save").click()
    reader = join(new_page(browser, served), invite(manager, served, "ann", "annotator"))
    reader.goto(f"{served.address}/read/visits")
    expect(reader.locator(".beside .here")).to_have_text("3 · 2024-03-01 · this item")
    reader.keyboard.press("p")
    expect(reader.locator(".beside details[open] .opened")).to_contain_text("Visit 2.")
    reader.keyboard.press("p")
    expect(reader.locator(".beside details[open] .opened")).to_contain_text("Visit 1.")
    expect(reader.locator(".beside details[open]")).to_have_count(1)
    shot(reader, "beside")
    reader.keyboard.press("b")
    expect(reader.locator(".beside details[open]")).to_have_count(0)
    assert reader.evaluate("window.ran") is None
    store = served.store()
    assert len([event for event in store.events() if event["action"] == "opened beside"]) == 2
    for _ in range(3):
        answer_with(reader, "1", "Enter")
    expect(reader.locator(".beside")).to_have_count(0)


def test_a_manager_has_terms_suggested_and_removed_and_a_reader_accepts_or_changes_them(
    browser: Browser, served: Served
) -> None:
    manager = join(new_page(browser, served), served.first_link)
    draw(manager, served, "drugs", {"name": "what", "kind": "spans", "labels": "drug\ndose"})
    texts = ["Aspirin 100 mg, then ibuprofen. " * 3] * 2 + ["Nothing was given."] * 2
    add_records(manager, [{"id": f"n{n}", "text": text} for n, text in enumerate(texts)], readings=1)
    manager.get_by_role("link", name="Suggestions").click()
    manager.get_by_text("Terms of a dictionary").click()
    terms = {"name": "drugs.csv", "mimeType": "text/csv", "buffer": b"term,label\naspirin,drug\n100 mg,dose\n"}
    manager.locator("input[data-fills=terms]").set_input_files(terms)  # type: ignore[arg-type]
    expect(manager.get_by_label("Called").first).to_have_value("drugs.csv")
    shot(manager, "suggestions-add")
    manager.get_by_role("button", name="Suggest the terms").click()
    expect(manager.get_by_text("2 of 4 items that want readings have a suggestion.")).to_be_visible(timeout=60_000)
    expect(manager.get_by_text("2 new")).to_be_visible()
    manager.locator("input[name=suggestions][value=shown]").check()
    manager.get_by_role("button", name="Save").click()
    store = served.store()
    reader = join(new_page(browser, served), invite(manager, served, "ann", "annotator"))
    reader.goto(f"{served.address}/read/drugs")
    expect(reader.get_by_role("region", name="Suggested answer")).to_contain_text("100 mg")
    shot(reader, "suggestion")
    answer_with(reader, "a")
    reader.keyboard.press("c")
    expect(reader.locator(".marked li")).to_have_count(6)
    reader.keyboard.press("x")
    answer_with(reader, "Enter")
    expect(reader.get_by_role("region", name="Suggested answer")).to_have_count(0)
    answer_with(reader, "Enter")
    manager.goto(f"{served.address}/tasks/drugs/suggestions")
    expect(manager.get_by_text("dictionary drugs.csv").first).to_be_visible()
    manager.get_by_role("button", name="Count").click()
    expect(manager.get_by_text("0 would be accepted.")).to_be_visible()
    shot(manager, "suggestions")
    manager.get_by_role("button", name="Remove").click()
    expect(manager.get_by_text("Nothing is suggested yet.")).to_be_visible()
    given = {answer.item: (answer.shown, answer.kept) for answer in own_answers(store, "drugs", "ann")}
    assert given == {"n0": (True, True), "n1": (True, False), "n2": (None, None)}


def test_a_manager_switches_active_learning_on_and_the_page_says_what_came_of_it(
    browser: Browser, served: Served
) -> None:
    manager = join(new_page(browser, served), served.first_link)
    draw(manager, served, "topics", {"name": "urgent", "labels": "yes\nno"})
    add_records(manager, [{"id": f"n{n}", "text": f"Chest pain since day {n}."} for n in range(12)], readings=1)
    manager.get_by_role("link", name="Learning").click()
    manager.get_by_label("first what a model would learn most from").check()
    manager.get_by_label("Choose and measure anew after so many new answers").fill("5")
    manager.get_by_role("button", name="Save").click()
    ended = manager.locator("#renewal").get_by_text(re.compile(r"^(Done|Not done) on .* UTC[:.]"))
    expect(ended).to_be_visible(timeout=90_000)
    expect(manager.get_by_text("0 of 5 new answers since then.")).to_be_visible()
    manager.reload()
    shot(manager, "learning")

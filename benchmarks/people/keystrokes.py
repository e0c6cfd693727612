"""Keys and clicks for 20 labels and 20 spans, and a manager's way from nothing to the first label, in a real Chromium.

Keys and clicks are counted by the page itself, a modifier as a key, a double click as two clicks. The peers are counted
by hand from their documentation, at their best: the label's key, then what saves and goes on. Label Studio submits with
Ctrl+Enter (https://labelstud.io/guide/hotkeys, "annotation:submit" of its keymap.json); doccano goes on with the right
arrow (https://github.com/doccano/doccano/issues/40). Label Studio can keep a label selected after a mark, which is
counted apart. Both select text with the mouse, a double click being the shortest.

The manager's seconds are those of the pages as measured, and for the person the keystroke-level model (Card, Moran,
Newell 1980, average typist): 0.28 s a key, 1.1 s to point, 0.2 s a click, and 1.35 s of thought before each step.

    python -m benchmarks.people.keystrokes --output benchmarks/results/keystrokes.json
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, sync_playwright

from benchmarks.recording import result, write_results

KEY, POINT, CLICK, THOUGHT = 0.28, 1.1, 0.2, 1.35
LABELS = SPANS = 20
NAMES = ("Aspirin", "Warfarin", "Metformin", "Ramipril", "Digoxin")
PASSWORD = "correct horse battery"
COUNTING = """
window.presses = 0; window.clicks = 0;
addEventListener('keydown', () => { window.presses += 1; }, true);
addEventListener('click', () => { window.clicks += 1; }, true);
"""


@dataclass
class Hand:
    """Somebody at a page: presses, types and clicks, and adds up how long a person needs for it."""

    page: Page
    seconds: float = 0.0

    def go(self, address: str) -> None:
        """Opens an address that was sent or copied."""
        self.page.goto(address)
        self.seconds += THOUGHT + POINT + CLICK

    def click(self, what: Locator) -> None:
        """Points and clicks."""
        what.click()
        self.seconds += THOUGHT + POINT + CLICK

    def type(self, where: Locator, text: str) -> None:
        """Clicks into a box and types."""
        where.fill(text)
        self.seconds += THOUGHT + POINT + CLICK + KEY * len(text)

    def press(self, *keys: str) -> None:
        """Presses keys, a combination being two."""
        for key in keys:
            self.page.keyboard.press(key)
            self.seconds += KEY * len(key.split("+"))


def main() -> None:
    """Runs everything on a project of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as link, sync_playwright() as playwright:
        found = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=found)
        first, manager, reader = from_nothing_to_the_first_label(browser, link)
        rows = [first, *labels(manager, reader), *spans(manager, reader), *long_text(manager, reader)]
        browser.close()
    write_results(arguments.output, rows)


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """The server over an empty project; gives the manager's first link."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    run = "from acclimate.cli.main import main; main()"
    command = [sys.executable, "-c", run, "annotate", "--project", str(folder / "study"), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        link = server.stdout.readline().strip()
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        try:
            yield link[link.index("http") :]
        finally:
            server.kill()


def from_nothing_to_the_first_label(browser: Browser, link: str) -> tuple[dict[str, Any], Page, Page]:
    """The figure, and the pages of the manager and of the reader."""
    started = time.perf_counter()
    manager, reader = (browser.new_context().new_page() for _ in range(2))
    for page in (manager, reader):
        page.add_init_script(COUNTING)
    hand = Hand(manager)
    join(hand, link)
    make_task(hand, "urgency", kind="choice", labels="yes: today\nno")
    add_records(hand, "\n".join(json.dumps({"text": f"Note {n}: chest pain since noon."}) for n in range(200)))
    hand.click(manager.get_by_role("link", name="People"))
    hand.type(manager.get_by_label("Name"), "ann")
    hand.click(manager.locator("input[value=annotator]"))
    hand.click(manager.get_by_role("button", name="Save and make a link"))
    invited = Hand(reader)
    join(invited, manager.get_by_label("Invitation link").input_value())
    invited.click(reader.get_by_role("link", name="Annotate"))
    reader.wait_for_selector("#card[data-item]")
    answer(reader, "1", "Enter")
    measured = time.perf_counter() - started
    seconds = round(measured + hand.seconds + invited.seconds)
    peers = {"of it the pages, s": round(measured, 1)}
    figure = "from nothing to the first label by a manager in the browser, s"
    return result(figure, seconds, goal="< 300 s", peers=peers), manager, reader


def answer_all(reader: Page, *keys: str) -> None:
    """Answers one item after another with the same keys."""
    for _ in range(LABELS):
        answer(reader, *keys)


def labels(manager: Page, reader: Page) -> list[dict[str, Any]]:
    """Twenty labels, with the digit saving at once and without."""
    peers = {"Label Studio": 3 * LABELS, "doccano": 2 * LABELS}
    figure = f"keys and clicks for {LABELS} labels, "
    by_enter = counted(reader, lambda: answer_all(reader, "1", "Enter"))
    manager.goto(address(manager, "/tasks/urgency/settings"))
    manager.get_by_label("a digit saves at once").check()
    manager.get_by_role("button", name="Save").click()
    reader.goto(address(reader, "/read/urgency"))
    at_once = counted(reader, lambda: answer_all(reader, "2"))
    goal = "fewer than the peers"
    return [
        result(figure + "as a task is made", by_enter, goal=goal, peers=peers),
        result(figure + "where a digit saves at once", at_once, goal=goal, peers=peers),
    ]


def spans(manager: Page, reader: Page) -> list[dict[str, Any]]:
    """Twenty spans in a text: five names that stand four times each, marked one by one and everywhere at once."""
    text = " ".join(f"{name} was given again." for _ in range(4) for name in NAMES)
    hand = Hand(manager)
    make_task(hand, "names", kind="spans", labels="drug\nillness")
    add_records(hand, "\n".join(json.dumps({"id": f"t{n}", "text": text}) for n in range(3)))
    reader.goto(address(reader, "/read/names"))

    def one_by_one() -> None:
        for number in range(SPANS):
            mark(reader, NAMES[number % len(NAMES)], number // len(NAMES))
        answer(reader, "Enter")

    def everywhere() -> None:
        for name in NAMES:
            mark(reader, name, 0)
            reader.keyboard.press("e")
        answer(reader, "Enter")

    def with_a_held_label() -> None:
        reader.keyboard.press("1")
        for number in range(SPANS):
            mark(reader, NAMES[number % len(NAMES)], number // len(NAMES), key="")
        answer(reader, "Enter")

    alone, together, held = counted(reader, one_by_one), counted(reader, everywhere), counted(reader, with_a_held_label)
    peers = {"Label Studio": 3 * SPANS + 2, "Label Studio, keeping the label": 2 * SPANS + 3, "doccano": 3 * SPANS + 1}
    figure = f"keys and clicks for {SPANS} spans of a text, "
    goal = "fewer than the peers"
    return [
        result(figure + "one by one", alone, goal=goal, peers=peers),
        result(figure + "one label held", held, goal=goal, peers=peers),
        result(figure + "five names four times each", together, goal=goal, peers=peers),
    ]


def long_text(manager: Page, reader: Page) -> list[dict[str, Any]]:
    """How long the page is busy with a mark in a text of 100 kB that has some hundred marks already."""
    text = " ".join(f"Line {n}: {NAMES[n % 5]} was given again, and so on and on." for n in range(2000))[:100_000]
    hand = Hand(manager)
    make_task(hand, "long", kind="spans", labels="drug\nillness")
    add_records(hand, json.dumps({"id": "long", "text": text}))
    started = time.perf_counter()
    reader.goto(address(reader, "/read/long"))
    opened = time.perf_counter() - started
    mark(reader, NAMES[0], 0)
    reader.keyboard.press("e")
    marks = reader.locator(".marked li").count()
    times = [
        reader.evaluate(
            """(at) => new Promise((done) => {
              const walker = document.createTreeWalker(document.querySelector('.text[data-field]'), NodeFilter.SHOW_TEXT);
              let words;
              for (let left = at; left > 0;) { words = walker.nextNode(); if (words.length > 20) left -= 1; }
              getSelection().setBaseAndExtent(words, 1, words, 5);
              const started = performance.now();
              document.body.dispatchEvent(new KeyboardEvent('keydown', { key: '2', bubbles: true }));
              requestAnimationFrame(() => setTimeout(() => done(performance.now() - started)));
            })""",
            at,
        )
        for at in range(3, 23)
    ]
    if reader.locator(".marked li").count() != marks + len(times):
        raise SystemExit("the marks that were timed are not there")
    median = round(statistics.median(times))
    interval = [round(min(times)), round(max(times))]
    figure = f"a mark in a text of 100 kB with {marks} marks, until it is painted, ms"
    peers = {"opening the page, ms": round(1000 * opened)}
    return [result(figure, median, interval=interval, goal="< 100 ms", peers=peers)]


def join(hand: Hand, link: str) -> None:
    """Chooses a password behind an invitation's link."""
    hand.go(link)
    hand.type(hand.page.get_by_label("Password", exact=True), PASSWORD)
    hand.type(hand.page.get_by_label("The same again"), PASSWORD)
    hand.click(hand.page.get_by_role("button", name="Start"))


def make_task(hand: Hand, name: str, *, kind: str, labels: str) -> None:
    """Draws a task with one question."""
    page = hand.page
    hand.click(page.get_by_role("link", name="New task"))
    hand.type(page.get_by_label("Name of the task"), name)
    hand.type(page.get_by_label("Guideline"), "Urgent is what must be seen today.")
    hand.type(page.locator("[name=name-0]"), name)
    page.locator("[name=kind-0]").select_option(kind)
    hand.type(page.locator("[name=labels-0]"), labels)
    hand.click(page.get_by_role("button", name="Make the task"))
    page.get_by_role("heading", name="Add records").wait_for()


def add_records(hand: Hand, lines: str) -> None:
    """Pastes records that are to be read once."""
    page = hand.page
    page.locator("#records").fill(lines)
    hand.press("Control+V")
    hand.type(page.get_by_label("Readings an item"), "1")
    hand.click(page.get_by_role("button", name="Add records"))
    page.get_by_text("items are settled").wait_for()


def answer(reader: Page, *keys: str) -> None:
    """Presses keys and waits for the next item."""
    before = reader.locator("#card").get_attribute("data-item")
    for key in keys:
        reader.keyboard.press(key)
    reader.wait_for_selector(f'#card:not([data-item="{before}"])')


def mark(reader: Page, word: str, time_it_stands: int, *, key: str = "1") -> None:
    """Double-clicks the word where it stands for this time, and presses the label's digit where no label is held."""
    place = reader.evaluate(
        """([word, wanted]) => {
          const walker = document.createTreeWalker(document.querySelector('.text[data-field]'), NodeFilter.SHOW_TEXT);
          for (let left = wanted; walker.nextNode();) {
            for (let at = walker.currentNode.data.indexOf(word); at >= 0; at = walker.currentNode.data.indexOf(word, at + 1)) {
              if (left-- > 0) continue;
              const range = document.createRange();
              range.setStart(walker.currentNode, at); range.setEnd(walker.currentNode, at + word.length);
              const box = range.getBoundingClientRect();
              return [box.x + box.width / 2, box.y + box.height / 2];
            }
          }
        }""",
        [word, time_it_stands],
    )
    reader.mouse.dblclick(*place)
    if key:
        reader.keyboard.press(key)


def counted(reader: Page, work: Any) -> int:
    """How many keys and clicks the work takes."""
    before = reader.evaluate("window.presses + window.clicks")
    work()
    return int(reader.evaluate("window.presses + window.clicks") - before)


def address(page: Page, path: str) -> str:
    """A path of the server that the page is from."""
    return "/".join(page.url.split("/")[:3]) + path


if __name__ == "__main__":
    main()

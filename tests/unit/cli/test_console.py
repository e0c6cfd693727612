from __future__ import annotations

import io
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from acclimate.api import Project
from acclimate.cli.console import Talk


def on(*, is_terminal: bool) -> tuple[Talk, io.StringIO]:
    talk, screen = Talk(), io.StringIO()
    talk.console = Console(file=screen, force_terminal=is_terminal, width=100, _environ={"TERM": "xterm"})
    return talk, screen


def work(talk: Talk) -> None:
    with talk.progress("training", 100) as bar:
        for _ in range(4):
            time.sleep(0.01)
            bar.advance(10)


def test_a_bar_on_a_terminal_tells_what_is_done_and_how_long_the_rest_takes() -> None:
    talk, screen = on(is_terminal=True)
    work(talk)
    assert re.search(r"training \S* \S* *40/100\S* \S*0:00:00\S* left \S*0:00:0\d", screen.getvalue())


def test_there_is_no_bar_where_there_is_no_terminal() -> None:
    talk, screen = on(is_terminal=False)
    work(talk)
    assert screen.getvalue().strip() == ""


def test_a_run_says_how_each_source_was_read(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [ingested] = Project.open(finished).run(until="ingest")
    Talk().ended(replace(ingested, made=True))
    told = capsys.readouterr().err
    assert "  north: jsonl, columns as mapped\n" in told and "  south: csv, columns as mapped\n" in told

"""Texts made to slow regular expressions down: none of Python's, whose engine backtracks, is worse than linear."""

from __future__ import annotations

import importlib
import pkgutil
import re
import time
from collections.abc import Iterator

import pytest

import acclimate.annotation
import acclimate.collect
import acclimate.core
import acclimate.stages

LENGTH = 4_000
RUNS = (
    *("a", "A", "1", " ", "Aa ", "A. ", "1 ", "1-", "1.", "(1", "(", "a.", "a@", ":", "-", "/a", "\n", "\n ", "é"),
    *(
        "\U0001f600",
        "#",
        "# ",
        "<",
        "<a",
        '"',
        "'",
        "=",
        "a=",
        "|",
        "_",
        "\t",
        "\r\n",
        "\\",
        "\\X",
        "&",
        "[",
        "{",
        "()",
    ),
)
"""What is repeated: a backtracking engine tries every way to share a run out among repetitions, from every place."""

MATCHED = {"_COUNTRY_CODE", "_HEADING_ALONE", "_FORMULA", "_READS", "_TEXT_BOUND", "_RELATION", "_EVENT"}
"""Those that are tried at one place alone, and never searched for."""

SHORT = {
    "_BEGINS": "sees the four characters before a word",
    "_NOT_A_DATE": "sees the format of a cell, of at most 255 characters",
}


def expressions(value: object) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
        yield value
    elif isinstance(value, tuple | list | set | frozenset):
        for one in value:
            yield from expressions(one)
    elif isinstance(value, dict):
        yield from expressions(tuple(value.values()))


def all_expressions() -> dict[re.Pattern[str], str]:
    """Every expression that stands in a module which sees texts, with its name."""
    found: dict[re.Pattern[str], str] = {}
    for package in (acclimate.stages, acclimate.core, acclimate.collect, acclimate.annotation):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if module.name.rpartition(".")[2] in ("make", "make_abilities", "__main__"):
                continue
            for name, value in vars(importlib.import_module(module.name)).items():
                found |= dict.fromkeys(expressions(value), f"{module.name}.{name}")
    return found


def seconds(expression: re.Pattern[str], run: str, length: int, *, searched: bool) -> float:
    """Processor time on a text of that length."""
    text = run * (length // len(run)) + "x\x00"
    start = time.process_time()
    if searched:
        for _ in expression.finditer(text):
            pass
    else:
        expression.match(text)
    return time.process_time() - start


@pytest.mark.slow
def test_no_expression_takes_longer_than_its_text():
    slow = []
    for expression, place in all_expressions().items():
        name = place.rpartition(".")[2]
        for run in RUNS if name not in SHORT else ():
            first = seconds(expression, run, LENGTH, searched=name not in MATCHED)
            if first < 0.02:
                continue
            if first > 0.5:  # sixteen times the text would take hours if this is what it looks like
                slow.append((place, run))
                continue
            short, long = (seconds(expression, run, LENGTH * times, searched=name not in MATCHED) for times in (2, 16))
            if long > 24 * short:
                slow.append((place, run))
    assert slow == []

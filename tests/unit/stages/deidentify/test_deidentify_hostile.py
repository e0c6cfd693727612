"""Texts made to slow patterns down: every pattern of the de-identification stays linear, for RE2 does not backtrack."""

from __future__ import annotations

import time
from itertools import chain

import pytest

from acclimate.stages.deidentify import business
from acclimate.stages.deidentify.detect import _pattern_set
from acclimate.stages.deidentify.patterns import Pattern, PatternSet

PATTERNS = (*_pattern_set(day_first=False)._patterns, *chain.from_iterable(business.PATTERNS.values()))

FOUND = (
    *("ann@mail.com ", "http://a.org/b?c=1 ", "www.a.org ", "192.168.0.1 ", "2001:db8::1 ", "00:1B:44:11:3A:B7 "),
    *("(212) 555-0123 x12 ", "+44 20 7946 0958 ", "SSN 123-45-6789 ", "MRN: 12345678 ", "account no. 12345678 "),
    *("2021-03-03 ", "1 January 2020 ", "3/4/21 ", "January ", "aged 93 years ", "12 Main Street, Apt 4, Boston, MA 02134 "),
    *("Boston, MA 02134 ", "PO Box 12 ", "Dr. Ann Lee ", "Mrs Lee-Ann O'Brien ", "DE89 3704 0044 0532 0130 00 "),
    *("VIN 1HGCM82633A004352 ", "serial number AB-12345 ", "plate ABC 1234 ", "1EG4-TE5-MK73 ", "VAT DE123456789 ", "12-3456789 "),
)  # fmt: skip
"""What the patterns look for, so that they search at all."""

RUNS = (
    "a",
    "A",
    "1",
    " ",
    "Aa ",
    "A. ",
    "1 ",
    "1-",
    "1.",
    "(1",
    "a.",
    "a@",
    "a@a.",
    ":",
    "a:",
    "-",
    "/a",
    "\n",
    "é",
    "\U0001f600",
)
"""What is repeated behind them: a backtracking engine would try every way to share a run out among repetitions."""


def seconds(patterns: PatternSet, text: str) -> float:
    """Processor time of looking for all of them in a text."""
    start = time.process_time()
    for _ in patterns.finds(text):
        pass
    return time.process_time() - start


@pytest.mark.parametrize("found", FOUND)
def test_eight_times_the_identifiers_take_about_eight_times_the_time(found):
    patterns = PatternSet(PATTERNS)
    short, long = found * (8_000 // len(found)), found * (64_000 // len(found))
    seconds(patterns, short)
    # Quadratic would be 64 times.
    assert seconds(patterns, long) < 24 * max(seconds(patterns, short), 0.01)


@pytest.mark.parametrize("expression", ["((?:a+)+)b", "((?:a|a)*)b", "((?:a*)*)b", "((?:[a-z]+\\s?)+)1"])
def test_a_pattern_of_ones_own_that_others_would_backtrack_in_is_harmless(expression):
    assert seconds(PatternSet((Pattern("own", expression),)), "a" * 100_000) < 2


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(PATTERNS)), ids=lambda one: f"{PATTERNS[one].kind}-{one}")
def test_every_pattern_alone_takes_linear_time_over_any_run(number):
    patterns = PatternSet((PATTERNS[number],))
    texts = [start + run * (30_000 // len(run)) + start for start in FOUND for run in RUNS]
    slowest = max(texts, key=lambda text: seconds(patterns, text))
    assert seconds(patterns, slowest) < 0.5

"""Reads the word lists beside this file: tables with one row a line, and phrases under [headings]."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

Row = Mapping[str, str]

TABLES = (
    "complaints", "symptoms", "drugs", "frequencies", "allergens", "reactions", "history", "family",
    "relatives", "social", "occupations", "plans", "stop_effects", "abbreviations",
)  # fmt: skip


def _lines(name: str) -> list[str]:
    text = (files(__package__) / "lexicon" / f"{name}.txt").read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip()]


@cache
def table(name: str) -> tuple[Row, ...]:
    """The rows of a word list, by its column names."""
    header, *rows = [[cell.strip() for cell in f"{line} ".split(" | ")] for line in _lines(name)]
    return tuple(dict(zip(header, row, strict=True)) for row in rows)


@cache
def by_key(name: str, column: str) -> Mapping[str, Row]:
    """The rows of a word list, looked up by one column."""
    return {row[column]: row for row in table(name)}


@cache
def headed(name: str) -> Mapping[str, tuple[str, ...]]:
    """The lines of a phrase file, by their heading."""
    found: dict[str, list[str]] = {}
    heading = ""
    for line in _lines(name):
        if line.startswith("["):
            heading = line.strip("[]")
        else:
            found.setdefault(heading, []).append(line)
    return {heading: tuple(lines) for heading, lines in found.items()}


def several(cell: str) -> list[str]:
    """The entries of a cell that holds a list (`a, b`)."""
    return [entry.strip() for entry in cell.split(",") if entry.strip()]


def variants(cell: str) -> list[str]:
    """The wordings of a cell that holds several (`one way / another way`)."""
    return [entry.strip() for entry in cell.split(" / ")]


@cache
def all_words() -> frozenset[str]:
    """Every word of the lists, lower case: a made-up name must not be one of them, or it could not be told apart."""
    text = "\n".join("\n".join(_lines(name)) for name in (*TABLES, "phrases", "identifiers"))
    return frozenset(re.findall(r"\w+", text.lower()))

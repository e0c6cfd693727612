"""The command lines of a page: those that tests run as written, and all others, which must name verbs and options there are."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import typer
from typer.main import get_command

from acclimate.cli.main import app_of

_FENCED = re.compile(r"^ *```([^`\n]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`(acclimate (?:[^`\n]|\n(?!\n))+)`")
_COMMAND = re.compile(r"(?:\$ )?(?:[A-Z_]+=\S* )*acclimate ")
_BETWEEN_COMMANDS = "();<>|&"


@dataclass(frozen=True)
class Block:
    """What stands between two fences."""

    language: str
    lines: tuple[str, ...]

    @property
    def run(self) -> list[str]:
        """The lines after `$` in a console block."""
        return [line[2:] for line in self.lines if self.language == "console" and line.startswith("$ ")]

    @property
    def only_shown(self) -> list[str]:
        """The commands of acclimate that no test runs from here."""
        shown = [line for line in self.lines if _COMMAND.match(line)]
        return [line for line in shown if self.language != "console" or not line.startswith("$ ")]


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page."""
    found = _FENCED.findall(page.read_text())
    return [Block(language.strip(), tuple(dedent(text).splitlines())) for language, text in found]


def commands(page: Path) -> list[str]:
    """The lines after `$` in console blocks."""
    return [line for block in blocks(page) for line in block.run]


def mentioned(page: Path) -> list[str]:
    """The commands in the running text, which may leave out what a verb needs."""
    return _SPAN.findall(_FENCED.sub("", page.read_text()))


def acclimate_calls(line: str) -> Iterator[list[str]]:
    """The words after `acclimate`, of each time that a line of shell calls it."""
    words = shlex.shlex(line, posix=True, punctuation_chars=_BETWEEN_COMMANDS)
    words.whitespace_split = True
    call: list[str] | None = None
    for word in [*words, ";"]:
        if word[:1] in _BETWEEN_COMMANDS:
            if call is not None:
                yield call
            call = None
        elif call is not None:
            call.append(word)
        elif word == "acclimate":
            call = []


def require_complete(line: str) -> None:
    """Raises where a call in the line names no verb or option there is, or leaves out or mistakes what it needs."""
    for words in acclimate_calls(line):
        _parse(words)


def require_known(line: str) -> None:
    """Raises where a call in the line names no verb or option there is; values may be left out or stand for others."""
    for words in acclimate_calls(line):
        try:
            _parse(words)
        except typer.BadParameter:
            continue


def _parse(words: Sequence[str]) -> None:
    """Takes the words apart as the verb itself would, and runs nothing."""
    verb, *rest = words
    try:
        command = get_command(app_of(verb))
        if rest and not rest[0].startswith("-") and hasattr(command, "resolve_command"):
            _, command, rest = command.resolve_command(command.make_context(verb, list(rest)), rest)
        command.make_context(verb, list(rest))
    except Exception as error:
        error.add_note(f"in: acclimate {' '.join(words)}")
        raise

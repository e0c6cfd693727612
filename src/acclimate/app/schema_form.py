"""The form in which a manager draws questions, read into a label schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from acclimate.annotation.schema import LabelSchema, read_schema
from acclimate.app.web import Visit
from acclimate.core.errors import ConfigError

KINDS = {
    "choice": "One label",
    "choices": "Several labels",
    "spans": "Mark stretches of the text",
    "codes": "Codes from a long list",
    "text": "Free text",
    "rating": "Ratings on a scale",
    "ranking": "Rank outputs, best first",
    "turns": "Rate turns of a conversation",
}
MARKED = {
    "text": "the text",
    "prompt": "the prompt",
    "completion": "the completion",
    "prompt completion": "the prompt and the completion",
}
"""On which texts of a record stretches can be marked, by the names of their columns."""
MAX_QUESTIONS = 20


def schema_of(visit: Visit) -> LabelSchema:
    """The schema that the form describes; questions without a name are left out."""
    fields = [_fields(visit, number) for number in range(MAX_QUESTIONS) if visit.text(f"name-{number}").strip()]
    if not fields:
        raise ConfigError("The task asks no question.", hint="give the first question a name")
    return read_schema({"questions": [_question(given) for given in fields]})


def _fields(visit: Visit, number: int) -> dict[str, str]:
    names = (
        "name",
        "kind",
        "prompt",
        "labels",
        "marked",
        "relations",
        "codes",
        "criteria",
        "low",
        "high",
        "meanings",
        "edits",
        "role",
        "optional",
    )
    return {name: visit.text(f"{name}-{number}").replace("\r\n", "\n").strip() for name in names}


def _question(given: Mapping[str, str]) -> dict[str, Any]:
    make = _MAKERS.get(given["kind"])
    if make is None:
        raise ConfigError(f"There is no kind of question {given['kind'][:40]!r}.", hint="choose one from the list")
    return {"name": given["name"], "prompt": given["prompt"], "required": not given["optional"], **make(given)}


def options_of(labels: str) -> list[dict[str, Any]]:
    """One label a line; `label: what it means`; a line indented under another is below it.

    >>> [option["parent"] for option in options_of("pain: any\\n  chest\\n  head\\nfever")]
    [None, 'pain', 'pain', None]
    """
    options: list[dict[str, Any]] = []
    above: list[tuple[int, str]] = []
    for line in filter(str.strip, labels.splitlines()):
        indent = len(line) - len(line.lstrip())
        name, _, says = (part.strip() for part in line.partition(":"))
        above = [(depth, label) for depth, label in above if depth < indent]
        options.append({"name": name, "description": says, "parent": above[-1][1] if above else None})
        above.append((indent, name))
    return options


def _marked(given: Mapping[str, str]) -> list[str]:
    """The columns on which a question for marks is asked."""
    chosen = given["marked"] or "text"
    if chosen not in MARKED:
        raise ConfigError(f"Nothing can be marked in {chosen[:40]!r}.", hint="choose a text from the list")
    return chosen.split()


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _scale(given: Mapping[str, str]) -> dict[str, Any]:
    try:
        low, high = int(given["low"] or 1), int(given["high"] or 5)
    except ValueError:
        raise ConfigError(f"The scale of {given['name'][:40]!r} is not two numbers.", hint="such as 1 and 5") from None
    if not 0 <= low < high <= low + 20:
        raise ConfigError(f"The scale goes from {low} to {high}.", hint="up to 20 steps from the lower to the higher")
    return {"low": low, "high": high, "meanings": _meanings(given)}


def _meanings(given: Mapping[str, str]) -> dict[int, str]:
    """One step of the scale a line: `step: what it means`."""
    found: dict[int, str] = {}
    for line in _lines(given["meanings"]):
        step, _, says = (part.strip() for part in line.partition(":"))
        if not (step.isascii() and step.isdigit() and len(step) < 4 and says):
            raise ConfigError(
                f"{line[:40]!r} says of no step of {given['name'][:40]!r} what it means.", hint="such as 1: wrong"
            )
        found[int(step)] = says
    return found


_MAKERS: Mapping[str, Callable[[Mapping[str, str]], dict[str, Any]]] = {
    "choice": lambda given: {"kind": "choice", "options": options_of(given["labels"])},
    "choices": lambda given: {"kind": "choice", "multiple": True, "options": options_of(given["labels"])},
    "spans": lambda given: {
        "kind": "spans",
        "options": options_of(given["labels"]),
        "fields": _marked(given),
        "relations": _lines(given["relations"]),
    },
    "codes": lambda given: {"kind": "codes", "code_list": given["codes"]},
    "text": lambda given: {"kind": "text", "edits": given["edits"] or None},
    "rating": lambda given: {
        "kind": "rating",
        "criteria": _lines(given["criteria"]) or ["overall"],
        **_scale(given),
    },
    "ranking": lambda _given: {"kind": "ranking"},
    "turns": lambda given: {"kind": "turns", "role": given["role"] or None, **_scale(given)},
}

"""What a review of outputs will do, fixed and hashed before anybody reads: nothing can be chosen after the result."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic import ValidationError as NotValid

from acclimate.annotation.output_marks import ERROR, OMISSION, MarkKind
from acclimate.core.atomic import json_digest
from acclimate.core.errors import ConfigError

MARKS = "marks"
"""The question for marks, beside the axes."""

REFERENCE = "reference"
"""The arm of the answers that people wrote, which the test records hold."""

Share = Annotated[float, Field(ge=0, lt=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Axis(_Frozen):
    """One thing that outputs are compared on; the reader puts them in order, ties allowed."""

    name: str = Field(min_length=1)
    prompt: str = ""


PHYSICIAN_AXES = (
    Axis(name="consensus", prompt="Which agrees more with what the profession holds?"),
    Axis(name="comprehension", prompt="Which shows better that the question was understood?"),
    Axis(name="recall", prompt="Which brings up more of the knowledge that belongs here?"),
    Axis(name="reasoning", prompt="Which reasons more soundly?"),
    Axis(name="irrelevant_content", prompt="Which holds less that does not belong here?"),
    Axis(name="omission", prompt="Which leaves out less that matters?"),
    Axis(name="bias", prompt="Which is less likely to wrong a group of people?"),
    Axis(name="harm_extent", prompt="Which would do the milder harm, if it did any?"),
    Axis(name="harm_likelihood", prompt="Which is less likely to do harm?"),
)
"""The axes of Singhal et al. 2025 ("Toward expert-level medical question answering", Nature Medicine), each turned so that
the better output comes first."""

OVERALL = (Axis(name="better", prompt="Which one would you rather have? Put the better one first."),)


class Pair(_Frozen):
    """A comparison: how much more often `arm` is preferred to `other`."""

    arm: str
    other: str


class Protocol(_Frozen):
    """The plan of a study. `arms[0]` is what the study is about."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")
    arms: tuple[str, ...] = ("adapted", "base", "prompted", REFERENCE)
    """Steps `predict.<arm>` of the project, and `reference` for the answers of the test records."""
    together: Literal["pairs", "all"] = "pairs"
    """Whether the first arm stands beside one other arm at a time, or all arms are put in order at once."""
    axes: tuple[Axis, ...] | Literal["overall", "physician"] = "overall"
    """What outputs are compared on; the first axis and the first pair are the primary comparison."""
    marks: Annotated[tuple[MarkKind, ...], Field(min_length=1)] | Literal["errors_and_omissions"] | None = None
    """What readers mark in outputs, each with a severity: errors and omissions, or kinds of one's own; nothing by default."""
    items: int = Field(default=100, ge=1)
    """How many test records are drawn."""
    readings: int = Field(default=1, ge=1)
    """How many people read each item."""
    readers: int = Field(default=1, ge=1)
    """How many people take part: all of them read the repeats and the known-bad outputs."""
    repeats: Share = 0.1
    """Share of the items shown again, to see whether readers agree with themselves."""
    known_bad: Share = 0.05
    """Share of items, in addition, where one output answers another record: who does not notice is not reading."""
    worth_finding: float = Field(default=0.2, gt=0, lt=1)
    """The smallest net preference (share better less share worse) that would matter."""
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    """How often all primary looks together may claim a difference that is not there."""
    looks: int = Field(default=1, ge=1, le=10)
    """How often results may be seen, the last time at the end; earlier looks cost little of alpha (O'Brien and Fleming)."""
    seed: int = 0

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if len(self.arms) < 2 or len(set(self.arms)) < len(self.arms):
            raise ValueError("a study needs two arms or more, each named once")
        names = [axis.name for axis in self.asked]
        if not names or len(set(names)) < len(names):
            raise ValueError("a study needs one axis or more, each named once")
        if self.mark_kinds and MARKS in names:
            raise ValueError(f"an axis cannot be called {MARKS} where outputs are marked")
        kinds = [kind.name for kind in self.mark_kinds]
        if len(set(kinds)) < len(kinds):
            raise ValueError("a kind of mark is named twice")
        return self

    @property
    def asked(self) -> tuple[Axis, ...]:
        """The axes by their questions."""
        if self.axes == "overall":
            return OVERALL
        return PHYSICIAN_AXES if self.axes == "physician" else self.axes

    @property
    def mark_kinds(self) -> tuple[MarkKind, ...]:
        """The kinds of marks; none where nothing is marked."""
        return (ERROR, OMISSION) if self.marks == "errors_and_omissions" else self.marks or ()

    @property
    def shown(self) -> tuple[tuple[str, ...], ...]:
        """Which arms stand side by side on a page."""
        return (self.arms,) if self.together == "all" else tuple((self.arms[0], other) for other in self.arms[1:])

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """All comparisons, the primary one first."""
        return tuple(Pair(arm=arm, other=other) for arm, other in _pairs(self.shown))

    @property
    def digest(self) -> str:
        """What stands in the chain of events before anybody reads."""
        # A plan without marks has the digest it had before there were any.
        return json_digest(self.model_dump(mode="json", exclude={"marks"} if self.marks is None else None))

    @property
    def schema_content(self) -> dict[str, Any]:
        """The questions of the task: each axis a ranking, and the marks."""
        asked: list[dict[str, Any]] = [
            {"kind": "ranking", "name": axis.name, "prompt": axis.prompt, "compared": False} for axis in self.asked
        ]
        if self.mark_kinds:
            kinds = [kind.model_dump() for kind in self.mark_kinds]
            prompt = "What is wrong with an output, and in which words?"
            asked.append({"kind": "output_marks", "name": MARKS, "prompt": prompt, "kinds": kinds})
        return {"questions": asked}


def read_protocol(content: Any) -> Protocol:
    """A protocol from what a YAML file holds; raises ConfigError with the first fault."""
    if not isinstance(content, dict):
        raise ConfigError("The protocol is not a mapping.", hint="start from: acclimate study plan --help")
    try:
        return Protocol.model_validate(content)
    except NotValid as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"]) or "protocol"
        raise ConfigError(f"{where}: {fault['msg']}.", hint="correct the protocol") from None


def _pairs(shown: tuple[tuple[str, ...], ...]) -> Iterator[tuple[str, str]]:
    for arms in shown:
        yield from itertools.combinations(arms, 2)

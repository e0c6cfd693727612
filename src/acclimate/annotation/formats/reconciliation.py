"""What came in, what was taken, and what was set aside and why: for every person, and it adds up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TAKEN, THERE = "taken", "there"
"""Outcomes of an answer that came: it is a reading now, or it was one already."""

REASONS: Mapping[str, str] = {
    "another_answer": "the person's other answer to the item stands",
    "being_read": "the person has the item open",
    "decided_already": "somebody has decided the item",
    "discarded": "the person discarded the item",
    "draft": "the person did not submit it",
    "may_not": "the person has no role to read or decide here",
    "nameless": "the person's name cannot be one here",
    "not_valid": "the label schema does not allow it",
    "other_offsets": "offsets are not those of the text that is quoted",
    "other_text": "the item is here with another text",
    "read_it_too": "the person who decides has read the item too",
    "rejected": "it was rejected",
    "removed": "the person was removed from the project",
    "saw_others": "the person has seen others' answers to the item",
    "skipped": "the person skipped the item",
    "skipped_here": "the person skipped the item here",
}
"""Why an answer is set aside."""


def printable(name: str) -> str:
    """A name of a file as it may be shown: short, and without anything that a terminal would obey."""
    return "".join(character if character.isprintable() else "?" for character in name[:300])


@dataclass
class Reconciliation:
    """The account of one import."""

    task: str
    format: str
    made_task: bool = False
    people: dict[str, Counter[str]] = field(default_factory=dict)
    """How many answers of each person had which outcome: taken, there, or a reason."""
    items: Counter[str] = field(default_factory=Counter)
    """How many items `came`, were `new`, or are here with an `other_text`."""
    suggestions: int = 0
    made_people: list[str] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)
    """What has no place here, and how often it came."""
    first_faults: dict[str, str] = field(default_factory=dict)
    """Of each reason, the first item and what was wrong."""

    def note(self, person: str, outcome: str, *, item: str = "", fault: str = "") -> None:
        """Counts one answer."""
        self.people.setdefault(printable(person), Counter())[outcome] += 1
        if outcome not in (TAKEN, THERE):
            self.first_faults.setdefault(outcome, printable(f"item {item}" + (f": {fault}" if fault else "")))

    @property
    def taken(self) -> int:
        """How many answers are readings now that were not before."""
        return sum(outcomes[TAKEN] for outcomes in self.people.values())

    @property
    def changed(self) -> bool:
        """Whether anything was added."""
        return bool(self.taken or self.items["new"] or self.made_task or self.made_people)

    def rows(self) -> list[dict[str, Any]]:
        """A row a person, by name: came = taken + there + all that was set aside."""
        return [
            {
                "annotator": person,
                "came": outcomes.total(),
                "taken": outcomes[TAKEN],
                "there": outcomes[THERE],
                "aside": {reason: outcomes[reason] for reason in sorted(outcomes.keys() - {TAKEN, THERE})},
            }
            for person, outcomes in sorted(self.people.items())
        ]

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "task": self.task,
            "format": self.format,
            "made_task": self.made_task,
            "made_people": self.made_people,
            "annotators": self.rows(),
            "items": {name: self.items[name] for name in ("came", "new", "other_text")},
            "suggestions": self.suggestions,
            "not_held": dict(sorted(self.lost.items())),
            "first_faults": dict(sorted(self.first_faults.items())),
        }

"""The answers of a study with their arms named: what was compared, and what was marked. Blinding is over for who asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from acclimate.annotation.assignments import READING, shown_order
from acclimate.annotation.output_marks import read_marks
from acclimate.annotation.schema_history import GivenAnswer, standing_answers
from acclimate.annotation.study.design import KNOWN_BAD
from acclimate.annotation.study.judgements import Shown, compared
from acclimate.annotation.study.marks import ReadOutput
from acclimate.annotation.study.protocol import MARKS, REFERENCE, Protocol
from acclimate.annotation.tables import items


def judged(connection: Connection, protocol: Protocol, *, before: int) -> Iterator[dict[str, object]]:
    """The comparisons in all answers up to an event, as rows of `judgements.SCHEMA`."""
    axes = [axis.name for axis in protocol.asked]
    for row, given in _readings(connection, protocol, before=before):
        seen = shown_order(row, given.person)
        arm_of = {candidate["key"]: candidate["arm"] for candidate in seen}
        rankings = {axis: _by_arm(given.content[axis], arm_of) for axis in axes if given.content.get(axis)}
        bad = KNOWN_BAD in arm_of.values()
        order = (REFERENCE, KNOWN_BAD) if bad else protocol.arms
        yield from compared(_shown(row, given, seen, known_bad=bad), rankings, order)


def outputs_read(connection: Connection, protocol: Protocol, *, before: int) -> Iterator[ReadOutput]:
    """Every output that somebody read up to an event, with their marks; none where the protocol asks for no marks.

    An output that is known to be bad is left out: it is no arm's.
    """
    for row, given in _readings(connection, protocol, before=before) if protocol.mark_kinds else ():
        marks = read_marks(given.content.get(MARKS))
        main = not row.record.get("parents") and all(one["arm"] != KNOWN_BAD for one in row.candidates)
        for candidate in row.candidates:
            if candidate["arm"] == KNOWN_BAD:
                continue
            yield ReadOutput(
                item=row.id,
                cluster=str(row.record["cluster_id"]),
                reader=given.person,
                arm=candidate["arm"],
                prompt=row.record.get("prompt") or "",
                text=candidate["text"],
                marks=[mark for mark in marks if mark.output == candidate["key"]],
                counts=main,
            )


def _readings(connection: Connection, protocol: Protocol, *, before: int) -> Iterator[tuple[Row[Any], GivenAnswer]]:
    rows = {row.id: row for row in connection.execute(select(items).where(items.c.task == protocol.name))}
    for given in standing_answers(connection, protocol.name):
        if given.purpose == READING and given.number < before:
            yield rows[given.item], given


def _shown(row: Row[Any], given: GivenAnswer, seen: Sequence[Mapping[str, str]], *, known_bad: bool) -> Shown:
    return Shown(
        item=row.id,
        cluster=str(row.record["cluster_id"]),
        reader=given.person,
        arms=[candidate["arm"] for candidate in seen],
        texts=[candidate["text"] for candidate in seen],
        seconds=given.seconds,
        repeats=next(iter(row.record.get("parents") or ()), None),
        known_bad=known_bad,
    )


def _by_arm(groups: Sequence[Sequence[str]], arm_of: Mapping[str, str]) -> list[list[str]]:
    return [[arm_of[key] for key in group] for group in groups]

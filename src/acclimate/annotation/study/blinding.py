"""Answers of a study stay with their readers until it is closed: whoever saw them with the outputs could learn the arms."""

from __future__ import annotations

from sqlalchemy import Connection, select

from acclimate.annotation.people import RefusedError
from acclimate.annotation.store import STUDY_LOOKED, STUDY_REGISTERED
from acclimate.annotation.tables import events, items


def require_unblinded(connection: Connection, task: str) -> None:
    """Raises RefusedError where the task is a study whose last look was not taken, whoever asks."""
    if is_blind(connection, task):
        raise RefusedError(
            f"{task} is a blind study that is not closed, so nobody but their readers sees its answers.",
            hint="acclimate study look takes the looks that were planned, and the last one closes it",
        )


def is_blind(connection: Connection, task: str) -> bool:
    """Whether the task is a study whose last look was not taken."""
    outputs = connection.scalar(select(items.c.candidates).where(items.c.task == task).limit(1))
    if not outputs:  # a study's items all have some: spares the search of all events
        return False
    said = select(events.c.action, events.c.details).where(events.c.action.in_([STUDY_REGISTERED, STUDY_LOOKED]))
    of_task = [row for row in connection.execute(said) if row.details["task"] == task]
    closed = any(row.details.get("last") for row in of_task if row.action == STUDY_LOOKED)
    return bool(of_task) and not closed

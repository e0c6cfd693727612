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
    registered = connection.scalars(select(events.c.details).where(events.c.action == STUDY_REGISTERED))
    is_study = any(details["task"] == task for details in registered)
    return is_study and not is_closed(connection, task)


def is_closed(connection: Connection, task: str) -> bool:
    """Whether the task is a study whose last look was taken, so that its arms may be known."""
    looks = connection.scalars(select(events.c.details).where(events.c.action == STUDY_LOOKED))
    return any(details["last"] for details in looks if details["task"] == task)

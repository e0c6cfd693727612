"""How far suggestions reach, and taking them away again: from then on nobody gets them, and what was made of them stays."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import exists, func, select, update

from acclimate.annotation.assignments import may_see
from acclimate.annotation.people import Role, require_role
from acclimate.annotation.review import CHECKING
from acclimate.annotation.store import Store
from acclimate.annotation.suggestions.proposals import STANDING, Source, require_suggestible
from acclimate.annotation.tables import items, suggestion_batches, suggestions


@dataclass(frozen=True)
class Coverage:
    """How many items want readings, and for how many of them something is suggested."""

    wanted: int
    suggested: int


def coverage(store: Store, task: str, *, by: str) -> Coverage:
    """Of the items at the sites of whoever asks."""
    has_one = exists().where(suggestions.c.task == items.c.task, suggestions.c.item == items.c.id, STANDING)
    with store.read() as connection:
        visible = may_see(require_role(connection, by, *CHECKING), *CHECKING)
        wanted = (items.c.task == task) & ~items.c.done & ~items.c.decided & visible
        counted = select(func.count()).select_from(items).where(wanted)
        found = connection.scalar(counted), connection.scalar(counted.where(has_one.correlate(items)))
    return Coverage(int(found[0] or 0), int(found[1] or 0))


def remove_suggestions(store: Store, task: str, source: Source, *, by: str) -> int:
    """Has nobody get what a source suggested for the items of a manager's sites any more; how many suggestions.

    Who was shown one before goes on seeing it, and what they answered beside it keeps that it was shown.
    """
    with store.write() as transaction:
        connection = transaction.connection
        require_suggestible(connection, task, by=by)
        visible = may_see(require_role(connection, by, Role.MANAGER), Role.MANAGER)
        batches = suggestion_batches.c
        of_source = select(batches.number).where(
            batches.task == task, batches.source == source.name, batches.version == source.version
        )
        own_items = select(items.c.id).where(items.c.task == task, visible)
        place = (suggestions.c.task == task) & suggestions.c.batch.in_(of_source) & STANDING
        place &= suggestions.c.item.in_(own_items)
        count = int(connection.scalar(select(func.count()).select_from(suggestions).where(place)) or 0)
        if count:
            told = {"task": task, "source": source.name, "version": source.version, "count": count}
            number = transaction.append(by, "suggestions removed", **told)
            connection.execute(update(suggestions).where(place).values(removed=number))
    return count

"""How often the items of a task are read, and which skill they need, changed while it runs."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from acclimate.annotation.assignments import refresh_item
from acclimate.annotation.items import Overlap
from acclimate.annotation.people import Role, active_people, require_every_site
from acclimate.annotation.store import Store
from acclimate.annotation.tables import items
from acclimate.annotation.tasks import current_schema, require_task
from acclimate.core.errors import ConfigError


def set_readings(store: Store, task: str, overlap: Overlap, *, by: str) -> int:
    """Has the items of a task read as often as the overlap says from now on; returns how many want another number.

    Readings that are there stay and count. Items that were decided, and gold items, are left as they are.
    """
    if overlap.readings < 1 or not 0 <= overlap.share <= 1:
        raise ConfigError(
            f"{overlap.readings} readings for a share of {overlap.share}.", hint="one reading or more, 0 to 1"
        )
    with store.write() as transaction:
        connection = transaction.connection
        require_every_site(connection, by, Role.MANAGER)
        schema = current_schema(connection, task)
        of_task = (items.c.task == task) & items.c.gold.is_(None) & ~items.c.decided
        changed = 0
        for row in connection.execute(select(items).where(of_task)).all():
            wanted = overlap.wanted(row.id)
            if wanted == row.wanted:
                continue
            changed += 1
            place = (items.c.task == task) & (items.c.id == row.id)
            connection.execute(update(items).where(place).values(wanted=wanted))
            if row.read:
                refresh_item(connection, connection.execute(select(items).where(place)).one(), schema)
        transaction.append(by, "readings set", task=task, readings=overlap.readings, share=overlap.share, items=changed)
        return changed


def require_skill(store: Store, task: str, skill: str, *, by: str) -> int:
    """Hands the items of a task only to people with a skill from now on (empty: to everybody); returns how many changed.

    Gold items too; items that were decided, and what is held now, stay as they are. Raises ConfigError for a skill that
    no active person has: nobody would get the items.
    """
    with store.write() as transaction:
        connection = transaction.connection
        require_every_site(connection, by, Role.MANAGER)
        require_task(connection, task)
        known_skill(connection, skill)
        other = items.c.skill.is_distinct_from(skill or None)
        place = (items.c.task == task) & ~items.c.decided & other
        changed = connection.execute(update(items).where(place).values(skill=skill or None)).rowcount
        transaction.append(by, "skill required", task=task, skill=skill, items=changed)
        return changed


def known_skill(connection: Connection, skill: str) -> str | None:
    """A skill that somebody has, None where none is named; raises ConfigError where nobody has it."""
    had = sorted({one for person, _ in active_people(connection) for one in person.skills})
    if skill and skill not in had:
        raise ConfigError(
            f"Nobody has the skill {skill[:60]!r}, so nobody would get the items.",
            hint=f"give it to somebody under People first; there are: {', '.join(had) or 'none'}",
        )
    return skill or None

"""How often the items of a task are read, changed while it runs."""

from __future__ import annotations

from sqlalchemy import select, update

from acclimate.annotation.assignments import refresh_item
from acclimate.annotation.items import Overlap
from acclimate.annotation.people import Role, require_every_site
from acclimate.annotation.store import Store
from acclimate.annotation.tables import items
from acclimate.annotation.tasks import current_schema
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

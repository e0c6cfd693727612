"""What brings the annotation database from one version to the next, each inside the transaction that opens it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, select, update

from acclimate.annotation.tables import batches, checks, choices, metadata, people, rankings, remarks, vectors

Migration = Callable[[Connection], None]


def add_sign_in_and_owners(connection: Connection) -> None:
    """Version 2: tables for signing in, and whoever managed is an owner too, since managers could do what owners do."""
    metadata.create_all(connection)
    for person in connection.execute(select(people.c.name, people.c.roles)).all():
        if "manager" in person.roles and "owner" not in person.roles:
            place = people.c.name == person.name
            connection.execute(update(people).where(place).values(roles=["owner", *person.roles]))


def add_checking(connection: Connection) -> None:
    """Version 3: batches of checked answers, readers' remarks, and two settings of a task."""
    for name in ("gold_feedback", "quick"):
        connection.exec_driver_sql(f"ALTER TABLE tasks ADD COLUMN {name} BOOLEAN NOT NULL DEFAULT false")
    metadata.create_all(connection, tables=[batches, checks, remarks])


def add_active_order(connection: Connection) -> None:
    """Version 4: what is read next chosen by a model, why, and the vectors of the items' texts."""
    connection.exec_driver_sql("ALTER TABLE tasks ADD COLUMN active BOOLEAN NOT NULL DEFAULT false")
    connection.exec_driver_sql("ALTER TABLE tasks ADD COLUMN random_percent INTEGER NOT NULL DEFAULT 10")
    metadata.create_all(connection, tables=[rankings, choices, vectors])


MIGRATIONS: Mapping[int, Migration] = {1: add_sign_in_and_owners, 2: add_checking, 3: add_active_order}
"""By the version that each starts from."""

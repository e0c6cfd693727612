"""What brings the annotation database from one version to the next, each inside the transaction that opens it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, inspect, select, update

from acclimate.annotation.tables import (
    batches,
    checks,
    choices,
    exposures,
    items,
    items_of_subject,
    jobs,
    metadata,
    people,
    rankings,
    remarks,
    suggestion_batches,
    suggestions,
    vectors,
)

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


def add_suggestions(connection: Connection) -> None:
    """Version 4: suggestions, who was shown which, what an answer made of them, and whom an item is about."""
    connection.exec_driver_sql("ALTER TABLE tasks ADD COLUMN suggestions VARCHAR NOT NULL DEFAULT 'hidden'")
    for column in ("suggestion INTEGER", "shown BOOLEAN", "kept BOOLEAN", "bulk INTEGER"):
        connection.exec_driver_sql(f"ALTER TABLE answers ADD COLUMN {column}")
    metadata.create_all(connection, tables=[suggestion_batches, suggestions, exposures])
    connection.exec_driver_sql("ALTER TABLE tasks ADD COLUMN beside BOOLEAN NOT NULL DEFAULT false")
    connection.exec_driver_sql("ALTER TABLE items ADD COLUMN subject VARCHAR")
    subject = items.c.record["subject_id"].as_string()
    connection.execute(update(items).values(subject=subject))
    items_of_subject.create(connection)


def add_active_order(connection: Connection) -> None:
    """Version 5: what is read next chosen by a model, why, and the vectors of the items' texts."""
    connection.exec_driver_sql("ALTER TABLE tasks ADD COLUMN active BOOLEAN NOT NULL DEFAULT false")
    connection.exec_driver_sql("ALTER TABLE tasks ADD COLUMN random_percent INTEGER NOT NULL DEFAULT 10")
    metadata.create_all(connection, tables=[rankings, choices, vectors])


def add_jobs(connection: Connection) -> None:
    """Version 6: work asked for on a page, after how many answers the order is made anew, and suggestions removed."""
    connection.exec_driver_sql("ALTER TABLE tasks ADD COLUMN rank_every INTEGER")
    # A database that came from before version 4 got the table as it is now.
    if "removed" not in {column["name"] for column in inspect(connection).get_columns("suggestions")}:
        connection.exec_driver_sql("ALTER TABLE suggestions ADD COLUMN removed INTEGER")
    metadata.create_all(connection, tables=[jobs])


def add_salts(connection: Connection) -> None:
    """Version 7: the random value that the event of an answer digests with it; answers from before have none."""
    connection.exec_driver_sql("ALTER TABLE answers ADD COLUMN salt VARCHAR")


def add_training(connection: Connection) -> None:
    """Version 8: how many gold items a reader is trained with before the work, and what share must be right."""
    connection.exec_driver_sql("ALTER TABLE tasks ADD COLUMN training INTEGER")
    connection.exec_driver_sql("ALTER TABLE tasks ADD COLUMN training_percent INTEGER NOT NULL DEFAULT 80")


MIGRATIONS: Mapping[int, Migration] = {
    1: add_sign_in_and_owners,
    2: add_checking,
    3: add_suggestions,
    4: add_active_order,
    5: add_jobs,
    6: add_salts,
    7: add_training,
}
"""By the version that each starts from."""

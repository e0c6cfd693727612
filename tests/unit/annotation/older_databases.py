"""Makes of a database one of an earlier version, by taking away what later ones brought."""

from __future__ import annotations

from sqlalchemy import Connection, update

from acclimate.annotation import tables


def say_version(connection: Connection, version: int) -> None:
    """Has the database say that it is of this version."""
    place = tables.settings.c.name == "version"
    connection.execute(update(tables.settings).where(place).values(value=str(version)))


def drop_jobs(connection: Connection) -> None:
    """Takes away what the sixth version brought."""
    tables.jobs.drop(connection)
    connection.exec_driver_sql("ALTER TABLE tasks DROP COLUMN rank_every")
    connection.exec_driver_sql("ALTER TABLE suggestions DROP COLUMN removed")


def drop_active_order(connection: Connection) -> None:
    """Takes away what the fifth version brought, and later ones."""
    drop_jobs(connection)
    for table in (tables.rankings, tables.choices, tables.vectors):
        table.drop(connection)
    for column in ("active", "random_percent"):
        connection.exec_driver_sql(f"ALTER TABLE tasks DROP COLUMN {column}")


def drop_suggestions(connection: Connection) -> None:
    """Takes away what the fourth version brought, and later ones."""
    drop_active_order(connection)
    for table in (tables.exposures, tables.suggestions, tables.suggestion_batches):
        table.drop(connection)
    tables.items_of_subject.drop(connection)
    connection.exec_driver_sql("ALTER TABLE items DROP COLUMN subject")
    for column in ("suggestions", "beside"):
        connection.exec_driver_sql(f"ALTER TABLE tasks DROP COLUMN {column}")
    for column in ("suggestion", "shown", "kept", "bulk"):
        connection.exec_driver_sql(f"ALTER TABLE answers DROP COLUMN {column}")


def drop_checking(connection: Connection) -> None:
    """Takes away what the third version brought, and later ones."""
    drop_suggestions(connection)
    for table in (tables.checks, tables.batches, tables.remarks):
        table.drop(connection)
    for column in ("gold_feedback", "quick"):
        connection.exec_driver_sql(f"ALTER TABLE tasks DROP COLUMN {column}")

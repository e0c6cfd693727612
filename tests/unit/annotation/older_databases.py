"""Makes of a database one of an earlier version, by taking away what later ones brought."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select, update

from acclimate.annotation import tables
from acclimate.annotation.store import NO_EVENT
from acclimate.core.atomic import json_digest


def say_version(connection: Connection, version: int) -> None:
    """Has the database say that it is of this version."""
    place = tables.settings.c.name == "version"
    connection.execute(update(tables.settings).where(place).values(value=str(version)))


def drop_training(connection: Connection) -> None:
    """Takes away what the eighth version brought."""
    for column in ("training", "training_percent"):
        connection.exec_driver_sql(f"ALTER TABLE tasks DROP COLUMN {column}")


def drop_salts(connection: Connection) -> None:
    """Takes away what the seventh version brought, and later ones: events digest answers alone, as they did before."""
    drop_training(connection)
    plain = {row.number: row.digest for row in connection.execute(select(tables.answers))}
    if plain:
        connection.exec_driver_sql("DROP TRIGGER events_no_update")
        _write_events_anew(connection, plain)
    connection.exec_driver_sql("ALTER TABLE answers DROP COLUMN salt")


def _write_events_anew(connection: Connection, answers: Mapping[int, str]) -> None:
    """The chain with these digests for its answers."""
    logged = tables.events.c
    previous = NO_EVENT
    for row in connection.execute(select(tables.events).order_by(logged.number)).mappings().all():
        said = {name: row[name] for name in ("number", "at", "who", "action", "details")}
        if row["number"] in answers:
            said["details"] = {**row["details"], "answer": answers[row["number"]]}
        digest = json_digest({**said, "previous": previous})
        connection.execute(
            update(tables.events).where(logged.number == row["number"]).values(**said, previous=previous, digest=digest)
        )
        previous = digest


def drop_jobs(connection: Connection) -> None:
    """Takes away what the sixth version brought, and later ones."""
    drop_salts(connection)
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

"""The annotation database of a project, as commands open it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select

from acclimate.annotation.people import make_first_owner
from acclimate.annotation.store import FILE, Store, database_url
from acclimate.annotation.tables import people
from acclimate.core.errors import WorkspaceError
from acclimate.project.audit import account_name
from acclimate.project.workspace import Workspace


@contextmanager
def annotation_store(project: Path, *, first_manager: str = "", dry_run: bool = False) -> Iterator[Store]:
    """The project's annotations; for a preview where there are none yet, an empty database that is thrown away.

    Only a command that names a first manager begins a database; the others raise WorkspaceError where there is none.
    """
    folder = Workspace.open(project).folder
    url = os.environ.get("DATABASE_URL")
    with TemporaryDirectory() as elsewhere:
        nothing_yet = not url and not (folder / FILE).exists()
        if nothing_yet and not first_manager:
            raise WorkspaceError(
                f"There are no annotations in {folder}.",
                hint="begin with acclimate annotate, or bring some in with acclimate annotations import",
            )
        store = Store.open(database_url(Path(elsewhere) if nothing_yet and dry_run else folder, url))
        try:
            if first_manager and (nothing_yet or not dry_run):
                _make_first_manager(store, first_manager)
            yield store
        finally:
            store.close()


def _make_first_manager(store: Store, name: str) -> None:
    """Makes whoever acts the owner and manager of a project that has no people at all."""
    with store.read() as connection:
        if connection.execute(select(people.c.name).limit(1)).first() is not None:
            return
    make_first_owner(store, name, account=account_name())

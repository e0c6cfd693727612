"""Sign-in for a command: the same passwords, codes and lock as on the pages, for one command and without a session."""

from __future__ import annotations

from acclimate.annotation.people import SYSTEM, somebody_can_sign_in
from acclimate.annotation.store import Store
from acclimate.app.identity import proves

NOBODY_YET = "acted before anybody could sign in"
"""The action of a command while a project is set up."""


def note_that_nobody_can_sign_in(store: Store, name: str, *, command: str, account: str) -> bool:
    """Whether nobody can sign in yet, so that whoever holds the database acts under the name they give.

    An event of its own then tells the name, the command and the account of the machine.
    """
    with store.write() as transaction:
        if somebody_can_sign_in(transaction.connection):
            return False
        transaction.append(SYSTEM, NOBODY_YET, person=name, command=command, account=account)
    return True


def sign_in_for_command(store: Store, name: str, password: str, *, code: str, command: str, account: str) -> bool:
    """Whether this is the person of the name; a success is an event, a failure counts as an attempt."""
    if not proves(store, name, password, code=code):
        return False
    with store.write() as transaction:
        transaction.append(name, "signed in", by="command line", command=command, account=account)
    return True

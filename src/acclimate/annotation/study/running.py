"""A study from its protocol to its findings; each step is an event of the annotation database.

registered (the whole protocol) → items added → read → looked at, as often as was planned → closed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select, update

from acclimate.annotation.items import Overlap
from acclimate.annotation.people import RefusedError, Role, require_role
from acclimate.annotation.schema import read_schema
from acclimate.annotation.schema_history import standing_answers
from acclimate.annotation.store import STUDY_LOOKED, STUDY_REGISTERED, Store
from acclimate.annotation.study.analysis import Findings, analyse
from acclimate.annotation.study.answers import judged, outputs_read
from acclimate.annotation.study.design import Answered, study_items
from acclimate.annotation.study.judgements import judgement_table
from acclimate.annotation.study.protocol import Protocol
from acclimate.annotation.tables import events, items, tasks
from acclimate.annotation.task_settings import CLOSED
from acclimate.annotation.tasks import add_items, create_task, task_names
from acclimate.core.errors import DataError


@dataclass(frozen=True)
class Look:
    """A look at the results: its number, the event that allowed it, which is also the last answer's limit, and why early."""

    number: int
    event: int
    last: bool
    reason: str = ""


@dataclass(frozen=True)
class Study:
    """Where a study stands."""

    protocol: Protocol
    registered: int
    """The event that fixed the protocol."""
    outputs: Mapping[str, str]
    """The row digest of each arm's predictions, as far as outputs came from a project."""
    looks: tuple[Look, ...]
    read: int
    wanted: int
    """Readings given and asked for."""

    @property
    def closed(self) -> bool:
        """Whether the last look was taken, after which nothing changes any more."""
        return any(look.last for look in self.looks)


def open_study(
    store: Store,
    protocol: Protocol,
    answered: Sequence[Answered],
    *,
    outputs: Mapping[str, str] | None = None,
    guideline: str = "",
    by: str,
) -> Study:
    """Fixes the protocol in the chain of events, then makes its task and items. Killed in between, do it again.

    `outputs` names the predictions that the answers are from, by their row digest.
    Raises DataError where a task or another study has the name.
    """
    new = study_items(protocol, answered)
    with store.write() as transaction:
        require_role(transaction.connection, by, Role.MANAGER)
        known = _registered(transaction.connection, protocol.name)
        if known is None and protocol.name in task_names(transaction.connection):
            raise DataError(f"There is already a task {protocol.name!r}.", hint="give the study another name")
        if known is not None and (known.protocol, known.outputs) != (protocol, outputs or {}):
            raise DataError(
                f"The study {protocol.name!r} was registered with another protocol or other outputs.",
                hint="a protocol is fixed once registered: give the new one another name",
            )
        if known is None:
            fixed = {"protocol": protocol.model_dump(mode="json"), "outputs": dict(outputs or {})}
            transaction.append(by, STUDY_REGISTERED, task=protocol.name, digest=protocol.digest, **fixed)
        made = protocol.name in task_names(transaction.connection)
    if not made:
        create_task(store, protocol.name, read_schema(protocol.schema_content), guideline=guideline, by=by)
    add_items(store, protocol.name, new, overlap=Overlap(), by=by)
    return study(store, protocol.name, by=by)


def study(store: Store, name: str, *, by: str) -> Study:
    """Where a study stands; says nothing of its results."""
    with store.read() as connection:
        require_role(connection, by, Role.MANAGER, Role.AUDITOR)
        return _study(connection, name)


def look(store: Store, name: str, *, by: str, close_early: str = "") -> tuple[Look, Findings]:
    """Takes the next planned look and ends blinding for it: the event is written before anything is counted.

    The k-th of n looks needs k/n of the readings, the last one all of them, or a reason to close early, which stays
    visible. Who has read in the study may not look before it is closed. Raises RefusedError otherwise.
    """
    with store.write() as transaction:
        connection = transaction.connection
        require_role(connection, by, Role.MANAGER, Role.AUDITOR)
        standing = _study(connection, name)
        number = len(standing.looks) + 1
        last = number == standing.protocol.looks or bool(close_early)
        _require_look(connection, standing, by=by, last=last, early=bool(close_early))
        details = {"look": number, "last": last, "reason": close_early}
        transaction.append(by, STUDY_LOOKED, task=name, digest=standing.protocol.digest, **details)
        if last:
            connection.execute(update(tasks).where(tasks.c.name == name).values(round=CLOSED))
    return found_at(store, name, number, by=by)


def found_at(store: Store, name: str, number: int, *, by: str) -> tuple[Look, Findings]:
    """What an earlier look found, computed anew from the answers that stood then."""
    with store.read() as connection:
        require_role(connection, by, Role.MANAGER, Role.AUDITOR)
        standing = _study(connection, name)
        if not 1 <= number <= len(standing.looks):
            raise DataError(
                f"The study {name!r} was looked at {len(standing.looks)} times, not {number}.",
                hint="acclimate study look takes the next look",
            )
        taken = standing.looks[number - 1]
        rows = list(judged(connection, standing.protocol, before=taken.event))
        outputs = list(outputs_read(connection, standing.protocol, before=taken.event))
    # Alpha left over by looks not taken is given up: an early close is tested at its own look's part.
    return taken, analyse(judgement_table(iter(rows)), standing.protocol, look=number, outputs=outputs)


def _require_look(connection: Connection, standing: Study, *, by: str, last: bool, early: bool) -> None:
    name, number, looks = standing.protocol.name, len(standing.looks) + 1, standing.protocol.looks
    if standing.closed:
        raise RefusedError(f"The study {name!r} is closed.", hint="acclimate study show prints what was found")
    needed = standing.wanted if number == looks else -(-standing.wanted * number // looks)
    if standing.read < needed and not early:
        raise RefusedError(
            f"Look {number} of {looks} needs {needed} readings and {standing.read} are given.",
            hint="wait for them, or close early with a reason, which the findings will show",
        )
    if not last and any(True for _ in standing_answers(connection, name, person=by)):
        raise RefusedError(f"{by} reads in this study, so they may not look before its end.", hint="ask another person")


def _study(connection: Connection, name: str) -> Study:
    known = _registered(connection, name)
    if known is None:
        raise DataError(f"There is no study {name!r}.", hint="acclimate study open makes one from a protocol")
    said = select(events.c.number, events.c.details).where(events.c.action == STUDY_LOOKED).order_by(events.c.number)
    looks = tuple(
        Look(row.details["look"], row.number, row.details["last"], row.details["reason"])
        for row in connection.execute(said)
        if row.details["task"] == name
    )
    rows = connection.execute(select(items.c.read, items.c.wanted).where(items.c.task == name)).all()
    read, wanted = sum(min(row.read, row.wanted) for row in rows), sum(row.wanted for row in rows)
    return replace(known, looks=looks, read=read, wanted=wanted)


def _registered(connection: Connection, name: str) -> Study | None:
    """The study as its event fixed it, nothing read yet."""
    said = select(events.c.number, events.c.details).where(events.c.action == STUDY_REGISTERED)
    for row in connection.execute(said):
        if row.details["task"] == name:
            protocol = Protocol.model_validate(row.details["protocol"])
            return Study(protocol, row.number, row.details["outputs"], (), 0, 0)
    return None

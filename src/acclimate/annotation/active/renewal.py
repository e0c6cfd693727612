"""When the order of a task is made anew without anybody asking: after so many new answers as its manager set."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from acclimate.annotation.jobs import Job, ask, is_open, newest_jobs
from acclimate.annotation.people import SYSTEM, Role, require_every_site
from acclimate.annotation.store import CURRENT, Store, moment
from acclimate.annotation.tables import answers, items, jobs, rankings, tasks
from acclimate.annotation.tasks import current_schema, require_label_question

RANKING = "ranking"


@dataclass(frozen=True)
class Renewal:
    """How far a task is from its next ranking: `given` new answers of `every` (None: only when asked for).

    `last` is the last time that it was asked for, by the server or by a manager, with what came of it.
    """

    every: int | None
    given: int
    last: Job | None

    @property
    def is_under_way(self) -> bool:
        """Whether it is being done, or waits for its turn."""
        return self.last is not None and self.last.said is None


def renewal(store: Store, task: str) -> Renewal:
    """How far a task is."""
    with store.read() as connection:
        every = connection.scalar(select(tasks.c.rank_every).where(tasks.c.name == task))
        last = next(iter(newest_jobs(connection, task, RANKING, now=moment(store.clock()))), None)
        return Renewal(every, _given_since(connection, task, _last_event(connection, task)), last)


def ask_where_due(store: Store) -> None:
    """Asks for a ranking of every task that has enough new answers, or had none yet; for one not done, only once."""
    set_to_renew = select(tasks.c.name, tasks.c.rank_every).where(tasks.c.rank_every.is_not(None))
    with store.read() as connection:
        rows = connection.execute(set_to_renew).all()
        due = [row.name for row in rows if _is_due(connection, row.name, row.rank_every)]
    for task in due:
        with store.write() as transaction:
            every = transaction.connection.scalar(select(tasks.c.rank_every).where(tasks.c.name == task))
            if every is not None and _is_due(transaction.connection, task, every):
                ask(transaction, task, RANKING, {}, by=SYSTEM)


def ask_for_ranking(store: Store, task: str, *, by: str) -> None:
    """Has a ranking made soon; nothing where one is under way. For managers of every site."""
    with store.write() as transaction:
        require_every_site(transaction.connection, by, Role.MANAGER)
        require_label_question(current_schema(transaction.connection, task))
        if not is_open(transaction.connection, task, RANKING):
            ask(transaction, task, RANKING, {}, by=by)


def _is_due(connection: Connection, task: str, every: int) -> bool:
    if is_open(connection, task, RANKING):
        return False
    last = _last_event(connection, task)
    if last == 0:
        return connection.scalar(select(items.c.id).where(items.c.task == task).limit(1)) is not None
    return _given_since(connection, task, last) >= every


def _last_event(connection: Connection, task: str) -> int:
    """The event of the last ranking, or that asked for one; 0 where there was none."""
    ranked = select(func.max(rankings.c.number)).where(rankings.c.task == task)
    asked = select(func.max(jobs.c.number)).where(jobs.c.task == task, jobs.c.kind == RANKING)
    return max(connection.scalar(ranked) or 0, connection.scalar(asked) or 0)


def _given_since(connection: Connection, task: str, event: int) -> int:
    """Answers that came after an event and stand; they are named by the events that made them."""
    place = (answers.c.number > event) & (answers.c.task == task) & (answers.c.state == CURRENT)
    return int(connection.scalar(select(func.count()).select_from(answers).where(place)) or 0)

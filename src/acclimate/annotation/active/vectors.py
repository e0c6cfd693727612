"""The vectors of a task's items, computed once and kept in the database, where erasing an item takes its vector too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, and_, delete, exists, insert, select

from acclimate.annotation.items import item_texts
from acclimate.annotation.store import Store
from acclimate.annotation.tables import items, vectors
from acclimate.core.ports import Encoder, Progress, Vectors

_STORED = np.dtype("<f2")
_AT_ONCE = 500


@dataclass(frozen=True)
class ItemVectors:
    """Items by id, sorted, and the row of each."""

    items: tuple[str, ...]
    vectors: Vectors


def item_vectors(store: Store, task: str, encoder: Encoder, *, progress: Callable[[str, int], Progress]) -> ItemVectors:
    """The vectors of all items of a task but gold; what is missing, or of another encoder, is computed and kept.

    Kept some hundreds at a time, so that readers' answers never wait long; killed in between, what was kept stays.
    """
    with store.read() as connection:
        missing = [str(item) for item in connection.scalars(_without_vector(task, encoder))]
    with progress("encoding items", len(missing)) as bar:
        for start in range(0, len(missing), _AT_ONCE):
            some = missing[start : start + _AT_ONCE]
            _keep(store, task, encoder, some)
            bar.advance(len(some))
    with store.read() as connection:
        return _kept(connection, task, encoder)


def _without_vector(task: str, encoder: Encoder) -> Select[tuple[str]]:
    has_one = and_(_same_item(), vectors.c.encoder == encoder.digest)
    return select(items.c.id).where(_of_task(task), ~exists().where(has_one).correlate(items)).order_by(items.c.id)


def _keep(store: Store, task: str, encoder: Encoder, ids: Sequence[str]) -> None:
    with store.read() as connection:
        rows = connection.execute(select(items).where(items.c.task == task, items.c.id.in_(ids))).all()
    found = encoder.encode([" ".join(item_texts(row)) for row in rows]).astype(_STORED)
    with store.write() as transaction:
        place = (vectors.c.task == task) & vectors.c.item.in_(ids)
        transaction.connection.execute(delete(vectors).where(place))
        there = set(transaction.connection.scalars(select(items.c.id).where(items.c.task == task, items.c.id.in_(ids))))
        made = [
            {"task": task, "item": row.id, "encoder": encoder.digest, "vector": vector.tobytes()}
            for row, vector in zip(rows, found, strict=True)
            if row.id in there  # not erased meanwhile
        ]
        if made:
            transaction.connection.execute(insert(vectors), made)


def _kept(connection: Connection, task: str, encoder: Encoder) -> ItemVectors:
    query = select(vectors.c.item, vectors.c.vector).join(items, _same_item()).where(_of_task(task))
    rows = sorted(connection.execute(query.where(vectors.c.encoder == encoder.digest)))
    found = [np.frombuffer(row.vector, _STORED) for row in rows]
    matrix = np.stack(found).astype(np.float32) if found else np.zeros((0, 1), dtype=np.float32)
    return ItemVectors(tuple(row.item for row in rows), matrix)


def _of_task(task: str) -> ColumnElement[bool]:
    return and_(items.c.task == task, items.c.gold.is_(None))


def _same_item() -> ColumnElement[bool]:
    return and_(vectors.c.task == items.c.task, vectors.c.item == items.c.id)

"""What a manager sees of the chosen order: what was learnt so far, and why each of the next items was chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, select

from acclimate.annotation.active.learning import ACCURACY, STABLE_AT, CurvePoint
from acclimate.annotation.active.picking import TYPICAL, UNSURE
from acclimate.annotation.active.ranking import newest_ranking
from acclimate.annotation.assignments import may_see
from acclimate.annotation.people import Role, require_role
from acclimate.annotation.store import Store
from acclimate.annotation.tables import choices, items
from acclimate.annotation.tasks import require_task

SHOWN = 50


@dataclass(frozen=True)
class Chosen:
    """An item that readers are given next, and why, in words."""

    item: str
    why: str


@dataclass(frozen=True)
class LearningView:
    """The newest ranking. `at` is None where there was none; `stability` of `STABLE_AT` and more is the time to stop."""

    at: str | None
    labelled: int
    sampled: int
    phase: str
    curve: Sequence[CurvePoint]
    stability: float | None
    chosen: Sequence[Chosen]
    measure: str

    @property
    def may_stop(self) -> bool:
        """Whether further labels would hardly change the model."""
        return self.stability is not None and self.stability >= STABLE_AT


def learning_view(store: Store, task: str, *, by: str) -> LearningView:
    """The curve, and the next items of the viewer's own sites."""
    with store.read() as connection:
        person = require_role(connection, by, Role.MANAGER)
        require_task(connection, task)
        newest = newest_ranking(connection, task)
        waiting = (
            select(choices.c.item, choices.c.why)
            .join(items, and_(items.c.task == choices.c.task, items.c.id == choices.c.item))
            .where(choices.c.task == task, ~items.c.done, ~items.c.decided, may_see(person, Role.MANAGER))
            .order_by(choices.c.place)
            .limit(SHOWN)
        )
        chosen = [Chosen(row.item, explain(row.why)) for row in connection.execute(waiting)]
    details: Mapping[str, Any] = newest["details"] if newest else {}
    return LearningView(
        at=newest["at"] if newest else None,
        labelled=details.get("labelled", 0),
        sampled=details.get("sampled", 0),
        phase=details.get("phase", ""),
        curve=[CurvePoint(**point) for point in details.get("curve", ())],
        stability=details.get("stability"),
        chosen=chosen,
        measure=details.get("measure", ACCURACY),
    )


def explain(why: Mapping[str, Any]) -> str:
    """Why an item was chosen, in words.

    >>> explain({"kind": "unsure", "between": ["low", "high"], "shares": [0.52, 0.45]})
    'the model is least sure here: low .52, high .45'
    """
    if why["kind"] == UNSURE:
        shares = zip(why["between"], why["shares"], strict=True)
        return "the model is least sure here: " + ", ".join(
            f"{label} {share:.2f}".replace(" 0.", " .") for label, share in shares
        )
    if why["kind"] == TYPICAL:
        near = f"{why['nearest']:.2f}".replace("0.", ".", 1)
        return f"stands for {why['like_it']} of {why['of']} items; likeness to what was read {near}"
    return "drawn at random, so that the accuracy stays known"

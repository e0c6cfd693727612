"""The page on which a manager has a model choose what is read next, and sees what labels have taught it so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from starlette.responses import Response

from acclimate.annotation.active.learning import LEAST_SAMPLE, STABLE_AT, CurvePoint
from acclimate.annotation.active.renewal import ask_for_ranking, ask_where_due, renewal
from acclimate.annotation.active.view import learning_view
from acclimate.annotation.people import Role
from acclimate.annotation.tasks import change_settings, settings_of
from acclimate.app.web import Page, Visit, go_to

_MANAGER = frozenset({Role.MANAGER})
WIDTH, HEIGHT, LEFT, BOTTOM = 640, 240, 46, 30
"""Of the figure, in its own units, with room for the numbers on two sides."""


@dataclass(frozen=True)
class Dot:
    """A point of the curve in the figure's units, with its interval."""

    point: CurvePoint
    x: float
    y: float
    low: float
    high: float


def show_learning(visit: Visit) -> Response:
    """The learning curve as a figure and a table, and the items that come next."""
    task = visit.path["task"]
    view = learning_view(visit.store, task, by=visit.person.name)
    with visit.store.read() as connection:
        settings = settings_of(connection, task)
    return visit.page(
        "learning.html",
        task=task,
        view=view,
        settings=settings,
        dots=place_dots(view.curve),
        lines=[(share, _height(share)) for share in (0.0, 0.25, 0.5, 0.75, 1.0)],
        renewal=renewal(visit.store, task),
        size=(WIDTH, HEIGHT, LEFT, BOTTOM),
        stable_at=STABLE_AT,
        least_sample=LEAST_SAMPLE,
    )


def save_order(visit: Visit) -> Response:
    """Sets whether a model chooses what is read next, and after how many new answers it does so anew."""
    task = visit.path["task"]
    with visit.store.read() as connection:
        settings = settings_of(connection, task)
    chosen = replace(
        settings,
        active=bool(visit.text("active")),
        random_percent=visit.whole_number("random_percent", low=1, high=100),
        rank_every=visit.whole_number("rank_every", low=0, high=1_000_000) or None,
    )
    change_settings(visit.store, task, chosen, by=visit.person.name)
    ask_where_due(visit.store)
    return go_to(f"/tasks/{task}/learning")


def rank_now(visit: Visit) -> Response:
    """Has the items chosen and the learning measured beside the serving."""
    ask_for_ranking(visit.store, visit.path["task"], by=visit.person.name)
    return go_to(f"/tasks/{visit.path['task']}/learning")


def place_dots(curve: Sequence[CurvePoint]) -> list[Dot]:
    """Where the points lie: labelled items from left to right beginning at none, the measure upwards from 0 to 1.

    >>> place_dots([CurvePoint(labels=50, accuracy=0.5, low=0.25, high=0.75)])[0].x
    628.0
    """
    most = max((point.labels for point in curve), default=1)
    room = WIDTH - LEFT - 12
    return [
        Dot(
            point,
            round(LEFT + room * point.labels / most, 1),
            _height(point.accuracy),
            _height(point.low),
            _height(point.high),
        )
        for point in curve
    ]


def _height(share: float) -> float:
    return round(8 + (HEIGHT - BOTTOM - 8) * (1 - share), 1)


PAGES = (
    Page("/tasks/{task}/learning", show_learning, allowed=_MANAGER),
    Page("/tasks/{task}/learning", save_order, method="POST", allowed=_MANAGER),
    Page("/tasks/{task}/learning/now", rank_now, method="POST", allowed=_MANAGER),
)

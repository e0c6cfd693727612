"""Pages on which a manager steers a task: how it is handed out, which items there are, and one item with its answers."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from acclimate.annotation.assignments import shown_order
from acclimate.annotation.distribution import known_skill, require_skill, set_readings
from acclimate.annotation.items import Overlap
from acclimate.annotation.outlook import STATES, find_items
from acclimate.annotation.people import Role
from acclimate.annotation.quota import add_quotas, read_quotas
from acclimate.annotation.relabelling import set_gold
from acclimate.annotation.review import seen_item
from acclimate.annotation.task_settings import PILOT, WORK
from acclimate.annotation.tasks import (
    change_settings,
    current_schema,
    require_task,
    set_priority,
    settings_of,
    start_round,
)
from acclimate.app.reading import fields_shown
from acclimate.app.web import Page, Visit, go_to
from acclimate.core.errors import ConfigError

_MANAGER, _LEADING = frozenset({Role.MANAGER}), frozenset({Role.MANAGER, Role.REVIEWER})


def show_settings(visit: Visit) -> Response:
    """How a task is handed out, to change."""
    task = visit.path["task"]
    with visit.store.read() as connection:
        settings, running = settings_of(connection, task), require_task(connection, task).round
    return visit.page(
        "settings.html",
        task=task,
        settings=settings,
        round=running,
    )


def save_settings(visit: Visit) -> Response:
    """Hands a task out as the form says."""
    task, by = visit.path["task"], visit.person.name
    gold_every = visit.whole_number("gold_every", low=0, high=1000)
    training = visit.whole_number("training", low=0, high=1000)
    with visit.store.read() as connection:
        before = settings_of(connection, task)
    settings = replace(
        before,
        lease_minutes=visit.whole_number("lease_minutes", low=1, high=24 * 60),
        gold_every=gold_every or None,
        gold_feedback=bool(visit.text("gold_feedback")),
        training=training or None,
        training_percent=visit.whole_number("training_percent", low=1, high=100),
        quick=bool(visit.text("quick")),
        beside=bool(visit.text("beside")),
    )
    change_settings(visit.store, task, settings, by=by)
    wanted = visit.text("round")
    with visit.store.read() as connection:
        running = require_task(connection, task).round
    if wanted in (PILOT, WORK) and wanted != running:
        start_round(visit.store, task, wanted, by=by)
    return go_to(f"/tasks/{task}")


def save_readings(visit: Visit) -> Response:
    """Has items read as often as the form says from now on."""
    overlap = Overlap(
        visit.whole_number("readings", low=1, high=20), visit.whole_number("share", low=0, high=100) / 100
    )
    set_readings(visit.store, visit.path["task"], overlap, by=visit.person.name)
    return go_to(f"/tasks/{visit.path['task']}")


def save_skill(visit: Visit) -> Response:
    """Hands the items of a task only to people with a skill from now on."""
    require_skill(visit.store, visit.path["task"], visit.text("skill").strip(), by=visit.person.name)
    return go_to(f"/tasks/{visit.path['task']}")


def plan_examples(visit: Visit) -> Response:
    """Adds examples to be written, by site and group."""
    plan = read_quotas(visit.text("plan").strip())
    with visit.store.read() as connection:
        skill = known_skill(connection, visit.text("skill").strip())
    add_quotas(visit.store, visit.path["task"], plan, skill=skill, by=visit.person.name)
    return go_to(f"/tasks/{visit.path['task']}")


def show_items(visit: Visit) -> Response:
    """The items of a task, searched by words and state."""
    task, words, state = visit.path["task"], visit.text("words"), visit.text("state") or "any"
    count, found = find_items(visit.store, task, words=words, state=state, by=visit.person.name)
    return visit.page("items.html", task=task, words=words, state=state, states=list(STATES), count=count, found=found)


def show_item(visit: Visit) -> Response:
    """One item with its answers. Whoever looks at it will not be asked to read it."""
    task, item = visit.path["task"], visit.text("item")
    seen = seen_item(visit.store, task, item, visit.person.name)
    with visit.store.read() as connection:
        schema = current_schema(connection, task)
    return visit.page(
        "item.html",
        task=task,
        row=seen.row,
        candidates=shown_order(seen.row, visit.person.name),
        given=seen.answers,
        schema=schema,
        fields=fields_shown(seen.row.record, schema),
    )


def change_item(visit: Visit) -> Response:
    """Moves an item forward or back, or makes it no gold item any more."""
    task, item, by = visit.path["task"], visit.text("item"), visit.person.name
    if visit.text("what") == "first":
        set_priority(visit.store, task, {item: 100}, by=by)
    elif visit.text("what") == "usual":
        set_priority(visit.store, task, {item: 0}, by=by)
    elif visit.text("what") == "no gold":
        set_gold(visit.store, task, item, None, by=by)
    else:
        raise ConfigError("There is no such change of an item.", hint="load the page again")
    return go_to(f"/tasks/{task}/items")


PAGES = (
    Page("/tasks/{task}/settings", show_settings, allowed=_MANAGER),
    Page("/tasks/{task}/settings", save_settings, method="POST", allowed=_MANAGER),
    Page("/tasks/{task}/readings", save_readings, method="POST", allowed=_MANAGER),
    Page("/tasks/{task}/skill", save_skill, method="POST", allowed=_MANAGER),
    Page("/tasks/{task}/examples", plan_examples, method="POST", allowed=_MANAGER),
    Page("/tasks/{task}/items", show_items, allowed=_LEADING),
    Page("/tasks/{task}/items", show_items, method="POST", allowed=_LEADING),
    Page("/tasks/{task}/item", show_item, method="POST", allowed=_LEADING),
    Page("/tasks/{task}/item/change", change_item, method="POST", allowed=_MANAGER),
)

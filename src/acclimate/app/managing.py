"""Pages of managers and of those who check: tasks, records, people, progress and snapshots."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import yaml
from starlette.responses import Response

from acclimate.annotation.code_search import code_lists
from acclimate.annotation.distribution import known_skill
from acclimate.annotation.export import export_snapshot
from acclimate.annotation.items import Overlap
from acclimate.annotation.outlook import outlook
from acclimate.annotation.people import GRANTED_BY_MANAGERS, PROJECT_WIDE, Person, Role, active_people, save_person
from acclimate.annotation.quota import quotas_of
from acclimate.annotation.review import CHECKING, progress, reader_records
from acclimate.annotation.tasks import (
    TASK_NAME,
    add_items,
    create_task,
    current_schema,
    guideline,
    label_question,
)
from acclimate.annotation.training import trainings
from acclimate.app.identity import INVITATION_DAYS, invite, remove_access
from acclimate.app.reading import depths
from acclimate.app.records_input import read_items
from acclimate.app.schema_form import KINDS, MARKED, MAX_QUESTIONS, schema_of
from acclimate.app.web import Page, Visit, go_to
from acclimate.core.errors import ConfigError
from acclimate.project.annotation_snapshots import ANNOTATION_SNAPSHOTS

MAX_UPLOAD = 50_000_000
ROLES = {
    Role.ANNOTATOR: "reads and answers",
    Role.REVIEWER: "decides where readers differ",
    Role.VALIDATOR: "reads and judges outputs of models alone",
    Role.MANAGER: "makes tasks, brings records, invites those above, exports",
    Role.APPROVER: "sees progress and agreement, to sign what rests on them",
    Role.AUDITOR: "sees progress and agreement",
    Role.OWNER: "gives and takes every role",
}
_MANAGER = frozenset({Role.MANAGER})
_ADMITTING = frozenset({Role.OWNER, Role.MANAGER})


def draw_task(visit: Visit) -> Response:
    """The form of a new task."""
    lists = [name for name, _ in code_lists(visit.store)]
    return visit.page("new_task.html", kinds=KINDS, marked=MARKED, most=MAX_QUESTIONS, code_lists=lists)


def preview_task(visit: Visit) -> Response:
    """The questions as annotators will see them."""
    return visit.page("preview.html", schema=schema_of(visit), depths=depths)


def make_task(visit: Visit) -> Response:
    """Creates the task that the form describes."""
    name = visit.text("task").strip()
    if not TASK_NAME.fullmatch(name):
        raise ConfigError(
            f"A task cannot be called {name[:60]!r}.", hint="use small letters, digits, - and _, such as urgency-2026"
        )
    guidance = visit.text("guideline").replace("\r\n", "\n")
    create_task(visit.store, name, schema_of(visit), guideline=guidance, by=visit.person.name)
    return go_to(f"/tasks/{name}")


def show_task(visit: Visit) -> Response:
    """How far a task is and how its readers do, with its schema as configuration."""
    return _task_page(visit, rate="")


def estimate(visit: Visit) -> Response:
    """The same, with what the rest costs at the rate of the form."""
    rate = visit.text("rate").strip().replace(",", ".")
    if not re.fullmatch(r"\d{1,6}(\.\d{1,2})?", rate):
        raise ConfigError(f"The rate is {rate[:20]!r}.", hint="give what an hour costs, such as 35 or 35.50")
    return _task_page(visit, rate=rate)


def _task_page(visit: Visit, *, rate: str) -> Response:
    task, name = visit.path["task"], visit.person.name
    with visit.store.read() as connection:
        schema = current_schema(connection, task)
    ahead = outlook(visit.store, task, by=name)
    configuration = yaml.safe_dump(schema.model_dump(mode="json", exclude_defaults=True), sort_keys=False)
    return visit.page(
        "task.html",
        task=task,
        progress=progress(visit.store, task, by=name),
        readers=reader_records(visit.store, task, by=name),
        outlook=ahead,
        trainings=trainings(visit.store, task, by=name),
        quotas=quotas_of(visit.store, task, by=name),
        cost=ahead.cost(float(rate)) if rate else None,
        rate=rate,
        configuration=configuration,
        may_learn=label_question(schema) is not None,
        guideline=guideline(visit.store, task),
    )


def bring_records(visit: Visit) -> Response:
    """Adds records to a task, each to be read as often as the form says."""
    readings = visit.whole_number("readings", low=1, high=20)
    share = visit.whole_number("share", low=0, high=100) / 100
    with visit.store.read() as connection:
        skill = known_skill(connection, visit.text("skill").strip())
    priority, pilot = visit.whole_number("priority", low=0, high=1000), bool(visit.text("pilot"))
    items = [replace(item, skill=skill, priority=priority, pilot=pilot) for item in read_items(visit.text("records"))]
    add_items(
        visit.store, visit.path["task"], items, overlap=Overlap(readings=readings, share=share), by=visit.person.name
    )
    return go_to(f"/tasks/{visit.path['task']}")


def take_snapshot(visit: Visit) -> Response:
    """Exports the annotated records as an artifact in the project's restricted folder."""
    task = visit.path["task"]
    if not TASK_NAME.fullmatch(task):
        raise ConfigError("This task's name cannot be that of a folder.", hint="export it with acclimate.annotation")
    folder = visit.office.folder / ANNOTATION_SNAPSHOTS
    _make_private(folder.parent)
    _make_private(folder)
    snapshot = export_snapshot(visit.store, task, folder / task, by=visit.person.name)
    shown = snapshot.folder.relative_to(visit.office.folder)
    return visit.page("snapshot.html", task=task, folder=shown, snapshot=snapshot)


def show_people(visit: Visit) -> Response:
    """Who is in the project."""
    return _people(visit, link="")


def add_person(visit: Visit) -> Response:
    """Adds a person or changes one, and shows the link that lets them choose a password, this once."""
    given = visit.form.get("roles", ())
    roles = tuple(role for role in Role if role in given)
    if not roles:
        raise ConfigError("The person has no role.", hint="choose at least one")
    name = visit.text("name").strip()
    if len(name) > 100 or not name.isprintable():
        raise ConfigError("The name is too long or not printable.", hint="at most 100 characters")
    sites, skills = (tuple(filter(None, map(str.strip, visit.text(field).split(",")))) for field in ("sites", "skills"))
    if name == visit.person.name and not _ADMITTING & set(roles):
        raise ConfigError("You could not come back to this page.", hint="let another owner or manager do it")
    save_person(visit.store, Person(name, roles, sites, skills, _quota(visit, name)), by=visit.person.name)
    return _people(visit, link=invite(visit.store, name, by=visit.person.name), invited=name)


def _quota(visit: Visit, name: str) -> int | None:
    """How many readings of a task the person takes at most: what the form says, 0 for no limit, else as it was."""
    if visit.text("quota").strip():
        return visit.whole_number("quota", low=0, high=1_000_000) or None
    with visit.store.read() as connection:
        return {one.name: one.quota for one, _ in active_people(connection)}.get(name)


def drop_person(visit: Visit) -> Response:
    """Takes a person's rights away."""
    if visit.text("name") == visit.person.name:
        raise ConfigError("You cannot remove yourself.", hint="let another manager do it")
    remove_access(visit.store, visit.text("name"), by=visit.person.name)
    return go_to("/people")


def _people(visit: Visit, *, link: str, invited: str = "") -> Response:
    with visit.store.read() as connection:
        found = [(one, joined) for one, joined in active_people(connection) if _is_of_sites(one, visit.person)]
    address = f"{visit.office.origins[0]}/join/{link}" if link else ""
    given = set(Role) if Role.OWNER in visit.person.roles else GRANTED_BY_MANAGERS
    return visit.page(
        "people.html",
        people=found,
        link=address,
        invited=invited,
        days=INVITATION_DAYS,
        roles={role: says for role, says in ROLES.items() if role in given},
        project_wide=[role for role in ROLES if role in PROJECT_WIDE],
    )


def _is_of_sites(person: Person, viewer: Person) -> bool:
    own, reached = viewer.reaches(*_ADMITTING), person.reaches(*person.roles)
    return own is None or person.name == viewer.name or (reached is not None and reached <= own)


def _make_private(folder: Path) -> None:
    """Makes a folder that only this user can read: annotated texts may name people."""
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)


PAGES = (
    Page("/new-task", draw_task, allowed=_MANAGER),
    Page("/new-task/preview", preview_task, method="POST", allowed=_MANAGER),
    Page("/new-task", make_task, method="POST", allowed=_MANAGER),
    Page("/tasks/{task}", show_task, allowed=frozenset(CHECKING)),
    Page("/tasks/{task}/estimate", estimate, method="POST", allowed=frozenset(CHECKING)),
    Page("/tasks/{task}/records", bring_records, method="POST", allowed=_MANAGER, max_body=MAX_UPLOAD),
    Page("/tasks/{task}/snapshot", take_snapshot, method="POST", allowed=_MANAGER),
    Page("/people", show_people, allowed=_ADMITTING),
    Page("/people", add_person, method="POST", allowed=_ADMITTING),
    Page("/people/remove", drop_person, method="POST", allowed=_ADMITTING),
)

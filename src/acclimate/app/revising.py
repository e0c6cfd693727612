"""Pages for what changes while a project runs: the guideline, and labels renamed, merged and split, each first as a preview."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from acclimate.annotation.people import Role
from acclimate.annotation.relabelling import (
    Effect,
    effect_of_new_meaning,
    effect_of_new_names,
    merge_labels,
    rename_label,
    revise_guideline,
    split_label,
)
from acclimate.annotation.schema import Choice, LabelSchema, Option, Spans, labels_of
from acclimate.annotation.schema_history import trail
from acclimate.annotation.tasks import current_schema, guideline, guideline_version
from acclimate.app.schema_form import options_of
from acclimate.app.web import Page, Visit, go_to
from acclimate.core.errors import ConfigError

_MANAGER = frozenset({Role.MANAGER})


@dataclass(frozen=True)
class Revision:
    """A change that waits for the manager's word: what it is, and what it does."""

    says: str
    effect: Effect
    requeues: bool


def show_guideline(visit: Visit) -> Response:
    """The guideline to edit, with the labels whose meaning may change, and its versions."""
    task = visit.path["task"]
    return _page(visit, "guideline.html", guideline=guideline(visit.store, task), revision=None)


def save_guideline(visit: Visit) -> Response:
    """Saves a version; where it changes what labels mean, first shows what would be read again."""
    task, by = visit.path["task"], visit.person.name
    content, changed = visit.text("guideline").replace("\r\n", "\n"), _changed_labels(visit)
    if changed and not visit.text("confirmed"):
        effect = effect_of_new_meaning(visit.store, task, changed, by=by)
        named = ", ".join(label for labels in changed.values() for label in labels)
        revision = Revision(f"The guideline changes what {named} means.", effect, requeues=True)
        return _page(visit, "guideline.html", guideline=content, revision=revision)
    revise_guideline(visit.store, task, content, changes_meaning_of=changed, by=by)
    return go_to(f"/tasks/{task}/guideline")


def show_labels(visit: Visit) -> Response:
    """The labels of a task, with the forms that change them and what was changed so far."""
    return _page(visit, "labels.html", revision=None)


def change_labels(visit: Visit) -> Response:
    """Changes labels, once the manager has seen what it does."""
    task, question, change = visit.path["task"], visit.text("question"), visit.text("change")
    if change not in _CHANGES:
        raise ConfigError("There is no such change of labels.", hint="rename, merge or split")
    if not visit.text("confirmed"):
        return _page(visit, "labels.html", revision=_preview(visit, task, question, change))
    labels, by = list(visit.form.get("label", ())), visit.person.name
    if change == "split":
        split_label(visit.store, task, question, label=_one(labels), into=_new_labels(visit), by=by)
    elif change == "rename":
        rename_label(visit.store, task, question, old=_one(labels), new=_new_name(visit), by=by)
    else:
        merge_labels(visit.store, task, question, labels=labels, into=_new_name(visit), by=by)
    return go_to(f"/tasks/{task}/labels")


def _preview(visit: Visit, task: str, question: str, change: str) -> Revision:
    labels, by = list(visit.form.get("label", ())), visit.person.name
    if change == "split":
        into = ", ".join(option.name for option in _new_labels(visit))
        effect = effect_of_new_meaning(visit.store, task, {question: [_one(labels)]}, by=by)
        return Revision(f"{_one(labels)} becomes {into}.", effect, requeues=True)
    new = _new_name(visit)
    if change == "rename":
        _one(labels)
    elif len(set(labels) | {new}) < 2 or not labels:
        raise ConfigError("There is nothing to merge.", hint="choose two labels or more")
    replaced = {label: new for label in labels if label != new}
    effect = effect_of_new_names(visit.store, task, question, replaced, by=by)
    return Revision(f"{' and '.join(labels)}: {new} from now on.", effect, requeues=False)


def _page(visit: Visit, template: str, **shown: Any) -> Response:
    task = visit.path["task"]
    with visit.store.read() as connection:
        schema = current_schema(connection, task)
        version = guideline_version(connection, task)
        changes = trail(connection, task)
    given = {name: list(values) for name, values in visit.form.items() if name not in ("form_token", "confirmed")}
    return visit.page(
        template,
        task=task,
        labelled=_labelled(schema),
        labels_of=labels_of,
        version=version,
        trail=changes,
        given=given,
        chosen=set(visit.form.get("changed", ())),
        as_value=lambda question, label: json.dumps([question, label]),
        **shown,
    )


def _labelled(schema: LabelSchema) -> list[Choice | Spans]:
    return [question for question in schema.questions if isinstance(question, Choice | Spans)]


def _changed_labels(visit: Visit) -> Mapping[str, Sequence[str]]:
    """The labels that are ticked, by question."""
    found: dict[str, list[str]] = {}
    for value in visit.form.get("changed", ()):
        try:
            question, label = json.loads(value)
        except ValueError:
            raise ConfigError("A label was not sent as the page writes it.", hint="load the page again") from None
        found.setdefault(str(question), []).append(str(label))
    return found


def _new_name(visit: Visit) -> str:
    name = visit.text("into").strip()
    if not name or len(name) > 200 or not name.isprintable():
        raise ConfigError("The label needs a name.", hint="one line of up to 200 characters")
    return name


def _new_labels(visit: Visit) -> Sequence[Option]:
    options = [Option(name=one["name"], description=one["description"]) for one in options_of(visit.text("into"))]
    if len(options) < 2:
        raise ConfigError("A label is split into two or more.", hint="write one a line")
    return options


def _one(labels: Sequence[str]) -> str:
    if len(labels) != 1:
        raise ConfigError(f"{len(labels)} labels are chosen.", hint="choose one")
    return labels[0]


_CHANGES = ("rename", "merge", "split")

PAGES = (
    Page("/tasks/{task}/guideline", show_guideline, allowed=_MANAGER),
    Page("/tasks/{task}/guideline", save_guideline, method="POST", allowed=_MANAGER),
    Page("/tasks/{task}/labels", show_labels, allowed=_MANAGER),
    Page("/tasks/{task}/labels", change_labels, method="POST", allowed=_MANAGER),
)

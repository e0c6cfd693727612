"""The audited sample as an annotation task: its records with what was replaced suggested, and a snapshot of it as marks."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acclimate.annotation.export import Snapshot, export_snapshot
from acclimate.annotation.items import NewItem, Overlap
from acclimate.annotation.schema import LabelSchema, Option, Spans
from acclimate.annotation.store import Store
from acclimate.annotation.suggestions.proposals import Source, Suggested, save_suggestions
from acclimate.annotation.task_settings import SHOWN, TaskSettings
from acclimate.annotation.tasks import TASK_NAME, add_items, create_task, current_schema, require_task, task_names
from acclimate.certificate.count import SampledRecord, is_covered, touches
from acclimate.certificate.marks import MISSED, WRONG, Mark, Reading
from acclimate.core.errors import ConfigError, DataError
from acclimate.stages.deidentify.records import Passage

QUESTION = "identifiers"
GUIDELINE = """Read every record to its end; it stands here as it was before de-identification.

1. Take over what is suggested: each mark is a stretch that was replaced.
2. Mark every identifier that is not marked, or of which a part is not, with its class.
3. Remove a mark where the words identify nobody.

What you save is taken as all identifiers of the record: a replaced stretch that you leave unmarked counts as replaced
without need.
"""
_SOURCE = Source("deidentify", "1")


@dataclass(frozen=True)
class SampleTask:
    """A task of a project's annotations, how many readings new items of it want, and who puts them there or takes them."""

    store: Store
    name: str
    by: str
    readings: int = 1

    def __post_init__(self) -> None:
        if not TASK_NAME.fullmatch(self.name):
            raise ConfigError(
                f"{self.name[:80]!r} cannot be the name of a task.",
                hint="small letters, digits, - and _, at most 60, a letter or a digit first",
            )


def put_sample(task: SampleTask, records: Sequence[SampledRecord], *, kinds: Iterable[str]) -> int:
    """Adds the sample's records to the task, which is made where there is none; how many were new.

    An item is a record under its open id, all its texts as one; suggested is what was replaced. Doing it again adds
    what is missing. Raises DataError for a task that asks something else.
    """
    options = tuple(Option(name=kind) for kind in kinds)
    question = Spans(name=QUESTION, prompt="Everything that identifies somebody", options=options)
    schema = LabelSchema(questions=(question,))
    if not _is_there(task, schema):
        settings = TaskSettings(suggestions=SHOWN)
        create_task(task.store, task.name, schema, guideline=GUIDELINE, settings=settings, by=task.by)
    items = [NewItem(_item_record(record)) for record in records]
    added = add_items(task.store, task.name, items, overlap=Overlap(task.readings), by=task.by)
    suggested = (
        Suggested(record.id, _replaced(record)) for record in records if any(one.edits for one in record.passages)
    )
    save_suggestions(task.store, task.name, _SOURCE, suggested, by=task.by)
    return added


def finished_readings(task: SampleTask, folder: Path) -> Snapshot:
    """A snapshot of the task, exported below a private folder as the pages do it; equal states give the same one."""
    with task.store.read() as connection:
        require_task(connection, task.name)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return export_snapshot(task.store, task.name, folder / task.name, by=task.by)


def reading_of(
    rows: Iterable[Mapping[str, Any]], records: Sequence[SampledRecord], *, kinds: Collection[str]
) -> Reading:
    """What the finished readings in a snapshot's rows say of the sample's records.

    Rows of other records are left out, and so is what was accepted in bulk: nobody read it. Raises DataError for a row
    whose text is not the record's, and for a missed identifier of a class that is not known.
    """
    by_id = {record.id: record for record in records}
    read, marks = set[str](), list[Mark]()
    for row in rows:
        record = by_id.get(row["parents"][0])
        if record is None or _is_unread(row):
            continue
        if row["text"] != _joined(record.passages):
            raise DataError(
                f"The item {record.id} of the task holds another text than the sample's record, so that its marks"
                " cannot be counted.",
                hint="put the sample into a new task: acclimate certificate sample --task NAME",
            )
        read.add(record.id)
        marks += _marks(record, row["spans"] or (), kinds)
    return Reading(frozenset(read), tuple(marks))


def _is_there(task: SampleTask, schema: LabelSchema) -> bool:
    with task.store.read() as connection:
        if task.name not in task_names(connection):
            return False
        there = current_schema(connection, task.name)
    if there.questions != schema.questions:
        raise DataError(
            f"The task {task.name!r} asks something else already.", hint="give the sample a task of its own"
        )
    return True


def _item_record(record: SampledRecord) -> dict[str, Any]:
    """The record as readers get it; only open ids, by which an erasure finds it too."""
    subject = None if record.subject == record.id else record.subject
    return {"id": record.id, "text": _joined(record.passages), "site": record.site or None, "subject_id": subject}


def _joined(passages: Sequence[Passage]) -> str:
    return "".join(f"{heading}{passage.text}" for heading, passage in _headed(passages))


def _headed(passages: Sequence[Passage]) -> Iterator[tuple[str, Passage]]:
    """Each passage with what stands above it; a single one stands alone."""
    for number, passage in enumerate(passages):
        between = "\n\n" if number else ""
        yield (f"{between}[{passage.place}]\n" if len(passages) > 1 else ""), passage


def _placed(passages: Sequence[Passage]) -> Iterator[tuple[int, Passage]]:
    """Where in the joined text each passage begins."""
    end = 0
    for heading, passage in _headed(passages):
        yield end + len(heading), passage
        end += len(heading) + len(passage.text)


def _replaced(record: SampledRecord) -> dict[str, Any]:
    spans = [
        {"field": "text", "start": begin + edit.start, "end": begin + edit.end, "label": edit.kind}
        for begin, passage in _placed(record.passages)
        for edit in passage.edits
    ]
    return {QUESTION: {"spans": spans, "relations": []}}


def _is_unread(row: Mapping[str, Any]) -> bool:
    return bool(json.loads(row["extra"] or "{}").get("suggestion", {}).get("accepted_in_bulk"))


def _marks(record: SampledRecord, spans: Sequence[Mapping[str, Any]], kinds: Collection[str]) -> Iterator[Mark]:
    """The spans as a filled-in table would have them: those not wholly replaced, and what was replaced outside of them."""
    for begin, passage in _placed(record.passages):
        # A mark that reaches into a heading is meant for the words beside it.
        stretches = [
            (max(span["start"] - begin, 0), min(span["end"] - begin, len(passage.text)), span["label"])
            for span in spans
            if span["start"] < begin + len(passage.text) and span["end"] > begin
        ]
        for start, end, kind in stretches:
            if is_covered(passage, start, end):
                continue
            if kind not in kinds:
                raise DataError(
                    f"Record {record.id}: an identifier that was missed has the label {kind[:40]!r}, which is no class.",
                    hint=f"use one of: {', '.join(sorted(kinds))}",
                )
            yield _mark(record, passage, MISSED, kind, start, end)
        for edit in passage.edits:
            if not any(touches(edit, start, end) for start, end, _ in stretches):
                yield _mark(record, passage, WRONG, edit.kind, edit.start, edit.end)


def _mark(record: SampledRecord, passage: Passage, mark: str, kind: str, start: int, end: int) -> Mark:
    return Mark(0, record.id, mark, kind, passage.text[start:end], passage.place, start, end)

"""How annotations leave the database: as readings for statistics, and as a snapshot of records for the pipeline."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import Connection, Row, select

from acclimate.annotation.assignments import BULK, READING, may_see
from acclimate.annotation.people import Person, require_role
from acclimate.annotation.readings import Label, Readings
from acclimate.annotation.review import CHECKING
from acclimate.annotation.schema import Choice, MarkedSpans, Question, Rating, Spans, labels_of
from acclimate.annotation.schema_history import GivenAnswer, standing_answers
from acclimate.annotation.settled import annotated_record, plain_record, undecided
from acclimate.annotation.snapshot_manifest import STEP, snapshot_manifest
from acclimate.annotation.span_readings import SpanReadings
from acclimate.annotation.store import Store, moment
from acclimate.annotation.study.blinding import require_unblinded
from acclimate.annotation.suggestions.exposure import proposals_for
from acclimate.annotation.tables import items
from acclimate.annotation.tasks import current_schema, guideline_version
from acclimate.core.artifacts import Output
from acclimate.core.atomic import json_digest, publish_folder, write_json
from acclimate.core.errors import DataError
from acclimate.core.report import Counts, Report
from acclimate.core.schema import records_table
from acclimate.project.locks import run_lock
from acclimate.project.manifests import MANIFEST, REPORT, RUN

YES, NO = "yes", "no"
_CODE = "2"
"""Changes when equal annotations would give another snapshot."""
_ROWS = 1024
_SPAN = pl.Struct({"field": pl.String, "start": pl.Int64, "end": pl.Int64, "label": pl.String})
_SPAN_TABLE: dict[str, pl.DataType] = {
    "item": pl.String(),
    "annotator": pl.String(),
    "spans": pl.List(_SPAN),
    "cluster": pl.String(),
    "length": pl.Int64(),
}


@dataclass(frozen=True)
class Snapshot:
    """A finished export: its folder, its digest, and how many items are in it and why the others are not."""

    folder: Path
    identity: str
    counts: Counts


def label_readings(store: Store, task: str, question: str, *, by: str, option: str | None = None) -> Readings:
    """Who gave which item which label, gold items and other sites' left out; ties between items are of their subjects.

    For a question with several labels an answer, `option` names the label whose presence (yes or no) is read.
    """

    def scale(asked: Question) -> Sequence[Label]:
        if not isinstance(asked, Choice) or asked.multiple != (option is not None):
            raise DataError(
                f"Readings of the question {question} are labels only with one label an answer, or of one option.",
                hint="name an option where several labels may be chosen, and none where one is",
            )
        return [NO, YES] if option is not None else labels_of(asked)

    def value(given: GivenAnswer) -> Label | None:
        chosen: str | None = given.content.get(question)
        if option is None or chosen is None:
            return chosen
        return YES if option in chosen else NO

    return _read_values(store, task, question, by, scale, value)


def rating_readings(store: Store, task: str, question: str, *, by: str, criterion: str) -> Readings:
    """Who gave which item which number for a criterion; the scale has every number from the lowest to the highest."""

    def scale(asked: Question) -> Sequence[Label]:
        if not isinstance(asked, Rating) or criterion not in asked.criteria:
            raise DataError(f"The question {question} has no such criterion.", hint="name one that is rated")
        return range(asked.low, asked.high + 1)

    def value(given: GivenAnswer) -> Label | None:
        return (given.content.get(question) or {}).get(criterion)

    return _read_values(store, task, question, by, scale, value)


def _read_values(
    store: Store,
    task: str,
    question: str,
    by: str,
    scale: Callable[[Question], Sequence[Label]],
    value: Callable[[GivenAnswer], Label | None],
) -> Readings:
    with store.read() as connection:
        viewer = require_role(connection, by, *CHECKING)
        labels = scale(current_schema(connection, task).question(question))
        rows = [
            {"item": row.id, "annotator": given.person, "label": value(given), "cluster": tie_of(row)}
            for row, given in _readings(connection, task, viewer)
        ]
    _note_readings(store, task, question, len(rows), by=by)
    kind = pl.Int64 if isinstance(labels, range) else pl.String
    table = pl.DataFrame(rows, schema={"item": pl.String, "annotator": pl.String, "label": kind, "cluster": pl.String})
    return Readings.from_table(table, labels=labels)


def span_readings(store: Store, task: str, question: str, *, by: str) -> SpanReadings:
    """Who marked which spans, gold items and other sites' left out; an item's length is that of its marked fields."""
    with store.read() as connection:
        viewer = require_role(connection, by, *CHECKING)
        asked = current_schema(connection, task).question(question)
        if not isinstance(asked, Spans):
            raise DataError(f"The question {question} asks for no spans.", hint="name a question for spans")
        rows = [
            {
                "item": row.id,
                "annotator": given.person,
                "spans": _spans(given, question),
                "cluster": tie_of(row),
                "length": sum(len(row.record.get(field) or "") for field in asked.fields),
            }
            for row, given in _readings(connection, task, viewer)
        ]
    _note_readings(store, task, question, len(rows), by=by)
    return SpanReadings.from_table(pl.DataFrame(rows, schema=_SPAN_TABLE))


def export_snapshot(store: Store, task: str, destination: Path, *, by: str) -> Snapshot:
    """Writes the annotated records as an artifact `<destination>/<key>`: equal states of a task give equal bytes.

    Its zone is the restricted one, since records may hold identifiers. Of a person whose role is limited to sites it
    holds theirs alone, and the sites are part of its config. Items that are not read often enough, and those whose readers differ without a decision, are set aside with the
    reason. The export is an event; who made it, when, and which event it is stand in run.json. Readers go on meanwhile.
    Raises RefusedError for a blind study that is not closed.
    """
    with store.read() as connection:
        viewer = require_role(connection, by, *CHECKING)
        require_unblinded(connection, task)
    destination.mkdir(parents=True, exist_ok=True)
    with run_lock(destination / ".lock"):
        return _export(store, task, destination, viewer=viewer)


def _export(store: Store, task: str, destination: Path, *, viewer: Person) -> Snapshot:
    made = destination / ".partial"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()
    with store.read() as connection:
        state = _state_digest(connection, task, viewer)
        report = _write_records(connection, task, made, viewer)
    write_json(made / REPORT, report.to_json())
    sites = viewer.reaches(*CHECKING)
    config = {"task": task, **({} if sites is None else {"sites": sorted(sites)})}
    manifest = snapshot_manifest(made, of=task, state=state, config=config, code=_CODE)
    with store.write() as transaction:
        details = {"task": task, "key": manifest.key, "identity": manifest.identity}
        # Said first: killed in between, it is said once more; the other way round an export could go unsaid.
        number = transaction.append(viewer.name, "snapshot exported", **details)
    write_json(made / RUN, {"at": moment(transaction.now), "who": viewer.name, "event": number})
    write_json(made / MANIFEST, manifest.model_dump(mode="json"))
    publish_folder(made, destination / manifest.key)
    return Snapshot(destination / manifest.key, manifest.identity, report.counts)


def _note_readings(store: Store, task: str, question: str, readings: int, *, by: str) -> None:
    with store.write() as transaction:
        transaction.append(by, "readings exported", task=task, question=question, readings=readings)


def _write_records(connection: Connection, task: str, folder: Path, viewer: Person) -> Report:
    schema = current_schema(connection, task)
    inputs = kept = 0
    with Output(folder) as output:
        for some in _batches(_items_with_answers(connection, task, viewer)):
            inputs += len(some)
            reasons = [_reason(row, undecided(schema, given)) for row, given in some]
            suggested = _suggested(connection, task, some)
            records = [
                annotated_record(schema, row, given, suggested.get(row.id))
                for (row, given), why in zip(some, reasons, strict=True)
                if not why
            ]
            aside = [(row.record, why) for (row, _), why in zip(some, reasons, strict=True) if why]
            kept += len(records)
            output.keep(records_table(records))
            output.drop(
                records_table(plain_record(record) for record, _ in aside),
                [why for _, why in aside],
                ["" for _ in aside],
            )
    counts = Counts(inputs=inputs, kept=kept, dropped=dict(sorted(output.dropped_by_reason.items())), unit="items")
    counts.check()
    versions = {"schema_version": schema.version, "guideline_version": guideline_version(connection, task)}
    return Report(STEP, counts, metrics=versions)


def _reason(row: Row[Any], open_questions: Sequence[str]) -> str:
    """Why an item is not in the snapshot; empty where it is."""
    if row.decided:
        return ""
    if not row.done:
        return "not_read"
    return "undecided" if open_questions else ""


def _state_digest(connection: Connection, task: str, viewer: Person) -> str:
    """The digest of everything that decides a snapshot, and of nothing else: not of who clicked when."""
    schema = current_schema(connection, task)
    state = [schema.model_dump(mode="json"), guideline_version(connection, task)]
    digests = []
    for some in _batches(_items_with_answers(connection, task, viewer)):
        suggested = _suggested(connection, task, some)
        for row, given in some:
            said = [row.id, row.record, row.candidates, row.wanted, [_said(answer) for answer in given]]
            digests.append(json_digest([*said, *filter(None, [suggested.get(row.id)])]))
    return json_digest([state, digests])


def _suggested(
    connection: Connection, task: str, some: Sequence[tuple[Row[Any], Sequence[GivenAnswer]]]
) -> dict[str, dict[str, Any]]:
    """By item, the suggestion that its answers were given beside or that was accepted: how many saw it and kept it."""
    beside = {row.id: [answer for answer in given if answer.suggestion is not None] for row, given in some}
    ids = [item for item, given in beside.items() if given]
    proposals = proposals_for(connection, task, ids) if ids else {}
    return {
        item: {
            "by": one.source,
            "version": one.version,
            "score": one.score,
            "answer": dict(one.answer),
            "shown": sum(given.shown is True for given in beside[item]),
            "shown_and_kept": sum(given.shown is True and given.kept is True for given in beside[item]),
            "hidden": sum(given.shown is False for given in beside[item]),
            "hidden_and_kept": sum(given.shown is False and given.kept is True for given in beside[item]),
            "accepted_in_bulk": any(given.purpose == BULK for given in beside[item]),
        }
        for item, made in proposals.items()
        for one in made
        # Where readers saw different ones the newest stands here; the others are in the database alone.
        if one.batch == max(given.suggestion or 0 for given in beside[item])
    }


def _said(answer: GivenAnswer) -> list[Any]:
    return [answer.person, answer.purpose, answer.content]


def _items_with_answers(
    connection: Connection, task: str, viewer: Person
) -> Iterator[tuple[Row[Any], list[GivenAnswer]]]:
    """Every item that the viewer may see, but gold, by id, with the answers that stand, by person."""
    visible = may_see(viewer, *CHECKING)
    given: dict[str, list[GivenAnswer]] = {}
    for answer in standing_answers(connection, task, of_items=visible):
        given.setdefault(answer.item, []).append(answer)
    query = select(items).where(items.c.task == task, items.c.gold.is_(None), visible)
    # Sorted here, since databases differ in how they order text.
    for row in sorted(connection.execute(query), key=lambda row: row.id):
        yield row, sorted(given.get(row.id, ()), key=lambda answer: (answer.purpose, answer.person))


def _readings(connection: Connection, task: str, viewer: Person) -> Iterator[tuple[Row[Any], GivenAnswer]]:
    for row, given in _items_with_answers(connection, task, viewer):
        yield from ((row, answer) for answer in given if answer.purpose == READING)


def _batches(pairs: Iterator[tuple[Row[Any], list[GivenAnswer]]]) -> Iterator[list[tuple[Row[Any], list[GivenAnswer]]]]:
    while some := list(islice(pairs, _ROWS)):
        yield some


def _spans(answer: GivenAnswer, question: str) -> list[dict[str, Any]]:
    marked = MarkedSpans.model_validate(answer.content.get(question) or {})
    return [span.model_dump(include={"field", "start", "end", "label"}) for span in marked.spans]


def tie_of(row: Row[Any]) -> str:
    """What ties items together: their subject, else nothing but themselves."""
    return str(row.record.get("cluster_id") or row.record.get("subject_id") or row.id)

"""Confirmed marks of a closed study as an artifact: regression cases for the next model, and candidates for its training."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from sqlalchemy import Connection

from acclimate.annotation.output_marks import OutputMark
from acclimate.annotation.people import RefusedError, Role, require_every_site
from acclimate.annotation.snapshot_manifest import STEP, snapshot_manifest
from acclimate.annotation.store import Store, moment
from acclimate.annotation.study.answers import outputs_read
from acclimate.annotation.study.design import Answered, shown_items
from acclimate.annotation.study.marks import ReadOutput, confirming_readers
from acclimate.annotation.study.protocol import REFERENCE
from acclimate.annotation.study.running import Study, study
from acclimate.core.artifacts import Output
from acclimate.core.atomic import json_digest, publish_folder, write_bytes, write_json
from acclimate.core.report import Counts, Report
from acclimate.core.schema import records_table
from acclimate.project.locks import run_lock
from acclimate.project.manifests import MANIFEST, REPORT, RUN

CASES = "regression-cases"
TEST = "test"
"""The split of all that is exported: a study shows answers to test records, and `ingest` and `split` keep it."""
_CODE = "2"
"""Changes when equal answers would give other cases or candidates."""

Row = dict[str, Any]


@dataclass(frozen=True)
class ConfirmedMarks:
    """A finished export: its folder, how many marks are confirmed, and what came of them."""

    folder: Path
    counts: Counts
    cases: int
    candidates: int
    without_candidate: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        marks = {"marks": self.counts.inputs, "confirmed": self.counts.kept}
        made = {"regression_cases": self.cases, "training_candidates": self.candidates}
        return {"folder": str(self.folder), **marks, **made, "without_candidate": dict(self.without_candidate)}


@dataclass(frozen=True)
class _Faulty:
    """An output with the marks on it that a second reader confirms, each with its reader and who confirms it."""

    output: ReadOutput
    marks: Sequence[tuple[str, OutputMark, tuple[str, ...]]]
    record: Answered | None


def export_confirmed(
    store: Store, name: str, destination: Path, *, records: Sequence[Answered], by: str
) -> ConfirmedMarks:
    """Writes the confirmed marks of a study as an artifact `<destination>/<key>`: equal answers give equal bytes.

    A regression case is an output with what is wrong in it; a training candidate is a prompt with what people wrote, where
    an output to it is wrong and the human answer is not marked itself. `records` are the project's test records, from which
    the human answers come. Both tell their arm, its predictions, the study and who marked, and are marked as test records,
    which no project trains on while they carry the mark. The export is an event.
    Raises RefusedError before the study is closed, and for people who are limited to sites.
    """
    with store.read() as connection:
        standing, outputs = _closed(connection, store, name, by=by)
    destination.mkdir(parents=True, exist_ok=True)
    with run_lock(destination / ".lock"):
        return _export(store, standing, outputs, destination, records=records, by=by)


def _closed(connection: Connection, store: Store, name: str, *, by: str) -> tuple[Study, list[ReadOutput]]:
    require_every_site(connection, by, Role.MANAGER)
    standing = study(store, name, by=by)
    if not standing.closed:
        raise RefusedError(
            f"The study {name!r} is not closed, and what is exported tells which output is whose.",
            hint="take its last look first: acclimate study look",
        )
    return standing, list(outputs_read(connection, standing.protocol, before=standing.looks[-1].event))


def _export(
    store: Store,
    standing: Study,
    outputs: Sequence[ReadOutput],
    destination: Path,
    *,
    records: Sequence[Answered],
    by: str,
) -> ConfirmedMarks:
    made = destination / ".partial"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()
    faulty = _faulty(standing, outputs, records)
    cases = [_case(standing, one) for one in faulty]
    candidates, without = _candidates(standing, faulty)
    with Output(made) as output:
        output.keep(records_table(_record(row) for row in candidates))
    pq.write_table(records_table(_record(row) for row in cases), made / f"{CASES}.parquet")
    write_bytes(made / f"{CASES}.jsonl", b"".join(_line(row) for row in cases))
    marks, confirmed = sum(len(one.marks) for one in outputs), sum(len(one.marks) for one in faulty)
    counts = Counts(inputs=marks, kept=confirmed, dropped={"unconfirmed": marks - confirmed}, unit="marks")
    told = {"regression_cases": len(cases), "training_candidates": len(candidates), "without_candidate": without}
    write_json(made / REPORT, Report(STEP, counts, metrics=told).to_json())
    manifest = snapshot_manifest(
        made,
        of=standing.protocol.name,
        state=json_digest([cases, candidates]),
        config={"study": standing.protocol.name, "protocol": standing.protocol.digest},
        code=_CODE,
        stage=f"{STEP} marks",
    )
    with store.write() as transaction:
        details = {"task": standing.protocol.name, "key": manifest.key, "identity": manifest.identity}
        # Said first: killed in between, it is said once more; the other way round an export could go unsaid.
        number = transaction.append(by, "marks exported", **details)
    write_json(made / RUN, {"at": moment(transaction.now), "who": by, "event": number})
    write_json(made / MANIFEST, manifest.model_dump(mode="json"))
    publish_folder(made, destination / manifest.key)
    return ConfirmedMarks(destination / manifest.key, counts, len(cases), len(candidates), without)


def _faulty(standing: Study, outputs: Sequence[ReadOutput], records: Sequence[Answered]) -> list[_Faulty]:
    """Each output with a confirmed mark once, by arm, prompt and text, with the marks of all pages that show it."""
    record_of = {item: one for one in records for item in shown_items(standing.protocol, one.id)}
    found: dict[tuple[str, str, str], list[tuple[ReadOutput, OutputMark, tuple[str, ...]]]] = defaultdict(list)
    for output, mark, others in confirming_readers(outputs):
        if others:
            found[output.arm, output.prompt, output.text].append((output, mark, others))
    return [
        _Faulty(marked[0][0], [(one.reader, mark, others) for one, mark, others in marked], _known(marked, record_of))
        for _, marked in sorted(found.items())
    ]


def _known(
    marked: Sequence[tuple[ReadOutput, OutputMark, tuple[str, ...]]], record_of: Mapping[str, Answered]
) -> Answered | None:
    """The test record that an output answers; None where the project has it no longer."""
    return next((record_of[output.item] for output, _, _ in marked if output.item in record_of), None)


def _case(standing: Study, one: _Faulty) -> Row:
    output = one.output
    return {
        "id": _id("c", standing, output.arm, output.prompt, output.text),
        "prompt": output.prompt,
        "rejected": output.text,
        **_origin(one),
        **_provenance(standing, one),
    }


def _candidates(standing: Study, faulty: Sequence[_Faulty]) -> tuple[list[Row], dict[str, int]]:
    """A prompt once with its human answer, whichever arms err there; and why others have none."""
    marked = {one.output.prompt for one in faulty if one.output.arm == REFERENCE}
    by_prompt: dict[str, list[_Faulty]] = defaultdict(list)
    for one in faulty:
        if one.output.arm != REFERENCE:
            by_prompt[one.output.prompt].append(one)
    rows: list[Row] = []
    without: Counter[str] = Counter()
    for prompt, some in sorted(by_prompt.items()):
        reference = next((one.record.reference for one in some if one.record is not None), "")
        if prompt in marked or not reference.strip():
            without["reference_marked" if prompt in marked else "no_reference"] += 1
            continue
        because = [_provenance(standing, one) for one in some]
        name = _id("t", standing, prompt, reference)
        rows.append({"id": name, "prompt": prompt, "completion": reference, **_origin(some[0]), "because": because})
    return rows, dict(sorted(without.items()))


def _origin(one: _Faulty) -> Row:
    """Whose record it is: its subject, its record and its site, as the split knows them."""
    if one.record is None:
        return {"subject_id": one.output.cluster}
    site = {"site": one.record.site} if one.record.site is not None else {}
    return {"subject_id": one.output.cluster, "parents": [one.record.id], **site}


def _provenance(standing: Study, one: _Faulty) -> Row:
    return {
        "arm": one.output.arm,
        "predictions": standing.outputs.get(one.output.arm),
        "study": standing.protocol.name,
        "protocol": standing.protocol.digest,
        "marks": [
            {**mark.model_dump(exclude={"output"}), "reader": reader, "confirmed_by": list(others)}
            for reader, mark, others in one.marks
        ],
    }


_COLUMNS = ("id", "prompt", "completion", "rejected", "subject_id", "site", "parents")


def _record(row: Mapping[str, Any]) -> Row:
    """A row as a record: what is no column stands in `extra`."""
    rest = {name: value for name, value in row.items() if name not in _COLUMNS}
    held = {name: row[name] for name in _COLUMNS if name in row}
    return {**held, "split": TEST, "extra": json.dumps(rest, sort_keys=True, ensure_ascii=False)}


def _line(row: Mapping[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"


def _id(kind: str, standing: Study, *parts: str) -> str:
    whole = "\0".join([standing.protocol.digest, *parts])
    return f"{kind}{hashlib.sha256(whole.encode()).hexdigest()[:32]}"

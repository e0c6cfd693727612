"""A small project with one person whose every trace is a string that nobody else has, and a search for those strings."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow.parquet as pq

from acclimate.api import Project
from acclimate.core.surrogates import subject_hash
from acclimate.project.keys import load_key

SUBJECT = "mrn-84213-qz"
TRACES = (
    "Quillfeather",
    "Zebedee",
    SUBJECT,
    "zq-first",
    "zq-second",
    "zq-again",
    "harpsichord",
    "marzipan",
    "obsidian",
)
"""Name, subject id, record ids and words of the texts: none of them occurs anywhere else."""

RECORDS = (
    ("zq-first", "a harpsichord fell on the left hand and the thumb has been numb since the spring", "harpsichord injury"),
    ("zq-second", "the marzipan at the fair gave a rash on both arms that has not gone away", "marzipan rash, both arms"),
    ("zq-again", "a harpsichord fell on the left hand and the thumb has been numb since the autumn", "harpsichord injury"),
)  # fmt: skip
"""The first and the last are near copies."""

DAMAGED = '{"id": "zq-broken", "patient": "mrn-84213-qz", "dialogue": "an obsidian splinter'


def add_person(project: Path) -> None:
    """Writes the person's records into the first source, lets damaged lines be set aside, and trains on every record."""
    lines = [
        {
            "id": name,
            "patient": SUBJECT,
            "patient_name": "Zebedee Quillfeather",
            "dialogue": f"Doctor: What is it, Zebedee Quillfeather? Patient: {said}.",
            "note": note,
        }
        for name, said, note in RECORDS
    ]
    with (project / "data/north.jsonl").open("a") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
        file.write(DAMAGED + "\n")
    config = project / "acclimate.yaml"
    written = config.read_text().replace("ingest:\n", "ingest:\n  on_error: set_aside\n", 1)
    config.write_text(written.replace("max_steps: 4", "max_steps: 20", 1))


def write_finished_project(fresh: Path, folder: Path) -> Path:
    """The project with the person, run to its end, with a report, a trial and work that a kill left behind."""
    project = _with_person_in_training(fresh, folder)
    project.run()
    project.write_report()
    Project.open(folder, quick=True, overrides=["train.max_steps=1"]).run(until="deidentify")
    for left in ("artifacts/partial/train-0/work", "restricted/clean/.0.damaged", "restricted/partial/ingest-0/work"):
        (folder / left).mkdir(parents=True)
        (folder / left / "step.json").write_text('{"text": "marzipan"}')
    return folder


def _with_person_in_training(fresh: Path, folder: Path) -> Project:
    """The project run until its split; drawn anew until the person is in the training set, for keys differ by run."""
    for seed in range(40):
        shutil.copytree(fresh, folder)
        add_person(folder)
        config = folder / "acclimate.yaml"
        config.write_text(config.read_text().replace("split:\n", f"split:\n  seed: {seed}\n", 1))
        project = Project.open(folder)
        project.run(until="split")
        subject = subject_hash(load_key(project.config.project, "surrogates"), SUBJECT)
        rows = project.table("split").to_pylist()
        if {row["split"] for row in rows if row["subject_id"] == subject} == {"train"}:
            return project
        shutil.rmtree(folder)
    raise AssertionError("no draw of forty puts the person into the training set")


def remove_from_sources(project: Path) -> None:
    """What the user does: takes the person out of their own file."""
    file = project / "data/north.jsonl"
    kept = [line for line in file.read_text().splitlines(keepends=True) if SUBJECT not in line]
    file.write_text("".join(kept))


def traces(project: Path, *, leaving_out: Iterable[str] = ()) -> list[str]:
    """Where the person is found, in names and contents of all files; the values of tables are searched too."""
    found = []
    for file in sorted(project.rglob("*")):
        name = str(file.relative_to(project))
        if file.is_file() and not name.startswith(tuple(leaving_out)):
            content = name.encode() + b"".join(_contents(file))
            found += [f"{name}: {trace}" for trace in TRACES if trace.encode() in content]
    return found


def _contents(file: Path) -> Iterator[bytes]:
    yield file.read_bytes()
    if file.suffix == ".parquet":
        yield json.dumps(pq.read_table(file).to_pylist(), default=str, ensure_ascii=False).encode()

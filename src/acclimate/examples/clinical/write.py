"""Writes the example project: sources of two hospitals in two formats, the truth about what was planted, a config."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from acclimate.core.atomic import write_bytes, write_json
from acclimate.examples.clinical.foreign import LANGUAGES, foreign_record
from acclimate.examples.clinical.identifiers import KINDS
from acclimate.examples.clinical.marks import unmark
from acclimate.examples.clinical.people import TODAY, Person, draw_people
from acclimate.examples.clinical.plants import blank, exact_copy, misread, mojibake, near_copy
from acclimate.examples.clinical.records import Record, make_record

SITES = ("north", "south")
MOST_IDENTIFIERS = 3
"""Kinds of identifiers in one record at most; more would leave little of the talk."""
COLUMNS = (
    "note_id", "patient", "patient_name", "mrn", "phone", "dob", "address", "visit_date", "age_band", "sex", "section",
    "dialogue", "summary",
)  # fmt: skip


@dataclass(frozen=True)
class Sizes:
    """How much is made; the defaults keep the whole line under ten minutes on two cores."""

    people_per_site: int = 110
    exact_copies: int = 30
    near_copies: int = 40
    """Of each share of edited words."""
    mojibake: int = 36
    empties: int = 30
    other_languages: int = 30
    identifiers: int = 34
    """Records that carry an identifier of one kind; names twice as many."""


@dataclass(frozen=True)
class Example:
    """The rows of every site, in file order, and the truth about them."""

    rows: dict[str, list[dict[str, str]]]
    planted: dict[str, Any]


def write_project(folder: Path, *, seed: int = 7, sizes: Sizes | None = None) -> list[Path]:
    """Writes the project into an existing folder and returns the files; equal seeds give equal bytes."""
    example = make_example(seed, sizes or Sizes())
    for site in SITES:
        (folder / "data" / site).mkdir(parents=True, exist_ok=True)
    north = example.rows["north"]
    half = len(north) // 2
    contents = {
        folder / "data/north/visits-1.jsonl": _jsonl(north[:half]),
        folder / "data/north/visits-2.jsonl.gz": gzip.compress(_jsonl(north[half:]), mtime=0),
        folder / "data/south/visits.csv": _csv(example.rows["south"]),
        folder / "acclimate.yaml": (files(__package__) / "project.yaml").read_bytes(),
    }
    for path, content in contents.items():
        write_bytes(path, content)
    write_json(folder / "data/planted.json", example.planted)
    return [*contents, folder / "data/planted.json"]


def make_example(seed: int, sizes: Sizes) -> Example:
    """All rows and the truth, without touching a disk."""
    rng = random.Random(f"clinical/{seed}")  # noqa: S311
    people = draw_people(seed, SITES, sizes.people_per_site)
    clean = _clean_records(rng, people, sizes)
    records = _with_faults(rng, clean, people, sizes)
    rng.shuffle(records)
    ids = _number(records)
    rows = {site: [_row(rng, record, ids) for record in records if record.person.site == site] for site in SITES}
    return Example(rows, {"version": 1, "seed": seed, **_truth(records, ids)})


def _clean_records(rng: random.Random, people: Sequence[Person], sizes: Sizes) -> list[Record]:
    owners = [person for person in people for _ in range(rng.choices((1, 2, 3, 4), weights=(58, 26, 11, 5))[0])]
    kinds = _deal_identifiers(rng, len(owners), sizes.identifiers)
    records: list[Record] = []
    for key, owner in enumerate(owners):
        records.append(make_record(key, rng, owner, kinds[key], typographic=rng.random() < 0.4))
    return records


def _deal_identifiers(rng: random.Random, records: int, each: int) -> list[list[str]]:
    """The kinds of identifiers that each record gives away, none of them twice, names twice as often as the others."""
    dealt: list[list[str]] = [[] for _ in range(records)]
    for kind in KINDS:
        wanted = each * (2 if kind == "name" else 1)
        open_places = [place for place in range(records) if len(dealt[place]) < MOST_IDENTIFIERS]
        for place in rng.sample(open_places, min(wanted, len(open_places))):
            dealt[place].append(kind)
    for kinds in dealt:
        rng.shuffle(kinds)
    return dealt


def _with_faults(rng: random.Random, clean: Sequence[Record], people: Sequence[Person], sizes: Sizes) -> list[Record]:
    """The clean records, some of them damaged, and the further rows that only carry a fault."""
    originals = rng.sample(clean, sizes.exact_copies + 2 * sizes.near_copies)
    kinds = ["exact"] * sizes.exact_copies + [0.05] * sizes.near_copies + [0.10] * sizes.near_copies
    untouched = {record.key for record in clean} - {record.key for record in originals}
    garbled = _garbled(rng, [record for record in clean if record.key in untouched], sizes.mojibake)
    records = [garbled.get(record.key, record) for record in clean]
    for original, kind in zip(originals, kinds, strict=True):
        key = len(records)
        share = None if isinstance(kind, str) else kind
        records.append(exact_copy(original, key) if share is None else near_copy(original, key, rng, share=share))
    for turn in range(sizes.empties):
        record = make_record(len(records), rng, rng.choice(people), [], typographic=False)
        records.append(blank(record, rng, column=("dialogue", "summary")[turn % 2]))
    for turn in range(sizes.other_languages):
        language = LANGUAGES[turn % len(LANGUAGES)]
        records.append(foreign_record(len(records), rng, rng.choice(people), language))
    return records


def _garbled(rng: random.Random, candidates: Sequence[Record], count: int) -> dict[int, Record]:
    """Records with characters beyond ASCII, misread; those whose identifiers have such characters are left alone."""
    fitting = [record for record in candidates if _can_be_garbled(record)]
    chosen = rng.sample(fitting, min(count, len(fitting)))
    ways = [("cp1252", 1), ("latin-1", 1), ("cp1252", 1), ("cp1252", 2)]
    return {
        record.key: mojibake(record, encoding=ways[turn % 4][0], rounds=ways[turn % 4][1])
        for turn, record in enumerate(chosen)
    }


def _can_be_garbled(record: Record) -> bool:
    texts = (record.dialogue, record.summary)
    values = [found.value for text in texts for found in unmark(text).identifiers]
    return misread(record.dialogue, encoding="latin-1") != record.dialogue and all(map(str.isascii, values))


def _number(records: Sequence[Record]) -> dict[int, str]:
    """Note numbers in file order, so that a number tells nothing of a fault."""
    ids: dict[int, str] = {}
    for site in SITES:
        keys = [record.key for record in records if record.person.site == site]
        ids |= {key: f"{site[0].upper()}{10_001 + place}" for place, key in enumerate(keys)}
    return ids


def _row(rng: random.Random, record: Record, ids: dict[int, str]) -> dict[str, str]:
    person = record.person
    visit = TODAY.replace(year=TODAY.year - rng.randint(0, 1), month=rng.randint(1, 6), day=rng.randint(1, 28))
    cells = (
        ids[record.key], person.subject, person.full, person.mrn, person.phone, person.born.isoformat(), person.address,
        visit.isoformat(), person.age_band, person.sex, record.section, unmark(record.dialogue).text,
        unmark(record.summary).text,
    )  # fmt: skip
    return dict(zip(COLUMNS, cells, strict=True))


def _truth(records: Sequence[Record], ids: dict[int, str]) -> dict[str, Any]:
    """What was planted where: faults by note, and every identifier in a text with its offsets."""
    faults, identifiers = [], []
    for record in sorted(records, key=lambda record: ids[record.key]):
        note = ids[record.key]
        if record.fault:
            details = dict(record.details)
            if isinstance(original := details.get("of"), int):
                details["of"] = ids[original]
            faults.append({"record": note, "kind": record.fault, **details})
        for column, text in (("dialogue", record.dialogue), ("summary", record.summary)):
            identifiers += [
                {"record": note, "field": column, "kind": found.kind, "value": found.value,
                 "start": found.start, "end": found.end}
                for found in unmark(text).identifiers
            ]  # fmt: skip
    return {"faults": faults, "identifiers": identifiers}


def _jsonl(rows: Sequence[dict[str, str]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _csv(rows: Sequence[dict[str, str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()

"""Counts what became of planted faults: found, missed, and sound text that was touched.

It reads the truth that the generator wrote and the tables of the finished stages; no stage reads the truth.
"""

from __future__ import annotations

import difflib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

COLUMN_OF_FIELD = {"dialogue": "prompt", "summary": "completion"}
"""The record column that each column of the example's sources is mapped to."""

REASON_OF_FAULT = {"empty": "empty", "other_language": "language"}
"""The reason with which clean must drop a record that has this fault."""

CLASS_OF_KIND = {"date_of_birth": "date"}
"""The class of deidentify that a planted kind belongs to, where it has another name."""

FOLDED = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-"})
"""Characters that may be written either way; each stands for one, so that offsets stay."""

Texts = Mapping[str, Mapping[str, str]]
"""The prompt and completion of each record, by its native id."""


class Replacement(Protocol):
    """What deidentify wrote in place of the code points from `start` to `end` of a text, and as which class."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...

    @property
    def replacement(self) -> str: ...

    @property
    def kind(self) -> str: ...


Replacements = Mapping[str, Mapping[str, Sequence[Replacement]]]
"""All that was replaced, by the record's open id and by column."""


@dataclass(frozen=True)
class FaultScore:
    """What became of one kind of fault.

    `unplanted` is how many records (for identifiers: words) had nothing planted in them, and `wrongly_touched` how many
    of those were changed or dropped all the same; None where that is not known.
    """

    kind: str
    planted: int
    found: int
    missed: int
    wrongly_touched: int | None
    unplanted: int
    unit: str = "records"
    unplanted_unit: str = "records"


@dataclass(frozen=True)
class StageTables:
    """The tables of one run that the count needs."""

    ingested: pa.Table
    clean_kept: pa.Table
    clean_dropped: pa.Table
    dedup_kept: pa.Table
    dedup_dropped: pa.Table
    deidentified: pa.Table


def read_planted(path: Path) -> dict[str, Any]:
    """The truth that the generator wrote."""
    truth: dict[str, Any] = json.loads(path.read_bytes())
    return truth


def score_faults(
    planted: Mapping[str, Any],
    tables: StageTables,
    *,
    open_id: Callable[[str], str],
    replacements: Replacements | None,
) -> list[dict[str, Any]]:
    """One row for each kind of planted fault, in the order of the line.

    `open_id` turns a record's id of before deidentify into that of after it. `replacements` are None where it is not
    known what was replaced as which class.
    """
    found_identifiers = score_identifiers(
        planted, before=tables.dedup_kept, after=tables.deidentified, open_id=open_id, replacements=replacements
    )
    scores = [
        *score_drops(planted, kept=tables.clean_kept, dropped=tables.clean_dropped),
        score_mojibake(planted, ingested=tables.ingested, kept=tables.clean_kept),
        *score_copies(planted, kept=tables.dedup_kept, dropped=tables.dedup_dropped),
        *found_identifiers,
    ]
    return [asdict(score) for score in scores]


def native_id(record_id: str) -> str:
    """The id that the source gave the record.

    >>> native_id("north:N10001")
    'N10001'
    """
    return record_id.rpartition(":")[2]


def score_drops(planted: Mapping[str, Any], *, kept: pa.Table, dropped: pa.Table) -> list[FaultScore]:
    """Blank and foreign records that clean had to drop; reasons that nothing was planted for get a row of their own."""
    reasons = dict(zip(map(native_id, dropped["id"].to_pylist()), dropped["reason"].to_pylist(), strict=True))
    rows = kept.num_rows + dropped.num_rows
    scores = []
    for kind, reason in REASON_OF_FAULT.items():
        faulty = _records_with(planted, kind)
        hit = {record for record, why in reasons.items() if why == reason}
        scores.append(_score(kind, faulty, found=hit & faulty, wrong=len(hit - faulty), unplanted=rows - len(faulty)))
    others = Counter(reason for reason in reasons.values() if reason not in REASON_OF_FAULT.values())
    return scores + [FaultScore(reason, 0, 0, 0, count, rows) for reason, count in sorted(others.items())]


def score_mojibake(planted: Mapping[str, Any], *, ingested: pa.Table, kept: pa.Table) -> FaultScore:
    """Misread texts that clean had to set right; quotes, dashes and white space count as equal however written."""
    before, after = _texts(ingested), _texts(kept)
    right = {fault["record"]: fault["right"] for fault in planted["faults"] if fault["kind"] == "mojibake"}
    wanted = {record: {COLUMN_OF_FIELD[name]: text for name, text in texts.items()} for record, texts in right.items()}
    found = {record for record, texts in wanted.items() if _equal(after.get(record), texts)}
    others = [record for record in after if record not in wanted]
    touched = sum(not _equal(after[record], before[record]) for record in others)
    return _score("mojibake", set(wanted), found=found, wrong=touched, unplanted=len(others))


def score_copies(planted: Mapping[str, Any], *, kept: pa.Table, dropped: pa.Table) -> list[FaultScore]:
    """Copies of which dedup had to drop one of the pair, whichever.

    Wrongly touched are dropped records that are in no planted pair, and pairs that were dropped whole. Near copies of
    any share of edits are dropped by one rule and show the same number.
    """
    reasons = dict(zip(map(native_id, dropped["id"].to_pylist()), dropped["reason"].to_pylist(), strict=True))
    pairs = {fault["record"]: fault["of"] for fault in planted["faults"] if "of" in fault}
    paired = set(pairs) | set(pairs.values())
    rows = kept.num_rows + dropped.num_rows
    lost = [record for record in reasons if record not in paired]
    lost += [copy for copy, original in pairs.items() if copy in reasons and original in reasons]
    wrong = Counter("exact" in reasons[record] for record in lost)
    scores = []
    for kind in sorted({fault["kind"] for fault in planted["faults"] if "of" in fault}, key=_copy_order):
        copies = _records_with(planted, kind)
        found = {copy for copy in copies if copy in reasons or pairs[copy] in reasons}
        scores.append(
            _score(kind, copies, found=found, wrong=wrong[kind == "exact_copy"], unplanted=rows - len(paired))
        )
    return scores


def _copy_order(kind: str) -> tuple[int, str]:
    return (len(kind), kind)


def score_identifiers(
    planted: Mapping[str, Any],
    *,
    before: pa.Table,
    after: pa.Table,
    open_id: Callable[[str], str],
    replacements: Replacements | None,
) -> list[FaultScore]:
    """Identifiers that deidentify had to replace, by kind; classes without planted ones come last, if they touched words.

    Only records that reached deidentify count. An identifier is found when its text no longer stands in the field, in
    upper or lower case. Wrongly touched are words of no identifier that were replaced as the kind's class; kinds of one
    class show the same number.
    """
    opened = {open_id(record): native_id(record) for record in before["id"].to_pylist()}
    replaced = _texts(after, native=lambda record: opened.get(record, ""))
    texts = {record: text for record, text in _texts(before).items() if record in replaced}
    values = _values_by_place(planted, texts)
    total: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for (record, column), entries in values.items():
        for entry in entries:
            total[entry["kind"]] += 1
            found[entry["kind"]] += not _places(entry["value"], replaced[record][column])
    by_record = None if replacements is None else {opened[name]: one for name, one in replacements.items()}
    touched, sound = _touched_words(values, texts, by_record)
    classes = {kind: CLASS_OF_KIND.get(kind, kind) for kind in sorted(total)}
    further = sorted(set(touched) - set(classes.values()))
    return [
        FaultScore(
            kind, total[kind], found[kind], total[kind] - found[kind],
            None if replacements is None else touched[classes.get(kind, kind)], sound, "identifiers", "words",
        )
        for kind in [*classes, *further]
    ]  # fmt: skip


def _values_by_place(planted: Mapping[str, Any], texts: Texts) -> dict[tuple[str, str], list[Mapping[str, Any]]]:
    """The planted identifiers that stand in the given texts, by record and column."""
    values: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for entry in planted["identifiers"]:
        record, column = entry["record"], COLUMN_OF_FIELD[entry["field"]]
        if record in texts and _places(entry["value"], texts[record][column]):
            values.setdefault((record, column), []).append(entry)
    return values


def _touched_words(
    values: Mapping[tuple[str, str], Sequence[Mapping[str, Any]]], texts: Texts, replacements: Replacements | None
) -> tuple[Counter[str], int]:
    """How many sound words were replaced, by class (none that is zero), and how many there are."""
    touched: Counter[str] = Counter()
    words = 0
    for record, columns in texts.items():
        for column, text in columns.items():
            sound = sound_words(text, [entry["value"] for entry in values.get((record, column), [])])
            words += sum(sound)
            if replacements is not None:
                made = replacements[record].get(column, ())
                touched.update(kind for place, kind in replaced_words(text, made) if sound[place])
    return touched, words


def sound_words(text: str, values: Iterable[str]) -> list[bool]:
    """For each word of a text, whether it is free of the given values.

    >>> sound_words("Call Ana Ruiz today", ["Ana Ruiz"])
    [True, False, False, True]
    """
    places = [place for value in values for place in _places(value, text)]
    return [
        not any(word.start() < end and start < word.end() for start, end in places)
        for word in re.finditer(r"\S+", text)
    ]


def replaced_words(text: str, replacements: Iterable[Replacement]) -> set[tuple[int, str]]:
    """Which words of a text no longer stand in it, each by its number with the class that it was replaced as.

    A word that a replacement takes in and writes again, as the title in "Dr. Ruiz", still stands.
    """
    words = list(re.finditer(r"\S+", text))
    gone = set()
    for one in replacements:
        near = [place for place, word in enumerate(words) if word.start() < one.end and one.start < word.end()]
        if near:
            start, end = words[near[0]].start(), words[near[-1]].end()
            after = (text[start : one.start] + one.replacement + text[one.end : end]).split()
            before = [words[place].group() for place in near]
            blocks = difflib.SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
            kept = {near[block.a + offset] for block in blocks for offset in range(block.size)}
            gone |= {(place, one.kind) for place in near if place not in kept}
    return gone


def _places(value: str, text: str) -> list[tuple[int, int]]:
    """Where a value stands in a text as whole words, in any case and with any quotes."""
    pattern = rf"(?<!\w){re.escape(value.translate(FOLDED))}(?!\w)"
    return [match.span() for match in re.finditer(pattern, text.translate(FOLDED), re.IGNORECASE)]


def _texts(table: pa.Table, *, native: Callable[[str], str] = native_id) -> Texts:
    return {
        native(row["id"]): {column: row[column] or "" for column in COLUMN_OF_FIELD.values()}
        for row in table.select(["id", *COLUMN_OF_FIELD.values()]).to_pylist()
    }


def _equal(left: Mapping[str, str] | None, right: Mapping[str, str]) -> bool:
    return left is not None and all(_plain(left[column]) == _plain(right[column]) for column in right)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).translate(FOLDED).split())


def _records_with(planted: Mapping[str, Any], kind: str) -> set[str]:
    return {fault["record"] for fault in planted["faults"] if fault["kind"] == kind}


def _score(kind: str, faulty: set[str], *, found: set[str], wrong: int, unplanted: int) -> FaultScore:
    return FaultScore(kind, len(faulty), len(found), len(faulty) - len(found), wrong, unplanted)

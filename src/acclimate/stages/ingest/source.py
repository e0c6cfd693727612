"""One source on its way to records: its files in order, its rows counted, its damaged rows named or set aside."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import Any

from acclimate.core.erased import ERASED_SUBJECT, Refusal, Refusals
from acclimate.core.ports import Progress
from acclimate.core.snapshots import SnapshotFile, SnapshotSource
from acclimate.core.sources import DESCRIPTIVE_COLUMNS, DOCUMENT_FORMATS
from acclimate.core.terms import Use
from acclimate.stages.ingest.block_records import BlockReading
from acclimate.stages.ingest.documents import FILE_COLUMN
from acclimate.stages.ingest.identity import Identities
from acclimate.stages.ingest.json_lines import rows_one_by_one
from acclimate.stages.ingest.line_blocks import LineBlock
from acclimate.stages.ingest.pieces import Cut, piece_records
from acclimate.stages.ingest.reading import OpenFile, Reader
from acclimate.stages.ingest.recognise import missing_column, shown_names, understand, wanted_columns
from acclimate.stages.ingest.records import check_licence, has_payload, make_record
from acclimate.stages.ingest.rows import (
    Fault,
    LeftOut,
    Row,
    RowError,
    UnreadableFileError,
    checked_canonical,
    escaped_json,
    fault_as_error,
    locator_of,
    no_records,
)
from acclimate.stages.ingest.seen_columns import LISTED, SeenColumns
from acclimate.stages.ingest.sink import Sink

_ROWS_PER_ADVANCE = 512
_LICENCES_LISTED = 20


@dataclass(frozen=True)
class Rules:
    """What holds for all sources of a run."""

    limit: int | None
    set_aside: bool
    keep_extra: bool
    refusals: Refusals
    use: Use
    cut: Cut | None


@dataclass
class SourceReading:
    """The reading of one source, with its tallies; `read` once, then ask for metrics and warnings."""

    source: SnapshotSource
    reader: Reader
    rules: Rules
    identities: Identities
    sink: Sink
    rows: int = 0
    further_elements: int = 0
    set_aside: int = 0
    refused: int = 0
    without_payload: int = 0
    cut_documents: int = 0
    pieces: int = 0
    columns: SeenColumns = field(default_factory=SeenColumns)
    left_out: Counter[str] = field(default_factory=Counter)
    licences: Counter[str] = field(default_factory=Counter)
    guessed: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    _advanced: int = 0

    def __post_init__(self) -> None:
        config, files, rules = self.source.config, self.source.files, self.rules
        self._config = config
        meaning = understand(config, self.reader.columns(files, wanted=wanted_columns(config)))
        if self.reader.format in DOCUMENT_FORMATS:
            # A document's name stands in the locator, so it is not kept once more in `extra`.
            meaning = replace(meaning, used=meaning.used | {FILE_COLUMN})
        self._meaning = meaning
        self._blocks = BlockReading(
            meaning, config, rules.use, rules.keep_extra, self.reader.max_bytes, self.identities
        )

    def read(self, progress: Progress) -> None:
        """Reads the files, up to the limit."""
        for file in self.source.files:
            if self._limit_reached:
                progress.advance(file.size)
                continue
            self._advanced = 0
            try:
                with self.reader.open(file) as opened:
                    for what, guess in opened.guessed.items():
                        self.guessed[what][guess] += 1
                    self._check_table(opened, file)
                    self._read_rows(opened, file, progress)
            except UnreadableFileError as error:
                self._set_file_aside(error, file)
            progress.advance(file.size - self._advanced)
        for refused in self.source.set_aside:
            self.rows += 1
            self._set_aside(Fault(0, refused.reason, refused.sentence, unit=""), refused.name, refused.name)

    def _set_file_aside(self, error: UnreadableFileError, file: SnapshotFile) -> None:
        """What cannot be read of a file is one row set aside; its content lies in the snapshot."""
        if not self.rules.set_aside:
            raise error
        self.reader.check_unchanged(file)
        self.rows += 1
        self._set_aside(Fault(0, error.reason, error.message, unit=""), file.name, file.name)

    @property
    def _limit_reached(self) -> bool:
        return self.rules.limit is not None and self.rows >= self.rules.limit

    def _check_table(self, opened: OpenFile, file: SnapshotFile) -> None:
        """Every table must have every column that is needed; JSON may leave one out where it has no value."""
        if opened.columns is None:
            return
        self.columns.update(opened.columns)
        for column in self._meaning.required:
            if column not in opened.columns:
                raise missing_column(self._config, file.name, column, opened.columns)

    def _read_rows(self, opened: OpenFile, file: SnapshotFile, progress: Progress) -> None:
        """Reads the rows of a file; `_advanced` are the bytes of it that progress already knows of."""
        empty = True

        def take(block: LineBlock) -> bool:
            taken = self._take_block(block, file)
            self._advance(opened, progress)
            return taken

        for row in rows_one_by_one(opened.rows, take, max_bytes=self.reader.max_bytes):
            empty = False
            if isinstance(row, LeftOut):
                self.left_out[row.kind] += row.count
                continue
            if row.element > 1:
                self.further_elements += 1
            elif self._limit_reached:
                break
            else:
                self.rows += 1
            self._take(row, file)
            if self.rows % _ROWS_PER_ADVANCE == 0:
                self._advance(opened, progress)
            if self._limit_reached and not row.element:
                break
        if empty:
            raise no_records(file.name)

    def _advance(self, opened: OpenFile, progress: Progress) -> None:
        progress.advance(opened.bytes_read() - self._advanced)
        self._advanced = opened.bytes_read()

    def _take_block(self, block: LineBlock, file: SnapshotFile) -> bool:
        """Keeps all records of a block at once, if it is sound; pieces, refusals and the last row of a limit come by rows."""
        if self.rules.cut or self.rules.refusals:
            return False
        most = None if self.rules.limit is None else self.rules.limit - self.rows - 1
        records = self._blocks.read(block, file.name, most=most)
        if records is None:
            return False
        self.rows += records.table.num_rows
        self.without_payload += records.without_payload
        self.licences += Counter({licence or "not stated": count for licence, count in records.licences.items()})
        self.sink.keep_table(records.table)
        return True

    def _take(self, row: Row | Fault, file: SnapshotFile) -> None:
        """Makes a record of a row, or sets it aside."""
        place = locator_of(file.name, row)
        fault = self._take_row(row, place) if isinstance(row, Row) else row
        if fault is not None:
            self._set_aside(fault, file.name, place)

    def _take_row(self, row: Row, locator: str) -> Fault | None:
        """Keeps the row's record, or refuses that of an erased person; the fault of a row that is no record."""
        canonical, fault = "", None
        try:
            canonical = checked_canonical(row.values, max_bytes=self.reader.max_bytes)
            record = make_record(row.values, self._meaning, self._config, keep_extra=self.rules.keep_extra)
            check_licence(record["licence"], self._config, self.rules.use)
            record["id"] = self._record_id(row, canonical, locator)
        except RowError as error:
            raw = canonical or escaped_json(row.values)
            fault = error.at(row.position, raw, unit=row.unit, element=row.element)
            refusal = self._refusal_of_damaged(row, locator)
        else:
            refusal = self.rules.refusals.of(record.get("subject_id"), record["id"])
            if refusal is None:
                self._keep(record, row, locator, size=len(canonical))
        if refusal is None:
            return fault
        self._refuse(refusal, row.position)
        return None

    def _refusal_of_damaged(self, row: Row, locator: str) -> Refusal | None:
        """The refusal of a row that is no record, where its subject can be read."""
        subject = row.values.get(self._meaning.columns.get("subject_id", ""))
        if not self.rules.refusals or not isinstance(subject, str | int | float):
            return None
        named = subject if isinstance(subject, str) else json.dumps(subject)
        return self.rules.refusals.of(named, f"{self._config.name}:{locator}")

    def _refuse(self, refusal: Refusal, position: int) -> None:
        """Sets a row of an erased person aside without its content, place or plain id."""
        self.refused += 1
        record = {
            "id": refusal.record,
            "source": self._config.name,
            "site": self._config.site,
            "licence": self._config.licence,
        }
        self.sink.drop(record, Fault(position, ERASED_SUBJECT, "", refusal.subject))

    def _keep(self, record: dict[str, Any], row: Row, locator: str, *, size: int) -> None:
        self.columns.update(row.values)
        self._blocks.layout.learn(row.values)
        self.without_payload += not has_payload(record)
        record["locator"] = locator
        pieces = piece_records(record, self.rules.cut) if self.rules.cut else []
        self.cut_documents += bool(pieces)
        self.pieces += len(pieces)
        for one in pieces:
            self.identities.check_piece(one["id"], one["locator"])
        for one in pieces or [record]:
            self.licences[one["licence"] or "not stated"] += 1
            self.sink.keep(one, size // max(len(pieces), 1))

    def _record_id(self, row: Row, canonical: str, locator: str) -> str:
        column = self._meaning.columns.get("id")
        if column is None:
            return self.identities.of_content(self._config.name, canonical)
        value = row.values.get(column)
        if isinstance(value, list | dict):
            raise RowError("bad_type", f"{column} is not a text or a number, so it cannot be an id")
        if value is None or value == "":
            raise RowError("missing_id", f"{column} is empty, and it is mapped to the record's id")
        return self.identities.own(self._config.name, str(value), locator)

    def _set_aside(self, fault: Fault, file_name: str, locator: str) -> None:
        if not self.rules.set_aside:
            raise fault_as_error(fault, file_name)
        self.set_aside += 1
        # Whose damaged row this is cannot be told, so once anybody was erased its content is not kept.
        without_content = bool(self.rules.refusals)
        record = {
            "id": self.identities.of_content(self._config.name, fault.raw or locator),
            "source": self._config.name,
            "locator": locator,
            "site": self._config.site,
            "licence": self._config.licence,
            "extra": None if without_content else json.dumps({"raw": fault.raw}),
        }
        self.sink.drop(record, replace(fault, value="") if without_content else fault)

    @property
    def created(self) -> int:
        """How many more records there are than rows: further elements of lists, further pieces of documents."""
        return self.further_elements + self.pieces - self.cut_documents

    def metrics(self) -> dict[str, Any]:
        """What was recognised and read."""
        unused = self.columns.unused(self._meaning.used)
        return {
            "format": self.reader.format,
            "guessed": {what: dict(sorted(guesses.items())) for what, guesses in sorted(self.guessed.items())},
            "recognised": self._meaning.recognised,
            "columns": dict(sorted(self._meaning.columns.items())),
            "columns_unused": unused[:LISTED],
            "further_columns_unused": len(unused[LISTED:]),
            "files": len(self.source.files),
            "rows": self.rows,
            "further_elements": self.further_elements,
            "records": self.rows + self.created - self.set_aside - self.refused,
            "set_aside": self.set_aside,
            "refused": self.refused,
            "not_landed": self.source.refused,
            "without_payload": self.without_payload,
            "cut": {"documents": self.cut_documents, "pieces": self.pieces},
            "terms": self._terms(),
            "left_out": dict(sorted(self.left_out.items())),
        }

    @property
    def _mend(self) -> str:
        """What to do about rows of erased subjects. Once there are any, what was copied had to be fetched or unpacked."""
        if all(file.referenced or not file.size for file in self.source.files):
            return "take them out of the source's files"
        return (
            "the copy of the source in restricted/snapshots holds them again: take them out of the database, the URL or"
            " the archive, then give acclimate erase the subjects once more"
        )

    def _terms(self) -> dict[str, Any]:
        """What the source may be used for, with the records under each of the commonest licences."""
        config, listed = self._config, sorted(self.licences.items(), key=lambda one: (-one[1], one[0]))
        return {
            "licences": dict(listed[:_LICENCES_LISTED]),
            "consent": config.consent,
            "purpose": list(config.purpose),
        }

    def warnings(self) -> list[str]:
        """What the user should know of this source."""
        name, unused = self._config.name, self.columns.unused(self._meaning.used)
        read = self.rows + self.further_elements
        said = []
        if self.reader.format == "fhir" and self._config.format == "auto":
            said.append(
                f"source {name}: its files begin as FHIR does and were read as that; write format: fhir, with the"
                " identifiers: of the patients that deidentify is to know, or format: jsonl for plain JSON"
            )
        if len(self.guessed["delimiter"]) > 1:
            told = ", ".join(f"{count} with {kind}" for kind, count in sorted(self.guessed["delimiter"].items()))
            said.append(f"source {name}: its tables differ in what separates their cells: {told}")
        for column in DESCRIPTIVE_COLUMNS:
            if column in unused:
                said.append(f"source {name}: the column {column} is not mapped and plays no part")
        if unused and not self.rules.keep_extra:
            said.append(f"source {name}: dropped the unused columns {shown_names(unused)} (ingest.extra: drop)")
        if self.set_aside:
            said.append(f"source {name}: {self.set_aside} of {read} rows were set aside as damaged")
        if self.refused:
            said.append(
                f"source {name}: {self.refused} of {read} rows are of erased subjects and were refused; {self._mend}"
            )
        if self.source.refused:
            said.append(
                f"source {name}: {self.source.refused} rows of erased subjects were left out when it was landed, and are"
                " still where it was landed from; take them out there"
            )
        if self.left_out:
            listed = ", ".join(f"{count} {kind}" for kind, count in sorted(self.left_out.items()))
            said.append(f"source {name}: what became no text was left out: {listed}")
        if self._limit_reached:
            said.append(f"source {name}: only its first {self.rows} rows were read (ingest.limit)")
        return said

"""Finds everything in a project that holds a person. What cannot be searched counts as holding them.

A table holds a person when a row names them, and when it was made from a table that holds them: an answer copied from
the nearest training record, or given by a model that was trained on it, may repeat what another record says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acclimate.core.atomic import partial_file
from acclimate.core.erased import ERASED_SUBJECT
from acclimate.core.errors import WorkspaceError
from acclimate.core.reinclusion import id_digest
from acclimate.core.snapshots import COPIES, SNAPSHOT_FILE, Snapshot, SnapshotFile
from acclimate.core.sources import ROW_FORMATS, is_archive
from acclimate.core.stage import Zone
from acclimate.project.annotation_snapshots import annotation_snapshots
from acclimate.project.erasure.annotations import Annotated, Annotations
from acclimate.project.erasure.person import (
    Person,
    Place,
    copies_under_others,
    gather_person,
    has_unnamed_rows,
    listed_hash,
    naming_rows,
    own_rows,
)
from acclimate.project.erasure.taggers import HeldTagger, held_taggers
from acclimate.project.keys import fingerprint
from acclimate.project.manifests import MANIFEST, Manifest, State, damage
from acclimate.project.workspace import TRIAL, Finished, Workspace

PAGES = ("report.html", "profile.html")
_INGEST, _DEDUP, _SPLIT, _TRAIN, _DIAL = "ingest", "dedup", "split", "train", "dial"


@dataclass(frozen=True)
class Held:
    """An artifact that holds the person. `rows` are their own rows in it, `splits` those of a split by split."""

    area: str
    finished: Finished
    rows: int
    splits: Mapping[str, int]
    trained: bool = False
    """Whether it is a model that was trained on them, or of which that cannot be told."""


@dataclass(frozen=True)
class Findings:
    """Everything that holds the person, with paths relative to the project's folder."""

    person: Person
    places: tuple[Place, ...]
    copies: tuple[Place, ...]
    """Near-duplicates of their records under other subjects; nobody but the user can tell whether they are theirs."""
    held: tuple[Held, ...]
    others: tuple[Path, ...]
    """Files and folders that go whole: collected files, work in progress, what is damaged, the report page."""
    untouched_models: tuple[tuple[str, Finished], ...]
    """Models that were made from a split that held the person and not trained on them, each with its area."""
    taggers: tuple[HeldTagger, ...]
    """The project's own taggers, those of which nothing is the person's included."""
    annotated: Annotated | None = None
    """What the annotation database holds of them; None for nothing."""
    returning: Mapping[str, str] = field(default_factory=dict)
    """By name the sources of theirs whose content is fetched or unpacked into the project, and what each is."""

    @property
    def is_known(self) -> bool:
        """Whether any row of the project names the person, or a tagger was trained on them."""
        learnt = any(tagger.learnt for tagger in self.taggers)
        return bool(self.annotated or self.places or learnt or any(held.rows for held in self.held))


def find_person(workspace: Workspace, given: str, *, key: bytes, annotations: Annotations | None = None) -> Findings:
    """What holds the person, in all areas of the project; `given` is their id in the sources or in the open zone."""
    areas = [area for area in ("", TRIAL) if (workspace.folder / area).is_dir()]
    artifacts = {area: list(Workspace(workspace.folder, area).finished()) for area in areas}
    complete = [item for items in artifacts.values() for item in items if item.manifest.state is State.COMPLETE]
    for item in complete:
        if item.manifest.zone == Zone.RESTRICTED:
            workspace.audit.append("restricted read", by="erase", step=item.manifest.step, key=item.manifest.key)
    exported = {folder: _exported_tables(folder) for folder in annotation_snapshots(workspace.folder)}
    tables = [table for item in complete for table in _tables(item)]
    tables += [table for some in exported.values() for table in some or ()]
    records = annotations.records() if annotations else ()
    person = gather_person(tables, key=key, subject=listed_hash(key, given), records=records)
    whole = tuple(
        folder.relative_to(workspace.folder)
        for folder, some in exported.items()
        if some is None or any(naming_rows(table, person) for table in some)
    )
    searches = {area: _AreaSearch(workspace.folder, area, items, person, key) for area, items in artifacts.items()}
    return Findings(
        person,
        tuple(sorted({place for search in searches.values() for place in search.places()})),
        tuple(sorted({place for search in searches.values() for place in search.copies()})),
        tuple(held for search in searches.values() for held in search.held()),
        tuple(path for search in searches.values() for path in search.others()) + whole,
        tuple((area, item) for area, search in searches.items() for item in search.untouched_models()),
        held_taggers(
            workspace,
            [item for items in artifacts.values() for item in items],
            person,
            tables=[table for item in complete if item.manifest.zone == Zone.RESTRICTED for table in _tables(item)],
            fingerprint=fingerprint(key),
        ),
        _annotated(annotations, person),
        dict(sorted(one for search in searches.values() for one in search.returning())),
    )


def _annotated(annotations: Annotations | None, person: Person) -> Annotated | None:
    found = annotations.count({id_digest(one) for one in person.ids}) if annotations else None
    return found if found and found.items else None


def _exported_tables(folder: Path) -> list[Path] | None:
    """The tables of exported annotations; None where they cannot be read, so that the person may be in them."""
    try:
        broken = (
            damage(folder, Manifest.read(folder), by_content=True) if (folder / MANIFEST).exists() else "no manifest"
        )
    except WorkspaceError as error:
        broken = str(error)
    return None if broken else sorted(folder.glob("*.parquet"))


class _AreaSearch:
    """The search of one area: the project itself, or its quick trial."""

    def __init__(self, folder: Path, area: str, artifacts: list[Finished], person: Person, key: bytes) -> None:
        self._workspace = Workspace(folder, area)
        self._artifacts = artifacts
        self._person, self._fingerprint = person, fingerprint(key)
        self._by_name = {(item.manifest.step, item.manifest.key): item for item in artifacts}
        self._holds: dict[tuple[str, str], bool] = {}
        self._other_key: dict[tuple[str, str], bool] = {}

    def held(self) -> Iterator[Held]:
        """The artifacts that hold the person, oldest first."""
        for item in self._artifacts:
            if self._holds_person(item):
                yield Held(
                    self._workspace.area,
                    item,
                    sum(own_rows(table, self._person).num_rows for table in _tables(item)),
                    self._splits(item),
                    self._is_trained_on(item),
                )

    def untouched_models(self) -> Iterator[Finished]:
        """Models made from what holds the person, and not trained on them."""
        for item in self._artifacts:
            if item.manifest.stage == _TRAIN and self._is_made_from_held(item) and not self._is_trained_on(item):
                yield item

    def places(self) -> Iterator[Place]:
        """Where their records stand in the sources."""
        for _, row in self._ingested():
            yield Place(row["source"] or "", row["locator"] or "", row["id"])

    def _ingested(self) -> Iterator[tuple[Finished, Mapping[str, Any]]]:
        """Their records as ingest made them, each with its artifact."""
        for item in self._artifacts:
            if item.manifest.stage == _INGEST and item.manifest.state is not State.ERASED:
                for table in item.artifact.data_files:
                    for row in own_rows(table, self._person, ("source", "locator")).to_pylist():
                        yield item, row

    def returning(self) -> Iterator[tuple[str, str]]:
        """Sources with records of theirs that cannot be read where they lie and would be landed again; what each is."""
        for item, row in self._ingested():
            [source] = (one for one in item.manifest.config["sources"] if one["name"] == row["source"])
            kind = item.artifact.report().metrics["sources"][row["source"]]["format"]
            if _is_left_out(row, kind, each=source["each"]):
                continue
            if source.get("sql"):
                yield row["source"], "a database"
            elif "://" in source["path"]:
                yield row["source"], "a URL"
            elif any(is_archive(part) for part in row["locator"].split("/")[:-1]):
                yield row["source"], "an archive"

    def copies(self) -> Iterator[Place]:
        """Near-duplicates of their records that stand under other subjects."""
        for item in self._artifacts:
            if item.manifest.stage == _DEDUP:
                yield from copies_under_others(_tables(item), self._person)

    def others(self) -> Iterator[Path]:
        """What goes whole."""
        root = self._workspace.folder
        for path in (*self._snapshots(), *self._leftovers(), *self._pages()):
            yield path.relative_to(root)

    def _holds_person(self, item: Finished) -> bool:
        manifest = item.manifest
        if manifest.state is State.ERASED:
            return False
        name = (manifest.step, manifest.key)
        if name not in self._holds:
            self._holds[name] = (
                any(naming_rows(table, self._person) for table in _tables(item))
                or self._cannot_be_searched(item)
                or (self._is_trained_on(item) if manifest.stage == _TRAIN else self._is_made_from_held(item))
            )
        return self._holds[name]

    def _is_made_from_held(self, item: Finished) -> bool:
        return any(self._holds_person(one) for one in self._made_from(item))

    def _made_from(self, item: Finished) -> list[Finished]:
        """The artifacts whose content went into one. Of splits of earlier rounds only the ledger does, which holds none:
        their test records are compared with, and ids of them are kept."""
        inputs = item.manifest.inputs.items()
        references = (one for role, one in inputs if role.partition(".")[0] not in ("previous", "earlier"))
        found = (self._by_name.get((one.step, one.key)) for one in references)
        return [one for one in found if one is not None]

    def _cannot_be_searched(self, item: Finished) -> bool:
        """Whether its ids were made with another key, or it keeps damaged rows of nobody knows whom."""
        dropped = item.artifact.path / "dropped.parquet"
        if item.manifest.stage == _INGEST and dropped.exists() and has_unnamed_rows(dropped):
            return True
        return self._has_other_key(item)

    def _has_other_key(self, item: Finished) -> bool:
        name = (item.manifest.step, item.manifest.key)
        if name not in self._other_key:
            own = any(one != self._fingerprint for one in item.manifest.secrets.values())
            self._other_key[name] = own or any(self._has_other_key(one) for one in self._made_from(item))
        return self._other_key[name]

    def _is_trained_on(self, item: Finished) -> bool:
        if item.manifest.state is State.ERASED:
            return False
        if item.manifest.stage not in (_TRAIN, _DIAL):
            return False
        if any(self._is_trained_on(one) for one in self._made_from(item)):
            return True
        learnt = any(own_rows(table, self._person).num_rows for table in item.artifact.data_files)
        return item.manifest.stage == _TRAIN and (learnt or self._has_other_key(item))

    def _splits(self, item: Finished) -> Mapping[str, int]:
        if item.manifest.stage != _SPLIT:
            return {}
        rows = [own_rows(table, self._person, ("split",))["split"].to_pylist() for table in item.artifact.data_files]
        return Counter(split for column in rows for split in column)

    def _snapshots(self) -> Iterator[Path]:
        """Snapshots of which no complete ingest shows that the person is not in them, and copies that only they use."""
        folder = self._workspace.snapshots
        clear = {
            reference.identity: item
            for item in self._artifacts
            if item.manifest.stage == _INGEST and item.manifest.config.get("limit") is None
            if item.manifest.state is State.COMPLETE and not self._holds_person(item) and not _refused(item)
            for reference in item.manifest.inputs.values()
        }
        used = set[str]()
        for snapshot in sorted(folder.glob("*")):
            if snapshot.name == COPIES:
                continue
            complete = snapshot.name in clear and (snapshot / SNAPSHOT_FILE).exists()
            files = [file for source in Snapshot.read(snapshot).sources for file in source.files] if complete else []
            if complete and not (_set_aside(clear[snapshot.name]) and _hold_content(files)):
                used |= {file.sha256 for file in files}
            else:
                yield snapshot
        yield from (copy for copy in sorted((folder / COPIES).glob("*")) if copy.name not in used)

    def _leftovers(self) -> Iterator[Path]:
        """Work in progress, samples to mark, and folders beside the artifacts that are none: damaged, or left by a kill.

        Lists of judged and re-included records stay: `finish` takes the person off them.
        """
        known = {item.artifact.path for item in self._artifacts}
        known |= {self._workspace.people / "judgements.json", self._workspace.people / "keep"}
        for zone in Zone:
            root = self._workspace.zone_folder(zone)
            for path in sorted(root.glob("*/*")):
                if path not in known and path.parent != self._workspace.snapshots:
                    yield path

    def _pages(self) -> Iterator[Path]:
        """The pages of the report and of the data, in releases too, and what a kill left of one: they show examples."""
        folder = self._workspace.folder / self._workspace.area
        if any(self._holds_person(item) for item in self._artifacts):
            pages = [path for page in PAGES for path in (folder / page, partial_file(folder / page))]
            yield from (page for page in pages if page.exists())
            yield from sorted((folder / "releases").glob("*/annex/*"))


def releases_made_from(workspace: Workspace, keys: frozenset[str]) -> list[Path]:
    """Releases that name one of the artifacts' keys in any of their JSON files."""
    found = []
    for release in sorted((workspace.folder / "releases").glob("*")):
        texts = (file.read_bytes() for file in release.rglob("*.json"))
        if any(key.encode() in text for text in texts for key in keys):
            found.append(release.relative_to(workspace.folder))
    return found


def _refused(item: Finished) -> int:
    """Rows of erased persons that an ingest refused: they still stand in what it read."""
    return item.artifact.report().counts.dropped.get(ERASED_SUBJECT, 0)


def _set_aside(item: Finished) -> bool:
    """Whether an ingest set rows aside, without content: whose they are in what it read cannot be told."""
    return bool(item.artifact.report().counts.dropped)


def _hold_content(files: Iterable[SnapshotFile]) -> bool:
    """Whether the project itself holds the content of any of the files."""
    return any(file.size and not file.referenced for file in files)


def _is_left_out(row: Mapping[str, Any], kind: str, *, each: str) -> bool:
    """Whether collect knows a record of theirs from its row, by subject or by an id of the source's own."""
    record_id = (row["parents"] or [row["id"]])[0]
    return kind in ROW_FORMATS and not each and (row["subject_id"] is not None or ":" in record_id)


def _tables(item: Finished) -> list[Path]:
    """The Parquet files of an artifact that hold rows; the ledger of a split holds none of anybody's content."""
    if item.manifest.state is State.ERASED:
        return []
    dropped = item.artifact.path / "dropped.parquet"
    return [*item.artifact.data_files, *([dropped] if dropped.exists() else [])]

"""Sources that lie elsewhere, landed once and kept: only `acclimate collect` goes there again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from acclimate.collect.copies import private_folder
from acclimate.collect.erased_rows import FindErased, nobody_erased
from acclimate.core.atomic import json_digest, read_json, write_json
from acclimate.core.errors import ConfigError, SourceError
from acclimate.core.snapshots import COPIES, LANDED, SetAsideFile, SnapshotFile, SnapshotSource
from acclimate.core.sources import SourceConfig, source_format

_FILES = TypeAdapter(tuple[SnapshotFile, ...])
_SET_ASIDE = TypeAdapter(tuple[SetAsideFile, ...])


@dataclass(frozen=True)
class Elsewhere:
    """The way to databases and stores: `snapshots` is where what was fetched is kept, `network` the project's switch."""

    snapshots: Path
    network: bool = False
    set_aside: bool = False
    find_erased: FindErased = nobody_erased

    def landed(self, source: SourceConfig, *, again: bool) -> SnapshotSource:
        """The source's files as they were landed; fetched now where they never were, or `again`."""
        record = private_folder(self.snapshots / LANDED) / f"{_address(source)}.json"
        if record.exists() and not again:
            document = read_json(record)
            files = _FILES.validate_python(document["files"])
            set_aside = _SET_ASIDE.validate_python(document.get("set_aside", []))
            if all((self.snapshots / COPIES / file.sha256).exists() for file in files):
                self._check_set_aside(set_aside)
                source_format(source, [file.name for file in files])
                refused = document.get("refused", 0)
                return SnapshotSource(config=source, files=files, set_aside=set_aside, refused=refused)
        landed = self._fetch(source)
        parts = landed.model_dump(mode="json", include={"files", "set_aside", "refused"})
        write_json(record, {"source": source.name, **parts})
        record.chmod(0o600)
        return landed

    def _check_set_aside(self, refused: tuple[SetAsideFile, ...]) -> None:
        """What was fetched beside something that was set aside is of no use where nothing may be."""
        if refused and not self.set_aside:
            raise SourceError(
                f"{refused[0].name} was not taken when it was fetched: {refused[0].sentence}.",
                hint="set ingest.on_error: set_aside to go on without it, or mend it there and run acclimate collect",
            )

    def _fetch(self, source: SourceConfig) -> SnapshotSource:
        copies = private_folder(self.snapshots / COPIES)
        erased = self.find_erased(source)
        if source.sql is not None:
            from acclimate.collect import databases

            self._check_network(source, databases.reaches_out(source))
            file = databases.fetch_rows(source, copies=copies, erased=erased)
            return SnapshotSource(config=source, files=(file,), refused=erased.refused if erased else 0)
        from acclimate.collect import remote

        self._check_network(source, remote.scheme(source) not in remote.HERE)
        return remote.fetch_files(source, copies=copies, set_aside=self.set_aside, erased=erased)

    def _check_network(self, source: SourceConfig, reaches_out: bool) -> None:
        if reaches_out and not self.network:
            raise ConfigError(
                f"The source {source.name!r} lies elsewhere, and network access is off.",
                hint="set network: true in acclimate.yaml for the first run; what is landed is used without it",
            )


def _address(source: SourceConfig) -> str:
    """What tells one fetch from another, the values of secrets left out."""
    return json_digest([source.path, source.sql, source.options, source.secrets])

"""Sources that lie elsewhere, landed once and kept: only `acclimate collect` goes there again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from acclimate.collect.copies import private_folder
from acclimate.core.atomic import json_digest, read_json, write_json
from acclimate.core.errors import ConfigError
from acclimate.core.snapshots import COPIES, LANDED, SnapshotFile
from acclimate.core.sources import SourceConfig, source_format

_FILES = TypeAdapter(tuple[SnapshotFile, ...])


@dataclass(frozen=True)
class Elsewhere:
    """The way to databases and stores: `snapshots` is where what was fetched is kept, `network` the project's switch."""

    snapshots: Path
    network: bool = False

    def files(self, source: SourceConfig, *, again: bool) -> tuple[SnapshotFile, ...]:
        """The source's files as they were landed; fetched now where they never were, or `again`."""
        record = private_folder(self.snapshots / LANDED) / f"{_address(source)}.json"
        if record.exists() and not again:
            files = _FILES.validate_python(read_json(record)["files"])
            if all((self.snapshots / COPIES / file.sha256).exists() for file in files):
                source_format(source, [file.name for file in files])
                return files
        files = tuple(self._fetch(source))
        write_json(record, {"source": source.name, "files": [file.model_dump(mode="json") for file in files]})
        record.chmod(0o600)
        return files

    def _fetch(self, source: SourceConfig) -> Sequence[SnapshotFile]:
        copies = private_folder(self.snapshots / COPIES)
        if source.sql is not None:
            from acclimate.collect import databases

            self._check_network(source, databases.reaches_out(source))
            return [databases.fetch_rows(source, copies=copies)]
        from acclimate.collect import remote

        self._check_network(source, remote.scheme(source) not in remote.HERE)
        return remote.fetch_files(source, copies=copies)

    def _check_network(self, source: SourceConfig, reaches_out: bool) -> None:
        if reaches_out and not self.network:
            raise ConfigError(
                f"The source {source.name!r} lies elsewhere, and network access is off.",
                hint="set network: true in acclimate.yaml for the first run; what is landed is used without it",
            )


def _address(source: SourceConfig) -> str:
    """What tells one fetch from another, the values of secrets left out."""
    return json_digest([source.path, source.sql, source.options, source.secrets])

"""The example of labelled messages: equal seeds, equal bytes; every shop has every label."""

from __future__ import annotations

import csv
from pathlib import Path

from acclimate.examples.tickets import write_project
from acclimate.examples.tickets.wording import COMPLAINTS
from acclimate.pipeline.config import read_config


def written(folder: Path, seed: int) -> dict[str, bytes]:
    folder.mkdir()
    return {path.name: path.read_bytes() for path in write_project(folder, seed=seed)}


def test_equal_seeds_give_equal_files(tmp_path: Path) -> None:
    assert written(tmp_path / "a", 1) == written(tmp_path / "b", 1)
    assert written(tmp_path / "c", 2) != written(tmp_path / "d", 1)


def test_every_shop_has_every_label_and_some_messages_without_one(tmp_path: Path) -> None:
    files = written(tmp_path / "a", 7)
    config = read_config(tmp_path / "a")
    assert set(config.labels) == set(COMPLAINTS)
    for name in ("harbour.csv", "hill.csv", "market.csv"):
        rows = list(csv.DictReader(files[name].decode().splitlines()))
        assert {row["category"] for row in rows} == {*COMPLAINTS, ""}
        assert len({row["ticket"] for row in rows}) == len(rows)

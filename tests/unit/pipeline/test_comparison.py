from __future__ import annotations

from pathlib import Path

import pytest

from acclimate.core.errors import ConfigError, SourceError, WorkspaceError
from acclimate.pipeline.comparison import write_comparison
from acclimate.pipeline.config import read_config


def write(folder: Path, *, test: str = "*.jsonl", **columns: str) -> None:
    write_comparison(folder, base="smollm2-135m", model="./adapter", test=Path(test), columns=columns)


def test_the_same_comparison_can_be_written_again(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path)
    assert read_config(tmp_path).model == "./adapter"


def test_a_project_that_stands_there_is_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "acclimate.yaml"
    file.write_text("project: notes\n")
    with pytest.raises(WorkspaceError, match=r"acclimate\.yaml is that of another project.*\n.*--output"):
        write(tmp_path)
    assert file.read_text() == "project: notes\n"


def test_another_comparison_is_never_overwritten(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(WorkspaceError, match="another project or comparison"):
        write(tmp_path, test="*.csv")


def test_a_comparison_that_is_not_valid_leaves_no_file_behind(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean prompt"):
        write(tmp_path / "made", promt="question")
    assert not (tmp_path / "made").exists()


def test_a_comparison_without_its_test_file_leaves_no_file_behind(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"There is no test file missing\.jsonl"):
        write(tmp_path / "made", test="missing.jsonl")
    assert not (tmp_path / "made").exists()

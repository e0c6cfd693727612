"""One setting changes in acclimate.yaml, and every other line stays as it was written."""

from __future__ import annotations

import pytest
import yaml

from acclimate.core.errors import ConfigError
from acclimate.pipeline.setting import write_setting
from acclimate.project.workspace import PROJECT_FILE

HEAD = "project: notes  # ours\nbase: tiny\n"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (HEAD, HEAD + "\ndial: {alpha: 0.5}\n"),
        (HEAD + "dial: {alpha: 1.0}\n# end\n", HEAD + "dial: {alpha: 0.5}\n# end\n"),
        (HEAD + "dial: {seed: 3}\ntask: generation\n", HEAD + "dial: {seed: 3, alpha: 0.5}\ntask: generation\n"),
        (HEAD + "dial:\n  # why\n  alpha: 1.0  # as it is\n", HEAD + "dial:\n  # why\n  alpha: 0.5  # as it is\n"),
        (HEAD + "dial:\n    seed: 3\ntrain: {}\n", HEAD + "dial:\n    alpha: 0.5\n    seed: 3\ntrain: {}\n"),
        (HEAD + "# dial:\n#   alpha: null\n", HEAD + "# dial:\n#   alpha: null\n\ndial: {alpha: 0.5}\n"),
        (HEAD + "dial:  # later\n\ntrain: {}\n", HEAD + "dial:  # later\n  alpha: 0.5\n\ntrain: {}\n"),
    ],
)
def test_a_setting_is_changed_where_it_stands(tmp_path, written, expected):
    (tmp_path / PROJECT_FILE).write_text(written)
    write_setting(tmp_path, "dial", "alpha", 0.5)
    changed = (tmp_path / PROJECT_FILE).read_text()
    assert yaml.safe_load(changed)["dial"]["alpha"] == 0.5
    assert changed == expected


def test_a_form_that_lines_cannot_change_is_left_alone(tmp_path):
    written = HEAD + "dial: {alpha: 1.0,\n  seed: 3}\n"
    (tmp_path / PROJECT_FILE).write_text(written)
    with pytest.raises(ConfigError, match="form"):
        write_setting(tmp_path, "dial", "alpha", 0.5)
    assert (tmp_path / PROJECT_FILE).read_text() == written

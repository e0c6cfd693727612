"""The contract's checks must be able to fail: each is given a stage that breaks one promise."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from acclimate.core.errors import ContractError
from acclimate.core.stage import Stage, StageConfig
from acclimate.testing import StageCase, check_stage, write_artifact
from acclimate.testing.contract import check_unknown_keys_fail

BROKEN_STAGES = {
    "another clock": "import time\n    value = str(int(time.time() / 86400))",
    "another batch size": "value = str(context.batch_rows)",
    "another hash seed": "value = str(hash('record'))",
    "another environment": "import os\n    value = os.environ.get('TZ', '')",
    "another working folder": "import os\n    value = os.getcwd()",
    "outside its output": "value = ''\n    open('left-behind', 'w').close()",
    "outside its output, renamed": "import os\n    value = ''\n    os.rename(inputs['records'].path, 'moved')",
    "outside its output, by a library": (
        "import pyarrow.parquet as pq\n    value = ''\n    pq.write_table(records, 'left-behind.parquet')"
    ),
    "another process": "import subprocess\n    value = ''\n    subprocess.run(['true'])",
    "used the network": "import socket\n    value = ''\n    socket.socket().bind(('127.0.0.1', 0))",
    "order of the input records": "value = inputs['records'].table()['id'][0].as_py()",
    "another number": "value = ''\n    records = records.slice(1)",
    "counted": "from acclimate.core import crash_points\n    value = str(not crash_points._fatal_visit or 1 / 0)",
    "reached in one run": (
        "from acclimate.core import crash_points\n    value = ''\n"
        "    for _ in range(9 if crash_points._fatal_visit == crash_points.NEVER else 0):\n"
        "        crash_points.crash_point('here')"
    ),
    "counts do not add up": (
        "from acclimate.core import report\n    value = ''\n"
        "    Counts = lambda inputs, kept: report.Counts(inputs + 1, kept)"
    ),
    "the file holds 0": (
        "from acclimate.core import report\n    value = ''\n"
        "    Counts = lambda inputs, kept: report.Counts(inputs + 1, kept, dropped={'short': 1})"
    ),
    "crash point": (
        "from acclimate.core.crash_points import crash_point\n"
        "    mark = context.partial / 'mark'\n    value = str(mark.exists())\n    mark.touch()\n    crash_point('here')"
    ),
}

SOURCE = """
from acclimate.core.report import Counts, Report
from acclimate.core.stage import Stage, StageConfig
import pyarrow as pa

def run(config, inputs, output, context):
    records = inputs["records"].table().sort_by("id")
    count = records.num_rows
    {body}
    values = pa.array([value] * records.num_rows, pa.string())
    output.keep(records.set_column(records.schema.get_field_index("label"), "label", values))
    return Report("broken", Counts(count, count))

STAGE = Stage("{name}", StageConfig, run)
"""


@pytest.mark.parametrize("promise", BROKEN_STAGES)
def test_a_broken_promise_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, promise: str) -> None:
    import acclimate.stages

    name = f"broken_{list(BROKEN_STAGES).index(promise)}"
    package = tmp_path / "extra" / "acclimate_broken"
    package.mkdir(parents=True)
    (package / f"{name}.py").write_text(SOURCE.format(body=BROKEN_STAGES[promise], name=name))
    case = StageCase(
        Stage(name, StageConfig, lambda *_: None),
        {},
        {"records": write_artifact(tmp_path / "in", [{"id": letter, "text": letter} for letter in "abc"])},
    )
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        f"import acclimate.stages\nacclimate.stages.__path__.append({str(package)!r})\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(site))
    assert acclimate.stages
    with pytest.raises(ContractError, match=promise.split(",")[0]):
        check_stage(case, tmp_path / "bench")


def test_a_config_that_takes_unknown_keys_is_refused() -> None:
    class Loose(BaseModel):
        pass

    with pytest.raises(ContractError, match="unknown config key"):
        check_unknown_keys_fail(Stage("loose", Loose, lambda *_: None))

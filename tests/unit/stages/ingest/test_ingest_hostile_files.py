"""Each file of the hostile corpus: bounded time and memory, one sentence, the good part kept, the bad part counted."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.hostile_files import MEGABYTE, large_files, quick_files
from tests.unit.stages.ingest.hostile_process import read_hostile

from acclimate.core.erased import ErasedSubject, Refusals
from acclimate.core.errors import SourceError
from acclimate.core.sources import SourceConfig
from acclimate.stages.ingest.erased_rows import ErasedRows
from acclimate.stages.ingest.files import GZIP

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("hostile", quick_files(), ids=lambda one: one.name)
def test_a_hostile_file_costs_only_its_bad_part(tmp_path, hostile):
    start = time.process_time()
    ingested = read_hostile(hostile, tmp_path, on_error="set_aside")
    assert (len(ingested.records), tuple(dict.fromkeys(ingested.reasons))) == (hostile.kept, hostile.reasons)
    assert ingested.report.counts.inputs == len(ingested.records) + len(ingested.dropped)
    assert time.process_time() - start < 5


@pytest.mark.parametrize("hostile", [one for one in quick_files() if one.reasons], ids=lambda one: one.name)
def test_a_hostile_file_is_one_sentence_that_names_it(tmp_path, hostile):
    with pytest.raises(SourceError, match=r"\ba\.\w+") as error:
        read_hostile(hostile, tmp_path)
    assert error.value.hint
    assert "\n" not in error.value.message
    assert len(error.value.message) < 300
    assert "good" not in error.value.message


@pytest.mark.parametrize("hostile", quick_files(), ids=lambda one: one.name)
def test_a_hostile_file_of_nobody_who_was_erased_is_landed_as_it_is(hostile):
    content, name = hostile.make(), f"a.{hostile.name.rpartition('.')[2]}"
    source = SourceConfig.model_validate({**hostile.source, "path": name})
    sifted = ErasedRows(source, Refusals([ErasedSubject("s1", "k", "f")], {"k": bytes(32)})).sift(name)
    landed = b"".join(sifted.chunks(io.BytesIO(content)))
    assert landed == content or content.startswith(GZIP)
    assert sifted.refused == 0


@pytest.mark.slow
@pytest.mark.parametrize("hostile", large_files(), ids=lambda one: one.name)
def test_a_large_hostile_file_takes_bounded_time_and_memory(tmp_path, hostile):
    command = [sys.executable, "-m", "tests.unit.stages.ingest.hostile_process", hostile.name, str(tmp_path)]
    told = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    assert (told["kept"], tuple(told["reasons"])) == (hostile.kept, hostile.reasons)
    assert told["seconds"] < 120
    assert told["peak"] < 1500 * MEGABYTE

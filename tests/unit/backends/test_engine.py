"""The engine gives results in the order of the batches, in one process or several."""

from __future__ import annotations

import os
from functools import partial

import pyarrow as pa
import pytest

from acclimate.backends.engine import LocalEngine
from acclimate.core.errors import ContractError, DataError

BATCHES = [pa.RecordBatch.from_pydict({"number": list(range(start, start + 3))}) for start in range(0, 30, 3)]


def total(batch, plus=0):
    return sum(batch["number"].to_pylist()) + plus


def process(batch):
    return os.getpid()


def fails_at_six(batch):
    if batch["number"][0].as_py() == 6:
        raise DataError("record 6 is odd")
    return 0


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_batches(workers):
    results = list(LocalEngine(workers).map_batches(partial(total, plus=1), iter(BATCHES)))
    assert results == [3 * start + 4 for start in range(0, 30, 3)]


def test_several_workers_are_other_processes():
    assert os.getpid() not in set(LocalEngine(2).map_batches(process, BATCHES))


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_batch_reaches_the_caller(workers):
    with pytest.raises(DataError, match="record 6"):
        list(LocalEngine(workers).map_batches(fails_at_six, BATCHES))


def test_one_worker_reads_no_batch_before_it_is_asked_for():
    asked = []
    results = LocalEngine().map_batches(total, (asked.append(1) or batch for batch in BATCHES))
    next(results)
    assert len(asked) == 1


def test_a_function_that_cannot_travel_is_named_before_anything_starts():
    with pytest.raises(ContractError, match="top of a module"):
        list(LocalEngine(2).map_batches(lambda batch: 0, BATCHES))

"""Maps a function over record batches on this machine, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import pyarrow as pa


@dataclass(frozen=True)
class LocalEngine:
    """In this process with one worker, else in a pool of processes; the results are the same.

    With more workers the function must be importable by name, as the standard library's pools ask.
    """

    workers: int = 1

    def map_batches(
        self, function: Callable[[pa.RecordBatch], Any], batches: Iterable[pa.RecordBatch]
    ) -> Iterator[Any]:
        """The function's results, in the order of the batches."""
        if self.workers == 1:
            yield from map(function, batches)
            return
        # Forking a process in which a library has started threads can hang it; spawned ones start clean.
        with ProcessPoolExecutor(self.workers, mp_context=get_context("spawn")) as pool:
            yield from pool.map(function, batches)

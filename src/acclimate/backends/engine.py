"""Maps a function over record batches on this machine: in this process, or in a pool of processes."""

from __future__ import annotations

import multiprocessing
import pickle
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa

from acclimate.core.errors import ContractError

BATCHES_WAITING = 2
"""Batches per worker that are read ahead: enough to keep it busy, few enough to keep memory flat."""


@dataclass(frozen=True)
class LocalEngine:
    """One process by default; more workers pay once a batch costs more than starting Python and importing the stage."""

    workers: int = 1

    def map_batches(
        self, function: Callable[[pa.RecordBatch], Any], batches: Iterable[pa.RecordBatch]
    ) -> Iterator[Any]:
        """The function's results, in the order of the batches; a worker's error is raised here."""
        if self.workers <= 1:
            return map(function, batches)
        return self._map_in_pool(function, batches)

    def _map_in_pool(
        self, function: Callable[[pa.RecordBatch], Any], batches: Iterable[pa.RecordBatch]
    ) -> Iterator[Any]:
        check_it_travels(function)
        # A forked child would inherit the locks of threads it does not have: spawned ones start clean.
        spawn = multiprocessing.get_context("spawn")
        waiting: deque[Future[Any]] = deque()
        # Sent to each worker once: what deidentify knows of all subjects would travel with every batch.
        with ProcessPoolExecutor(
            self.workers, mp_context=spawn, initializer=_Worker.begin, initargs=(function,)
        ) as pool:
            try:
                for batch in batches:
                    waiting.append(pool.submit(_Worker.apply, batch))
                    if len(waiting) >= self.workers * BATCHES_WAITING:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()


class _Worker:
    """The function that a worker process applies to every batch."""

    function: ClassVar[Callable[[pa.RecordBatch], Any]]

    @classmethod
    def begin(cls, function: Callable[[pa.RecordBatch], Any]) -> None:
        """Called once in each new worker."""
        cls.function = staticmethod(function)

    @classmethod
    def apply(cls, batch: pa.RecordBatch) -> Any:
        """One result."""
        return cls.function(batch)


def check_it_travels(function: Callable[..., Any]) -> None:
    """Pickle travels between our own processes here; nothing pickled is ever read from a file."""
    try:
        pickle.dumps(function)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ContractError(
            f"{function!r} cannot be sent to another process: {error}. Use a function at the top of a module, or a"
            " functools.partial of one."
        ) from error

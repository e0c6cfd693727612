"""Maps a function over record batches on a Ray cluster: the same function as on this machine, equal rows out.

Every node must hold the same versions of what decides a row; a node that does not is refused before any work.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import socket
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import psutil
import pyarrow as pa

from acclimate.backends.engine import BATCHES_WAITING, check_it_travels
from acclimate.core.errors import ConfigError, ResourceError

DECIDING = ("acclimate", "pyarrow", "polars", "numpy", "ftfy", "py3langid", "rensa", "google-re2", "Faker")
"""Packages whose version may change a row."""

HERE = "local"
"""Starts a cluster of one node on this machine and ends it with the process."""

CONNECT_SECONDS = 10
"""How long the head of a cluster may take to answer."""

END_SECONDS = 10
"""How long the processes of a cluster that was started here may take to end."""

RETRIES = 3
"""How often a batch is sent to another node when its own dies."""


@dataclass(frozen=True)
class RayEngine:
    """A running cluster by the address of its head, `host:port`, or one of a single node that is started here."""

    address: str = HERE

    def map_batches(
        self, function: Callable[[pa.RecordBatch], Any], batches: Iterable[pa.RecordBatch]
    ) -> Iterator[Any]:
        """The function's results, in the order of the batches; a worker's error is raised here.

        Two batches for each processor of the cluster are on their way at once, however many there are in all.
        """
        check_it_travels(function)
        ray = _connected(self.address)
        apply, shared = ray.remote(max_retries=RETRIES)(_apply), ray.put(function)
        waiting: deque[Any] = deque()
        try:
            for batch in batches:
                waiting.append(apply.remote(shared, batch))
                if len(waiting) >= _processors(ray) * BATCHES_WAITING:
                    yield _result(ray, waiting.popleft())
            while waiting:
                yield _result(ray, waiting.popleft())
        finally:
            for unfinished in waiting:
                ray.cancel(unfinished)


def _apply(function: Callable[[pa.RecordBatch], Any], batch: pa.RecordBatch) -> Any:
    return function(batch)


def _connected(address: str) -> Any:
    """Ray, connected, its nodes checked; the connection lasts as long as the process."""
    _set_before_import(address)
    try:
        import ray
    except ImportError as error:
        raise ConfigError(
            "engine.kind is ray, and Ray is not installed.",
            hint="pip install 'acclimate[cluster]', or engine.kind: local",
        ) from error
    if not ray.is_initialized():
        _keep_stdout_for_data(ray)
        _start(ray, address)
        _check_nodes(ray)
    return ray


def _set_before_import(address: str) -> None:
    """Ray reads these once, with its import."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if address == HERE and "ray" not in sys.modules:
        # Nobody else on this machine may send it work.
        os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}


def _keep_stdout_for_data(ray: Any) -> None:
    """Ray tells what it hears of other nodes on stdout, and has no setting for it; from here on on stderr."""
    worker = ray._private.worker
    tell = getattr(worker, "print_to_stdstream", None)
    if tell is not None:
        worker.print_to_stdstream = lambda said, *rest, **named: tell({**said, "is_err": True}, *rest, **named)


def _start(ray: Any, address: str) -> None:
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    if address == HERE:
        # What Ray spills to disk may be restricted text: it lies in a folder of the user's alone, and goes at the end.
        folder = tempfile.mkdtemp(prefix="acclimate-ray-")
        atexit.register(_end, ray, folder)
        ray.init("local", include_dashboard=False, _node_ip_address="127.0.0.1", _temp_dir=folder, **quiet)
        return
    try:
        _check_it_answers(address)
        ray.init(address=address, **quiet)
    # Ray leaves the whole process where it gives up connecting.
    except (OSError, ValueError, RuntimeError, SystemExit, ray.exceptions.RayError) as error:
        raise ResourceError(
            f"There is no Ray cluster at {address} that takes work from here ({type(error).__name__}).",
            hint="start its head there (ray start --head --port ...), with the same RAY_AUTH_TOKEN as here; or set"
            " engine.address: local",
        ) from error


def _end(ray: Any, folder: str) -> None:
    nodes = psutil.Process().children(recursive=True)
    ray.shutdown()
    psutil.wait_procs(nodes, timeout=END_SECONDS)
    shutil.rmtree(folder, ignore_errors=True)


def _check_it_answers(address: str) -> None:
    """Ray itself asks for minutes, and says nothing."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS):
        pass


def _check_nodes(ray: Any) -> None:
    """Fails when a node holds another version of what decides a row."""
    strategy = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
    ask = ray.remote(num_cpus=0)(versions)
    nodes = [node for node in ray.nodes() if node["Alive"]]
    here = versions()
    for node in nodes:
        placed = ask.options(scheduling_strategy=strategy(node_id=node["NodeID"], soft=False))
        try:
            there = ray.get(placed.remote(), timeout=60)
        except ray.exceptions.RayError as error:
            raise ResourceError(
                f"The node {node['NodeManagerAddress']} cannot run acclimate ({type(error).__name__}).",
                hint="install the same acclimate there, with its requirements",
            ) from error
        differing = [name for name in here if there[name] != here[name]]
        if differing:
            name = differing[0]
            raise ResourceError(
                f"The node {node['NodeManagerAddress']} has {name} {there[name]} and this one {here[name]}, so that its"
                " rows may differ.",
                hint=f"install {name} {here[name]} there",
            )


def versions() -> Mapping[str, str]:
    """The versions of what decides a row, on the node that is asked."""
    return {name: version(name) for name in DECIDING}


def _processors(ray: Any) -> int:
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def _result(ray: Any, reference: Any) -> Any:
    """A batch's result, or the error that its function raised, as it would be raised here."""
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
    except ray.exceptions.RayError as error:
        raise ResourceError(
            f"The Ray cluster lost a batch {RETRIES + 1} times ({type(error).__name__}).",
            hint="look at its nodes (ray status); nothing finished is lost, run the same command again to go on",
        ) from error

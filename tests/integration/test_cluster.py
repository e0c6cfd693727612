"""On a Ray cluster the record stages make the same artifacts as on this machine: one node, and two hosts of their own.

The hosts are network namespaces joined by a virtual cable; making them needs root on Linux.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from acclimate.api import Project

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("ray") is None, reason="needs Ray: pip install 'acclimate[cluster]'"),
]

ROOT = Path(__file__).parents[2]
HEAD, OTHER = "10.213.7.1", "10.213.7.2"
COMMAND = [sys.executable, "-c", "from acclimate.cli.main import main; main()"]
ENVIRONMENT = {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}", "RAY_USAGE_STATS_ENABLED": "0"}
TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0" * 64}


def identities(project: Path) -> dict[str, str]:
    opened = Project.open(project)
    steps = [step.name for step in opened.config.steps]
    steps = steps[: steps.index("split") + 1]
    return {step: opened.workspace.readable(step).manifest.identity for step in steps}


def run_until_split(project: Path, address: str, *, within: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    options = ["--set", "engine.kind=ray", "--set", f"engine.address={address}"]
    command = [*COMMAND, "run", "--project", str(project), "--until", "split", *options]
    return started([*within, *command])


def started(command: list[str]) -> subprocess.CompletedProcess[str]:
    environment = os.environ | ENVIRONMENT | TOKEN
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_one_node_makes_the_artifacts_of_a_local_run(project: Path, tmp_path: Path) -> None:
    here = shutil.copytree(project, tmp_path / "here")
    Project.open(here).run(until="split")
    ran = run_until_split(project, "local")
    assert ran.returncode == 0, ran.stderr
    assert identities(project) == identities(here)


def test_a_cluster_that_is_not_there_is_one_sentence(project: Path) -> None:
    refused = run_until_split(project, "127.0.0.1:1")
    assert refused.returncode == 2
    assert "There is no Ray cluster at 127.0.0.1:1" in refused.stderr and "Traceback" not in refused.stderr


@dataclass(frozen=True)
class Host:
    """A network namespace: to the processes in it a machine of its own."""

    name: str

    @property
    def within(self) -> tuple[str, ...]:
        """What to put before a command to run it there."""
        return ("ip", "netns", "exec", self.name)

    def kill(self) -> None:
        """Ends all that runs there at once."""
        found = subprocess.run(["ip", "netns", "pids", self.name], capture_output=True, text=True, check=False)
        subprocess.run(["kill", "-9", *found.stdout.split()], capture_output=True, check=False)


@pytest.fixture
def two_hosts() -> Iterator[tuple[Host, Host]]:
    """A cluster of two nodes with one processor each; the first is its head."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("making network namespaces needs root and iproute2")
    first, second = Host(f"acclimate-{os.getpid()}-a"), Host(f"acclimate-{os.getpid()}-b")
    try:
        for host in (first, second):
            if subprocess.run(["ip", "netns", "add", host.name], capture_output=True, check=False).returncode:
                pytest.skip("this machine allows no network namespaces")
        _cable(first.name, second.name)
        _start_node(first, "--head", "--node-ip-address", HEAD, "--port", "6399", "--include-dashboard=false")
        _start_node(second, "--address", f"{HEAD}:6399", "--node-ip-address", OTHER)
        yield first, second
    finally:
        for host in (first, second):
            host.kill()
            subprocess.run(["ip", "netns", "delete", host.name], capture_output=True, check=False)


def _cable(first: str, second: str) -> None:
    commands = [f"ip link add cable-a netns {first} type veth peer name cable-b netns {second}"]
    for name, end, address in ((first, "cable-a", HEAD), (second, "cable-b", OTHER)):
        commands += [
            f"ip -n {name} address add {address}/24 dev {end}",
            f"ip -n {name} link set {end} up",
            f"ip -n {name} link set lo up",
        ]
    for command in commands:
        subprocess.run(command.split(), check=True, capture_output=True)


def _start_node(host: Host, *options: str) -> None:
    ray_command = [
        str(Path(sys.executable).with_name("ray")),
        "start",
        "--num-cpus=1",
        "--object-store-memory=80000000",
    ]
    ran = started([*host.within, *ray_command, "--disable-usage-stats", *options])
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_two_hosts_share_the_work_and_make_the_artifacts_of_a_local_run(
    project: Path, tmp_path: Path, two_hosts: tuple[Host, Host]
) -> None:
    here = shutil.copytree(project, tmp_path / "here")
    Project.open(here).run(until="split")
    ran = run_until_split(project, f"{HEAD}:6399", within=two_hosts[0].within)
    assert ran.returncode == 0, ran.stderr
    assert identities(project) == identities(here)


WHERE = """
import json, sys
import pyarrow as pa
from acclimate.backends.ray_engine import RayEngine
from tests.integration.cluster_functions import node_of
batches = (pa.RecordBatch.from_pydict({"number": [number]}) for number in range(int(sys.argv[2])))
for result in RayEngine(sys.argv[1]).map_batches(node_of, batches):
    print(json.dumps(result), flush=True)
"""


def where(host: Host, batches: int) -> list[str]:
    """The command that tells, batch by batch, on which node it ran."""
    return [*host.within, sys.executable, "-c", WHERE, f"{HEAD}:6399", str(batches)]


def test_batches_run_on_both_hosts_and_come_back_in_order(two_hosts: tuple[Host, Host]) -> None:
    ran = started(where(two_hosts[0], 12))
    assert ran.returncode == 0, ran.stderr
    results = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [number for number, _ in results] == list(range(12))
    assert {node for _, node in results} == {HEAD, OTHER}


def test_what_a_dying_host_had_is_done_by_the_other(two_hosts: tuple[Host, Host]) -> None:
    environment = os.environ | ENVIRONMENT | TOKEN
    with subprocess.Popen(where(two_hosts[0], 30), stdout=subprocess.PIPE, text=True, env=environment) as running:
        assert running.stdout is not None
        lines = [running.stdout.readline() for _ in range(4)]
        two_hosts[1].kill()
        lines += running.stdout.readlines()
    assert running.returncode == 0
    results = [json.loads(line) for line in lines]
    assert [number for number, _ in results] == list(range(30))
    assert results[-1][1] == HEAD

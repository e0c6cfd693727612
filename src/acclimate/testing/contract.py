"""The stage contract as runnable checks, in the spirit of scikit-learn's `check_estimator`.

A stage is run undisturbed and disturbed in several ways, and the results are compared. What disturbs a whole process
(another clock, hash seed, environment) has one of its own; all else runs in forks of one that has imported the stage.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pydantic import ValidationError

from acclimate.core.artifacts import Artifact, RowDigest, rows_digest
from acclimate.core.atomic import file_digest, read_json
from acclimate.core.crash_points import NEVER
from acclimate.core.errors import ContractError
from acclimate.core.stage import Stage
from acclimate.testing.child import PASSED_FILE, Specification
from acclimate.testing.forks import Forks

TEN_YEARS = 10 * 365.25 * 86400.0
CHILD = "acclimate.testing.child"


@dataclass(frozen=True)
class StageCase:
    """A stage with a config and inputs on which it is to be checked. `tables` are the roles whose rows may be reordered."""

    stage: Stage
    config: Mapping[str, Any]
    inputs: Mapping[str, Artifact]
    tables: Sequence[str] = ("records",)
    secrets: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Surroundings:
    """What must not change a result."""

    clock_offset: float = 0.0
    batch_rows: int = 1024
    hash_seed: str = "1"
    environment: Mapping[str, str] = field(default_factory=dict)
    other_folder: bool = False


DISTURBANCES: Mapping[str, Surroundings] = {
    "another clock": Surroundings(clock_offset=TEN_YEARS),
    "another batch size": Surroundings(batch_rows=3),
    "another hash seed": Surroundings(hash_seed="2"),
    "another environment": Surroundings(environment={"TZ": "Asia/Tokyo", "LANG": "tr_TR.UTF-8", "LC_ALL": "C"}),
    "another working folder": Surroundings(other_folder=True),
}
ALL_AT_ONCE = Surroundings(TEN_YEARS, 3, "2", DISTURBANCES["another environment"].environment, True)


def check_stage(case: StageCase, folder: Path) -> None:
    """Checks everything the contract promises; raises ContractError naming the first promise that is broken.

    Equal results under another clock, batch size, hash seed, environment and working folder; under another record
    order where order must not matter; after a kill at each crash point and a rerun. Nothing written outside output
    and partial, no socket. Unknown config keys fail. `in + created = kept + Σ dropped`.
    """
    check_unknown_keys_fail(case.stage)
    folder.mkdir(parents=True, exist_ok=True)
    with Forks(CHILD, "--serve", case.stage.name, environment=_environment(Surroundings()), folder=folder) as forks:
        bench = _Bench(case, folder, forks)
        expected = bench.run("undisturbed")
        check_counts(expected)
        if bench.run("disturbed", ALL_AT_ONCE) != expected:
            _name_culprit(bench, expected)
        if not case.stage.order_matters and case.tables:
            check_order(bench, expected)
        check_kills(bench, expected)


def check_unknown_keys_fail(stage: Stage) -> None:
    """A config with an unknown key must not be accepted."""
    try:
        stage.config.model_validate({"no_such_key": 1})
    except ValidationError as error:
        if any(fault["type"] == "extra_forbidden" for fault in error.errors()):
            return
    raise ContractError(f"{stage.name}: an unknown config key is accepted")


def check_counts(result: Result) -> None:
    """The report's counts must add up and be those of the files."""
    counts = read_json(result.folder / "report.json")["counts"]
    artifact = Artifact(result.folder)
    dropped = artifact.dropped().num_rows
    if artifact.has_rows and artifact.table().num_rows != counts["kept"]:
        raise ContractError(f"the report counts {counts['kept']} kept records, the files hold another number")
    if dropped != sum(counts["dropped"].values()) and counts["unit"] == "records":
        raise ContractError(f"the report counts {counts['dropped']} dropped, the file holds {dropped}")


def check_order(bench: _Bench, expected: Result) -> None:
    """The same rows in reverse order must give the same rows and report."""
    case = bench.case
    reversed_inputs = {
        role: _reversed(artifact, bench.folder / f"reversed-{role}") if role in case.tables else artifact
        for role, artifact in case.inputs.items()
    }
    other = _Bench(replace(case, inputs=reversed_inputs), bench.folder, bench.forks).run("reversed")
    if other.rows != expected.rows or other.report != expected.report:
        raise ContractError(f"{case.stage.name}: the order of the input records changes the result")


def check_kills(bench: _Bench, expected: Result) -> None:
    """Killed at a crash point and run again, the stage must give the undisturbed result.

    A point that is passed again and again, as after every step of training, is tried at its middle visit.
    """
    name = bench.case.stage.name
    partial = bench.fresh("counted-partial")
    bench.result("counted", bench.fork("counted", partial, NEVER))
    passed = read_json(partial / PASSED_FILE)
    if not passed:
        raise ContractError(f"{name}: no crash point was reached, so nothing was killed")
    for visit in visits_to_kill(passed):
        partial = bench.fresh(f"killed-{visit}-partial")
        code = bench.fork(f"killed-{visit}", partial, visit)
        if code != -signal.SIGKILL:
            bench.result(f"killed-{visit}", code)
            raise ContractError(f"{name}: crash point {visit} was reached in one run and not in the next")
        if bench.result(f"rerun-{visit}", bench.fork(f"rerun-{visit}", partial)) != expected:
            raise ContractError(f"{name}: killed at crash point {visit}, the rerun gives another result")


def visits_to_kill(passed: Sequence[str]) -> list[int]:
    """The visits, counted from 1, at which to kill a run that passes these points: the middle one of each point.

    >>> visits_to_kill(["step", "step", "step", "step", "step", "written"])
    [3, 6]
    """
    visits: dict[str, list[int]] = {}
    for visit, name in enumerate(passed, start=1):
        visits.setdefault(name, []).append(visit)
    return sorted(places[len(places) // 2] for places in visits.values())


@dataclass(frozen=True)
class Result:
    """What a run left: digests of its files, order-free digests of its rows, its report."""

    folder: Path = field(compare=False)
    files: Mapping[str, str]
    rows: Mapping[str, str]
    report: Any


class _Bench:
    """A folder in which one case is run again and again."""

    def __init__(self, case: StageCase, folder: Path, forks: Forks) -> None:
        self.case, self.folder, self.forks = case, folder, forks
        self._there = {path.name for path in folder.iterdir()}

    def fresh(self, name: str) -> Path:
        path = self.folder / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        return path

    def run(self, name: str, disturbed: Surroundings | None = None) -> Result:
        """The result of one run, in a process of its own where it is disturbed; an error is shown in full."""
        partial = self.fresh(f"{name}-partial")
        code = self._run_alone(name, partial, disturbed) if disturbed else self.fork(name, partial)
        self._check_nothing_else_is_there(name)
        return self.result(name, code)

    def fork(self, name: str, partial: Path, fatal_visit: int = 0) -> int:
        """The exit code of a run in a fork."""
        return self.forks.run(str(self._specification(name, partial, fatal_visit=fatal_visit)))

    def _run_alone(self, name: str, partial: Path, around: Surroundings) -> int:
        specification = self._specification(name, partial, around)
        with specification.with_suffix(".log").open("wb") as log:
            return subprocess.run(
                [sys.executable, "-m", CHILD, str(specification)],
                env=_environment(around),
                cwd=self.fresh(f"{name}-cwd") if around.other_folder else self.folder,
                stdout=log,
                stderr=log,
                check=False,
            ).returncode

    def result(self, name: str, code: int) -> Result:
        """What a run left; fails with its log when it did not end well."""
        if code:
            raise ContractError(f"{self.case.stage.name}, {name}: " + (self.folder / f"{name}.log").read_text()[-3000:])
        return _read_result(self.folder / name)

    def _check_nothing_else_is_there(self, name: str) -> None:
        """Finds what a library wrote in compiled code, which no hook sees, in the folders where the run stood."""
        expected = {name, *(f"{name}{ending}" for ending in ("-partial", "-cwd", ".json", ".log"))}
        before = self._there
        self._there = {path.name for path in self.folder.iterdir()}
        found = sorted(self._there - before - expected) + [path.name for path in self.folder.glob(f"{name}-cwd/*")]
        if found:
            raise ContractError(f"{self.case.stage.name}: the stage wrote outside its output: {found[0]}")

    def _specification(
        self, name: str, partial: Path, around: Surroundings | None = None, *, fatal_visit: int = 0
    ) -> Path:
        """The file that tells a child what to run."""
        around = around or Surroundings()
        specification = Specification(
            stage=self.case.stage.name,
            config=self.case.config,
            inputs={role: (str(artifact.path), artifact.identity) for role, artifact in self.case.inputs.items()},
            output=str(self.fresh(name)),
            partial=str(partial),
            secrets={secret: key.hex() for secret, key in self.case.secrets.items()},
            batch_rows=around.batch_rows,
            clock_offset=around.clock_offset,
            fatal_visit=fatal_visit,
        )
        path = self.folder / f"{name}.json"
        specification.write(path)
        return path


def _environment(around: Surroundings) -> dict[str, str]:
    """What a child finds in its environment."""
    fixed = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": around.hash_seed, "OMP_NUM_THREADS": "1"}
    return {**os.environ, **fixed, **around.environment}


def _name_culprit(bench: _Bench, expected: Result) -> None:
    for name, surroundings in DISTURBANCES.items():
        if bench.run(name.replace(" ", "-"), surroundings) != expected:
            raise ContractError(f"{bench.case.stage.name}: {name} changes the result")
    raise ContractError(f"{bench.case.stage.name}: the result changes from run to run")


def _read_result(folder: Path) -> Result:
    files = {str(file.relative_to(folder)): file_digest(file) for file in sorted(folder.rglob("*")) if file.is_file()}
    artifact = Artifact(folder)
    dropped = RowDigest()
    dropped.update(artifact.dropped().to_pylist())
    rows = {"kept": rows_digest(artifact), "dropped": dropped.hexdigest()}
    return Result(folder, files, rows, read_json(folder / "report.json"))


def _reversed(artifact: Artifact, folder: Path) -> Artifact:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(artifact.path, folder)
    for file in artifact.data_files:
        (folder / file.name).unlink()
    table = artifact.table()
    pq.write_table(table[::-1], folder / "data-00000.parquet")
    return Artifact(folder, artifact.identity)

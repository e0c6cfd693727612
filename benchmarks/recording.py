"""What every benchmark writes: rows of figure, value, interval, goal, peers, machine, command."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from scipy import stats

SHARED = Path(__file__).resolve().parents[2] / "shared"
"""Public data beside the project, absent for most users: a benchmark on it says that it is skipped."""


def machine() -> dict[str, str]:
    """The processor, its cores, the Python version."""
    names = [line.split(":")[1].strip() for line in _cpu_lines() if line.startswith("model name")]
    return {
        "processor": (names or [platform.processor()])[0],
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
    }


def _module() -> str:
    """The benchmark that is running, as Python would be told to run it."""
    root = Path(__file__).resolve().parents[1]
    return ".".join(Path(sys.argv[0]).resolve().relative_to(root).with_suffix("").parts)


def versions() -> dict[str, str]:
    """The commit that was measured and the libraries that decide most."""
    git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    return {"commit": commit, **{name: version(name) for name in ("torch", "transformers", "polars", "pyarrow")}}


def _cpu_lines() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def share_result(
    figure: str, seen: Sequence[bool], goal: str = "", peers: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """How often something was so, with Wilson's interval."""
    found = stats.binomtest(sum(seen), len(seen)).proportion_ci(method="wilson")
    interval = [round(float(bound), 3) for bound in found]
    value = round(sum(seen) / len(seen), 4)
    return result(f"{figure} (n={len(seen)})", value, interval=interval, goal=goal, peers=peers)


def result(
    figure: str,
    value: Any,
    *,
    interval: Sequence[float] | None = None,
    goal: str = "",
    peers: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """One row of results, with the command that is running."""
    return {
        "figure": figure,
        "value": value,
        "interval": list(interval) if interval else None,
        "goal": goal,
        "peers": dict(peers or {}),
        "machine": machine(),
        "versions": versions(),
        "command": " ".join(["python", "-m", _module(), *sys.argv[1:]]),
    }


def write_results(path: Path | None, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes the rows where --output says, and prints them."""
    for row in rows:
        print(f"{row['figure']}: {row['value']}" + (f" {row['interval']}" if row["interval"] else ""))
    if path:
        path.write_text(json.dumps(rows, indent=2) + "\n")


def needed(*parts: str) -> Path:
    """A path in the public data; ends the benchmark with a sentence where it is absent."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        print(f"skipped: {'/'.join(parts)} is not here; this benchmark needs the public data set it names")
        raise SystemExit(0)
    return path

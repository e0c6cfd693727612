"""What of this machine may decide a result: versions, threads, processor features; stands in each manifest.

The device and the precision that training chose stand in its report.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from acclimate.backends.precision import BF16_FEATURES, processor_features

_LIBRARIES = (
    "numpy",
    "scipy",
    "pyarrow",
    "polars",
    "ftfy",
    "py3langid",
    "rensa",
    "google-re2",
    "faker",
    "torch",
    "transformers",
    "peft",
)


@cache
def environment() -> Mapping[str, str]:
    """Versions, threads and what bf16 runs on, as plain strings."""
    found = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "threads": os.environ.get("OMP_NUM_THREADS") or str(os.cpu_count()),
        "bf16": ", ".join(sorted(processor_features() & BF16_FEATURES)) or "not supported",
    }
    for library in _LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            found[library] = "not installed"
    return found


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """What differs, in words; empty when nothing does.

    >>> changes({"torch": "2.6"}, {"torch": "2.7"})
    'torch 2.6 (now 2.7)'
    """
    differing = [name for name in before if now.get(name) != before[name]]
    return ", ".join(f"{name} {before[name]} (now {now.get(name, 'absent')})" for name in differing)

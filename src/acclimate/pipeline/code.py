"""A digest of the code that decides a stage's result, so that a changed stage is seen to be stale."""

from __future__ import annotations

import hashlib
import importlib.util
from functools import cache
from pathlib import Path

from acclimate.core.errors import ContractError
from acclimate.core.stage import Stage


def code_digest(stage: Stage) -> str:
    """The digest of the source files of a stage's package and of the further packages it names."""
    packages = (f"acclimate.stages.{stage.name}", *stage.code)
    return hashlib.sha256("".join(_package_digest(package) for package in packages).encode()).hexdigest()[:16]


@cache
def _package_digest(package: str) -> str:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ContractError(f"the code of {package} cannot be found")
    origin = Path(spec.origin)
    files = sorted(origin.parent.rglob("*.py")) if origin.name == "__init__.py" else [origin]
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()

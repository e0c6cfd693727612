"""The organisation's policy file, as it enters a project's settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from acclimate.core.errors import ConfigError


def with_policy(written: Mapping[Any, Any], folder: Path) -> Mapping[Any, Any]:
    """The settings with the content of the policy file in place of its name, and in it the text of each approver's key in
    place of the name of its file, which lies beside the policy."""
    release = written.get("release")
    named = release.get("policy") if isinstance(release, dict) else None
    if not isinstance(named, str):
        return written
    path = folder / named
    policy = _read(path)
    approvers = policy.get("approvers")
    if isinstance(approvers, list):
        policy["approvers"] = [_with_key(one, path.parent) if isinstance(one, dict) else one for one in approvers]
    return {**written, "release": {**release, "policy": policy}} if isinstance(release, dict) else written


def _read(path: Path) -> dict[str, Any]:
    try:
        policy = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"release.policy: {path} cannot be read ({error.strerror}).",
            hint="name the file as it is seen from the project's folder",
        ) from error
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(
            f"release.policy: {path} is not valid YAML.", hint="ask whoever wrote it for a copy"
        ) from error
    if not isinstance(policy, dict):
        raise ConfigError(f"release.policy: {path} holds no settings.", hint="it needs at least: organisation")
    return policy


def _with_key(approver: dict[str, Any], folder: Path) -> dict[str, Any]:
    named = approver.get("key")
    if not isinstance(named, str) or named.lstrip().startswith("-----BEGIN"):
        return approver
    try:
        return {**approver, "key": (folder / named).read_text(encoding="ascii")}
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"release.policy: the public key {folder / named} cannot be read.",
            hint="acclimate key signing makes one and prints where it lies",
        ) from error

"""Secret keys, kept outside every project: only their fingerprints enter manifests."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

from acclimate.core.atomic import fsync_folder
from acclimate.core.errors import WorkspaceError
from acclimate.core.surrogates import MINIMUM_KEY_BYTES


def key_folder() -> Path:
    """Where keys lie: $ACCLIMATE_KEYS, else acclimate/keys in the user's configuration folder."""
    chosen = os.environ.get("ACCLIMATE_KEYS")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "acclimate" / "keys"


def new_key(project: str, name: str) -> Path:
    """Makes a random key, readable by its owner alone; an existing key is never replaced."""
    path = _key_path(project, name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise WorkspaceError(
            f"The key {name!r} of project {project!r} exists already; replacing it would change every surrogate.",
            hint=f"keep using it, or move {path} away first if a new one is really meant",
        ) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(MINIMUM_KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    fsync_folder(path.parent)
    return path


def has_key(project: str, name: str) -> bool:
    """Whether the key exists."""
    return _key_path(project, name).exists()


def load_key(project: str, name: str) -> bytes:
    """The key's bytes; an error says how to make one."""
    path = _key_path(project, name)
    if not path.exists():
        raise WorkspaceError(
            f"The key {name!r} of project {project!r} does not exist; without it no surrogate can be made.",
            hint="make one with: acclimate key new",
        )
    key = path.read_bytes()
    if len(key) < MINIMUM_KEY_BYTES:
        raise WorkspaceError(
            f"The key file {path} holds {len(key)} bytes; at least {MINIMUM_KEY_BYTES} are needed.",
            hint="restore it from a copy: a new key gives other surrogates",
        )
    return key


def fingerprint(key: bytes) -> str:
    """What may be shown of a key: a digest that identifies it and does not reveal it."""
    return hashlib.sha256(b"acclimate key fingerprint" + key).hexdigest()[:16]


def _key_path(project: str, name: str) -> Path:
    return key_folder() / project / f"{name}.key"

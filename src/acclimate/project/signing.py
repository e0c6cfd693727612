"""Keys with which people sign releases: Ed25519, kept outside every project beside the other keys."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from acclimate.core.atomic import fsync_folder, write_bytes
from acclimate.core.errors import SourceError, WorkspaceError
from acclimate.project.keys import key_folder

_NAME = re.compile(r"[\w-][\w.-]*")


@dataclass(frozen=True)
class SigningKey:
    """A person's key: `sign` gives 64 bytes, `public` is the PEM text that others check them with."""

    name: str
    private: Ed25519PrivateKey

    @property
    def public(self) -> bytes:
        """The public key, PEM (SubjectPublicKeyInfo)."""
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, content: bytes) -> bytes:
        """The signature of the content (RFC 8032)."""
        return self.private.sign(content)


def public_file(name: str) -> Path:
    """Where the public half of a key lies, to be given to others."""
    return _file(name).with_suffix(".pub")


def new_signing_key(name: str) -> SigningKey:
    """Makes a key, readable by its owner alone; one that exists is never replaced."""
    path = _file(name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = SigningKey(name, Ed25519PrivateKey.generate())
    content = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise WorkspaceError(
            f"The signing key {name!r} exists already; replacing it would leave nothing to sign with in its name.",
            hint="use another name, or move it away first",
        ) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fsync_folder(path.parent)
    write_bytes(public_file(name), key.public)
    return key


def load_signing_key(name: str) -> SigningKey:
    """The key of that name; an error says how to make one."""
    path = _file(name)
    if not path.exists():
        raise WorkspaceError(
            f"The signing key {name!r} does not exist.", hint=f"make one with: acclimate key signing --name {name}"
        )
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise WorkspaceError(
            f"The signing key {name!r} cannot be read: its file is no Ed25519 key in PEM without a passphrase.",
            hint="restore it from a copy, or make another under a new name",
        )
    return SigningKey(name, key)


def read_key(path: Path) -> bytes:
    """The content of somebody's public key, PEM; an error says that it is not there."""
    if not path.is_file():
        raise SourceError(f"There is no public key {path}.", hint="ask its owner for it, outside of what they signed")
    return path.read_bytes()


def _file(name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise WorkspaceError(
            f"{name!r} cannot name a key: letters, digits, points and dashes only.", hint="for example: m.keller"
        )
    return key_folder() / f"{name}.signing"

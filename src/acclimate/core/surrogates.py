"""Keyed hashes of ids: how a restricted id becomes its open one. Whoever holds the key can repeat it, nobody else can."""

from __future__ import annotations

import hashlib
import hmac

MINIMUM_KEY_BYTES = 32
"""A shorter key could be guessed, and with it every id and date shift."""

_HEX_DIGITS = 32


def keyed_digest(key: bytes, *parts: str) -> bytes:
    """HMAC-SHA256 over the parts; each is preceded by its length, so that no two lists of parts run together."""
    message = b"".join(len(part.encode()).to_bytes(8, "big") + part.encode() for part in parts)
    return hmac.digest(key, message, hashlib.sha256)


def record_hash(key: bytes, record_id: str) -> str:
    """The open id of a record: also of its parents and of its cluster, which are named by record ids.

    >>> record_hash(bytes(32), "notes-1") == record_hash(bytes(32), "notes-1")
    True
    >>> len(record_hash(bytes(32), "notes-1"))
    33
    """
    return "d" + keyed_digest(key, "record", record_id).hex()[:_HEX_DIGITS]


def subject_hash(key: bytes, subject_id: str) -> str:
    """The open id of a person or customer.

    >>> subject_hash(bytes(32), "p-7").startswith("s")
    True
    """
    return "s" + keyed_digest(key, "subject", subject_id).hex()[:_HEX_DIGITS]

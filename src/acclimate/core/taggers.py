"""What an erasure must know of a tagger's file: whom it was trained on, and the words that it holds.

The file is JSON, written by training and read by deidentify; the stage alone knows what its weights mean.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acclimate.core.errors import ModelError

LEARNT_FROM = "learnt_from"
"""Where the file says whom it was trained on: {"fingerprint": of the key, "people": keyed hashes}."""


@dataclass(frozen=True)
class TaggerFile:
    """`people` are keyed hashes under the key with this fingerprint, None where the file does not say; `words` are folded.

    Words of the lists that every tagger consults are left out: those of names are Faker's and tell nobody.
    """

    people: frozenset[str] | None
    fingerprint: str
    words: frozenset[str]


def read_tagger_file(file: Path) -> TaggerFile:
    """The file of a tagger; fails where it is none."""
    try:
        stored = json.loads(file.read_bytes())
        said: Mapping[str, Any] | None = stored.get(LEARNT_FROM)
        people = None if said is None else frozenset(map(str, said["people"]))
        fingerprint = "" if said is None else str(said["fingerprint"])
        listed = {word for words in stored["lists"].values() for word in words.split()}
        known = {*stored["vocabulary"].split(), *(name.rpartition("=")[2] for name in stored["weights"])}
        return TaggerFile(people, fingerprint, frozenset(known - listed))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{file.name} is no tagger's file.", hint="make one with: acclimate tagger retrain") from error

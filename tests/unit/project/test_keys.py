from __future__ import annotations

from pathlib import Path

import pytest

from acclimate.core.errors import WorkspaceError
from acclimate.project.keys import fingerprint, load_key, new_key


@pytest.fixture(autouse=True)
def key_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ACCLIMATE_KEYS", str(tmp_path))
    return tmp_path


def test_a_new_key_is_secret_random_and_readable_by_its_owner_alone() -> None:
    path = new_key("notes", "surrogates")
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(load_key("notes", "surrogates")) == 32
    assert load_key("notes", "surrogates") != new_key("other", "surrogates").read_bytes()


def test_an_existing_key_is_never_replaced() -> None:
    new_key("notes", "surrogates")
    with pytest.raises(WorkspaceError, match="exists already"):
        new_key("notes", "surrogates")


def test_a_missing_key_says_how_to_make_one() -> None:
    with pytest.raises(WorkspaceError, match="acclimate key new"):
        load_key("notes", "surrogates")


def test_a_fingerprint_does_not_hold_the_key() -> None:
    key = new_key("notes", "surrogates").read_bytes()
    assert key.hex() not in fingerprint(key)
    assert fingerprint(key) == fingerprint(key) != fingerprint(b"x" * 32)

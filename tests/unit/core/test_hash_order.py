"""Which records are chosen must stay as it is: finished runs were made with it."""

from __future__ import annotations

import hashlib

import pytest

from acclimate.core.hash_order import hash_rank


@pytest.mark.parametrize(("numbers", "hashed"), [((7,), "7:north:1"), ((7, 0), "7:0:north:1"), ((7, 2), "7:2:north:1")])
def test_a_name_is_ranked_by_the_digest_of_the_numbers_and_the_name(numbers: tuple[int, ...], hashed: str) -> None:
    assert hash_rank("north:1", *numbers) == hashlib.sha256(hashed.encode()).hexdigest()

"""Texts as sets of word hashes, in memory and on disk."""

from __future__ import annotations

import re
import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from acclimate.core.word_hashes import HashSets, SetsOnDisk, Sieve, hash_words, hash_words_and_forms

texts = st.lists(st.lists(st.sampled_from(["ache", "fever", "rash", "cough"]), max_size=4).map(" ".join), max_size=5)


def listed(sets: HashSets) -> list[list[int]]:
    """The hashes of each text."""
    return [part.tolist() for part in np.split(np.asarray(sets.hashes), sets.offsets[1:-1])][: len(sets.sizes)]


@given(batches=st.lists(texts, max_size=4))
def test_what_is_put_on_disk_batch_by_batch_is_read_as_one(batches: list[list[str]]) -> None:
    with TemporaryDirectory() as folder:
        on_disk = SetsOnDisk(Path(folder) / "work" / "sets")
        with on_disk:
            for batch in batches:
                on_disk.append(hash_words(batch))
        assert listed(on_disk.read()) == listed(hash_words([text for batch in batches for text in batch]))


@given(written=texts, at_once=st.integers(1, 6))
def test_what_is_on_disk_comes_in_parts_in_order(written: list[str], at_once: int) -> None:
    with TemporaryDirectory() as folder:
        on_disk = SetsOnDisk(Path(folder) / "sets")
        with on_disk:
            on_disk.append(hash_words(written))
        parts = list(on_disk.parts(at_once))
    assert on_disk.texts == len(written)
    assert all(len(part.sizes) <= at_once for part in parts)
    assert [text for part in parts for text in listed(part)] == listed(hash_words(written))


def test_of_what_is_on_disk_one_part_is_held_at_a_time(tmp_path: Path) -> None:
    batch = HashSets(np.arange(10_000, dtype=np.uint64), np.arange(0, 10_001, 100))
    with SetsOnDisk(tmp_path / "sets") as on_disk:
        for _ in range(50):
            on_disk.append(batch)
    tracemalloc.start()
    try:
        assert sum(len(part.hashes) for part in on_disk.parts(100)) == 500_000
        assert tracemalloc.get_traced_memory()[1] < 4 * batch.hashes.nbytes
    finally:
        tracemalloc.stop()


@given(written=texts.filter(bool), data=st.data())
def test_the_sets_of_some_texts_come_in_the_order_asked_for(written: list[str], data: st.DataObject) -> None:
    wanted = data.draw(st.lists(st.integers(0, len(written) - 1)))
    sets = hash_words(written)
    assert listed(sets.take(np.array(wanted, dtype=np.int64))) == [listed(sets)[text] for text in wanted]


@given(st.lists(st.text("ab1 2é七ก๑๒", max_size=12), max_size=4))
def test_forms_are_the_words_of_the_texts_with_every_number_alike(texts):
    words, forms = hash_words_and_forms(texts)
    assert listed(words) == listed(hash_words(texts))
    assert listed(forms) == listed(hash_words([re.sub(r"\d+", "0", text) for text in texts]))


@given(st.sets(st.integers(0, 2**64 - 1), max_size=20), st.lists(st.integers(0, 2**64 - 1), max_size=20))
def test_a_sieve_finds_exactly_the_known_hashes(known, others):
    hashes = np.array([*others, *known], dtype=np.uint64)
    ordered = np.array(sorted(known), dtype=np.uint64)
    places, among = Sieve(ordered).find(hashes)
    assert places.tolist() == [place for place, value in enumerate(hashes.tolist()) if value in known]
    assert ordered[among].tolist() == hashes[places].tolist()

"""Archives with bad files in them: with `on_error: set_aside` the sound files are records, the bad ones counted."""

from __future__ import annotations

import gzip
import random
import zlib

import pytest
from tests.unit.collect.test_archives import SPOILT, linked, of_links, tarred, zipped

from acclimate.core.errors import SourceError

REASONS = ["link_or_device", "outside_path", "outside_path", "nested_archive"]


@pytest.mark.parametrize(
    ("name", "content"),
    [("n.zip", zipped(SPOILT, linked)), ("n.tgz", gzip.compress(tarred(SPOILT, of_links), mtime=0))],
)
def test_the_sound_files_of_a_spoilt_archive_are_kept_when_asked_and_the_others_counted(ingest, name, content):
    ingested = ingest({name: content}, on_error="set_aside")
    assert ingested.columns("text", "locator") == [("one", f"{name}/a.txt:1"), ("two", f"{name}/z.txt:1")]
    assert sorted(ingested.reasons) == sorted(REASONS)
    assert f"{name}/link.txt" in [row["locator"] for row in ingested.dropped]
    assert (ingested.report.counts.inputs, ingested.report.counts.kept) == (6, 2)


def encrypted(content: bytes, name: bytes) -> bytes:
    """The zip archive with the flag that says encrypted set on one of its files, in its directory."""
    place = content.rindex(name) - 46
    return content[: place + 8] + b"\x01" + content[place + 9 :]


CRC_OF_BAD = zlib.crc32(b"bad").to_bytes(4, "little")


@pytest.mark.parametrize(
    ("name", "content", "kept", "reasons"),
    [
        ("n.zip", encrypted(zipped({"a.txt": b"one", "b.txt": b"two"}), b"b.txt"), ["one"], ["encrypted"]),
        ("n.zip", zipped({"a.txt": b"one", "x.txt": b"bad", "z.txt": b"two"}).replace(CRC_OF_BAD, b"1234"), ["one", "two"], ["broken_file"]),
        ("n.zip", zipped({"a.txt": b"one", "b.txt": b"x" * 40_000_000, "z.txt": b"two"}), ["one", "two"], ["bomb"]),
        ("n.tgz", gzip.compress(tarred({"a.txt": b"one", "b.txt": b"x" * 40_000_000, "z.txt": b"two"}), mtime=0), ["one"], ["bomb"]),
        ("n.tar", tarred({"a.txt": b"one", "b.txt": b"x" * 9000})[:6000], ["one"], ["broken_file"]),
        ("n.tgz", gzip.compress(tarred({"a.txt": b"one", "b.txt": random.Random(1).randbytes(9000)}), mtime=0)[:6000], ["one"], ["broken_file"]),
    ],
)  # fmt: skip
def test_what_stands_before_and_beside_a_damaged_part_is_kept_when_asked(ingest, name, content, kept, reasons):
    ingested = ingest({name: content}, on_error="set_aside")
    assert ([record["text"] for record in ingested.records], ingested.reasons) == (kept, reasons)


def test_an_archive_that_cannot_be_read_costs_only_itself_when_asked(ingest):
    files = {"n/a.zip": b"no archive", "n/b.txt": b"b", "n/c.tar": tarred({"c.txt": b"c"})}
    ingested = ingest(files, {"path": "n"}, on_error="set_aside")
    assert (ingested.columns("text"), ingested.reasons) == ([("b",), ("c",)], ["broken_file"])


def test_a_source_of_which_nothing_is_left_stops_the_run_all_the_same(ingest):
    with pytest.raises(SourceError, match=r"Nothing of the source 'n.zip' can be read: n.zip/\.\./a.txt: the file"):
        ingest({"n.zip": zipped({"../a.txt": b"a"})}, on_error="set_aside")


def test_a_limit_of_rows_counts_no_file_that_was_set_aside(ingest):
    ingested = ingest({"n.zip": zipped(SPOILT, linked)}, on_error="set_aside", limit=1)
    assert (ingested.columns("text"), len(ingested.dropped)) == ([("one",)], 4)

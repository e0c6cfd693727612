"""What is fetched or unpacked is landed without the rows of erased subjects; on no disk they lie at any moment."""

from __future__ import annotations

import gzip
import io
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given
from hypothesis import strategies as st
from tests.document_files import zipped
from tests.unit.stages.ingest.test_ingest_xlsx import xlsx

from acclimate.collect.snapshots import collect
from acclimate.core.erased import ErasedSubject, Refusals
from acclimate.core.errors import SourceError
from acclimate.core.snapshots import Snapshot
from acclimate.core.sources import SourceConfig
from acclimate.core.surrogates import subject_hash
from acclimate.stages.ingest.erased_rows import ErasedRows

KEY = bytes(32)
COLUMNS = {"id": "id", "text": "text", "subject_id": "patient"}
THEIRS = b'{"id": 1, "patient": "p1", "text": "the marzipan"}\n'
OTHERS = b'{"id": 2, "patient": "p2", "text": "a sprain"}\n'
TABLE = b'id,patient,text\n1,p1,"the\n\nmarzipan"\n2,p2,a sprain\n'


def erased_rows(source: SourceConfig) -> ErasedRows:
    """The erased rows where p1 is erased, and the record `notes:7`, which has no subject."""
    people = [ErasedSubject(subject_hash(KEY, one), "surrogates", "f") for one in ("p1", "17", "notes:7")]
    return ErasedRows(source, Refusals(people, {"surrogates": KEY}))


def sift(content: bytes, name: str = "notes.jsonl", **settings: Any) -> bytes:
    source = SourceConfig.model_validate({"path": name, "name": "notes", "columns": COLUMNS, **settings})
    return b"".join(erased_rows(source).sift(name).chunks(io.BytesIO(content)))


def parquet(*patients: str) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"id": patients, "patient": patients, "text": ["the marzipan"] * len(patients)}), buffer)
    return buffer.getvalue()


@pytest.fixture
def store() -> Iterator[MemoryFileSystem]:
    files = MemoryFileSystem()
    files.store.clear()
    files.pseudo_dirs[:] = [""]
    yield files
    files.store.clear()


@pytest.fixture(params=["archive", "archive behind a URL", "URL"])
def land(request: pytest.FixtureRequest, tmp_path: Path, store: MemoryFileSystem) -> Callable[..., Snapshot]:
    """`land({name: content})` collects those files from an archive or by URL, where p1 is erased."""

    def run(files: dict[str, bytes], **settings: Any) -> Snapshot:
        path = {"archive": "data.zip", "URL": "memory://data"}.get(request.param, "memory://data.zip")
        (tmp_path / "data.zip").write_bytes(zipped(files))
        store.pipe("/data.zip", zipped(files))
        for name, content in files.items():
            store.pipe(f"/data/{name}", content)
        source = SourceConfig(path=path, name="notes", columns=COLUMNS)
        folder = tmp_path / "snapshots"
        return collect([source], folder=tmp_path, snapshots=folder, find_erased=erased_rows, **settings)

    return run


def landed(snapshot: Snapshot) -> dict[str, bytes]:
    """The files of the snapshot by their plain names; nothing else lies beside them."""
    [source] = snapshot.sources
    copies = {path.name for path in (snapshot.folder.parent / "files").iterdir()}
    assert copies == {file.sha256 for file in source.files}
    return {file.name.removeprefix("data.zip/"): snapshot.locate(file).read_bytes() for file in source.files}


def test_lines_of_an_erased_subject_are_left_blank_and_all_others_stay_as_they_are(land):
    snapshot = land({"a.jsonl": OTHERS + THEIRS + OTHERS, "b.jsonl": OTHERS})
    assert landed(snapshot) == {"a.jsonl": OTHERS + b"\n" + OTHERS, "b.jsonl": OTHERS}
    assert Snapshot.read(snapshot.folder).sources[0].refused == 1


def test_a_row_of_csv_leaves_as_many_blank_lines_as_it_had(land):
    assert landed(land({"a.csv": TABLE})) == {"a.csv": b"id,patient,text\n\n\n\n2,p2,a sprain\n"}


@pytest.mark.parametrize(
    "files",
    [
        {"a.jsonl": THEIRS * 2, "b.jsonl": OTHERS},
        {"a.parquet": parquet("p1", "p1"), "b.parquet": parquet("p2")},
    ],
)
def test_a_file_of_nobody_else_is_not_landed(land, files):
    snapshot = land(files)
    assert landed(snapshot).keys() == files.keys() - set(files).intersection({"a.jsonl", "a.parquet"})
    assert snapshot.sources[0].refused == 2


def test_a_file_that_breaks_off_after_their_rows_is_landed_for_ingest_to_say_so(land):
    broken = gzip.compress(THEIRS * 500 + OTHERS * 500)[:-30]
    assert landed(land({"a.jsonl.gz": broken})).keys() == {"a.jsonl.gz"}


def test_a_source_of_nobody_else_is_one_sentence(land, tmp_path):
    with pytest.raises(SourceError, match="All rows of the source 'notes' are of erased subjects"):
        land({"a.jsonl": THEIRS})
    assert list((tmp_path / "snapshots/files").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "contents"),
    [
        ("a.parquet", [parquet("p2", "p1"), parquet("p2")]),
        ("a.parquet.gz", [gzip.compress(parquet("p2", "p1")), gzip.compress(parquet("p2"))]),
        (
            "a.xlsx",
            [xlsx(("patient", "text"), ("p2", "a"), ("p1", "the marzipan")), xlsx(("patient", "text"), ("p2", "a"))],
        ),
        ("a.json", [b"[" + OTHERS.strip() + b",\n" + THEIRS + b"]", b"[" + OTHERS + b"]"]),
        ("a.json", [b"[" + THEIRS.strip() + b",\n" + OTHERS[:20], b"[" + OTHERS + b"]"]),
    ],
)
def test_a_file_out_of_which_no_row_can_be_left_is_refused_or_set_aside(land, name, contents):
    files = {name: contents[0], f"b{name}": contents[1]}
    with pytest.raises(SourceError, match="1 of its rows are of erased subjects") as error:
        land(files)
    assert "marzipan" not in str(error.value) and "p1" not in str(error.value)
    snapshot = land(files, set_aside=True)
    assert [one.reason for one in snapshot.sources[0].set_aside] == ["holds_erased"]
    assert landed(snapshot) == {f"b{name}": contents[1]}


def test_how_many_rows_were_left_out_enters_the_digest_of_the_snapshot(land):
    mended = land({"a.jsonl": OTHERS + b"\n"})
    assert mended.sources[0].refused == 0
    assert land({"a.jsonl": OTHERS + THEIRS}, again=["notes"]).digest != mended.digest


@pytest.mark.parametrize(
    ("content", "left"),
    [
        (b"\xef\xbb\xbf" + THEIRS + b"\r\n" + OTHERS, b"\xef\xbb\xbf\n\r\n" + OTHERS),
        (OTHERS + THEIRS.strip(), OTHERS),
        (b'{"patient": 17}\n{"patient": "17 "}\n', b'\n{"patient": "17 "}\n'),
        (b'{"id": 7}\n{"id": 7, "patient": "p2"}\n', b'\n{"id": 7, "patient": "p2"}\n'),
        (b'{"id": 7, "patient": null}\n{"id": 8}\n{}\n', b'\n{"id": 8}\n{}\n'),
    ],
)
def test_a_row_is_told_as_ingest_tells_it(content, left):
    assert sift(content) == left


@pytest.mark.parametrize(
    "content",
    [
        b'{"patient": "p1", "text": "cut',
        b'{"patient": ["p1"]}\n',
        b'{"patient": "\\ud800"}\n',
        b'{"patient": "p1", "patient": "p2"}\n',
        THEIRS.decode().encode("utf-16"),
        b"\xff\xff\n",
    ],
)
def test_what_is_no_sound_row_is_left_to_ingest(content):
    assert sift(content) == content


@pytest.mark.parametrize(
    ("settings", "content"),
    [
        ({"columns": {**COLUMNS, "subject_id": "patient.id"}}, b'{"patient": {"id": "p1"}}\n'),
        ({"columns": {}}, b'{"subject_id": "p1"}\n'),
        ({"each": "notes"}, b'{"patient": "p1", "notes": [{"text": "a"}, {"text": "b"}]}\n'),
    ],
)
def test_a_subject_may_stand_inside_an_object_or_be_recognised_or_be_that_of_a_whole_list(settings, content):
    assert sift(content, **settings) == b"\n"


def test_a_row_of_several_persons_is_left_to_ingest():
    content = b'{"stay": [{"patient": "p1"}, {"patient": "p2"}]}\n'
    assert sift(content, each="stay", columns={"subject_id": "stay.patient"}) == content


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.csv", b"id,id\n1,p1\n"), ("a.csv", b'id,patient,text\n1,p1,"cut'), ("a.txt", b"p1"), ("a.csv", b"")],
)
def test_a_file_that_cannot_be_read_by_rows_is_given_as_it_is(name, content):
    assert sift(content, name) == content


def test_a_packed_file_is_packed_again_and_one_cut_short_stays_so():
    packed = gzip.compress((OTHERS + THEIRS) * 2000, 0)
    assert gzip.decompress(sift(packed, "a.jsonl.gz")) == (OTHERS + b"\n") * 2000
    with gzip.open(io.BytesIO(sift(packed[:-9000], "a.jsonl.gz"))) as cut:
        assert cut.readline() == OTHERS
        with pytest.raises(EOFError):
            cut.read()


@given(st.lists(st.tuples(st.sampled_from(["p1", "p2", "", "p1\n", '"p1"']), st.text()), max_size=12))
def test_exactly_the_rows_of_an_erased_subject_go_and_the_others_keep_their_lines(rows):
    lines = [json.dumps({"patient": patient, "text": text}).encode() + b"\n" for patient, text in rows]
    left = [b"\n" if patient == "p1" else line for (patient, _), line in zip(rows, lines, strict=True)]
    assert sift(b"".join(lines)) == b"".join(left)


KILLED = """
import sys
from pathlib import Path
from acclimate.collect.snapshots import collect
from acclimate.core import crash_points
from acclimate.core.erased import ErasedSubject, Refusals
from acclimate.core.sources import SourceConfig
from acclimate.core.surrogates import subject_hash
from acclimate.stages.ingest.erased_rows import ErasedRows
folder = Path(sys.argv[1])
crash_points.arm(3)
source = SourceConfig(path="data.zip", name="notes", columns={"text": "text", "subject_id": "patient"})
erased = Refusals([ErasedSubject(subject_hash(bytes(32), "p1"), "surrogates", "f")], {"surrogates": bytes(32)})
collect([source], folder=folder, snapshots=folder / "snapshots", find_erased=lambda source: ErasedRows(source, erased))
"""


def test_after_a_kill_no_line_of_theirs_lies_on_the_disk(tmp_path):
    (tmp_path / "data.zip").write_bytes(zipped({"a.jsonl": THEIRS + OTHERS, "b.jsonl": OTHERS}))
    died = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert died.returncode == -signal.SIGKILL
    left = [path.read_bytes() for path in (tmp_path / "snapshots").rglob("*") if path.is_file()]
    assert left and not [content for content in left if b"marzipan" in content]
    source = SourceConfig(path="data.zip", name="notes", columns=COLUMNS)
    snapshot = collect([source], folder=tmp_path, snapshots=tmp_path / "snapshots", find_erased=erased_rows)
    assert landed(snapshot) == {"a.jsonl": b"\n" + OTHERS, "b.jsonl": OTHERS}

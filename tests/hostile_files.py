"""The corpus of hostile files: generators of what breaks readers, and a sound file of each kind to stand beside them."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from tests.document_files import docx, paragraph, pdf, pdf_page, zipped

MEGABYTE = 1024 * 1024
GOOD = '{"text": "good"}\n'


@dataclass(frozen=True)
class Hostile:
    """A hostile file: how it is made, how many records are kept of it and of the sound file beside it, and why not all.

    `reasons` are those of the rows set aside, each once, in order.
    """

    name: str
    make: Callable[[], bytes]
    kept: int
    reasons: tuple[str, ...]
    source: Mapping[str, Any] = field(default_factory=dict)
    slow: bool = False


def lines(*hostile: str | bytes) -> Callable[[], bytes]:
    """JSON lines, a good one before and one after the hostile ones."""
    return lambda: b"".join(
        [GOOD.encode(), *((one.encode() if isinstance(one, str) else one) + b"\n" for one in hostile), GOOD.encode()]
    )


def table_of_many_columns(count: int) -> bytes:
    """A CSV table of that many columns with one row."""
    header = ",".join(["text", *(f"c{number}" for number in range(count - 1))])
    return f"{header}\ngood{',' * (count - 1)}\n".encode()


def object_of_many_keys(count: int) -> bytes:
    """A JSON object of that many keys."""
    return json.dumps({"text": "good", **{f"c{number}": 1 for number in range(count - 1)}}).encode() + b"\n"


def gzip_bomb(start: bytes, unit: bytes, megabytes: int) -> bytes:
    """A gzip file a thousandth of what it unpacks to."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=9, mtime=0) as packed:
        packed.write(start)
        block = unit * (MEGABYTE // len(unit))
        for _ in range(megabytes):
            packed.write(block)
    return buffer.getvalue()


def workbook(*rows: tuple[Any, ...]) -> bytes:
    """An Excel workbook."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def with_part(content: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """An Office document with one of its parts changed."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return zipped({**parts, part: change(parts[part])})


def with_password_flag(content: bytes) -> bytes:
    """The archive with the bit that says encrypted set on every member, whoever wrote it."""
    spoilt = bytearray(content)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.find(mark)
        while place >= 0:
            spoilt[place + offset] |= 1
            place = content.find(mark, place + 4)
    return bytes(spoilt)


def parquet(*texts: str, **columns: list[Any]) -> bytes:
    """A Parquet file of a column of texts, and others."""
    buffer = io.BytesIO()
    pq.write_table(pa.table({"text": list(texts), **columns}), buffer)
    return buffer.getvalue()


def parquet_of_one_text(length: int, rows: int, *, in_lists: bool = False) -> bytes:
    """A small Parquet file all of whose rows have the same long text, which stands in it once."""
    texts: pa.Array = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["x" * length]))
    if in_lists:
        texts = pa.ListArray.from_arrays(pa.array(range(rows + 1), pa.int32()), texts)
    buffer = io.BytesIO()
    table = pa.table({"text": pa.array(["good"] * rows), "x": texts} if in_lists else {"text": texts})
    pq.write_table(table, buffer, compression="zstd", dictionary_pagesize_limit=2**30, write_statistics=False)
    return buffer.getvalue()


def billion_laughs(root: str) -> bytes:
    """XML whose entities grow tenfold, nine times over."""
    entities = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
    return f'<!DOCTYPE x [<!ENTITY e0 "ha">{entities}]><{root}>&e9;</{root}>'.encode()


LOOP_OF_PAGES = pdf(pdf_page("good")).replace(b"/Kids [4 0 R]", b"/Kids [2 0 R]")
LOOP_OF_PARENTS = pdf(pdf_page("good")).replace(b"/Parent 2 0 R", b"/Parent 4 0 R")
LOOP_OF_TABLES = pdf(pdf_page("good"))
LOOP_OF_TABLES = LOOP_OF_TABLES.replace(
    b"trailer\n<< ", b"trailer\n<< /Prev %s " % LOOP_OF_TABLES.split(b"startxref\n")[1].split(b"\n")[0]
)
LOOP_OF_LENGTHS = pdf(pdf_page("good")).replace(b"<< /Length 42 >>", b"<< /Length 5 0 R >>")
BOOK = workbook(("text",), ("good",))
LETTER = docx(paragraph("good"))
FORMAT_OF_BRACKETS = b"""<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">
<numFmts><numFmt numFmtId="164" formatCode="%s"/></numFmts></styleSheet>""" % (b"[" * 300_000)
LOOP_OF_RELATIONS = b"""<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
 Target="workbook.xml"/></Relationships>"""

SOUND: dict[str, bytes] = {
    "jsonl": GOOD.encode(),
    "json": b'[{"text": "good"}]',
    "csv": b"text\ngood\n",
    "parquet": parquet("good"),
    "txt": b"good",
    "html": b"<p>good",
    "eml": b"Subject: x\n\ngood",
    "pdf": pdf(pdf_page("good")),
    "docx": LETTER,
    "xlsx": BOOK,
}
"""A file of each kind that holds one good record; it stands beside every hostile one."""

_MANY = {"columns": {"text": "text"}}

FILES = (
    Hostile("byte order mark.jsonl", lambda: b"\xef\xbb\xbf" + GOOD.encode(), 2, ()),
    Hostile("byte order mark.csv", lambda: b"\xef\xbb\xbftext\ngood\n", 2, ()),
    Hostile("byte order mark twice.jsonl", lambda: b"\xef\xbb\xbf" * 2 + GOOD.encode() * 2, 2, ("bad_json",)),
    Hostile("utf-16.jsonl", lambda: GOOD.encode("utf-16"), 1, ("bad_utf8",)),
    Hostile("utf-16 without mark.csv", lambda: "text\ngood\n".encode("utf-16-le"), 1, ("bad_utf8",)),
    Hostile("utf-16.txt", lambda: "good".encode("utf-16"), 1, ("bad_utf8",)),
    Hostile("lone surrogate.jsonl", lines('{"text": "\\udfff"}', b'{"text": "\xed\xa0\x80"}'), 3, ("bad_unicode", "bad_utf8")),
    Hostile("lone surrogate.csv", lambda: b"text\ngood\n\xed\xa0\x80\n", 2, ("bad_utf8",)),
    Hostile("zero bytes.jsonl", lines(b'{"text": "a\x00b"}', b"\x00" * 1000), 3, ("bad_json",)),
    Hostile("zero bytes.csv", lambda: b"text\na\x00b\ngood\n", 3, ()),
    Hostile("zero bytes.txt", lambda: b"good\x00", 2, ()),
    Hostile("no numbers.parquet", lambda: parquet("a", "b", "c", x=[float("nan"), 1.0, float("-inf")]), 3, ("bad_number",)),
    Hostile("mixed newlines.jsonl", lambda: b'{"text": "a"}\r\n{"text": "b"}\n\r\n{"text": "c"}\r{"text": "d"}\n', 3, ("bad_json",)),
    Hostile("mixed newlines.csv", lambda: b'text\r\na\n"b\r\nc"\r\n', 3, ()),
    Hostile("carriage returns alone.csv", lambda: b"text\ra\rb\r", 1, ("bad_header",)),
    Hostile("quoted newlines.csv", lambda: b'text\n"a\n\nb"\n"' + b"x\n" * 1000 + b'"\n', 3, ()),
    Hostile("a quote never closed.csv", lambda: b'text\ngood\n"' + b"x\n" * 1000, 2, ("bad_csv",)),
    Hostile("deep.jsonl", lines('{"text": ' + "[" * 100_000, '{"a":' * 100_000 + "1" + "}" * 100_000), 3, ("bad_json",)),
    Hostile("deep.json", lambda: b"[" * 100_000, 1, ("bad_json",)),
    Hostile("duplicate keys.jsonl", lines('{"text": "a", "text": "b"}'), 3, ("duplicate_key",)),
    Hostile("no numbers.jsonl", lines('{"text": "a", "x": -Infinity}', '{"text": "good", "x": NaN}'), 4, ("bad_number",)),
    Hostile("digits.jsonl", lines('{"text": "a", "x": %s}' % ("9" * 100_000)), 3, ("bad_json",)),
    Hostile("array cut short.json", lambda: b'[{"text": "good"}, {"text": "go', 2, ("bad_json",)),
    Hostile("blank.jsonl", lambda: b"\n \n", 1, ("no_records",)),
    Hostile("gzip cut short.jsonl", lambda: gzip.compress(GOOD.encode() * 5000)[:-9], 4995, ("broken_file",)),
    Hostile("cut short.parquet", lambda: parquet("good")[:-9], 1, ("broken_file",)),
    Hostile("one text for all rows.parquet", lambda: parquet_of_one_text(17 * MEGABYTE, 2000), 1, ("too_long",)),
    Hostile("one text for all lists.parquet", lambda: parquet_of_one_text(17 * MEGABYTE, 2000, in_lists=True), 1, ("too_long",)),
    Hostile("names that are not utf-8.parquet", lambda: parquet("good", other=[1]).replace(b"other", b"\x98ther"), 1, ("broken_file",)),
    Hostile("not.parquet", lambda: b"PAR1" * 100, 1, ("broken_file",)),
    Hostile("encrypted.pdf", lambda: pdf(pdf_page("good"), encrypted=True), 1, ("encrypted",)),
    Hostile("cut short.pdf", lambda: pdf(pdf_page("good"))[:300], 1, ("broken_file",)),
    Hostile("loop of pages.pdf", lambda: LOOP_OF_PAGES, 1, ("broken_file",)),
    Hostile("loop of parents.pdf", lambda: LOOP_OF_PARENTS, 2, ()),
    Hostile("loop of tables.pdf", lambda: LOOP_OF_TABLES, 2, ()),
    Hostile("loop of lengths.pdf", lambda: LOOP_OF_LENGTHS, 2, ()),
    Hostile("encrypted.docx", lambda: with_password_flag(LETTER), 1, ("encrypted",)),
    Hostile("cut short.docx", lambda: LETTER[:-30], 1, ("broken_file",)),
    Hostile("loop of relations.docx", lambda: docx(paragraph("good"), {"word/_rels/document.xml.rels": LOOP_OF_RELATIONS}), 2, ()),
    Hostile("entities.docx", lambda: zipped({"word/document.xml": billion_laughs("w")}), 1, ("bomb",)),
    Hostile("bomb.docx", lambda: docx(" " * 20_000_000), 1, ("bomb",)),
    Hostile("encrypted.xlsx", lambda: with_password_flag(BOOK), 1, ("encrypted",)),
    Hostile("cut short.xlsx", lambda: BOOK[:-40], 1, ("broken_file",)),
    Hostile("entities.xlsx", lambda: with_part(BOOK, "xl/worksheets/sheet1.xml", lambda _: billion_laughs("w")), 1, ("bomb",)),
    Hostile("format of brackets.xlsx", lambda: with_part(BOOK, "xl/styles.xml", lambda _: FORMAT_OF_BRACKETS), 2, ()),
    Hostile("loop of relations.xlsx", lambda: with_part(BOOK, "xl/_rels/workbook.xml.rels", lambda _: LOOP_OF_RELATIONS), 1, ("empty_sheet",)),
    Hostile("a bomb of one text.parquet", lambda: parquet_of_one_text(15 * MEGABYTE, 100_000), 18, ("bomb",), slow=True),
    Hostile("a text of 200 MB for all rows.parquet", lambda: parquet_of_one_text(200 * MEGABYTE, 100_000), 1, ("too_long",), slow=True),
    Hostile("a line of 100 MB.jsonl", lambda: GOOD.encode() + b'{"text": "' + b"x" * 100 * MEGABYTE + b'"}\n' + GOOD.encode(), 3, ("too_long",), slow=True),
    Hostile("a line of 100 MB.csv", lambda: b"text\ngood\n" + b"x" * 100 * MEGABYTE + b"\ngood\n", 3, ("too_long",), slow=True),
    Hostile("a header of 100 MB.csv", lambda: b"x" * 100 * MEGABYTE + b"\ngood\n", 1, ("bad_header",), slow=True),
    Hostile("a line of 100 MB.txt", lambda: b"x" * 100 * MEGABYTE, 1, ("too_long",), slow=True),
    Hostile("a line of 100 MB.html", lambda: b"<p>" + b"x" * 100 * MEGABYTE, 1, ("too_long",), slow=True),
    Hostile("a line of 100 MB.eml", lambda: b"Subject: " + b"x" * 100 * MEGABYTE, 1, ("too_long",), slow=True),
    Hostile("a million columns.csv", lambda: table_of_many_columns(1_000_000), 2, (), _MANY, slow=True),
    Hostile("a million keys.jsonl", lambda: object_of_many_keys(1_000_000), 2, (), _MANY, slow=True),
    Hostile("gzip bomb of one line.jsonl", lambda: gzip_bomb(GOOD.encode(), b"x", 1000), 2, ("too_long",), _MANY, slow=True),
    Hostile("gzip bomb of an array.json", lambda: gzip_bomb(b"[\n", b" ", 1000), 1, ("too_long",), slow=True),
    Hostile("gzip bomb of one row.csv", lambda: gzip_bomb(b'text\ngood\n"', b"x" * 9000 + b'\n","', 100), 3, ("too_long", "bad_csv"), _MANY, slow=True),
)  # fmt: skip


def quick_files() -> list[Hostile]:
    """Those that are small."""
    return [one for one in FILES if not one.slow]


def large_files() -> list[Hostile]:
    """Those that are large, or unpack to much."""
    return [one for one in FILES if one.slow]

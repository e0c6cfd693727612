from __future__ import annotations

import json

import pytest

from acclimate.core.errors import SourceError

NOTE = "---\ntitle: Ward rules\nauthor: {name: Ann}\non: 2024-03-01\ntags: [a, b]\n---\n\n# Rules\n\n- *quiet*\n"


def test_front_matter_becomes_columns_and_the_text_keeps_its_structure(ingest):
    columns = {"text": "text", "collected_at": "on", "id": "file"}
    record = ingest({"n/a.md": NOTE}, {"path": "n", "columns": columns}).record
    assert (record["id"], record["text"], record["collected_at"].month) == ("n:a.md", "# Rules\n\n- *quiet*\n", 3)
    assert json.loads(record["extra"]) == {"title": "Ward rules", "author": {"name": "Ann"}, "tags": ["a", "b"]}


@pytest.mark.parametrize(
    "text", ["# Plain", "---\n\nonly a rule", "---\na text\n---\nmore", "", "text\n---\na: b\n---\n"]
)
def test_a_file_without_front_matter_is_all_text(ingest, text):
    ingested = ingest({"n/a.md": text, "n/b.md": "x"}, {"path": "n"})
    assert ingested.columns("text", "extra")[0] == (text, None)


def test_one_file_may_lack_a_column_of_the_others(ingest):
    files = {"n/a.md": "---\npid: 17\n---\none", "n/b.md": "two"}
    ingested = ingest(files, {"path": "n", "columns": {"text": "text", "subject_id": "pid"}})
    assert ingested.columns("text", "subject_id") == [("one", "17"), ("two", None)]


ALIASES = "---\na: &a [x, x]\nb: &b [*a, *a]\nsecret: [*b, *b]\n---\ntext"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("---\nsecret: : [\n---\ntext", "bad_front_matter"),
        ("---\na: !!python/object/apply:os.system [secret]\n---\ntext", "bad_front_matter"),
        ("---\ntext: secret\n---\ntext", "bad_front_matter"),
        ("---\na: " + "[" * 5000 + "\n---\nsecret", "bad_front_matter"),
        ("---\n" + "a: secret\n" * 8000 + "---\ntext", "bad_front_matter"),
        (ALIASES, "bomb"),
        ("secret na\xefve".encode("latin-1"), "bad_utf8"),
        (b"secret\x00", "not_text"),
        ("secret" * 20_000, "too_long"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_fault(ingest, content, reason):
    with pytest.raises(SourceError, match=r"^a\.md: ") as error:
        ingest({"a.md": content}, max_record_bytes=100_000)
    assert "secret" not in str(error.value)
    ingested = ingest({"n/a.md": content, "n/b.md": "b"}, {"path": "n"}, on_error="set_aside", max_record_bytes=100_000)
    assert (ingested.reasons, ingested.columns("text")) == ([reason], [("b",)])

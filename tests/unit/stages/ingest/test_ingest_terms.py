"""Licence, consent and purpose go with a source into the report, and stop a run that they forbid."""

from __future__ import annotations

import pytest

from acclimate.core.errors import ConfigError, SourceError

ROWS = "".join(f'{{"text": "{word}", "licence": {licence}}}\n' for word, licence in
               (("a", '"MIT"'), ("b", '"CC-BY-ND-4.0"'), ("c", "null")))  # fmt: skip
SOURCE = {"path": "a.jsonl", "licence": "CC0-1.0", "columns": {"text": "text", "licence": "licence"}}


def test_a_source_that_may_not_be_trained_on_stops_the_run_before_it_is_read(ingest):
    with pytest.raises(ConfigError, match="'a' may not be trained on"):
        ingest({}, {"path": "a.jsonl", "licence": "CC-BY-ND-4.0"})


def test_a_row_whose_own_licence_forbids_training_stops_the_run_with_its_line(ingest):
    with pytest.raises(SourceError, match=r"a.jsonl, line 2: its licence allows no derivatives"):
        ingest({"a.jsonl": ROWS}, SOURCE)


def test_such_a_row_is_set_aside_when_asked_and_the_report_counts_the_licences_of_the_others(ingest):
    ingested = ingest({"a.jsonl": ROWS}, {**SOURCE, "consent": "broad consent 2"}, on_error="set_aside")
    assert (ingested.columns("text"), ingested.reasons) == ([("a",), ("c",)], ["forbidden_licence"])
    terms = ingested.report.metrics["sources"]["a"]["terms"]
    assert terms == {"licences": {"CC0-1.0": 1, "MIT": 1}, "consent": "broad consent 2", "purpose": []}


def test_a_test_file_may_be_under_any_licence(ingest):
    assert len(ingest({"a.jsonl": ROWS}, {**SOURCE, "role": "test"}).records) == 3

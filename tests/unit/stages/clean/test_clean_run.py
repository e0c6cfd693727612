from __future__ import annotations

import pytest

from acclimate.core.artifacts import Artifact
from acclimate.core.atomic import write_json
from acclimate.core.errors import DataError
from acclimate.core.reinclusion import KEPT_FILE, id_digest
from acclimate.stages.clean import STAGE

SPANISH = "La paciente acude por dolor lumbar de dos semanas de evolución, sin fiebre."
RECORDS = [
    {"id": "fine", "prompt": "Any pain?", "completion": "Patient denies pain."},
    {"id": "broken", "prompt": "Any\u200b pain?", "completion": "She doesnâ€™t  smoke."},
    {"id": "blank", "prompt": "Any pain?", "completion": "  "},
    {"id": "frozen", "text": SPANISH, "split": "test"},
    {"id": "talk", "messages": [{"role": "user", "content": "Hi\x00"}, {"role": "assistant", "content": " Hello. "}]},
]


def test_every_record_is_kept_or_dropped_with_reason_and_value(run_stage):
    result = run_stage(STAGE, RECORDS)
    assert set(result.kept) == {"fine", "broken", "talk"}
    assert result.dropped == {"blank": ("empty", "completion"), "frozen": ("language", "es 0.95")}
    assert result.report.counts.dropped == {"empty": 1, "language": 1}


def test_the_report_counts_the_records_that_each_repair_touched(run_stage):
    metrics = run_stage(STAGE, RECORDS).report.metrics
    assert metrics["repaired_records"] == {"mojibake": 1, "control": 2, "unicode_form": 0, "whitespace": 3}
    assert metrics["dropped_languages"] == {"es": 1}


def test_contents_of_messages_are_repaired_in_place(run_stage):
    messages = run_stage(STAGE, RECORDS).kept["talk"]["messages"]
    assert [(message["role"], message["content"]) for message in messages] == [("user", "Hi"), ("assistant", "Hello.")]


def test_spans_follow_their_words(run_stage):
    spans = [{"field": "text", "start": 6, "end": 9, "label": "NAME"}]
    record = {"id": "a", "text": "  Dr \u00a0May sees him", "spans": spans}
    kept = run_stage(STAGE, [record]).kept["a"]
    span = kept["spans"][0]
    assert kept["text"] == "Dr May sees him"
    assert kept["text"][span["start"] : span["end"]] == "May"


def test_messages_whose_spans_cannot_be_moved_stay_untouched(run_stage):
    spans = [{"field": "messages.0", "start": 4, "end": 7, "label": "NAME"}]
    record = {"id": "a", "messages": [{"role": "assistant", "content": "Dr  May"}], "spans": spans}
    kept = run_stage(STAGE, [record]).kept["a"]
    assert kept["messages"][0]["content"] == "Dr  May"
    assert kept["spans"] == spans


def test_a_span_outside_its_text_is_an_error_that_names_the_record(run_stage):
    record = {"id": "a", "text": "Dr May", "spans": [{"field": "text", "start": 3, "end": 9, "label": "NAME"}]}
    with pytest.raises(DataError, match=r"Record a: a span of text runs from 3 to 9"):
        run_stage(STAGE, [record])


@pytest.mark.parametrize("batch_rows", [1, 2, 3])
def test_the_batch_size_changes_nothing(run_stage, batch_rows):
    one, other = run_stage(STAGE, RECORDS), run_stage(STAGE, RECORDS, batch_rows=batch_rows)
    assert (one.kept, one.dropped, one.report) == (other.kept, other.dropped, other.report)


def test_the_order_of_records_changes_nothing(run_stage):
    one, other = run_stage(STAGE, RECORDS), run_stage(STAGE, RECORDS[::-1])
    assert (one.kept, one.dropped, one.report) == (other.kept, other.dropped, other.report)


def test_when_everything_would_go_the_reason_and_a_remedy_are_said(run_stage):
    with pytest.raises(DataError, match=r"All 1 records were dropped by clean \(language 1\)[^§]*clean.languages"):
        run_stage(STAGE, [RECORDS[3]])


def test_an_unusual_share_of_drops_is_a_warning(run_stage):
    warnings = run_stage(STAGE, [RECORDS[0], RECORDS[2]]).report.warnings
    assert warnings == (
        "1 of 2 records were dropped as empty: look at ingest.columns: a column may be mapped to the wrong name.",
    )


def test_a_record_re_included_by_hand_stays_unless_there_is_nothing_to_keep(run_stage, tmp_path):
    write_json(tmp_path / KEPT_FILE, [id_digest("frozen"), id_digest("blank"), id_digest("fine")])
    result = run_stage(STAGE, RECORDS, keep=Artifact(tmp_path))
    assert result.dropped == {"blank": ("empty", "completion")}
    assert result.report.metrics["reincluded"] == {"language": 1}


PAIR = {"prompt": "Any pain?", "chosen": "No pain.", "rejected": "He says no."}
PAIRS = [
    {"id": "fine", **PAIR, "rejected": "He  doesnâ€™t."},
    {"id": "equal", **PAIR, "rejected": "No pain.\u200b"},
    {"id": "blank", **PAIR, "chosen": " \n"},
    {"id": "unasked", **PAIR, "prompt": None},
    {"id": "tied", "prompt": "Any pain?", "completion": "No pain."},
    {
        "id": "turns",
        **PAIR,
        "prompt": None,
        "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}, {"role": "user", "content": "Pain?"}],
    },
]  # fmt: skip


def test_what_is_no_preference_is_dropped_with_its_reason_where_that_is_the_task(run_stage):
    result = run_stage(STAGE, PAIRS, {"task": "preference"})
    assert {name: reason for name, (reason, _) in result.dropped.items()} == {
        "equal": "equal_answers",
        "blank": "empty_answer",
        "unasked": "no_prompt",
        "tied": "no_pair",
    }
    assert result.kept["fine"]["rejected"] == "He doesn\N{RIGHT SINGLE QUOTATION MARK}t."


def test_another_task_asks_no_pair_of_a_record(run_stage):
    assert set(run_stage(STAGE, PAIRS).kept) == {"fine", "equal", "unasked", "tied", "turns"}


def test_where_no_pair_is_left_it_is_said_how_to_map_them(run_stage):
    with pytest.raises(DataError, match=r"(?s)All 1 records were dropped by clean \(no_pair 1\).*chosen:"):
        run_stage(STAGE, PAIRS[4:5], {"task": "preference"})

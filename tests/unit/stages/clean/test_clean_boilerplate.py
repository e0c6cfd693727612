from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acclimate.stages.clean import BOILERPLATE_FILE, STAGE, boilerplate
from acclimate.stages.clean.lines import line_table, mark_boilerplate, without_lines

HEADER, FOOTER = "Northgate Clinic · Tel. 555 0100", "This letter is confidential."
BODIES = ("Chest pain since Monday.", "No acute distress.", "Plan:", "Sleeps well, eats well.")
FEW = {"boilerplate": {"min_subjects": 4}}


def letters(count: int = 8, **columns):
    """Letters with one header and footer, whose bodies recur too, in the middle."""
    return [
        {
            "id": f"n{number}",
            "subject_id": f"p{number}",
            "source": "north",
            "text": "\n".join([HEADER, *_body(number), FOOTER]),
            **columns,
        }
        for number in range(count)
    ]


def _body(number: int) -> list[str]:
    own = [f"Letter {number} of {word}." for word in ("one", "two", "three")]
    return [*own, BODIES[number % 4], "No acute distress.", *own[::-1]]


def body(row) -> str:
    return "\n".join(_body(int(row["id"][1:])))


def test_headers_and_footers_go_and_what_recurs_within_the_text_stays(run_stage):
    result = run_stage(STAGE, letters(), FEW)
    assert all(row["text"] == body(row) for row in result.kept.values())


def test_removed_lines_are_reported_by_digest_length_count_and_place_without_their_text(run_stage):
    metrics = run_stage(STAGE, letters(), FEW).report.metrics
    assert metrics["removed_lines"] == {"boilerplate": 16}
    assert (metrics["trimmed_records"], metrics["boilerplate_lines"]) == (8, 2)
    first = metrics["boilerplate"][0]
    assert (first["source"], first["column"], first["lines"], first["share"]) == ("north", "text", 8, 1.0)
    assert HEADER not in str(metrics) and FOOTER not in str(metrics)


def test_the_learnt_lines_lie_beside_the_records_for_people_to_look_at(run_stage):
    folder = run_stage(STAGE, letters(), FEW).artifact.path
    assert pl.read_parquet(folder / BOILERPLATE_FILE)["text"].to_list() == [HEADER, FOOTER]


@pytest.mark.parametrize(
    ("rows", "config"),
    [
        (letters(), {}),
        (letters(), {"boilerplate": {"min_subjects": 4, "min_share": None}}),
        (letters(), {"boilerplate": {"min_subjects": 4, "edge_lines": 0}}),
        (letters(), {"boilerplate": {"min_subjects": 4}, "line_columns": []}),
        (letters(subject_id="one person"), FEW),
        ([{**row, "site": f"site {place}"} for place, row in enumerate(letters())], FEW),
    ],
    ids=["few subjects", "switched off", "no edges", "no columns", "one subject", "each from another site"],
)
def test_nothing_is_learnt_where_there_is_too_little_or_nothing_is_wanted(run_stage, rows, config):
    result = run_stage(STAGE, rows, config)
    assert {name: row["text"] for name, row in result.kept.items()} == {row["id"]: row["text"] for row in rows}
    assert result.report.metrics["removed_lines"] == {}


def test_prompts_and_answers_keep_their_recurring_lines_unless_named(run_stage):
    rows = [{**row, "text": None, "prompt": row["text"], "completion": "Yes."} for row in letters()]
    assert all(row["prompt"].startswith(HEADER) for row in run_stage(STAGE, rows, FEW).kept.values())
    trimmed = run_stage(STAGE, rows, {**FEW, "line_columns": ["prompt"]})
    assert all(row["prompt"] == body(row) for row in trimmed.kept.values())


def test_a_long_line_goes_wherever_it_stands(run_stage):
    rows = letters()
    long = "The sender of this letter is not liable for what it says, nor for what it does not say. " * 2
    middle = [{**row, "text": row["text"].replace("No acute", f"{long}\nNo acute")} for row in rows]
    assert all(long.strip() not in row["text"] for row in run_stage(STAGE, middle, FEW).kept.values())


def test_a_heading_stays_however_often_it_stands_first(run_stage):
    rows = [{**row, "text": row["text"].replace(HEADER, "HISTORY:")} for row in letters()]
    assert all(row["text"].startswith("HISTORY:\n") for row in run_stage(STAGE, rows, FEW).kept.values())


def test_a_line_that_a_span_touches_stays_and_other_spans_follow_their_words(run_stage):
    rows = letters()
    at = rows[0]["text"].index("Letter 0 of one")
    rows[0]["spans"] = [{"field": "text", "start": at, "end": at + 8, "label": "TITLE"}]
    rows[1]["spans"] = [{"field": "text", "start": 0, "end": 9, "label": "CLINIC"}]
    kept = run_stage(STAGE, rows, FEW).kept
    assert (kept["n0"]["spans"][0]["start"], kept["n0"]["text"][:8]) == (0, "Letter 0")
    assert kept["n1"]["text"] == f"{HEADER}\n{body(rows[1])}"


def test_a_record_of_nothing_but_boilerplate_is_dropped_whole_and_may_be_kept_whole(run_stage):
    rows = [*letters(), {"id": "bare", "source": "north", "text": f"{HEADER}\n{FOOTER}"}]
    result = run_stage(STAGE, rows, FEW)
    assert result.dropped == {"bare": ("no_lines_left", "2")}
    assert result.artifact.dropped()["text"].to_pylist() == [f"{HEADER}\n{FOOTER}"]
    kept = run_stage(STAGE, rows, {**FEW, "keep_rules": ["no_lines_left"]})
    assert kept.kept["bare"]["text"] == f"{HEADER}\n{FOOTER}"
    assert kept.report.metrics["reincluded"] == {"no_lines_left": 1}


def test_a_text_of_one_line_is_never_taken_for_boilerplate(run_stage):
    rows = [{"id": str(number), "subject_id": str(number), "text": "Call me back."} for number in range(8)]
    assert len(run_stage(STAGE, rows, FEW).kept) == 8


@pytest.mark.parametrize("batch_rows", [1, 3])
def test_neither_batches_nor_order_change_what_is_learnt(run_stage, batch_rows):
    one, other = run_stage(STAGE, letters(), FEW), run_stage(STAGE, letters()[::-1], FEW, batch_rows=batch_rows)
    assert (one.kept, one.dropped, one.report) == (other.kept, other.dropped, other.report)


def test_cleaning_what_was_cleaned_changes_nothing_more(run_stage):
    once = run_stage(STAGE, letters(), FEW)
    again = run_stage(STAGE, once.kept.values(), FEW)
    assert again.kept == once.kept


def test_of_a_large_source_a_sample_is_looked_at(run_stage, monkeypatch):
    monkeypatch.setattr(boilerplate, "SAMPLE", 40)
    result = run_stage(STAGE, letters(200), FEW)
    lines = result.report.metrics["boilerplate"]
    assert {line["lines"] for line in lines} == {200}
    assert {line["share"] for line in lines} == {1.0}
    assert all(20 < line["subjects"] < 60 for line in lines)


def test_the_lines_that_c4_takes_out_are_counted_by_rule(run_stage):
    good = "She has had a cough for three weeks."
    text = "\n".join([good, "no full stop here at all", "Too few.", "Please turn on Javascript in this browser.", good])
    result = run_stage(STAGE, [{"id": "a", "text": f"{text}\n{good}"}], {"quality": {"rules": ["c4"]}})
    assert result.kept["a"]["text"] == "\n".join([good] * 3)
    assert result.report.metrics["removed_lines"] == {
        "c4_javascript": 1,
        "c4_min_words_per_line": 1,
        "c4_terminal_punctuation": 1,
    }


def test_a_page_of_which_c4_leaves_too_little_is_dropped_by_its_rule(run_stage):
    good = "She has had a cough for three weeks.\nIt wakes her up in the night.\nThere was no fever at all."
    rows = [{"id": "menu", "text": "She has had a cough for weeks.\nHome\nNews"}, {"id": "good", "text": good}]
    result = run_stage(STAGE, rows, {"quality": {"rules": ["c4"]}})
    assert result.dropped == {"menu": ("c4_min_sentences", "1")}


LINE = st.sampled_from(["header", "own", "own too", "", "footer", "  indented"])
PARTS = st.lists(LINE, min_size=1, max_size=12)


@given(PARTS, st.sets(st.integers(0, 11)))
def test_what_stays_is_the_other_lines_in_their_order(lines, gone):
    trimmed = without_lines("\n".join(lines), frozenset(gone), [], field="text")
    stays = [line.strip() for place, line in enumerate(lines) if place not in gone and line.strip()]
    assert [line.strip() for line in trimmed.text.split("\n") if line.strip()] == stays
    assert "\n\n\n" not in trimmed.text


@given(PARTS, st.sets(st.integers(0, 11)), st.data())
def test_a_span_covers_the_same_words_when_lines_went(lines, gone, data):
    text = "\n".join(["x", *lines, "x"])
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    span = {"field": "text", "start": start, "end": end}
    trimmed = without_lines(text, frozenset(gone), [span], field="text")
    moved = trimmed.spans[0]
    assert trimmed.text[moved["start"] : moved["end"]].strip() == text[start:end].strip()


@given(PARTS)
def test_taking_learnt_lines_out_a_second_time_takes_nothing_more(lines):
    def remove(text: str) -> str:
        table = line_table(pl.Series([text]))
        table = table.with_columns(learnt=pl.col("text").is_in(["header", "footer"]) & pl.col("may_be_boilerplate"))
        places = table.filter(mark_boilerplate(table, edge_lines=1, long_line=100))["place"]
        return without_lines(text, frozenset(places), [], field="text").text

    once = remove("\n".join(lines))
    assert remove(once) == once

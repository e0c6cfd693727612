"""Pairs of answers of every form of the field become the same records; what is no pair is said."""

from __future__ import annotations

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from acclimate.core.errors import SourceError

USER = {"role": "user", "content": "q"}
BEST, WORST = {"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}
GPT = {"from": "gpt", "value": "a"}
EARLIER = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "hi"}]


def lines(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


IMPLICIT = "preference, prompt in the answers or messages"
PLAIN = {
    "preference": {"prompt": "q", "chosen": "a", "rejected": "b"},
    "preference with question": {"question": "q", "chosen": "a", "rejected": "b"},
    "alpaca preference": {"instruction": "q", "input": "", "chosen": "a", "rejected": "b"},
    "argilla preference": {"instruction": "q", "chosen_response": "a", "rejected_response": "b"},
    "openai preference": {
        "input": {"messages": [USER], "tools": []},
        "preferred_output": [BEST],
        "non_preferred_output": [WORST],
    },
    "sharegpt preference": {
        "conversations": [{"from": "human", "value": "q"}],
        "chosen": GPT,
        "rejected": {**GPT, "value": "b"},
    },
    IMPLICIT: {"chosen": [USER, BEST], "rejected": [USER, WORST]},
}


@pytest.mark.parametrize("recognised", PLAIN)
def test_pairs_of_every_form_become_the_same_record_and_the_form_is_said(ingest, recognised):
    ingested = ingest({"a.jsonl": lines(PLAIN[recognised])})
    assert ingested.columns("prompt", "chosen", "rejected", "messages") == [("q", "a", "b", None)]
    assert ingested.report.metrics["sources"]["a"]["recognised"] == recognised


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": [USER], "chosen": [BEST], "rejected": [WORST]},
        {"prompt": [USER], "chosen": "a", "rejected": "b"},
        {"prompt": [USER], "chosen": [USER, BEST], "rejected": [USER, WORST]},
        {"prompt": "q", "chosen": [USER, BEST], "rejected": [USER, WORST], "messages": [USER, BEST], "score_chosen": 7},
        {"prompt": "q", "chosen": [BEST], "rejected": [WORST]},
        {"messages": [USER], "chosen": BEST, "rejected": WORST},
        {"chosen": "\n\nHuman: q\n\nAssistant: a", "rejected": "\n\nHuman: q\n\nAssistant: b"},
    ],
)
def test_a_prompt_is_found_wherever_it_stands(ingest, row):
    assert ingest({"a.jsonl": lines(row)}).columns("prompt", "chosen", "rejected") == [("q", "a", "b")]


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": [*EARLIER, USER], "chosen": [BEST], "rejected": [WORST]},
        {"prompt": EARLIER[:1], "chosen": [EARLIER[1], USER, BEST], "rejected": [EARLIER[1], USER, WORST]},
        {"chosen": [*EARLIER, USER, BEST], "rejected": [*EARLIER, USER, WORST]},
        {
            "chosen": "\n\nHuman: hello\n\nAssistant: hi\n\nHuman: q\n\nAssistant: a",
            "rejected": "\n\nHuman: hello\n\nAssistant: hi\n\nHuman: q\n\nAssistant: b",
        },
    ],
)
def test_what_both_answers_begin_with_is_the_conversation_so_far_and_carries_no_loss(ingest, row):
    record = ingest({"a.jsonl": lines(row)}).record
    assert [(turn["role"], turn["content"], turn["train"]) for turn in record["messages"]] == [
        ("user", "hello", False),
        ("assistant", "hi", False),
        ("user", "q", False),
    ]
    assert (record["prompt"], record["chosen"], record["rejected"]) == (None, "a", "b")


def test_a_system_turn_stands_in_front(ingest):
    row = {"system": "be brief", "question": "q", "chosen": "a", "rejected": "b"}
    record = ingest({"a.jsonl": lines(row)}).record
    assert [(turn["role"], turn["content"]) for turn in record["messages"]] == [("system", "be brief"), ("user", "q")]


def test_equal_answers_stay_a_pair_for_the_stage_that_drops_it(ingest):
    row = {"chosen": [USER, BEST], "rejected": [USER, BEST]}
    assert ingest({"a.jsonl": lines(row)}).columns("prompt", "chosen", "rejected") == [("q", "a", "a")]


def test_a_missing_answer_is_missing(ingest):
    row = {"prompt": [USER], "chosen": [BEST], "rejected": None}
    assert ingest({"a.jsonl": lines(row)}).columns("prompt", "chosen", "rejected") == [("q", "a", None)]


def test_pairs_in_parquet_are_read_as_in_json(ingest):
    buffer = io.BytesIO()
    pq.write_table(pa.table({"chosen": [[USER, BEST]], "rejected": [[USER, WORST]]}), buffer)
    found = ingest({"a.parquet": buffer.getvalue()}, {"path": "a.parquet"})
    assert found.columns("prompt", "chosen", "rejected") == [("q", "a", "b")]


def test_many_transcripts_are_taken_apart_like_one(ingest):
    row = {"chosen": "\n\nHuman: q\n\nAssistant: a", "rejected": "\n\nHuman: q\n\nAssistant: b"}
    found = ingest({"a.jsonl": lines(*[row] * 200)}).columns("prompt", "chosen", "rejected")
    assert found == [("q", "a", "b")] * 200


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"prompt": "q", "chosen": [BEST], "rejected": "b"}, "one of chosen and rejected is a conversation"),
        ({"chosen": [USER, BEST, USER, BEST], "rejected": [USER, WORST, USER, BEST]}, "more than their last turn"),
        ({"chosen": [BEST, USER], "rejected": [BEST, {**USER, "content": "r"}]}, "the last turn"),
        ({"prompt": [USER, BEST], "chosen": "a", "rejected": "b"}, "ends with a turn of the assistant's"),
        ({"prompt": "q", "chosen": [{**BEST, "tool_calls": [{}]}], "rejected": [WORST]}, "calls a tool"),
        ({"prompt": "q", "chosen": ["a"], "rejected": ["b"]}, "not a list of turns"),
    ],
)
def test_what_is_no_pair_is_one_sentence_or_set_aside(ingest, row, said):
    with pytest.raises(SourceError, match=f"line 1: .*{said}"):
        ingest({"a.jsonl": lines(row)})
    good = PLAIN["preference"]
    aside = ingest({"a.jsonl": lines({**dict.fromkeys(good), **row}, good)}, on_error="set_aside")
    assert aside.reasons == ["bad_messages"]

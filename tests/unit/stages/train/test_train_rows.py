"""Records become rows without losing a token in silence."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acclimate.backends.models import LocalModels
from acclimate.backends.tiny import write_tiny_model
from acclimate.core.errors import DataError
from acclimate.stages.train.rows import refuse_too_long
from acclimate.stages.train.texts import rows_of, without_stops


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return LocalModels().tokenizer_only(write_tiny_model(tmp_path_factory.mktemp("base")))


PAIR = {"id": "a", "prompt": "Fever?", "completion": "No fever."}


def test_a_pair_is_one_row_whose_answer_carries_loss(model):
    (row,) = rows_of([PAIR], model, task="generation", max_length=512).rows
    learnt = "".join(text for text, carries_loss in model.show(row.row) if carries_loss)
    assert learnt == "No fever.<|im_end|>"


@settings(max_examples=40, deadline=None)
@given(text=st.text(st.sampled_from("ab é😀中\n"), min_size=40, max_size=200), max_length=st.integers(8, 30))
def test_windows_of_a_text_hold_each_of_its_tokens_once(model, text, max_length):
    record = {"id": "a", "text": text}
    (whole,) = rows_of([record], model, task="pretraining", max_length=10_000).plain
    made = rows_of([record], model, task="pretraining", max_length=max_length)
    learnt = [token for row in made.plain for token, flag in zip(row.tokens, row.trained, strict=True) if flag]
    assert learnt == list(whole.tokens[1:])
    assert all(len(row.tokens) <= max_length for row in made.plain)
    assert made.created == len(made.rows) - 1


@settings(max_examples=40, deadline=None)
@given(text=st.text(st.sampled_from("ab é😀中\n"), min_size=40, max_size=200), max_length=st.integers(8, 30))
def test_the_records_of_windows_hold_the_text_once(model, text, max_length):
    made = rows_of([{"id": "a", "text": text}], model, task="pretraining", max_length=max_length)
    assert "".join(row.record["text"] for row in made.rows) == text
    assert sum(row.row.target_bytes for row in made.rows) == len(text.encode())
    assert all(row.record["parents"] == ["a"] for row in made.rows) or len(made.rows) == 1


def test_a_conversation_that_is_too_long_is_named_with_its_length(model):
    made = rows_of([PAIR], model, task="generation", max_length=20)
    with pytest.raises(DataError, match=r"a \(\d+ tokens\)"):
        refuse_too_long(made, max_length=20)


@pytest.mark.parametrize(
    ("record", "task", "said"),
    [
        ({"id": "a", "text": "plain"}, "generation", "has text but no answer"),
        (PAIR, "pretraining", "is a conversation"),
    ],
)
def test_a_record_of_another_task_is_named(model, record, task, said):
    with pytest.raises(DataError, match=f"Record a {said}"):
        rows_of([record], model, task=task, max_length=512)


def test_a_conversation_without_a_turn_to_learn_is_set_aside(model):
    record = {"id": "a", "messages": [{"role": "user", "content": "Hello?"}]}
    made = rows_of([record], model, task="generation", max_length=512)
    assert [(dropped["id"], reason) for dropped, reason, _ in made.dropped] == [("a", "nothing_to_learn")]


def test_replayed_rows_keep_their_text_and_lose_their_stop_token(model):
    rows = rows_of([PAIR], model, task=None, max_length=512).rows
    (row,) = without_stops(rows)
    assert "".join(text for text, carries_loss in model.show(row.row) if carries_loss) == "No fever."
    assert row.row.tokens == rows[0].row.tokens

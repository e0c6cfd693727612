"""Work that was done is not done again, and how it is cut does not depend on the order of the rows."""

from __future__ import annotations

import pytest

from acclimate.core.errors import DataError
from acclimate.core.inference import answer_durably, refuse_too_long, score_durably, shared_prefix
from acclimate.core.ports import Context, Generation, Sampling, Score, TokenRow
from acclimate.core.progress import no_progress


class CountingModel:
    """Gives each row its length as nats, and remembers what it was asked."""

    facts = None

    def __init__(self):
        self.asked = []

    def score(self, rows, *, shared_prefix=0, progress):
        self.asked.append([row.id for row in rows])
        return [Score(row.id, len(row.tokens) / 3, len(row.tokens), row.target_bytes) for row in rows]

    def generate(self, prompts, sampling, *, shared_prefix=0, progress):
        self.asked.append([prompt.id for prompt in prompts])
        return [Generation(prompt.id, f"seed {sampling.seed}", 1, True) for prompt in prompts]


def row(name, length):
    return TokenRow(name, tuple(range(length)), (False,) * (length - 1) + (True,), 1)


ROWS = [row("c", 3), row("a", 2), row("b", 2), row("d", 5)]


@pytest.fixture
def context(tmp_path):
    return Context(partial=tmp_path, progress=no_progress, engine=None)


def test_a_rerun_scores_only_what_is_missing(context):
    first, second = CountingModel(), CountingModel()
    scores = score_durably(first, ROWS, context=context, name="task", tokens_per_chunk=4)
    assert first.asked == [["a", "b"], ["c"], ["d"]]
    (context.partial / "scored-task-00001.json").unlink()
    assert score_durably(second, ROWS, context=context, name="task", tokens_per_chunk=4) == scores
    assert second.asked == [["c"]]


def test_the_order_of_rows_changes_neither_chunks_nor_seeds(context, tmp_path):
    straight = answer_durably(CountingModel(), ROWS, Sampling(4, 1.0), context=context, name="x", prompts_per_chunk=3)
    again = CountingModel()
    assert (
        answer_durably(again, ROWS[::-1], Sampling(4, 1.0), context=context, name="x", prompts_per_chunk=3) == straight
    )
    assert again.asked == []


def test_work_of_another_name_draws_independently(context):
    answers = [
        answer_durably(CountingModel(), ROWS, Sampling(4, 1.0), context=context, name=name)["a"].text for name in "xy"
    ]
    assert answers[0] != answers[1]


def test_work_left_by_other_rows_is_not_taken(context):
    score_durably(CountingModel(), [row("a", 2)], context=context, name="task")
    model = CountingModel()
    assert score_durably(model, [row("a", 3)], context=context, name="task")["a"].nats == 1
    assert model.asked == [["a"]]


def test_the_shared_prefix_ends_before_the_token_that_predicts_the_first_target():
    assert shared_prefix([row("a", 5), row("b", 6)]) == 3
    assert shared_prefix([TokenRow("a", (1, 2), (True, True), 2)]) == 0


def test_a_text_longer_than_the_context_is_named():
    refuse_too_long(ROWS, context_length=5)
    with pytest.raises(DataError, match=r"1 of 4 texts .* d, needs 6"):
        refuse_too_long(ROWS, context_length=5, room=1)

"""The payload text of a batch of records, against the definition for one record."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from acclimate.core.schema import TEXT_COLUMNS, records_table, task_text
from acclimate.core.task_texts import task_texts

texts = st.none() | st.sampled_from(["", "a", "é\n", " "])
turns = st.lists(st.fixed_dictionaries({"role": st.just("user"), "content": texts}), max_size=3)
rows = st.fixed_dictionaries({**dict.fromkeys(TEXT_COLUMNS, texts), "messages": st.none() | turns})


@given(st.lists(rows, max_size=5))
def test_texts_made_as_columns_are_those_made_one_by_one(payloads):
    table = records_table({"id": str(place), **row} for place, row in enumerate(payloads))
    made = [text for batch in table.to_batches() for text in task_texts(batch)]
    assert made == [task_text(row) for row in table.to_pylist()]

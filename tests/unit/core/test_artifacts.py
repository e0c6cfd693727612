from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acclimate.core.artifacts import Artifact, Output, RowDigest
from acclimate.core.schema import records_table

ROWS = [{"id": str(number), "text": f"note {number}"} for number in range(10)]


@pytest.mark.parametrize("batch_rows", [1, 3, 10])
def test_file_bytes_do_not_depend_on_the_batch_size(tmp_path: Path, batch_rows: int) -> None:
    for name, size in (("whole", 10), ("batched", batch_rows)):
        (tmp_path / name).mkdir()
        with Output(tmp_path / name) as output:
            for batch in records_table(ROWS).to_batches(max_chunksize=size):
                output.keep(batch)
    whole, batched = (Artifact(tmp_path / name).data_files[0].read_bytes() for name in ("whole", "batched"))
    assert whole == batched


def test_a_stage_that_keeps_nothing_still_leaves_an_empty_table(tmp_path: Path) -> None:
    with Output(tmp_path):
        pass
    assert Artifact(tmp_path).table().num_rows == 0


def test_dropped_records_are_kept_aside_with_reason_and_value(tmp_path: Path) -> None:
    with Output(tmp_path) as output:
        output.drop(records_table(ROWS[:2]), ["too_short", "empty"], [6, 0])
    dropped = Artifact(tmp_path).dropped().select(["id", "reason", "value"]).to_pylist()
    assert dropped == [
        {"id": "0", "reason": "too_short", "value": "6"},
        {"id": "1", "reason": "empty", "value": "0"},
    ]
    assert output.dropped_by_reason == {"too_short": 1, "empty": 1}


def test_columns_are_written_in_the_order_of_the_schema(tmp_path: Path) -> None:
    table = records_table(ROWS)
    with Output(tmp_path) as output:
        output.keep(table.select(list(reversed(table.schema.names))))
    assert Artifact(tmp_path).table().schema.names == table.schema.names


rows_strategy = st.lists(st.fixed_dictionaries({"id": st.text(), "weight": st.floats(allow_nan=False)}), max_size=6)


@given(rows_strategy, st.randoms())
def test_row_digest_does_not_depend_on_order_or_batches(rows: list[dict[str, object]], random) -> None:
    shuffled = random.sample(rows, len(rows))
    whole, piecewise = RowDigest(), RowDigest()
    whole.update(rows)
    for row in shuffled:
        piecewise.update([row])
    assert whole.hexdigest() == piecewise.hexdigest()


@pytest.mark.parametrize("other", [[], [{"id": "a"}, {"id": "a"}], [{"id": "b"}]])
def test_row_digest_sees_missing_repeated_and_changed_rows(other: list[dict[str, str]]) -> None:
    digest, changed = RowDigest(), RowDigest()
    digest.update([{"id": "a"}])
    changed.update(other)
    assert digest.hexdigest() != changed.hexdigest()


def test_a_wrong_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyError), Output(tmp_path) as output:
        output.keep(pa.table({"id": ["a"]}))

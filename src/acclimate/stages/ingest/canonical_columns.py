"""The canonical JSON of many rows at once, byte for byte what `rows.canonical_json` gives of each."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from acclimate.stages.ingest.rows import canonical_json

_QUOTE, _BACKSLASH, _SPACE = b'"\\ '
NOTHING = canonical_json({})
"""The canonical JSON of a row without values."""


def as_text(column: pa.Array) -> pa.Array:
    """The values of a column as text: numbers and truth values as JSON writes them, as in a single row.

    >>> as_text(pa.array([True, None])).to_pylist(), as_text(pa.array([1e20])).to_pylist()
    (['true', None], ['1e+20'])
    """
    if pa.types.is_floating(column.type):
        return pa.array([None if value is None else json.dumps(value) for value in column.to_pylist()], pa.string())
    return column.cast(pa.string())


def canonical_rows(rows: pa.RecordBatch) -> pa.Array:
    """The canonical JSON of every row of plain values; missing values are left out.

    >>> canonical_rows(pa.record_batch({"b": ["x", 'say "no"'], "a": [1, None]})).to_pylist()
    ['{"a":1,"b":"x"}', '{"b":"say \\\\"no\\\\""}']
    """
    present = [(name, rows.column(name)) for name in sorted(rows.schema.names)]
    present = [(name, column) for name, column in present if column.null_count < len(column)]
    if not present:
        return pa.repeat(NOTHING, len(rows))
    (first, column), *others = present
    members = [part for name, column in others for part in _member_if_present(f",{_key(name)}", column)]
    if not column.null_count:
        return _joined("{", *_member(_key(first), column), *members, "}")
    # Rows without the first member begin with the comma of another one. A join that skips nulls would say this in one
    # line; pyarrow's loses the rows in which all are null.
    inside = _joined(*_member_if_present(f",{_key(first)}", column), *members)
    return _joined("{", pc.utf8_slice_codeunits(inside, 1), "}")


def _key(name: str) -> str:
    return f"{json.dumps(name, ensure_ascii=False)}:"


def _member_if_present(key: str, column: pa.Array) -> list[str | pa.Array]:
    member = _member(key, column)
    return [pc.fill_null(_joined(*member), "")] if column.null_count else member


def _member(key: str, column: pa.Array) -> list[str | pa.Array]:
    """The parts of a member of each row's object; null where its value is."""
    if pa.types.is_string(column.type):
        return [f'{key}"', _escaped(column), '"']
    if pa.types.is_list(column.type):
        return [f"{key}[", _objects(column), "]"]
    return [key, as_text(column)]


def _objects(lists: pa.Array) -> pa.Array:
    """The objects of each list, none of which has a missing value, with commas between them; null where the list is."""
    objects = lists.flatten()
    names = [field.name for field in objects.type]
    written = canonical_rows(pa.RecordBatch.from_arrays(objects.flatten(), names=names))
    return pc.binary_join(pa.ListArray.from_arrays(list_offsets(lists), written, mask=lists.is_null()), ",")


def list_offsets(lists: pa.Array) -> pa.Array:
    """Where the elements of each list begin among all of them, and where they end."""
    sizes = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    return pa.array(np.concatenate(([0], np.cumsum(sizes))), pa.int32())


def _joined(*parts: str | pa.Array) -> pa.Array:
    """The parts side by side; null where one of them is."""
    return pc.binary_join_element_wise(*parts, "")


def _escaped(texts: pa.Array) -> pa.Array:
    """Texts as they stand between the quotes of JSON."""
    for sign in _signs_to_escape(texts):
        escaped = json.dumps(chr(sign))[1:-1]
        texts = pc.replace_substring(texts, chr(sign), escaped)
    return texts


def _signs_to_escape(texts: pa.Array) -> list[int]:
    """Those that occur, the backslash first, which the escapes of the others hold."""
    content = texts.buffers()[2]
    if content is None:
        return []
    signs = np.frombuffer(content, np.uint8)
    found = [sign for sign in (_BACKSLASH, _QUOTE) if (signs == sign).any()]
    has_controls = len(signs) > 0 and signs.min() < _SPACE
    return [*found, *np.unique(signs[signs < _SPACE]).tolist()] if has_controls else found

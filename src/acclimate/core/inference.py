"""Scoring and generating in chunks that are durable once done: a killed run asks the model nothing twice.

Chunks are cut by length and id, never by how the caller batched its input, so that equal work gives equal chunks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

from acclimate.core.atomic import json_digest, read_json, write_json
from acclimate.core.crash_points import crash_point
from acclimate.core.errors import DataError
from acclimate.core.ports import Context, Generation, LanguageModel, Progress, Sampling, Score, TokenRow

TOKENS_PER_CHUNK = 16_384
"""Work between two durable steps: some ten seconds of a small model on a CPU."""

PROMPTS_PER_CHUNK = 48
"""Prompts answered together, and the most that a kill costs."""


def score_durably(
    model: LanguageModel,
    rows: Sequence[TokenRow],
    *,
    context: Context,
    name: str,
    tokens_per_chunk: int = TOKENS_PER_CHUNK,
) -> dict[str, Score]:
    """Scores by row id; ids must differ. `name` tells this work from other work of the same stage."""
    if not rows:
        return {}
    prefix = shared_prefix(rows)

    def score(chunk: Sequence[TokenRow], progress: Progress) -> list[Any]:
        return [asdict(score) for score in model.score(chunk, shared_prefix=prefix, progress=progress)]

    with context.progress(f"scoring {name}", len(rows)) as progress:
        chunks = _by_tokens(rows, tokens_per_chunk)
        scored = _in_chunks(chunks, score, context, f"scored-{name}", progress)
        return {value["id"]: Score(**{**value, "token_nats": tuple(value["token_nats"])}) for value in scored}


def answer_durably(
    model: LanguageModel,
    prompts: Sequence[TokenRow],
    sampling: Sampling,
    *,
    context: Context,
    name: str,
    prompts_per_chunk: int = PROMPTS_PER_CHUNK,
) -> dict[str, Generation]:
    """Generated answers by prompt id; ids must differ. Work of another name draws independently, also for equal ids."""
    if not prompts:
        return {}
    independent = replace(sampling, seed=int(json_digest([sampling.seed, name])[:12], 16))
    prefix = shared_prefix(prompts)

    def answer(chunk: Sequence[TokenRow], progress: Progress) -> list[Any]:
        made = model.generate(chunk, independent, shared_prefix=prefix, progress=progress)
        return [asdict(answer) for answer in made]

    with context.progress(f"generating {name}", len(prompts)) as progress:
        ordered = _by_length(prompts)
        chunks = [ordered[start : start + prompts_per_chunk] for start in range(0, len(ordered), prompts_per_chunk)]
        made = _in_chunks(chunks, answer, context, f"answered-{name}", progress)
        return {value["id"]: Generation(**value) for value in made}


def refuse_too_long(rows: Sequence[TokenRow], *, context_length: int, room: int = 0) -> None:
    """Fails, naming records, when a row with `room` more tokens does not fit the context: nothing is cut silently."""
    over = sorted((len(row.tokens) + room, row.id) for row in rows if len(row.tokens) + room > context_length)
    if not over:
        return
    longest, name = over[-1]
    raise DataError(
        f"{len(over)} of {len(rows)} texts are longer than the model's context of {context_length} tokens"
        f" (the longest, {name}, needs {longest}), and cutting them would change what is measured.",
        hint="choose a base with a longer context, split these records, or drop them with clean.max_chars"
        + (" or lower max_new_tokens" if room else ""),
    )


def shared_prefix(rows: Sequence[TokenRow]) -> int:
    """How many first tokens all rows share, none of which carries loss or predicts one that does.

    >>> row = TokenRow("a", (1, 2, 3, 4), (False, False, False, True), 1)
    >>> shared_prefix([row, replace(row, tokens=(1, 2, 9, 9))])
    2
    """
    shared = min(max(0, _first_trained(row) - 1) for row in rows)
    first = rows[0].tokens
    for row in rows:
        while row.tokens[:shared] != first[:shared]:
            shared -= 1
    return shared


def _first_trained(row: TokenRow) -> int:
    return row.trained.index(True) if any(row.trained) else len(row.tokens)


def _in_chunks(
    chunks: Sequence[Sequence[TokenRow]],
    work: Callable[[Sequence[TokenRow], Progress], list[Any]],
    context: Context,
    name: str,
    progress: Progress,
) -> Iterator[Any]:
    """What `work` gives for each chunk, taken from the folder of work in progress where it was done before."""
    for number, chunk in enumerate(chunks):
        file = context.partial / f"{name}-{number:05d}.json"
        rows = json_digest([[row.id, row.tokens] for row in chunk])
        done = read_json(file) if file.exists() else None
        if done is not None and done["rows"] == rows:
            progress.advance(len(chunk))
            yield from done["values"]
            continue
        values = work(chunk, progress)
        write_json(file, {"rows": rows, "values": values})
        crash_point("inference.chunk_done")
        yield from values


def _by_length(rows: Sequence[TokenRow]) -> list[TokenRow]:
    return sorted(rows, key=lambda row: (len(row.tokens), row.id))


def _by_tokens(rows: Sequence[TokenRow], limit: int) -> list[list[TokenRow]]:
    chunks: list[list[TokenRow]] = [[]]
    tokens = 0
    for row in _by_length(rows):
        if chunks[-1] and tokens + len(row.tokens) > limit:
            chunks.append([])
            tokens = 0
        chunks[-1].append(row)
        tokens += len(row.tokens)
    return chunks

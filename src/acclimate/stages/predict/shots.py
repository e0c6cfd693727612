"""Few-shot prompting: the same training examples in front of every item, as many as fit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain, zip_longest

from acclimate.core.examples import example_of, question_and_answer, with_shots
from acclimate.core.ports import Example, LanguageModel
from acclimate.core.scored_texts import Record, chosen_by_hash


def choose_shots(train: Sequence[Record], count: int, *, seed: int) -> list[Example]:
    """Training examples of at most their site's median length, by turns from each site, so that no site's manner is missing."""
    by_site = defaultdict(list)
    for record in train:
        by_site[record["site"] or ""].append(record)
    short = [_shorter_half(by_site[site]) for site in sorted(by_site)]
    ranked = [chosen_by_hash(records, count, seed=seed) for records in short]
    by_turns = chain.from_iterable(zip_longest(*ranked))
    return [example_of(record) for record in by_turns if record is not None][:count]


def _shorter_half(records: Sequence[Record]) -> list[Record]:
    by_length = sorted(records, key=lambda record: (sum(map(len, question_and_answer(record))), record["id"]))
    return by_length[: (len(by_length) + 1) // 2]


def as_many_as_fit(
    model: LanguageModel, shots: Sequence[Example], examples: Sequence[Example], *, room: int
) -> list[Example]:
    """The first shots that leave the longest item and its answer inside the model's context."""
    longest = max(examples, key=lambda example: len(model.render(example).tokens))
    kept = list(shots)
    while kept and len(model.render(with_shots(longest, kept)).tokens) + room > model.facts.context_length:
        kept.pop()
    return kept

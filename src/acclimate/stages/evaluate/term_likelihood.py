"""Probes of the glossary: how likely each model finds the terms where people wrote them, in the references of test items.

It is a cloze test that needs no questions: the text in front of a term asks for it. It says how well a model expects a
term in its context, not whether the model could say what the term means.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from acclimate.core.examples import trained_text
from acclimate.core.glossary import Glossary, Place, Term
from acclimate.core.json_values import without_nan
from acclimate.core.statistics import Estimate, Ratio
from acclimate.stages.evaluate.compare import Settings

MOST_NAMED = 10
TERMS, ELSEWHERE = "terms", "elsewhere"

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Masks = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Probe:
    """One reference that holds terms: where they stand in it, and its UTF-8 bytes up to each of its characters."""

    places: Sequence[Place]
    bytes_before: Integers

    @classmethod
    def of(cls, text: str, glossary: Glossary) -> Probe | None:
        """The probe of a text; None where no term stands in it."""
        places = list(glossary.places_in(text))
        sizes = np.fromiter((len(letter.encode()) for letter in text), np.int64, len(text))
        return cls(places, np.concatenate([[0], np.cumsum(sizes)])) if places else None


@dataclass(frozen=True)
class Tokens:
    """The tokens of one reference under one model: where each begins and ends in the text, and its nats."""

    starts: Integers
    ends: Integers
    nats: Floats

    @classmethod
    def of(cls, ends: Sequence[int], nats: Sequence[float]) -> Tokens:
        """Tokens side by side; those that share one character all begin where the first of them does.

        >>> Tokens.of([3, 4, 4], [1.0, 1.0, 1.0]).starts
        array([0, 3, 3])
        """
        behind = np.asarray(ends, dtype=np.int64)
        distinct = np.concatenate([[0], np.unique(behind)])
        starts = distinct[np.searchsorted(distinct, behind) - 1]
        return cls(starts, behind, np.asarray(nats, dtype=np.float64))

    def within(self, place: Place) -> Masks:
        """Which tokens write a character of a term."""
        return (self.starts < place.end) & (self.ends > place.start)


@dataclass(frozen=True)
class Cost:
    """What the terms of one reference cost a model, and what the rest of it does, in nats and in bytes."""

    nats: Mapping[str, float]
    bytes: Mapping[str, int]

    @classmethod
    def of(cls, probe: Probe, tokens: Tokens) -> Cost:
        """Each token counts whole, for the terms where it writes a character of one."""
        inside = np.any([tokens.within(place) for place in probe.places], axis=0)
        begins = np.concatenate([[0], tokens.ends[:-1]])
        sizes = probe.bytes_before[tokens.ends] - probe.bytes_before[begins]
        masks = {TERMS: inside, ELSEWHERE: ~inside}
        return cls(
            {part: float(tokens.nats[mask].sum()) for part, mask in masks.items()},
            {part: int(sizes[mask].sum()) for part, mask in masks.items()},
        )


def probe_terms(
    test: pl.DataFrame, predictions: Mapping[str, pl.DataFrame], terms: Sequence[Term], settings: Settings
) -> dict[str, Any] | None:
    """For each arm the bits per byte of the terms in the references, and of the rest of the same references.

    Only references that hold a term and that all arms scored token by token count; None where there are none.
    `not_aligned` are references that a chat template changes, so that its tokens cannot be placed in them.
    """
    glossary = Glossary(terms)
    texts = {record["id"]: trained_text(record) for record in test.to_dicts()}
    found = {name: Probe.of(text, glossary) for name, text in texts.items()}
    probes = {name: probe for name, probe in found.items() if probe is not None}
    scored = {arm: _tokens_by_item(rows, texts, probes) for arm, rows in predictions.items()}
    scored = {arm: tokens for arm, tokens in scored.items() if tokens}
    if not {"base", "adapted"} <= scored.keys():
        return None
    items = sorted(set.intersection(*(set(tokens) for tokens in scored.values())))
    if not items:
        return None
    costs = {arm: [Cost.of(probes[item], tokens[item]) for item in items] for arm, tokens in scored.items()}
    of_item = dict(test.select("id", "cluster").iter_rows())
    clusters = [of_item[item] for item in items]
    return {
        "items": len(items),
        "clusters": len(set(clusters)),
        "not_aligned": len(probes) - len(items),
        "places": sum(len(probes[item].places) for item in items),
        "arms": {arm: _arm(arm, costs, clusters, settings) for arm in costs},
        "costliest": _costliest({item: probes[item] for item in items}, scored),
    }


def _tokens_by_item(
    predicted: pl.DataFrame, texts: Mapping[str, str], probes: Mapping[str, Probe]
) -> dict[str, Tokens]:
    """The tokens of each reference with a term, where they make up exactly its text."""
    scored = predicted.filter((pl.col("suite") == "task") & pl.col("token_ends").is_not_null())
    rows = scored.filter(pl.col("id").is_in(list(probes))).select("id", "bytes", "token_ends", "token_nats")
    return {
        name: Tokens.of(ends, nats)
        for name, size, ends, nats in rows.iter_rows()
        if ends and ends[-1] == len(texts[name]) and size == int(probes[name].bytes_before[-1])
    }


def _arm(arm: str, costs: Mapping[str, Sequence[Cost]], clusters: Sequence[str], settings: Settings) -> dict[str, Any]:
    """The figures of an arm, and how they differ from those of the base."""
    resampling = settings.resampling(clusters)
    row: dict[str, Any] = {}
    for part in (TERMS, ELSEWHERE):
        own, base = _ratio(costs[arm], part), _ratio(costs["base"], part)
        row[part] = _figures(resampling.value(own), "value")
        row[f"{part}_less_base"] = None if arm == "base" else _figures(resampling.difference(own, base), "difference")
    return row


def _ratio(costs: Sequence[Cost], part: str) -> Ratio:
    bits = np.array([cost.nats[part] / math.log(2) for cost in costs])
    return Ratio(bits, np.array([float(cost.bytes[part]) for cost in costs]))


def _figures(estimate: Estimate, name: str) -> dict[str, Any]:
    return without_nan({name: estimate.value, "low": estimate.low, "high": estimate.high})


def _costliest(probes: Mapping[str, Probe], scored: Mapping[str, Mapping[str, Tokens]]) -> list[dict[str, Any]]:
    """The terms on which the adapted model spends most bits in all, with the bits of each time they stand there."""
    bits: dict[str, dict[str, float]] = {arm: defaultdict(float) for arm in ("base", "adapted")}
    places: dict[str, int] = defaultdict(int)
    for item, probe in probes.items():
        for place in probe.places:
            places[place.name] += 1
            for arm, sums in bits.items():
                tokens = scored[arm][item]
                sums[place.name] += float(tokens.nats[tokens.within(place)].sum()) / math.log(2)
    ordered = sorted(places, key=lambda name: (-bits["adapted"][name], name))
    return [
        {"term": name, "places": places[name], **{arm: sums[name] / places[name] for arm, sums in bits.items()}}
        for name in ordered[:MOST_NAMED]
    ]

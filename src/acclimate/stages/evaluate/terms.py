"""Terms of the glossary in answers: which of those in the reference are missing, and which are explained wrongly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from acclimate.core.abbreviations import definitions
from acclimate.core.artifacts import Artifact
from acclimate.core.glossary import WORD, Glossary, Term, folded
from acclimate.core.json_values import without_nan
from acclimate.core.statistics import Estimate, Ratio
from acclimate.stages.evaluate.compare import Settings

MOST_MISSED = 10


@dataclass(frozen=True)
class TermErrors:
    """One item and arm: terms in the reference, those of them that the answer lacks, and explanations right and wrong."""

    wanted: frozenset[str]
    missing: frozenset[str]
    explained: int
    explained_wrongly: int


def read_terms(glossary: Artifact) -> list[Term]:
    """The terms of a glossary."""
    rows = glossary.rows(["term", "kind", "expansion"])
    return [Term(row["term"], row["kind"] == "abbreviation", row["expansion"]) for row in rows]


def term_metrics(
    references: Mapping[str, str],
    answers: Mapping[str, Mapping[str, str]],
    clusters: Mapping[str, str],
    terms: list[Term],
    settings: Settings,
) -> dict[str, Any]:
    """For each arm the share of the reference's terms that its answers lack, with its interval and its n.

    `references` and `clusters` are by item, `answers` by arm and item. Only items whose reference holds a term count. An
    abbreviation is there in either form; it is explained wrongly where the answer itself says, in brackets, that it
    stands for something else than the glossary does. `less_base` is the arm's share less that of the base, on the
    items that both answered.
    """
    glossary = Glossary(terms)
    expansions = {term.name: term.expansion for term in terms if term.expansion}
    found = {
        arm: {
            item: term_errors(references[item], answer, glossary, expansions) for item, answer in sorted(given.items())
        }
        for arm, given in answers.items()
    }
    return {
        "terms": len(terms),
        "arms": {
            arm: {
                **_share(errors, clusters, settings),
                "less_base": _less_base(errors, found.get("base", {}), clusters, settings),
            }
            for arm, errors in found.items()
            if errors
        },
        "most_missed": _most_missed(found.get("adapted", {})),
    }


def term_errors(reference: str, answer: str, glossary: Glossary, expansions: Mapping[str, str]) -> TermErrors:
    """What one answer does with the terms of its reference.

    >>> expansions = {"MI": "myocardial infarction"}
    >>> glossary = Glossary([Term("MI", True, expansions["MI"]), Term("chest pain")])
    >>> errors = term_errors("Chest pain, MI ruled out", "mitral insufficiency (MI)", glossary, expansions)
    >>> sorted(errors.missing), errors.explained_wrongly
    (['chest pain'], 1)
    """
    wanted = glossary.found_in(reference)
    explained = [(short, long) for short, long in definitions(answer) if short in expansions]
    wrongly = sum(_words(long) != _words(expansions[short]) for short, long in explained)
    return TermErrors(frozenset(wanted), frozenset(wanted - glossary.found_in(answer)), len(explained), wrongly)


def _share(errors: Mapping[str, TermErrors], clusters: Mapping[str, str], settings: Settings) -> dict[str, Any]:
    holding = [item for item, error in errors.items() if error.wanted]
    row: dict[str, Any] = {
        "items": len(holding),
        "wanted": sum(len(errors[item].wanted) for item in holding),
        "missing": sum(len(errors[item].missing) for item in holding),
        "explained": sum(error.explained for error in errors.values()),
        "explained_wrongly": sum(error.explained_wrongly for error in errors.values()),
    }
    if not holding:
        return row | {"share": None, "low": None, "high": None, "clusters": 0}
    estimate = settings.resampling([clusters[item] for item in holding]).value(_ratio(errors, holding))
    return row | _figures(estimate, "share")


def _less_base(
    errors: Mapping[str, TermErrors], base: Mapping[str, TermErrors], clusters: Mapping[str, str], settings: Settings
) -> dict[str, Any] | None:
    both = [item for item, error in errors.items() if error.wanted and item in base]
    if not both or errors is base:
        return None
    resampling = settings.resampling([clusters[item] for item in both])
    return {
        "items": len(both),
        **_figures(resampling.difference(_ratio(errors, both), _ratio(base, both)), "difference"),
    }


def _figures(estimate: Estimate, name: str) -> dict[str, Any]:
    figures = {name: estimate.value, "low": estimate.low, "high": estimate.high, "clusters": estimate.clusters}
    return without_nan(figures)


def _ratio(errors: Mapping[str, TermErrors], items: list[str]) -> Ratio:
    columns = [[float(len(getattr(errors[item], part))) for item in items] for part in ("missing", "wanted")]
    return Ratio(*(np.array(column) for column in columns))


def _most_missed(errors: Mapping[str, TermErrors]) -> list[dict[str, Any]]:
    wanted = Counter(term for error in errors.values() for term in error.wanted)
    missing = Counter(term for error in errors.values() for term in error.missing)
    ordered = sorted(missing, key=lambda term: (-missing[term], term))
    return [{"term": term, "wanted": wanted[term], "missing": missing[term]} for term in ordered[:MOST_MISSED]]


def _words(text: str) -> list[str]:
    return [folded(word) for word in WORD.findall(text)]


def answers_of(predictions: Mapping[str, pl.DataFrame]) -> dict[str, dict[str, str]]:
    """The generated answers of each arm to the task's items, by item."""
    return {
        arm: dict(
            rows.filter((pl.col("suite") == "task") & pl.col("generated").is_not_null())
            .select("id", "generated")
            .iter_rows()
        )
        for arm, rows in predictions.items()
    }

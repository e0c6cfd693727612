"""How far the readers of a task agree, question by question and part by part, and which readings deserve another look."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import polars as pl
from scipy import special
from sqlalchemy import select

from acclimate.annotation.adjudication import UNSURE, items_to_adjudicate, label_error_candidates
from acclimate.annotation.agreement.coefficients import cohen_kappa, gwet_ac1, krippendorff_alpha, percent_agreement
from acclimate.annotation.agreement.figure import Agreement
from acclimate.annotation.agreement.groups import R, by_label, by_pair, by_slice, measured
from acclimate.annotation.agreement.spans import span_alpha, span_f1
from acclimate.annotation.assignments import ADJUDICATION, may_see
from acclimate.annotation.export import label_readings, rating_readings, span_readings
from acclimate.annotation.people import require_role
from acclimate.annotation.readings import Floats, Label, Readings
from acclimate.annotation.review import CHECKING
from acclimate.annotation.schema import Choice, Question, Rating, Spans
from acclimate.annotation.schema_history import standing_answers
from acclimate.annotation.store import Store
from acclimate.annotation.tables import items
from acclimate.annotation.tasks import current_schema
from acclimate.annotation.truth import Truth, dawid_skene, mace, majority_vote

MOST_PAIRED = 8
"""Readers of whom every two are compared: with more, the pairs say less than each reader's own quality."""
LEAST_FOR_TRUTH = 3
"""Readers from whom a model of their quality can be learnt."""

OPEN, OUTVOTED = "the readings leave the answer open", "readers differ, though one answer is likely"
UNLIKELY = "a reading is unlike what the other readers make likely"
DECIDED_OTHERWISE = "the decision is unlike what the readers make likely"


@dataclass(frozen=True)
class Part:
    """The figure of a part of the readings: one label against the rest, one site, or two readers."""

    kind: str
    name: str
    agreement: Agreement


@dataclass(frozen=True)
class ReaderQuality:
    """How well one person reads, as models of all readings have it.

    `right` is the expected share of right labels (Dawid and Skene), `knows` the probability of knowing instead of
    guessing (MACE).
    """

    reader: str
    readings: int
    right: float
    knows: float


@dataclass(frozen=True)
class Doubt:
    """An item that deserves another look. It names neither label nor reader, so whoever decides stays unbiased."""

    item: str
    why: str


@dataclass(frozen=True)
class QuestionFigures:
    """The figures of one question, or of one label or criterion of it."""

    what: str
    figures: Sequence[Agreement]


@dataclass(frozen=True)
class QuestionParts:
    """Where readers of one question differ, how well each reads, and which items deserve another look."""

    what: str
    parts: Sequence[Part]
    readers: Sequence[ReaderQuality] = ()
    doubts: Sequence[Doubt] = ()


def agreement_of(store: Store, task: str, *, by: str) -> list[QuestionFigures]:
    """Figures for every question that has any: labels, criteria of ratings, spans.

    Raises DataError for an unknown task and RefusedError for one who may not see others' answers.
    """
    return [figures for question in _questions(store, task) for figures in _figures(store, task, question, by)]


def agreement_parts(store: Store, task: str, *, by: str) -> list[QuestionParts]:
    """The same questions by label, site and pair of readers, with each reader's quality and the items in doubt."""
    sites = _sites(store, task, by)
    return [parts for question in _questions(store, task) for parts in _parts(store, task, question, by, sites)]


def _figures(store: Store, task: str, question: Question, by: str) -> Iterator[QuestionFigures]:
    if isinstance(question, Spans):
        marked = span_readings(store, task, question.name, by=by)
        measures = (span_f1, partial(span_f1, match="overlap"), span_alpha)
        yield QuestionFigures(question.name, [measured(marked, measure) for measure in measures])
    for what, readings in _labelled(store, task, question, by):
        ordered = partial(krippendorff_alpha, metric="ordinal")
        alpha = ordered if isinstance(question, Rating) else krippendorff_alpha
        yield QuestionFigures(what, [measured(readings, one) for one in (alpha, gwet_ac1, percent_agreement)])


def _parts(
    store: Store, task: str, question: Question, by: str, sites: Mapping[str, Sequence[str]]
) -> Iterator[QuestionParts]:
    if isinstance(question, Spans):
        marked = span_readings(store, task, question.name, by=by)
        yield QuestionParts(question.name, list(_cut(marked, span_f1, span_f1, sites, labels=True)))
    for what, readings in _labelled(store, task, question, by):
        if isinstance(question, Rating):
            alpha, kappa = partial(krippendorff_alpha, metric="ordinal"), partial(cohen_kappa, weights="quadratic")
            yield QuestionParts(what, list(_cut(readings, alpha, kappa, sites)))
            continue
        several = isinstance(question, Choice) and question.multiple
        parts = list(_cut(readings, krippendorff_alpha, cohen_kappa, sites, labels=len(readings.labels) > 2))
        decisions = {} if several else _decisions(store, task, question.name)
        if not readings.items:
            yield QuestionParts(what, parts)
            continue
        truth = _truth(readings)
        yield QuestionParts(what, parts, _readers(readings, truth), _doubts(readings, truth, decisions))


def _cut(
    readings: R,
    whole: Callable[[R], Agreement],
    of_two: Callable[[R], Agreement],
    sites: Mapping[str, Sequence[str]],
    *,
    labels: bool = False,
) -> Iterator[Part]:
    if labels:
        yield from (Part("label", str(label), found) for label, found in by_label(readings, whole).items())
    if len(sites) > 1:
        yield from (Part("site", site, found) for site, found in by_slice(readings, whole, slices=sites).items())
    if 2 < len(readings.annotators) <= MOST_PAIRED:
        yield from (Part("readers", " and ".join(two), found) for two, found in by_pair(readings, of_two).items())


def _labelled(store: Store, task: str, question: Question, by: str) -> Iterator[tuple[str, Readings]]:
    if isinstance(question, Choice):
        for option in question.labels if question.multiple else (None,):
            what = f"{question.name}: {option}" if option else question.name
            yield what, label_readings(store, task, question.name, by=by, option=option)
    if isinstance(question, Rating):
        for criterion in question.criteria:
            what = f"{question.name}: {criterion}" if len(question.criteria) > 1 else question.name
            yield what, rating_readings(store, task, question.name, by=by, criterion=criterion)


def _readers(readings: Readings, truth: Truth) -> list[ReaderQuality]:
    """Nobody where fewer read than a model of their quality needs."""
    if len(readings.annotators) < LEAST_FOR_TRUTH:
        return []
    right, knows = truth.competence, mace(readings).competence
    return [
        ReaderQuality(name, int((readings.annotator == place).sum()), float(right[place]), float(knows[place]))
        for place, name in enumerate(readings.annotators)
    ]


def _doubts(readings: Readings, truth: Truth, decisions: Mapping[str, Label]) -> list[Doubt]:
    """Each item once: decisions in doubt, what is open, likely slips of good readers, and what else readers differ on."""
    differ = items_to_adjudicate(truth, readings)
    reasons = dict.fromkeys(_unlikely(truth, decisions), DECIDED_OTHERWISE)
    for items_of, why in (
        (differ.filter(pl.col("reason") == UNSURE)["item"], OPEN),
        (_unlikely_readings(readings, truth), UNLIKELY),
        (differ["item"], OUTVOTED),
    ):
        for item in items_of:
            if item not in decisions:
                reasons.setdefault(item, why)
    return [Doubt(item, why) for item, why in reasons.items()]


def _unlikely_readings(readings: Readings, truth: Truth) -> list[str]:
    """Items on which what one reader said is unlikely given all others' readings of the item and how well they read.

    Those who are wrong as often as right are left out: that they differ says nothing of the item.
    """
    if len(readings.annotators) < LEAST_FOR_TRUTH:
        return []
    each = _log(truth.confusion)[readings.annotator, :, readings.label]
    together = np.zeros(truth.posteriors.shape)
    np.add.at(together, readings.item, each)
    read_often = readings.counts.sum(axis=1) > 1
    margins: dict[str, float] = {}
    for place in np.flatnonzero(truth.competence > 0.5):
        own = (readings.annotator == place) & read_often[readings.item]
        given = {
            readings.items[item]: readings.labels[label]
            for item, label in zip(readings.item[own], readings.label[own], strict=True)
        }
        without = together.copy()
        without[readings.item[own]] -= each[own]
        others = replace(truth, posteriors=special.softmax(_log(truth.prevalence) + without, axis=1))
        for row in label_error_candidates(others, given).iter_rows(named=True):
            margins[row["item"]] = max(row["margin"], margins.get(row["item"], 0.0))
    return sorted(margins, key=lambda item: (-margins[item], item))


def _log(probabilities: Floats) -> Floats:
    """Finite also where a reader never gave a label."""
    return np.asarray(np.log(np.maximum(probabilities, np.finfo(np.float64).tiny)))


def _unlikely(truth: Truth, decisions: Mapping[str, Label]) -> list[str]:
    known = {item: label for item, label in decisions.items() if label in truth.labels}
    return label_error_candidates(truth, known)["item"].to_list() if known else []


def _truth(readings: Readings) -> Truth:
    return (dawid_skene if len(readings.annotators) >= LEAST_FOR_TRUTH else majority_vote)(readings)


def _questions(store: Store, task: str) -> Sequence[Question]:
    with store.read() as connection:
        return current_schema(connection, task).questions


def _sites(store: Store, task: str, by: str) -> dict[str, list[str]]:
    """The ids of the items of each site that this person sees."""
    with store.read() as connection:
        visible = may_see(require_role(connection, by, *CHECKING), *CHECKING)
        rows = connection.execute(select(items.c.site, items.c.id).where(items.c.task == task, visible)).all()
    grouped: dict[str, list[str]] = {}
    for site, item in rows:
        grouped.setdefault(site or "no site", []).append(item)
    return dict(sorted(grouped.items()))


def _decisions(store: Store, task: str, question: str) -> dict[str, Label]:
    """What reviewers decided, by item."""
    with store.read() as connection:
        decided = (given for given in standing_answers(connection, task) if given.purpose == ADJUDICATION)
        return {given.item: given.content[question] for given in decided if given.content.get(question) is not None}

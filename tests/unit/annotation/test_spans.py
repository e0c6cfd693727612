"""Span agreement against brute force, scikit-learn and nltk, and what counts as a reading."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import polars as pl
import pytest
import sklearn.metrics
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from nltk.metrics import agreement as nltk_agreement

from acclimate.annotation.agreement import Bootstrap, TooFewReadingsError, by_label, by_pair, span_alpha, span_f1
from acclimate.annotation.agreement.spans import NO_SPANS
from acclimate.annotation.span_readings import SpanReadings
from acclimate.core.errors import DataError

QUICK = Bootstrap(resamples=20)
LENGTH = 12


def span_table(items) -> pl.DataFrame:
    """Readings from one list for each item of each annotator's spans; None is not read."""
    return pl.DataFrame(
        [
            {
                "item": f"i{item}",
                "annotator": f"a{annotator}",
                "spans": spans and [{"start": start, "end": end, "label": label} for start, end, label in spans],
                "length": LENGTH,
            }
            for item, by_annotator in enumerate(items)
            for annotator, spans in enumerate(by_annotator)
        ],
        infer_schema_length=None,
    )


def span_readings(*items) -> SpanReadings:
    return SpanReadings.from_table(span_table(items))


def some_spans(labels="AB"):
    start, extent = st.integers(0, LENGTH - 4), st.integers(1, 4)
    span = st.builds(lambda at, size, label: (at, at + size, label), start, extent, st.sampled_from(labels))
    return st.lists(span, max_size=4, unique=True)


def documents(annotators, labels="AB"):
    return st.lists(st.lists(some_spans(labels), min_size=annotators, max_size=annotators), min_size=1, max_size=4)


def marked(spans, label):
    """For each position, whether the label covers it."""
    return [any(start <= at < end for start, end, given in spans if given == label) for at in range(LENGTH)]


@pytest.mark.parametrize(("match", "f1"), [("exact", 2 / 5), ("overlap", 4 / 5), ("position", 12 / 14)])
def test_f1_counts_spans_or_the_places_they_cover(match, f1):
    both = span_readings([[(0, 5, "DRUG"), (6, 8, "DOSE"), (9, 10, "DRUG")], [(0, 4, "DRUG"), (6, 8, "DOSE")]])
    assert span_f1(both, match=match).value == pytest.approx(f1)


def test_one_long_span_matches_one_of_the_short_ones_within_it():
    assert span_f1(span_readings([[(0, 9, "A")], [(0, 2, "A"), (3, 5, "A")]]), match="overlap").value == 2 / 3


def test_an_overlap_is_matched_so_that_most_spans_find_a_partner():
    crossed = span_readings([[(0, 4, "A"), (3, 9, "A")], [(3, 4, "A"), (0, 2, "A")]])
    assert span_f1(crossed, match="overlap").value == 1


@given(documents(2, labels="A"))
@settings(max_examples=40, deadline=None)
def test_overlap_is_a_maximum_matching(items):
    assume(any(spans for item in items for spans in item))
    matched = sum(most_matches(first, second) for first, second in items)
    sizes = sum(len(first) + len(second) for first, second in items)
    assert span_f1(span_readings(*items), match="overlap", bootstrap=QUICK).value == pytest.approx(2 * matched / sizes)


def most_matches(first, second):
    if not first:
        return 0
    (start, end, _), *rest = first
    partners = [other for other in second if start < other[1] and other[0] < end]
    return max(
        [most_matches(rest, second)]
        + [1 + most_matches(rest, [other for other in second if other != partner]) for partner in partners]
    )


@given(documents(2))
@settings(max_examples=40, deadline=None)
def test_position_f1_agrees_with_scikit_learn(items):
    assume(any(spans for item in items for spans in item))
    first, second = (
        np.ravel([marked(item[annotator], label) for item in items for label in "AB"]) for annotator in (0, 1)
    )
    ours = span_f1(span_readings(*items), match="position", bootstrap=QUICK).value
    assert ours == pytest.approx(sklearn.metrics.f1_score(first, second))


@given(documents(3))
@settings(max_examples=40, deadline=None)
def test_span_alpha_is_alpha_over_characters_with_sets_of_labels_as_values(items):
    assume(any(spans for item in items for spans in item))
    triples = [
        (f"a{annotator}", (number, at), frozenset(label for label in "AB" if marked(spans, label)[at]))
        for number, item in enumerate(items)
        for annotator, spans in enumerate(item)
        for at in range(LENGTH)
    ]
    oracle = nltk_agreement.AnnotationTask(data=triples, distance=lambda one, other: len(one ^ other))
    assert span_alpha(span_readings(*items), bootstrap=QUICK).value == pytest.approx(oracle.alpha())


@pytest.mark.parametrize("measure", [span_alpha, *(partial(span_f1, match=match) for match in ("exact", "overlap"))])
@given(items=documents(3), order=st.permutations(range(3)))
@settings(max_examples=25, deadline=None)
def test_the_order_of_annotators_and_items_changes_nothing(measure, items, order):
    straight = measure(span_readings(*items), bootstrap=QUICK).value
    turned = measure(span_readings(*[[item[place] for place in order] for item in reversed(items)]), bootstrap=QUICK)
    assert turned.value == pytest.approx(straight, nan_ok=True)


@pytest.mark.parametrize("measure", [span_alpha, *(partial(span_f1, match=match) for match in ("exact", "position"))])
def test_equal_spans_are_perfect_agreement(measure):
    agreement = measure(span_readings([[(0, 3, "A")]] * 2, [[]] * 2))
    assert agreement.value == 1
    assert "No disagreement" in agreement.reason


def test_marking_nothing_is_a_reading_and_not_reading_is_none():
    found = [(0, 3, "A")]
    assert span_f1(span_readings([found, found], [found, []])).value == pytest.approx(2 / 3)
    assert span_f1(span_readings([found, found], [found, None])).value == 1


@pytest.mark.parametrize("measure", [span_alpha, span_f1])
def test_texts_without_any_span_have_no_agreement_and_say_so(measure):
    agreement = measure(span_readings([[], []], [[], []]))
    assert math.isnan(agreement.value)
    assert agreement.reason == NO_SPANS


def test_mean_f1_weighs_every_pair_alike():
    three = span_readings([[(0, 3, "A")], [(0, 3, "A")], [(5, 6, "A"), (7, 8, "A"), (9, 10, "A")]])
    pairs = by_pair(three, span_f1)
    assert (
        span_f1(three).value == pytest.approx(np.mean([pair.value for pair in pairs.values()])) == pytest.approx(1 / 3)
    )


def test_each_label_has_a_figure_of_its_own():
    found = by_label(span_readings([[(0, 3, "A"), (4, 6, "B")], [(0, 3, "A"), (4, 7, "B")]]), span_f1)
    assert {label: agreement.value for label, agreement in found.items()} == {"A": 1, "B": 0}


def test_on_tokens_a_boundary_within_a_word_does_not_matter():
    words = pl.DataFrame({"item": ["i0"] * 3, "start": [0, 5, 9], "end": [4, 8, 12]})
    both = span_readings([[(0, 4, "A"), (5, 8, "B")], [(0, 3, "A"), (5, 12, "B")]]).on_tokens(words)
    assert span_f1(both).value == 0.5
    assert span_f1(both, match="position").value == pytest.approx(4 / 5)
    assert both.readings["length"].to_list() == [3, 3]


def test_a_span_that_covers_no_token_is_named_by_its_item():
    words = pl.DataFrame({"item": ["i0"], "start": [0], "end": [4]})
    with pytest.raises(DataError, match="cover no token, the first is in item i0"):
        span_readings([[(4, 5, "A")]]).on_tokens(words)


def test_spans_of_different_fields_never_match():
    spans = [[{"field": field, "start": 0, "end": 3, "label": "A"}] for field in ("prompt", "completion")]
    table = pl.DataFrame({"item": ["i", "i"], "annotator": ["x", "y"], "spans": spans})
    assert span_f1(SpanReadings.from_table(table)).value == 0


@pytest.mark.parametrize("span", [(3, 3, "A"), (-1, 2, "A"), (10, 13, "A")])
def test_a_span_outside_its_text_is_an_error(span):
    with pytest.raises(DataError, match=r"do not lie in their text.* in item i0"):
        span_readings([[span]])


def test_readings_that_cannot_be_compared_are_errors():
    with pytest.raises(TooFewReadingsError, match="No item of 1"):
        span_f1(span_readings([[(0, 3, "A")], None]))
    with pytest.raises(DataError, match="more than once"):
        SpanReadings.from_table(pl.concat([span_table([[[]]])] * 2))
    with pytest.raises(DataError, match="length"):
        span_alpha(SpanReadings.from_table(span_table([[[], []]]).drop("length")))

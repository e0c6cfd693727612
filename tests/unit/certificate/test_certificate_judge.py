"""What a reader's marks prove: counts over what was replaced, exact bounds, verdicts, and what nobody tested."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acclimate.certificate.config import CertificateConfig
from acclimate.certificate.count import SampledRecord, Spans, count_spans
from acclimate.certificate.draw import shares_of
from acclimate.certificate.judge import Population, ReadRecord, judge
from acclimate.certificate.marks import Mark
from acclimate.certificate.safe_harbor import SAFE_HARBOR
from acclimate.core.errors import DataError
from acclimate.stages.deidentify.hits import KINDS
from acclimate.stages.deidentify.records import Passage
from acclimate.stages.deidentify.rewrite import Edit

TEXT = "Ann Lee saw Bo Lee; Ann, call 555-0142. Leeward ward, Mr Ann."
RECORD = SampledRecord(
    "d1", "north", "s1", (Passage("text", TEXT, (Edit(0, 7, "Eve Fox", "name"), Edit(40, 47, "Upshore", "name"))),)
)


def mark(quote, kind="name", *, mark="missed", place="", start=None, end=None):
    return Mark(2, "d1", mark, kind, quote, place, start, end)


def read_records(found, missed=0, *, kind="name", subjects=None):
    """A record a span; the first `missed` of them were missed."""
    spans = found + missed
    return [
        ReadRecord(
            f"s{number % (subjects or spans)}",
            Spans(Counter({kind: int(number >= missed)}), Counter({kind: int(number < missed)}), 1, 0),
        )
        for number in range(spans)
    ]


def judged(read, *, sampled=None, **config):
    population = Population(10 * len(read), 5 * len(read), len(read) if sampled is None else sampled)
    return judge(read, population, CertificateConfig(**config))


def verdict(certificate, kind="name"):
    return next(row for row in certificate["classes"] if row["class"] == kind)


def test_a_quote_is_missed_wherever_it_stands_as_whole_words_and_was_not_replaced():
    assert count_spans(RECORD, [mark("Ann")]).missed == {"name": 2}
    assert count_spans(RECORD, [mark("Lee")]).missed == {"name": 1}
    assert count_spans(RECORD, [mark("Ann", place="text", start=20, end=23)]).missed == {"name": 1}


def test_an_identifier_of_which_a_part_was_replaced_is_missed_once_and_not_found():
    assert count_spans(RECORD, [mark("Ann Lee saw")]) == Spans(Counter({"name": 1}), Counter({"name": 1}), 2, 0)


def test_a_name_and_its_last_word_are_one_identifier():
    assert count_spans(RECORD, [mark("Lee"), mark("Bo Lee")]).missed == {"name": 1}


def test_a_word_replaced_without_need_is_no_identifier_found():
    assert count_spans(RECORD, [mark("Leeward", "", mark="wrong")]) == Spans(Counter({"name": 1}), Counter(), 2, 1)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (mark("Ann Lee"), "was replaced wherever"),
        (mark("Zoe"), "does not stand in it"),
        (mark("war"), "does not stand in it"),
        (mark("Ann", place="text", start=21, end=24), "not what stands there"),
        (mark("Bo", mark="wrong"), "nothing of the quote was replaced"),
    ],
)
def test_a_mark_that_cannot_be_meant_is_refused_by_line_and_without_its_words(wrong, why):
    with pytest.raises(DataError, match=f"line 2, record d1: .*{why}") as refused:
        count_spans(RECORD, [wrong])
    assert "Zoe" not in str(refused.value) and "Ann" not in str(refused.value)


def test_fifty_nine_faultless_spans_of_a_class_pass_and_fifty_eight_do_not():
    assert judged(read_records(59))["verdict"] == "passed"
    certificate = judged(read_records(58))
    assert certificate["verdict"] == "insufficient"
    assert verdict(certificate)["more_spans"] == 1
    assert certificate["because"] == ["name: 1 more spans, all found, are needed"]


def test_many_spans_of_few_people_prove_nothing_of_others():
    certificate = judged(read_records(200, subjects=4))
    assert (certificate["verdict"], verdict(certificate)["more_subjects"]) == ("insufficient", 5)


def test_misses_that_come_together_in_one_subject_count_for_less_evidence():
    alone = verdict(judged(read_records(190, 10)))
    clustered = [ReadRecord(f"s{number // 10}", record.spans) for number, record in enumerate(read_records(190, 10))]
    assert verdict(judged(clustered))["lower"] < alone["lower"]
    assert verdict(judged(clustered))["more_spans"] > alone["more_spans"]


def test_a_recall_that_cannot_be_what_is_required_fails():
    certificate = judged(read_records(80, 20))
    assert certificate["verdict"] == "failed"
    assert "0.95 required" in certificate["because"][0]
    assert judged(read_records(80, 20), recall_by_class={"name": 0.7})["verdict"] == "passed"


def test_one_record_that_was_not_read_makes_a_faultless_sample_insufficient():
    certificate = judged(read_records(100), sampled=101)
    assert certificate["verdict"] == "insufficient"
    assert certificate["because"] == ["1 records of the sample are not marked as read"]


@pytest.mark.parametrize("read", [[], [ReadRecord("s1", Spans())]])
def test_a_sample_without_any_identifier_proves_nothing(read):
    assert judged(read, sampled=1)["verdict"] == "insufficient"


def test_every_identifier_of_safe_harbor_is_listed_and_one_that_never_occurs_is_not_tested():
    certificate = judged(read_records(59))
    rows = {row["paragraph"]: row for row in certificate["safe_harbor"]}
    assert "".join(rows) == "ABCDEFGHIJKLMNOPQR"
    assert (rows["A"]["verdict"], rows["A"]["not_tested"]) == ("passed", ["organisation"])
    assert {rows[paragraph]["verdict"] for paragraph in "BCPQR"} == {"not tested"}


def test_every_class_of_the_stage_belongs_to_one_of_safe_harbor():
    assert {kind for one in SAFE_HARBOR for kind in one.kinds} == set(KINDS)


def test_what_is_left_at_most_follows_from_the_misses_by_subject():
    faultless = judged(read_records(1000))["residual"]
    assert faultless["per_1000_records"] == 0
    assert faultless["per_1000_records_upper"] == pytest.approx(3.0, abs=0.01)
    assert faultless["per_subject_upper"] == pytest.approx(2 * 3.0 / 1000, abs=1e-4)
    single, together = judged(read_records(990, 10)), judged(read_records(990, 10, subjects=100))
    assert single["residual"]["per_1000_records"] == pytest.approx(10)
    assert together["residual"]["per_1000_records_upper"] >= single["residual"]["per_1000_records_upper"]


@given(st.dictionaries(st.text("abc", min_size=1), st.integers(1, 90), min_size=1), st.integers(1, 100))
def test_a_sample_is_of_the_size_asked_for_and_in_proportion_to_the_sites(counts, size):
    sizes, total = shares_of(size, counts), sum(counts.values())
    assert sum(sizes.values()) == min(size, total)
    assert all(abs(sizes[site] - min(size, total) * counts[site] / total) < 1 for site in counts)

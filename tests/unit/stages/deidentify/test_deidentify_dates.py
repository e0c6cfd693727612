"""Dates are moved by whole days and keep the way they are written."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acclimate.stages.deidentify.dates import read_date, shifted
from acclimate.stages.deidentify.draws import days_of_shift

DAYS = st.dates(datetime.date(1900, 1, 1), datetime.date(2090, 1, 1))
SHIFTS = st.integers(1, 364).flatmap(lambda days: st.sampled_from([days, -days]))
LAYOUTS = ["%Y-%m-%d", "%m/%d/%Y", "%B %d, %Y", "%d %b %Y", "%A, %B %d, %Y"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("2021-03-03", "2021-04-02"),
        ("3/4/2021", "4/3/2021"),
        ("03/04/21", "04/03/21"),
        ("25/12/2021", "24/1/2022"),
        ("MARCH 3RD, 2021", "APRIL 2ND, 2021"),
        ("Wed, Mar 3 2021", "Fri, Apr 2 2021"),
        ("Wednesday, March 3", "Friday, April 2"),
        ("03MAR2021", "02APR2021"),
        ("May 3-5, 2021", "June 2-4, 2021"),
        ("May 30-31, 2021", "June 29-30, 2021"),
        ("May 1-2, 2021", "May 31-June 1, 2021"),
        ("1-2 May 2021", "31 May-1 June 2021"),
        ("Sept. 2019", "Oct. 2019"),
        ("12/2021", "1/2022"),
        ("February 30, 2021", "March 30, 2021"),
        ("Friday", "Sunday"),
        ("monday", "wednesday"),
    ],
)
def test_a_date_moved_by_thirty_days_keeps_its_format(before, after):
    assert shifted(read_date(before), 30) == after


def test_day_first_reads_an_ambiguous_date_the_other_way():
    assert shifted(read_date("3/4/2021", day_first=True), 30) == "3/5/2021"


@pytest.mark.parametrize("text", ["13/13/2021", "2021-13-01", "3-4/2021", "120/80", "0/0", "hello"])
def test_what_is_no_date_is_not_read(text):
    assert read_date(text) is None


@given(day=DAYS, days=SHIFTS, layout=st.sampled_from(LAYOUTS))
def test_a_written_date_moves_by_exactly_the_days_asked_for(day, days, layout):
    moved = shifted(read_date(day.strftime(layout)), days)
    assert read_date(moved).first == day + datetime.timedelta(days)


@given(day=DAYS, days=SHIFTS, layout=st.sampled_from(["%B %d", "%d %b", "%m/%d", "%B %Y", "%B"]))
def test_a_date_without_year_or_day_never_stays_what_it_was(day, days, layout):
    text = day.strftime(layout)
    assert shifted(read_date(text), days) != text


@given(day=DAYS, days=SHIFTS)
def test_a_weekday_by_itself_moves_as_the_dates_beside_it_do(day, days):
    assert shifted(read_date(day.strftime("%A")), days) == (day + datetime.timedelta(days)).strftime("%A")


@given(subject=st.text(max_size=8), most=st.integers(30, 364))
def test_the_shift_is_never_zero_and_never_larger_than_asked_for(subject, most):
    assert 1 <= abs(days_of_shift(bytes(32), subject, most=most)) <= most

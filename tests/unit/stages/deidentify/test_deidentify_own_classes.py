"""A user's lists and patterns, tax and company numbers on request: found, replaced alike in all records, refused where unsafe."""

from __future__ import annotations

import re
import time

import pytest

from acclimate.api import Project
from acclimate.core.errors import ConfigError, SourceError
from acclimate.core.schema import records_table
from acclimate.pipeline.config import check_config
from acclimate.stages.deidentify.known_values import KnownValue
from acclimate.stages.deidentify.own_classes import OwnClasses
from acclimate.stages.deidentify.records import OpenRecords

KEY = bytes(range(32))
OWN = OwnClasses(
    patterns=(("deal", r"Project ([A-Z]\w+)"), ("ticket", r"TK-\d{4}")),
    lists=(("counterparty", ("Acme Holdings Ltd", "Globex", "O'Neil & Sons")),),
)


def hits(text: str, own: OwnClasses = OWN) -> list[tuple[str, str]]:
    return [(hit.kind, text[hit.start : hit.end]) for hit in own.hits(text)]


def opened(*texts: str, own: OwnClasses = OWN, values: tuple[KnownValue, ...] = ()) -> list[str]:
    rows = records_table(
        [{"id": f"n{number}", "subject_id": f"p{number}", "text": text} for number, text in enumerate(texts)]
    )
    known = {f"subject p{number}": values for number in range(len(texts))}
    records = OpenRecords(KEY, known, 364, False, own=own)(rows.to_batches()[0])
    assert records.tally.left == []
    return [row["text"] for row in records.records.to_pylist()]


def test_names_of_a_list_are_found_in_every_spacing_and_single_words_with_their_capital():
    text = "ACME HOLDINGS, LTD. against Globex and O’Neil & Sons; a globex is a plant."
    assert [found for _, found in hits(text)] == ["ACME HOLDINGS, LTD", "Globex", "O’Neil & Sons"]


def test_the_first_group_of_a_pattern_is_what_is_replaced():
    assert hits("Project Falcon, TK-0042") == [("deal", "Falcon"), ("ticket", "TK-0042")]


def test_a_value_of_an_own_class_has_one_surrogate_in_the_records_of_everyone():
    one, other = opened("Project Falcon with Globex, TK-0042", "TK-0042: Globex left Project Falcon")
    deal, party, ticket = re.fullmatch(r"Project (\w+) with (\w+), (TK|[A-Z]{2}-\d{4})", one).groups()
    assert other == f"{ticket}: {party} left Project {deal}"
    assert not {"Falcon", "Globex", "0042"} & set(re.findall(r"\w+", one))


def test_words_that_many_companies_have_in_their_names_stay():
    assert re.fullmatch(r"\w+ Holdings Ltd", opened("Acme Holdings Ltd")[0])


def test_a_surrogate_that_is_itself_on_the_list_stops_nothing():
    names = ("Acme", *(name for name in ("Smith", "Jones", "Brown", "Miller", "Garcia")))
    assert opened("Acme sold to Smith", own=OwnClasses(lists=(("counterparty", names),)))


@pytest.mark.parametrize(
    ("kind", "number", "text"),
    [
        ("tax", "12-3456789", "EIN {}"),
        ("tax", "12-3456789", "the form says {}."),
        ("tax", "1955839661", "UTR: {}"),
        ("tax", "19558 39661", "unique taxpayer reference {}"),
        ("tax", "GB980780684", "invoice of {}"),
        ("tax", "DE136695976", "{}"),
        ("company", "01234567", "company number {}"),
        ("company", "SC123456", "registered no. {}"),
        ("company", "HRB 12345", "Amtsgericht München, {}"),
        ("company", "INR2EJN1ERAN0W5ZP974", "{} is the LEI"),
    ],
)
def test_tax_and_company_numbers_are_found_when_asked_for(kind, number, text):
    text = text.format(number)
    assert (kind, number) in hits(text, OwnClasses(also=("tax", "company")))
    assert hits(text, OwnClasses()) == []


@pytest.mark.parametrize(
    "text", ["DE136695978 00-1234567", "rated 07-1234567", "INR2EJN1ERAN0W5ZP975", "tax of 1,250 due"]
)
def test_a_number_with_wrong_check_digits_and_no_word_before_it_is_left_alone(text):
    assert hits(text, OwnClasses(also=("tax", "company"))) == []


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ({"patterns": {"deal": r"(a)\1"}}, "RE2 does not take"),
        ({"patterns": {"deal": "(a"}}, "RE2 does not take"),
        ({"patterns": {"deal": "x*"}}, "matches no character"),
        ({"patterns": {"name": "x"}}, "name is a class that deidentify has"),
        ({"lists": {"Deal 1": "names.txt"}}, "no name for a class"),
        ({"also": ["taxes"]}, "deidentify.also"),
    ],
)
def test_a_class_that_cannot_be_is_refused_before_anything_runs(setting, why):
    config = {"project": "notes", "ingest": {"sources": [{"path": "x.jsonl"}]}, "deidentify": setting}
    with pytest.raises(ConfigError, match=why):
        check_config(config)


def test_an_expression_that_would_be_catastrophic_elsewhere_takes_no_longer_than_its_text():
    own = OwnClasses(patterns=(("deal", r"(a+)+$"),))
    begun = time.perf_counter()
    assert hits("a" * 20_000 + "!", own) == []
    assert time.perf_counter() - begun < 2


def test_a_list_is_read_into_the_restricted_zone_and_a_changed_one_makes_the_step_stale(project):
    names = project / "counterparties.txt"
    names.write_text("# whom we deal with\nheadache\nOrchard  # farm\n")
    opened = Project.open(project, overrides=["deidentify.lists={counterparty: counterparties.txt}"])
    opened.run(until="deidentify")
    assert opened.report("deidentify").metrics["replaced"].get("counterparty")
    assert "headache" not in " ".join(row["prompt"] for row in opened.artifact("deidentify").rows(["prompt"]))
    manifest = (opened.where("deidentify") / "manifest.json").read_text()
    assert "headache" not in manifest and "counterparties.txt" in manifest
    drawing = opened.draw_audit_sample(5)
    assert "counterparty" in drawing.sheet.read_text()
    names.write_text("migraine\n")
    assert {step.step.name: step.finished is None for step in opened.plan(until="deidentify")}["deidentify"]


def test_a_list_that_is_not_there_is_named(project):
    with pytest.raises(SourceError, match=r"nobody\.txt"):
        Project.open(project, overrides=["deidentify.lists={counterparty: nobody.txt}"]).run(until="deidentify")

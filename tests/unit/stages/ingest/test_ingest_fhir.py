from __future__ import annotations

import gzip
import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from acclimate.core.errors import SourceError
from acclimate.stages.ingest.fhir_patients import identity_of

SAMPLE = Path(__file__).parents[5] / "shared/data/fhir-synthea"
FHIR = {"path": "n", "format": "fhir"}
ANN = {
    "resourceType": "Patient",
    "id": "17",
    "name": [{"given": ["Ann", "B."], "family": "Lee"}, {"text": "Annie"}],
    "birthDate": "1980-01-02",
    "address": [{"line": ["7 Elm St"], "city": "Wareham", "postalCode": "02571"}],
    "telecom": [{"system": "phone", "value": "555-0101"}],
    "identifier": [{"value": "M-17"}],
    "contact": [{"name": {"given": ["Bob"], "family": "Lee"}}],
}
SUBJECT = {"subject": {"reference": "Patient/17"}}


@pytest.mark.parametrize("indent", [None, 2])
def test_json_that_begins_as_fhir_is_read_as_fhir_and_that_is_said(ingest, indent):
    content = json.dumps(bundle(ANN, note("Ann Lee was seen.")), indent=indent)
    ingested = ingest({"n/a.json": content}, {"path": "n"})
    assert ingested.columns("text", "subject_id") == [("Ann Lee was seen.", "Patient/17")]
    assert "begin as FHIR does and were read as that; write format: fhir" in ingested.report.warnings[0]


def test_json_that_only_holds_fhir_or_maps_its_text_is_read_as_json(ingest):
    inside = json.dumps({"text": "a", "meta": {"resourceType": "Patient"}})
    assert ingest({"a.json": inside}).columns("text") == [("a",)]
    mapped = json.dumps({"resourceType": "Note", "words": "a"})
    assert ingest({"a.json": mapped}, {"path": "a.json", "columns": {"text": "words"}}).columns("text") == [("a",)]


def test_people_and_places_that_the_extensions_of_a_patient_name_are_told_too():
    extensions = [
        {"url": "http://h/patient-mothersMaidenName", "valueString": "Eva Marlow"},
        {"url": "http://h/FathersName-extension", "valueHumanName": {"text": "Hung Lee"}},
        {"url": "http://h/birthPlace", "valueAddress": {"city": "North Andover"}},
        {"url": "http://h/nested", "extension": [{"url": "x", "valueIdentifier": {"value": "X-9"}}]},
        {"url": "http://h/SocialSecurityNumber-extension", "valueString": "999-71-7942"},
        {"url": "http://h/contact", "valueContactPoint": {"value": "555-0199"}},
    ]
    columns = identity_of({**ANN, "extension": extensions})
    assert columns["names"] == ["Ann B. Lee", "Annie", "Bob Lee", "Hung Lee", "Eva Marlow"]
    assert columns["addresses"][1:] == ["North Andover"]
    assert columns["identifiers"] == ["M-17", "X-9", "999-71-7942"]
    assert columns["telecoms"] == ["555-0101", "555-0199"]


def base64(text: str, charset: str = "utf-8") -> str:
    return b64encode(text.encode(charset)).decode()


def note(text: str, **more: Any) -> dict[str, Any]:
    attachment = {"contentType": "text/plain", "data": base64(text)}
    return {"resourceType": "DocumentReference", "id": "d", **SUBJECT, "content": [{"attachment": attachment}], **more}


def bundle(*resources: dict[str, Any], urls: bool = False) -> dict[str, Any]:
    entries = [{"resource": one, **({"fullUrl": f"urn:uuid:{one['id']}"} if urls else {})} for one in resources]
    return {"resourceType": "Bundle", "entry": entries}


def html(text: str) -> dict[str, str]:
    return {"status": "additional", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{text}</div>'}


@pytest.mark.parametrize(
    ("resource", "kind", "text"),
    [
        (note("a note"), "DocumentReference.attachment", "a note"),
        (
            {"resourceType": "DocumentReference", "content": [{"attachment": {"contentType": "text/html; charset=latin1",
             "data": base64("<p>naïve", "latin1")}}]},
            "DocumentReference.attachment", "naïve",
        ),
        ({"resourceType": "DiagnosticReport", "conclusion": "no fracture"}, "DiagnosticReport.conclusion", "no fracture"),
        (
            {"resourceType": "DiagnosticReport", "presentedForm": [{"data": base64("report")}]},
            "DiagnosticReport.attachment", "report",
        ),
        ({"resourceType": "Observation", "note": [{"text": "fasting"}]}, "Observation.note", "fasting"),
        ({"resourceType": "Observation", "comments": "in DSTU2"}, "Observation.note", "in DSTU2"),
        ({"resourceType": "Observation", "comment": "in STU3"}, "Observation.note", "in STU3"),
        ({"resourceType": "CarePlan", "text": html("<ul><li>rest</li></ul>")}, "CarePlan.narrative", "- rest"),
        (
            {"resourceType": "Composition", "section": [{"title": "Plan", "text": html("rest"),
             "section": [{"title": "Diet", "text": html("soup")}]}]},
            "Composition.sections", "# Plan\n\nrest\n\n## Diet\n\nsoup",
        ),
    ],
)  # fmt: skip
def test_text_is_found_wherever_the_versions_of_fhir_have_it(ingest, resource, kind, text):
    record = ingest({"n/a.json": json.dumps({"id": "1", **SUBJECT, **resource})}, FHIR).record
    assert (record["text"], record["subject_id"], json.loads(record["extra"])["type"]) == (text, "Patient/17", kind)


IDENTIFIERS = {
    "name": "names",
    "birth_date": "birth_date",
    "address": "addresses",
    "phone": "telecoms",
    "mrn": "identifiers",
}
KNOWN = ["Ann B. Lee", "Annie", "Bob Lee", "1980-01-02", "7 Elm St, Wareham, 02571", "555-0101", "M-17"]


@pytest.mark.parametrize(
    "files",
    [
        {"n/a.json": json.dumps(bundle(note("x"), ANN))},
        {"n/a.json": json.dumps(bundle(note("x"), ANN), indent=2)},
        {"n/a.json": json.dumps(bundle(note("x", subject={"reference": "urn:uuid:17"}), ANN, urls=True))},
        {"n/a.json": json.dumps(bundle(note("x", subject={"reference": "https://h/fhir/Patient/17/_history/3"}), ANN))},
        {"n/a.ndjson": json.dumps(note("x")) + "\n" + json.dumps(ANN) + "\n"},
        {"n/DocumentReference.ndjson": json.dumps(note("x")), "n/Patient.ndjson.gz": json.dumps(ANN)},
    ],
    ids=["bundle", "indented", "urn", "address and version", "one ndjson", "export of two files"],
)
def test_the_identity_of_the_patient_stands_beside_the_text(ingest, files):
    record = ingest(files, {**FHIR, "identifiers": IDENTIFIERS}).record
    assert [one["value"] for one in record["identifiers"]] == KNOWN
    assert record["subject_id"] == "Patient/17"


@pytest.mark.parametrize(
    ("resource", "subject", "names"),
    [
        (
            note("x", subject={"reference": "#p"}, contained=[{**ANN, "id": "p"}]),
            None,
            ["Ann B. Lee", "Annie", "Bob Lee"],
        ),
        (note("x", subject={"reference": "#p"}), None, []),
        (note("x", subject={"identifier": {"value": "M-17"}}), "M-17", []),
        (note("x", subject={"display": "Ann"}), None, []),
    ],
)
def test_a_patient_inside_the_resource_or_known_by_number_is_told_apart(ingest, resource, subject, names):
    record = ingest({"n/a.json": json.dumps(resource)}, {**FHIR, "identifiers": {"name": "names"}}).record
    assert (record["subject_id"], [one["value"] for one in record["identifiers"] or ()]) == (subject, names)


def test_family_names_of_dstu2_are_lists(ingest):
    patient = {**ANN, "name": [{"given": ["Ann"], "family": ["van", "Lee"]}], "contact": []}
    source = {**FHIR, "identifiers": {"name": "names"}}
    record = ingest({"n/a.json": json.dumps(bundle(patient, note("x")))}, source).record
    assert record["identifiers"] == [{"name": "name", "value": "Ann van Lee"}]


def test_what_holds_no_text_is_counted(ingest):
    scan = {"contentType": "application/pdf", "data": base64("%PDF")}
    elsewhere = {"contentType": "text/plain", "url": "Binary/1"}
    resources = [note("x", content=[{"attachment": one}]) for one in (scan, elsewhere)]
    ward = {"resourceType": "Organization", "id": "o", "text": html("Ward 3")}
    ingested = ingest({"n/a.json": json.dumps(bundle(*resources, ward)), "n/b.json": json.dumps(note("y"))}, FHIR)
    assert ingested.columns("text") == [("y",)]
    assert ingested.report.metrics["sources"]["n"]["left_out"] == {
        "attachments that are not text": 1,
        "attachments that lie elsewhere": 1,
        "narratives of resources without subject": 1,
        "resources without text": 3,
    }


def test_a_generated_narrative_is_not_read_beside_the_text_it_repeats(ingest):
    report = {
        "resourceType": "DiagnosticReport",
        **SUBJECT,
        "conclusion": "none",
        "text": {**html("none"), "status": "generated"},
    }
    assert ingest({"n/a.json": json.dumps(report)}, FHIR).columns("text") == [("none",)]


SECTIONS = '{"section": [' * 200 + "]}" * 200


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"resourceType": "DocumentReference", "secret": ', "bad_json"),
        ('{"text": "secret"}', "not_fhir"),
        ('["secret"]', "not_an_object"),
        (b'{"resourceType": "\xff secret"}', "bad_utf8"),
        ("{" * 10_000 + "}", "bad_json"),
        (json.dumps(note("x", content=[{"attachment": {"data": "secret!"}}])), "bad_base64"),
        (json.dumps(note("x", content=[{"attachment": {"data": base64("secret \xff", "latin1")}}])), "bad_utf8"),
        (json.dumps(note("secret " * 300)), "too_long"),
        (json.dumps(note("secret " * 9000)), "too_long"),
        ('{"resourceType": "Composition", "section": [' + SECTIONS + "]}", "bomb"),
    ],
)  # fmt: skip
def test_a_damaged_line_costs_only_itself(ingest, line, reason):
    good = json.dumps(note("good")).encode() + b"\n"
    content = good + (line.encode() if isinstance(line, str) else line) + b"\n" + good
    with pytest.raises(SourceError, match=r"^a\.ndjson, line 2: ") as error:
        ingest({"n/a.ndjson": content}, FHIR, max_record_bytes=2048)
    assert "secret" not in str(error.value)
    ingested = ingest({"n/a.ndjson": content}, FHIR, on_error="set_aside", max_record_bytes=2048)
    assert (ingested.columns("text"), ingested.reasons) == ([("good",), ("good",)], [reason])


def test_an_indented_bundle_that_is_cut_short_is_one_fault(ingest):
    with pytest.raises(SourceError, match=r"^a\.json: this is not valid JSON"):
        ingest({"n/a.json": json.dumps(bundle(note("x")), indent=2)[:-20]}, FHIR)


@pytest.mark.skipif(not SAMPLE.exists(), reason="the Synthea sample is not on this machine")
@pytest.mark.parametrize(("version", "records"), [("DSTU2", 0), ("STU3", 0), ("R4", 19)])
def test_bundles_that_synthea_made_are_read_in_all_versions(ingest, version, records):
    with gzip.open(SAMPLE / f"bundles_{version}.jsonl.gz", "rt") as lines:
        bundles = [json.loads(line)["bundle"] for line in lines]
    content = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in bundles)
    ingested = ingest({"n/a.ndjson": content}, {**FHIR, "identifiers": IDENTIFIERS})
    assert len(ingested.records) == records
    assert all(record["subject_id"] and len(record["identifiers"]) >= 5 for record in ingested.records)
    assert ingested.report.metrics["sources"]["n"]["left_out"]["resources without text"] > 500

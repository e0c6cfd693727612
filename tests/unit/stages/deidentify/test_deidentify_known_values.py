"""Values of the source's fields are found however the text writes them."""

from __future__ import annotations

import pytest

from acclimate.stages.deidentify.known_values import KnownValue, kind_of, know
from acclimate.stages.deidentify.told import told_by
from acclimate.stages.deidentify.words import squash


def found(kind: str, value: str, text: str) -> list[str]:
    return [text[hit.start : hit.end] for hit in know([KnownValue(kind, value)]).forms.hits(text)]


@pytest.mark.parametrize(
    "written",
    [
        "John Smith", "john smith", "JOHN SMITH", "John A. Smith", "John Alan Smith", "J. Smith", "J.A. Smith", "J Smith",
        "Smith, John", "SMITH, JOHN A", "Smith J", "John", "Smith", "SMITH", "John-Smith", "john_smith", "JohnSmith",
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", ["John Alan Smith", "Smith, John Alan", "Dr. John Alan Smith, Jr."])
def test_a_name_is_found_in_every_usual_form(value, written):
    assert found("name", value, f"so {written}'s wife") == [written]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Will Hand", "He will, on the other hand a bit later, hand it over"),
        ("May Li", "You may come; li is short"),
        ("Ann Lee", "annual leeway, Anna, Leeds"),
        ("Jo Ng", "Jo said nothing"),
    ],
)
def test_a_name_that_is_also_a_word_is_not_seen_in_small_letters_or_in_other_words(value, text):
    assert found("name", value, text) == []


@pytest.mark.parametrize(
    "written", ["O'Brien", "O’Brien", "OBrien", "O'BRIEN", "Mary O'Brien", "M. O’Brien", "mary o'brien"]
)
def test_apostrophes_do_not_hide_a_name(written):
    assert found("name", "Mary O'Brien", f"saw {written}.") == [written]


@pytest.mark.parametrize("written", ["José García", "Jose Garcia", "JOSÉ GARCÍA", "Garcia"])
def test_accents_do_not_hide_a_name(written):
    assert found("name", "José García", f"saw {written}.") == [written]


@pytest.mark.parametrize("written", ["van der Berg", "Anna van der Berg", "Berg", "Van Der Berg"])
def test_particles_belong_to_the_last_name(written):
    assert found("name", "Anna van der Berg", f"saw {written}, der Mann") == [written]


def test_first_and_last_name_of_two_fields_make_a_whole_name():
    person = know([KnownValue("first_name", "Ann"), KnownValue("last_name", "Lee")])
    assert [hit.full for hit in person.forms.hits("ann lee")] == [True]


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        ("mrn", "00123456", "001-234-56"),
        ("mrn", "MRN00123456", "MRN 00123456"),
        ("phone", "+1 312 555 0142", "312.555.0142"),
        ("phone", "(312) 555-0142", "3125550142"),
        ("phone", "(312) 555-0142", "555-0142"),
        ("phone", "+44 20 7946 0958", "020 7946 0958"),
        ("date_of_birth", "1956-03-12", "03121956"),
        ("address", "12 Elm Street, Springfield, IL 62704", "12 elm st"),
        ("address", "12 Elm Street, Springfield, IL 62704", "12 Elm Street, Springfield"),
        ("address", "12 Elm Street, Springfield, IL 62704", "Elm Street"),
        ("address", "12 Elm Street, Springfield, IL 62704", "Springfield"),
        ("zip", "62704", "62704"),
        ("email", "john.smith@mail.com", "John.Smith@Mail.com"),
        ("employer", "Acme Corp", "ACME corp"),
        ("subject_id", "north-0012", "North 0012"),
    ],
)
def test_a_value_is_found_in_another_format(kind, value, written):
    assert found(kind, value, f"so {written} it is") == [written]


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("zip", "10000", "10,000 units, 0.10000 or 110000"),
        ("mrn", "12345", "12.345 mmol"),
        ("city", "Reading", "reading a book"),
        ("mrn", "1234", "1234 steps"),
        ("state", "IN", "in IN"),
    ],
)
def test_a_value_is_not_seen_in_other_numbers_and_words(kind, value, text):
    assert found(kind, value, text) == []


@pytest.mark.parametrize(
    ("values", "genders"),
    [
        ([("name", "Kim Roe"), ("gender", "female")], {"kim": "female"}),
        ([("name", "Ashley Roe"), ("administrative_sex", "M")], {"ashley": "male"}),
        ([("first_name", "Kim"), ("last_name", "Roe"), ("titled name", "Mr. Roe")], {"kim": "male"}),
        ([("name", "Mrs. Kim Roe")], {"kim": "female"}),
        ([("names", "Xochi Roe"), ("names", "Bob Roe"), ("gender", "female")], {"xochi": "female"}),
        ([("name", "Kim Roe"), ("physician", "Lee Ito"), ("sex", "female")], {"kim": "female"}),
        ([("name", "Kim Roe"), ("titled name", "Mr. Roe"), ("titled name", "Mrs. Roe")], {}),
        ([("name", "Kim Roe"), ("gender", "other")], {}),
    ],
)
def test_a_field_or_a_title_says_the_gender_of_first_names(values, genders):
    person = know([KnownValue(kind, value) for kind, value in values])
    assert {name: gender for name, gender in person.genders.items() if gender} == genders


def test_a_gender_and_a_title_are_not_looked_for():
    assert not list(
        know([KnownValue("sex", "Female"), KnownValue("titled name", "Dr. Ruiz")]).forms.hits("Female, Ruiz")
    )


@pytest.mark.parametrize(
    "header",
    ["Patient: Jane Roe", "PATIENT NAME: ROE, JANE", "**Name:** Roe, Jane A.\n", "Name: Jane Roe  DOB: 1/2/1950",
     "| Name: Jane Roe | 52 |", "Pt: Mrs. Jane Roe, 52"],
)  # fmt: skip
def test_a_name_in_a_header_is_told(header):
    [told] = [one for one in told_by(f"Clinic note\n{header}\nShe is well.") if one.kind == "header name"]
    assert squash(told.value).removesuffix("a") in ("janeroe", "roejane")


@pytest.mark.parametrize(
    "text",
    ["Patient: Yes Doctor", "Patient: Jane felt fine.", "Patient: Oh God\nDoctor: Yes?\nPatient: It hurts.", "Name: Jane",
     "The patient: Jane Roe", "Patient: Jane Roe\nDoctor: Hello\nPatient: Ann Lee"],
)  # fmt: skip
def test_a_turn_of_a_conversation_and_a_sentence_are_no_headers(text):
    assert not [one for one in told_by(text) if one.kind == "header name"]


def test_values_too_short_to_look_for_are_counted():
    assert know([KnownValue("state", "IN"), KnownValue("name", "Jo"), KnownValue("mrn", "99")]).unsearched == 3


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Patient Name", "name"),
        ("customer_name", "name"),
        ("street_name", "address"),
        ("home phone", "phone"),
        ("zip", "zip"),
    ],
)
def test_the_name_of_a_field_tells_the_class(name, kind):
    assert kind_of(name) == kind

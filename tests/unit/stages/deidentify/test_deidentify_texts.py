"""A rewritten text: what stands in, what it agrees with, and where everything has moved to."""

from __future__ import annotations

import ipaddress
import re

import pytest
from faker.providers.person.en_US import Provider
from hypothesis import given, settings
from hypothesis import strategies as st

from acclimate.core.errors import DataError
from acclimate.core.schema import records_table
from acclimate.stages.deidentify.hits import Hit
from acclimate.stages.deidentify.known_values import KnownValue
from acclimate.stages.deidentify.numbers import luhn_valid
from acclimate.stages.deidentify.records import OpenRecords
from acclimate.stages.deidentify.rewrite import Edit, known_in_replacements, untouched
from acclimate.stages.deidentify.stage import refuse_leftovers
from acclimate.stages.deidentify.words import squash

KEY = bytes(range(32))
JOHN = (KnownValue("name", "John Smith"), KnownValue("mrn", "00123456"), KnownValue("phone", "+1 312 555 0142"))


def opened(text: str, *values: KnownValue, subject: str = "p", **columns: object) -> dict[str, object]:
    rows = records_table([{"id": "a", "text": text, "subject_id": subject, **columns}])
    open_records = OpenRecords(KEY, {f"subject {subject}": values}, 364, False)
    return open_records(rows.to_batches()[0]).records.to_pylist()[0]


def rewritten(text: str, *values: KnownValue, subject: str = "p") -> str:
    return str(opened(text, *values, subject=subject)["text"])


def test_every_form_of_a_name_gets_the_same_forms_of_one_surrogate():
    first, last, *forms = rewritten("John|Smith|John Smith|SMITH, JOHN|J. Smith|smith john|Mr. Smith", *JOHN).split("|")
    assert forms == [
        f"{first} {last}", f"{last}, {first}".upper(), f"{first[0]}. {last}", f"{last} {first}".lower(), f"Mr. {last}",
    ]  # fmt: skip


def test_every_spacing_of_a_number_gets_the_same_digits():
    assert len({squash(part) for part in rewritten("00123456|001-234-56|001 23456", *JOHN).split("|")}) == 1


def test_a_phone_number_agrees_with_its_local_part_and_keeps_its_layout():
    long, local, plain = rewritten("+1 (312) 555-0142|555-0142|312.555.0142", *JOHN).split("|")
    assert re.fullmatch(r"\+1 \(\d{3}\) 555-01\d\d", long)
    assert long.endswith(local)
    assert squash(long) == "1" + squash(plain)


def test_a_street_alone_agrees_with_the_whole_address():
    whole, part = rewritten(
        "12 Elm Street, Springfield|12 elm st", KnownValue("address", "12 Elm Street, Springfield")
    ).split("|")
    number, street = whole.split()[:2]
    assert part == f"{number} {street.lower()} st"


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("ann@mail.com", r"[a-z.]+\d\d@example\.(org|net|com)"),
        ("https://x.test/a", r"https://example\.(org|net|com)/[0-9a-f]{8}"),
        ("SSN 123-45-6789", r"SSN 9\d\d-[0-4]\d-\d{4}"),
        ("10.1.2.3", r"(192\.0\.2|198\.51\.100|203\.0\.113)\.\d+"),
        ("GB82 WEST 1234 5698 7654 32", r"GB00 [A-Z]{4} \d{4} \d{4} \d{4} \d\d"),
        ("a 93-year-old", "a 90-or-older"),
        ("aged 95", "aged 90 or older"),
        ("MRN: 00-123", "MRN: 00-\\d{3}"),
        ("Dr. Alvarez's note", r"Dr\. [A-Z][a-z]+'s note"),
        ("350 5th Ave", r"\d{3} \d(st|nd|rd|th) Ave"),
    ],
)
def test_a_surrogate_looks_like_its_class_and_belongs_to_nobody(text, pattern):
    assert re.fullmatch(pattern, rewritten(text))


def test_a_card_surrogate_fails_its_check_digit():
    assert not luhn_valid(squash(rewritten("4111 1111 1111 1111")))


def test_an_ip6_surrogate_comes_from_the_documentation_range():
    assert ipaddress.ip_address(rewritten("fe80::1ff:fe23:4567:890a")) in ipaddress.ip_network("2001:db8::/32")


@pytest.mark.parametrize("text", ["aged 95", "Dr. Alvarez, 312-555-0142", "a 93-year-old, 92 y/o", "example.org"])
def test_rewriting_an_open_text_changes_no_structure(text):
    once = rewritten(text)
    twice = rewritten(once)
    assert re.sub(r"\w", "x", re.sub(r"[A-Za-z]+", "w", once)) == re.sub(r"\w", "x", re.sub(r"[A-Za-z]+", "w", twice))


def test_the_same_value_gets_other_surrogates_for_another_person():
    assert rewritten("Dr. Alvarez MRN 123456") != rewritten("Dr. Alvarez MRN 123456", subject="q")


def test_spans_grow_to_a_replacement_they_cut_and_others_still_quote_the_same_text():
    text = "😀 John has asthma. Smith coughs"
    spans = [
        {"field": "text", "start": start, "end": end, "label": "x"}
        for start, end in [(11, 17), (2, 4), (20, 23), (25, 31)]
    ]
    row = opened(text, *JOHN, spans=spans)
    quotes = [row["text"][span["start"] : span["end"]] for span in row["spans"]]
    assert quotes == ["asthma", row["text"].split()[1], row["text"].split(". ")[1].split()[0], "coughs"]


def test_messages_lose_the_name_in_speaker_content_and_tool_calls():
    call = '{"who": "John Smith\\n", "phone": 3125550142, "dose": 5}'
    message = {"role": "user", "speaker": "John", "content": "I, john smith, agree", "train": True, "tool_calls": call}
    after = opened("", *JOHN, messages=[message])["messages"][0]
    assert (after["role"], after["train"]) == ("user", True)
    assert not {"john", "smith", "3125550142"} & set(re.findall(r"\w+", str(after).lower()))
    assert '"dose": 5' in after["tool_calls"]


def test_what_a_rewriting_leaves_is_seen_where_no_edit_touched_it_and_inside_a_replacement():
    edits = (Edit(0, 4, "Victoria", "name"), Edit(10, 12, "x", "mrn"))  # "John lives at" -> "Victoria lives ..."
    outside, inside = Hit(9, 11, "phone"), Hit(2, 8, "name", known=True, full=True)
    assert untouched([outside, inside, Hit(12, 16, "url")], edits) == [Hit(5, 7, "phone")]
    assert known_in_replacements([outside, inside, Hit(13, 14, "mrn")], edits) == [inside]


def test_a_record_in_which_something_is_left_is_named_and_stops_the_stage():
    with pytest.raises(DataError, match="2 records still hold an identifier after replacement \\(n1, n2\\)"):
        refuse_leftovers(["n2", "n1"])


PIECES = st.lists(
    st.sampled_from(
        ["12 ", "3/4/2021", "March ", "Dr. ", "Smith ", "Elm St ", "😀", "é", "a@b.com", "555-0142 ", "+44 20 7946 0958",
         "MRN ", "00123 ", "A", "b ", "-", "/", ".", "İ", "ß", "aged 93 ", "123-45-6789", "10.0.0.1", "\n", "0", "①", "٣"]
    ),
    max_size=12,
).map("".join)  # fmt: skip
KIND_NAMES = st.sampled_from(["name", "mrn", "phone", "dob", "address", "email", "url", "card", "employer", "ssn"])


@settings(deadline=None, max_examples=60)
@given(text=PIECES, values=st.lists(st.builds(KnownValue, KIND_NAMES, PIECES), max_size=4))
def test_any_text_and_any_known_values_leave_nothing_behind(text, values):
    rows = records_table([{"id": "a", "text": text + "".join(value.value for value in values), "subject_id": "p"}])
    assert OpenRecords(KEY, {"subject p": values}, 364, False)(rows.to_batches()[0]).tally.left == []


@pytest.mark.parametrize("city", ["Grove Hill", "North Point", "Court"])
def test_a_town_named_by_words_of_addresses_is_replaced(city):
    assert city not in rewritten(f"lives in {city}.", KnownValue("city", city))


def test_a_known_value_does_not_survive_as_the_part_that_a_surrogate_keeps():
    assert "00123" not in rewritten("call 00123 555-0142 44", KnownValue("zip", "00123"))


@pytest.mark.parametrize("value", [KnownValue("url", "A"), KnownValue("email", "x"), KnownValue("card", "①b Elm")])
def test_a_known_value_that_is_no_such_thing_does_no_harm(value):
    assert rewritten("A x ①b Elm a@b.com", value)


@given(st.text(alphabet="ab😀é ,.'-John Smith0123456/@", max_size=60))
def test_no_known_value_survives_in_any_text(noise):
    text = f"{noise} John Smith {noise} 00123456 {noise}"
    after = rewritten(text, *JOHN)
    assert not re.search(r"(?<![^\W\d_])(?i:john smith)(?![^\W\d_])", after)
    assert "John" not in re.findall(r"[^\W\d_]+", after)


@given(
    st.lists(st.sampled_from(["John", "asthma", "312-555-0142", "😀", "March 3, 2021", "cough", "a@b.com"]), max_size=8)
)
def test_spans_on_what_was_not_replaced_quote_it_unchanged(words):
    text, spans = " ".join(words), []
    for match in re.finditer(r"asthma|cough|😀", text):
        spans.append({"field": "text", "start": match.start(), "end": match.end(), "label": "x"})
    row = opened(text, *JOHN, spans=spans)
    quotes = [row["text"][span["start"] : span["end"]] for span in row["spans"]]
    assert quotes == [text[span["start"] : span["end"]] for span in spans]


@given(zip_code=st.from_regex(r"[0-9]{5}(-[0-9]{4})?", fullmatch=True))
@settings(max_examples=40, deadline=None)
def test_a_zip_code_keeps_its_area_on_request_unless_few_people_live_there(zip_code):
    records = OpenRecords(KEY, {}, 364, False, sparse_zips=frozenset({"036"}))
    rows = records_table([{"id": "a", "text": f"IL {zip_code}"}])
    written = records(rows.to_batches()[0]).records.to_pylist()[0]["text"]
    area = "000" if zip_code.startswith("036") else zip_code[:3]
    assert re.fullmatch(rf"IL {area}\d\d" + (r"-\d{4}" if "-" in zip_code else ""), written)
    assert written != f"IL {zip_code}"


@pytest.mark.parametrize(
    ("name", "gender"),
    [("Elizabeth", "first_names_female"), ("John", "first_names_male"), ("Ann", "first_names_female")],
)
def test_a_surrogate_name_is_of_the_same_gender_and_as_short_or_long(name, gender):
    surrogates = {rewritten(f"Dr. {name} Smith", subject=f"p{number}").split()[1] for number in range(12)}
    assert surrogates <= set(getattr(Provider, gender))
    assert {(len(one) > 4, len(one) > 7) for one in surrogates} == {(len(name) > 4, len(name) > 7)}


def test_a_vehicle_gets_a_number_that_no_vehicle_has():
    from acclimate.stages.deidentify.devices import vehicle_valid

    numbers = [rewritten("The 1M8GDM9AXKP042788 was sold.", subject=f"p{n}").split()[1] for n in range(40)]
    assert len(set(numbers)) == 40 and not any(map(vehicle_valid, numbers))

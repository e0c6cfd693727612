"""What the pattern tier sees, and what it must leave alone."""

from __future__ import annotations

import random

import pytest

from acclimate.stages.deidentify.detect import _pattern_set, pattern_hits
from acclimate.stages.deidentify.hits import separate
from acclimate.stages.deidentify.numbers import iban_valid, luhn_valid


def found(text: str) -> list[tuple[str, str]]:
    return [(hit.kind, text[hit.start : hit.end]) for hit in separate(pattern_hits(text))]


@pytest.mark.parametrize(
    ("kind", "identifier", "text"),
    [
        ("email", "ann.o'neil+x@mail.example.co.uk", "Write to {}."),
        ("email", "jörg@müller.de", "({})"),
        ("url", "https://portal.hospital.test/p?id=7&x=1", "See {}, please."),
        ("url", "www.smith-family.net/ann", "at {}."),
        ("url", "smithfamily.org", "her page {} says"),
        ("ip", "10.11.12.13", "logged in from {}."),
        ("ip", "2001:db8::8a2e:370:7334", "from {} at noon"),
        ("phone", "(312) 555-0142", "Call {}."),
        ("phone", "312-555-0142 x12", "at {}, please"),
        ("phone", "312.555.0142", "Reach him: {}"),
        ("phone", "312 555 0142", "or {} later"),
        ("phone", "+1 312 555 0142", "{}"),
        ("phone", "1-800-555-0142", "Toll-free {}"),
        ("phone", "3125550142", "Phone: {}"),
        ("phone", "555-0142", "call me at {} tonight"),
        ("phone", "3125550142", "What is your number?\nPatient: {}"),
        ("phone", "3125550142", "Is {} still your cell?"),
        ("phone", "+44 20 7946 0958", "London {}"),
        ("phone", "+49 (0)30 901820", "Berlin {}"),
        ("phone", "0044 20 7946 0958", "or {}"),
        ("phone", "020 7946 0958", "or {}"),
        ("phone", "06 12 34 56 78", "tel. {}"),
        ("ssn", "123-45-6789", "was {}."),
        ("ssn", "123456789", "SSN: {}"),
        ("ssn", "123456789", "my social? {}"),
        ("ssn", "123456789", "my SSN, it’s {}."),
        ("ssn", "6789", "on file as xxx-xx-{}"),
        ("mrn", "00123456", "MRN: {}"),
        ("mrn", "12-34-567", "medical record number {}"),
        ("mrn", "AB 123456", "MRN is {}"),
        ("mrn", "123 456 789", "Patient ID {}"),
        ("account", "99887766", "account number {}"),
        ("account", "4455-6677", "acct# {}"),
        ("licence", "D123-4567-8901", "driver's license {}"),
        ("licence", "C01234567", "passport no. {}"),
        ("plan", "XYZ123456789", "Member ID: {}"),
        ("plan", "1EG4-TE5-MK73", "Medicare number {}"),
        ("plan", "1EG4-TE5-MK73", "His card reads {}."),
        ("licence", "RN-445566", "certificate number {}"),
        ("vehicle", "1M8GDM9AXKP042788", "The {} was sold."),
        ("vehicle", "WVWZZZ1JZ3W386752", "VIN: {}"),
        ("vehicle", "7ABC123", "license plate {}"),
        ("vehicle", "AB12 CDE", "number plate is {}"),
        ("device", "PJN650892S", "pacemaker serial number {}"),
        ("device", "SN-99887", "S/N: {}"),
        ("device", "(01)00614141999996(17)270101(21)A213B1", "scanned {} at implant"),
        ("device", "490154203237518", "IMEI {}"),
        ("device", "00:1A:2B:3C:4D:5E", "seen as {} on the network"),
        ("card", "4111 1111 1111 1111", "card {}"),
        ("card", "378282246310005", "paid with {}"),
        ("iban", "GB82 WEST 1234 5698 7654 32", "to {} OK"),
        ("card", "501864667909", "my card is {}"),
        ("card", "180016070420458", "card {}"),
        ("iban", "gb82west12345698765432", "to {}"),
        ("iban", "DE89370400440532013000", "to {}."),
        ("date", "2021-03-03", "on {}T10:30:00Z"),
        ("date", "3/14/2021", "seen {}"),
        ("date", "03/14/21", "seen {},"),
        ("date", "14.3.2021", "seen {}"),
        ("date", "March 3, 2021", "On {} he"),
        ("date", "Wednesday, March 3rd, 2021", "On {}"),
        ("date", "3 Mar 2021", "on {}"),
        ("date", "3rd of March 2021", "the {}"),
        ("date", "03-MAR-2021", "on {}"),
        ("date", "Mar 3rd", "since {} better"),
        ("date", "3 March", "due {}."),
        ("date", "May 3-5, 2021", "from {}"),
        ("date", "March 2021", "since {}"),
        ("date", "03/2021", "since {}"),
        ("date", "3/14", "admitted {} with"),
        ("date", "March", "last {}"),
        ("age", "93-year-old", "a {} man"),
        ("age", "101 years old", "is {}"),
        ("age", "92 y/o", "a {} woman"),
        ("age", "95", "died aged {}"),
        ("age", "ninety-two", "just turned {}, you know"),
        ("age", "ninety-two-year-old", "a {} man"),
        ("address", "12 Elm St., Apt 4B, Springfield, IL 62704", "at {}."),
        ("address", "1600 N. Pennsylvania Avenue", "at {}, please"),
        ("address", "350 5th Ave", "at {}"),
        ("address", "P.O. Box 123", "write to {}"),
        ("zip", "62704-1234", "IL {}"),
        ("zip", "SW1A 1AA", "postcode: {}"),
        ("zip", "D02 AF30", "postcode {}"),
        ("zip", "4051", "postal code: {}"),
        ("zip", "1011 AB", "Zip code is {}."),
        ("zip", "114 55", "ZIP: {}"),
        ("zip", "LV-1010", "postal code {}"),
        ("zip", "01310-100", "postcode {} in town"),
        ("zip", "101", "zip code is {}"),
        ("phone", "044 668 18 00", "my number, {}, is new"),
        ("phone", "06 12 34 56 78", "or {}"),
        ("phone", "02 511 22 33 44", "at {} from noon"),
        ("phone", "5550142000", "Desk: {}"),
        ("phone", "720 333 111", "Office: {}, room 3"),
        ("date", "Tuesday", "came in on {} morning"),
        ("date", "friday", "since {} worse"),
        ("date", "Sunday", "last {} he fell"),
        ("card", "000000000000000000", "credit card {}"),
        ("name", "Smith", "Dr. {} came"),
        ("name", "Juan de la Cruz", "Mr. {} came"),
        ("name", "O'Brien", "saw Mrs {}'s son"),
        ("name", "JOHN SMITH", "MR. {} MRN"),
        ("name", "Ann Lee Wong", "Patient name: {}"),
    ],
)
def test_an_identifier_is_found_whole(kind, identifier, text):
    hits = found(text.format(identifier))
    assert (kind, identifier) in hits
    assert len(hits) == 1


@pytest.mark.parametrize(
    "text",
    [
        "His license plate is in the car. The device is 12 mm wide, serial troponins were 0.04 and 0.06.",
        "The pump runs at 2.5 ml. Model A1234567890BCDEFG fits, part (01)00614141999995.",
        "BP 120/80, HR 72, temp 98.6, SpO2 97%",
        "strength 3/4 in both legs, 10/10 pain, on 4/5 strength",
        "takes 500 mg twice daily for 10 days, then 250mg",
        "ICD-10 E11.9, CPT 99213, LOINC 2345-7, NDC 0777-3105-02",
        "firmware version 1.2.3.4 and section 4.1.2.1",
        "lab ID 312-555-0142, accession 212-555-0199",
        "WBC 12.3, Na 138, K 4.2, glucose 1,234, creatinine 0.9-1.1",
        "a 45-year-old man, 89 years old wife, age 67",
        "in 2019 and 2020, years later",
        "you may 3 times a day march 5 km",
        "C4-C5, L5/S1, T12, grade 2/6 murmur, G2P1",
        "doses at 0800 1200 1600, 10:30:15",
        "plan: 500 mg; account of 2 falls; record of 3 visits",
        "about 10 AM Dr said so; Doctor: hello; drive 5 miles",
        "May 20 patients return; 1 in 4000000000 cells",
        "EF 55-60%, 2-3 days, 6-8 weeks, 1-2 tablets every 4-6 hours",
        "Hb 13.2 g/dL (12.0-15.5), platelets 250 000",
        "see e.g. the guideline, i.e. table 2.1.3",
        "order 4111 1111 1111 1112 and 123-45-678",
        "9.5 cm x 3.2 cm, 20/20 vision, 1/2 tablet, 24/7",
        "the 90th percentile, 95% CI, 92 kg, 95 mm",
        "methotrexate on Mondays, every Sunday, Monday to Friday, a Saturday",
        "doses at 02 06 10 14 18, office 12 and desk 4000",
        "office: 120 employees; work: 12 h; home: 12 steps",
        "zip file 12, zip code unknown, postcode 12",
    ],
)
def test_clinical_numbers_are_left_alone(text):
    assert found(text) == []


@pytest.mark.parametrize(("number", "valid"), [("4111111111111111", True), ("4111111111111112", False)])
def test_a_card_number_must_have_the_right_check_digit(number, valid):
    assert luhn_valid(number) is valid
    assert bool(found(f"card {number}")) is valid


def test_a_bank_account_must_have_the_right_check_digits():
    assert iban_valid("GB82WEST12345698765432")
    assert found("to GB83 WEST 1234 5698 7654 32") == []


def test_two_dates_of_a_range_are_two_dates():
    assert found("3/3/2021-3/10/2021") == [("date", "3/3/2021"), ("date", "3/10/2021")]


def test_offsets_count_characters_not_bytes():
    assert found("😀é ann@mail.com")[0] == ("email", "ann@mail.com")


def test_the_one_pass_over_all_patterns_sees_what_each_pattern_sees_alone():
    patterns = _pattern_set(day_first=False)
    generator = random.Random(7)
    pieces = [
        "12-34",
        " March ",
        "Dr. ",
        "Elm",
        " Street ",
        "@",
        "mail.com",
        "555-0142",
        "+44 ",
        "MRN ",
        "/",
        "é",
        "90 ",
    ]
    for _ in range(300):
        text = "".join(generator.choices(pieces, k=30))
        alone = {i for i, expression in enumerate(patterns._compiled) if expression.search(text)}
        assert alone == set(patterns._set.Match(text) or ())

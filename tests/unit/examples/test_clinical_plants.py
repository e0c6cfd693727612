"""Planted faults are exactly what the truth says of them."""

from __future__ import annotations

import difflib
import ipaddress
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acclimate.examples.clinical.identifiers import VALUES, card, iban, identifier_exchange, ip
from acclimate.examples.clinical.marks import mark, unmark
from acclimate.examples.clinical.people import draw_people
from acclimate.examples.clinical.plants import edit_words, misread

PERSON = draw_people(3, ("north",), 1)[0]
TALK = "\n".join(f"Doctor: a{n} b{n} c{n}, d{n}?\nPatient: e{n} f{n} g{n}." for n in range(12))


@pytest.mark.parametrize("share", [0.05, 0.10, 0.20])
def test_the_stated_share_of_words_is_edited(share: float) -> None:
    edited, count = edit_words(TALK, random.Random(1), share=share)
    assert count == round(share * len(TALK.split()))
    matcher = difflib.SequenceMatcher(None, TALK.split(), edited.split(), autojunk=False)
    changed = sum(max(b - a, d - c) for kind, a, b, c, d in matcher.get_opcodes() if kind != "equal")
    assert changed == pytest.approx(count, abs=1)


def test_edits_spare_speakers_and_identifiers() -> None:
    text = f"Doctor: Hello {mark('name', 'Ana Ruiz')}, sit down.\nPatient: Thanks."
    edited, _ = edit_words(text, random.Random(2), share=1.0)
    assert [line.split(":")[0] for line in edited.split("\n")] == ["Doctor", "Patient"]
    assert [found.value for found in unmark(edited).identifiers] == ["Ana Ruiz"]


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
@given(st.text(alphabet="aé’“”–…ñ "))
def test_misread_text_can_be_told_apart_exactly_when_it_has_such_characters(encoding: str, text: str) -> None:
    assert (misread(text, encoding=encoding) == text) == text.isascii()


@given(st.integers(0, 10_000))
def test_card_numbers_pass_the_luhn_check(seed: int) -> None:
    digits = [int(character) for character in card(random.Random(seed), PERSON) if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    assert (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


@given(st.integers(0, 10_000))
def test_ibans_leave_the_remainder_one(seed: int) -> None:
    number = iban(random.Random(seed), PERSON).replace(" ", "")
    turned = number[4:] + number[:4]
    assert int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


@given(st.integers(0, 10_000))
def test_addresses_of_computers_are_valid(seed: int) -> None:
    assert ipaddress.ip_address(ip(random.Random(seed), PERSON)).version in (4, 6)


@pytest.mark.parametrize("kind", ["name", "age", *VALUES])
def test_an_exchange_gives_away_one_kind_of_identifier(kind: str) -> None:
    for seed in range(20):
        exchange, _ = identifier_exchange(random.Random(seed), kind, PERSON)
        found = unmark("\n".join(exchange))
        assert [planted.kind for planted in found.identifiers] == [kind]
        assert "{" not in found.text


@pytest.mark.parametrize("kind", ["phone", "date", "ssn", "card", "iban", "ip", "email", "url", "account"])
def test_identifiers_come_in_several_formats(kind: str) -> None:
    values = [VALUES[kind](random.Random(seed), PERSON) for seed in range(60)]
    shapes = {"".join("9" if c.isdigit() else "a" if c.isalpha() else c for c in value) for value in values}
    assert len(shapes) >= 3

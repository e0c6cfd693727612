"""What the source's fields say of a person, as forms to be found in the person's texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from acclimate.core.folding import fold
from acclimate.stages.deidentify.dates import read_date
from acclimate.stages.deidentify.forms import (
    CONTACT_GAPS,
    PHONE_GAPS,
    Form,
    KnownForms,
    number_form,
    words_form,
)
from acclimate.stages.deidentify.genders import genders_of
from acclimate.stages.deidentify.known_names import MINIMUM_LETTERS, PARTICLES, complete_names, name_forms, parse_name
from acclimate.stages.deidentify.phones import digits_of, national_digits, without_extension
from acclimate.stages.deidentify.places import PLAIN_WORDS
from acclimate.stages.deidentify.words import squash, tokens

_PLACES = ("address", "street", "city", "town", "county", "state", "country", "line", "place")
_KIND_WORDS = (
    ("email", ("mail",)),
    ("url", ("url", "website", "web_site", "homepage")),
    ("phone", ("phone", "tel", "mobile", "fax", "cell", "pager")),
    ("date", ("birth", "dob", "date", "deceased")),
    ("ssn", ("ssn", "social")),
    ("mrn", ("mrn", "record", "chart", "patient_id", "subject")),
    ("account", ("account", "acct", "customer")),
    ("licence", ("licence", "license", "passport", "driver")),
    ("plan", ("plan", "policy", "member", "insurance", "beneficiary", "medicare", "medicaid")),
    ("iban", ("iban",)),
    ("card", ("card",)),
    ("zip", ("zip", "postal", "postcode", "post_code")),
    ("address", _PLACES),
    ("name", ("name", "surname", "maiden", "alias", "nickname", "physician", "doctor", "provider", "relative")),
    ("ip", ("ip",)),
)
_MINIMUM_NUMBER = 5
_ABBREVIATIONS = (
    ("street", "st"), ("avenue", "ave"), ("road", "rd"), ("boulevard", "blvd"), ("lane", "ln"), ("drive", "dr"),
    ("court", "ct"), ("circle", "cir"), ("place", "pl"), ("terrace", "ter"), ("parkway", "pkwy"), ("highway", "hwy"),
    ("square", "sq"), ("trail", "trl"), ("apartment", "apt"), ("suite", "ste"), ("north", "n"), ("south", "s"),
    ("east", "e"), ("west", "w"),
)  # fmt: skip


HEADER_NAME, TITLED_NAME = "header name", "titled name"
"""What stands for the field's name where a text told a name: in a header, or after a title that says a gender."""


@dataclass(frozen=True)
class KnownValue:
    """A value of the source's structured fields, with the field's name, or one that a text told (see `told_by`)."""

    kind: str
    value: str


def kind_of(name: str) -> str:
    """The class of identifiers that a field's name points to.

    >>> [kind_of(name) for name in ("first_name", "Date of Birth", "MRN", "employer")]
    ['name', 'date', 'mrn', 'other']
    """
    words = [token.folded for token in tokens(name)]
    folded = "_".join(words)
    if words[-1:] == ["name"] and not any(sign in words for sign in _PLACES):
        return "name"
    for kind, signs in _KIND_WORDS:
        if any(sign in words if len(sign) < 3 else sign in folded for sign in signs):
            return kind
    return "other"


@dataclass(frozen=True)
class KnownPerson:
    """What is known of one person, ready to be looked for.

    `words` are all words and numbers of the values: no surrogate may be one of them. `unsearched` counts values too
    short to be told from other words and numbers. `genders` are those of first names, where anything says them.
    """

    forms: KnownForms
    words: frozenset[str]
    roles: dict[str, str]
    unsearched: int
    genders: dict[str, str]


def is_gender(name: str) -> bool:
    """Whether a field says somebody's gender: no identifier, and not looked for."""
    return any(token.folded in ("gender", "sex") for token in tokens(name))


def is_looked_for(value: KnownValue) -> bool:
    """Whether a value is an identifier; others only say a gender."""
    return value.kind != TITLED_NAME and not is_gender(value.kind)


def know(values: Sequence[KnownValue]) -> KnownPerson:
    """Everything to look for in a person's texts, and what else is known of them."""
    genders = genders_of(
        [(value.kind, value.value) for value in values if is_looked_for(value) and kind_of(value.kind) == "name"],
        [value.value for value in values if value.kind == TITLED_NAME],
        [value.value for value in values if is_gender(value.kind)],
    )
    values = [value for value in values if is_looked_for(value)]
    forms: list[Form] = []
    unsearched = 0
    for value in values:
        kind = kind_of(value.kind)
        if kind == "name":
            continue
        found = list(_forms(value.value, kind)) or list(_forms_by_content(value.value, kind))
        forms += found
        unsearched += not found
    names = complete_names(
        parse_name(value.value, fold(value.kind)) for value in values if kind_of(value.kind) == "name"
    )
    for name in names:
        found = list(name_forms(name))
        forms += found
        unsearched += not found
    words = frozenset(token.folded for value in values for token in tokens(value.value))
    roles = {part.value: part.role for form in forms for part in form.parts}
    return KnownPerson(KnownForms(forms), words, roles, unsearched, genders)


def _forms(value: str, kind: str) -> Iterator[Form]:
    if kind == "date":
        yield from _date_forms(value)
    elif kind == "phone":
        yield from _phone_forms(value)
    elif kind == "address":
        yield from _address_forms(value)
    elif kind in ("email", "url", "ip") and len(squash(value)) >= _MINIMUM_NUMBER:
        yield number_form(value, kind, gaps=CONTACT_GAPS)


def _forms_by_content(value: str, kind: str) -> Iterator[Form]:
    """A value whose field's name says little, or something else than the value: by whether it holds digits."""
    if digits_of(value):
        if len(squash(value)) >= _MINIMUM_NUMBER:
            yield number_form(value, "other" if kind in ("date", "phone") else kind)
    elif len(squash(value)) >= MINIMUM_LETTERS:
        yield words_form(value, "other", full=True, capital=len(tokens(value)) == 1)


def _date_forms(value: str) -> Iterator[Form]:
    """A date without separators; with them, any date is found by its pattern."""
    written = read_date(value.strip().split("T")[0].split(" 00:")[0])
    if written is None or not (written.has_day and written.has_year):
        return
    day = written.first
    for layout in ("%Y%m%d", "%m%d%Y", "%d%m%Y"):
        yield number_form(day.strftime(layout), "date", canonical=layout)


def _phone_forms(value: str) -> Iterator[Form]:
    """A number with and without country code, trunk zero and (for seven digits after an area code) area."""
    digits = digits_of(without_extension(value))
    national = national_digits(value)
    if len(national) < 7:
        return
    for written in dict.fromkeys((digits, national, "1" + national, "0" + national)):
        yield number_form(written, "phone", gaps=PHONE_GAPS, canonical=national)
    if len(national) == 10:
        yield number_form(national[3:], "phone", gaps=PHONE_GAPS, full=False, canonical=national[3:])


def _address_forms(value: str) -> Iterator[Form]:
    """The whole address, its lines and parts, each also with the usual abbreviations; a part alone needs its capitals."""
    parts = [part.strip() for part in value.replace("\n", ",").split(",") if squash(part)]
    beginnings = [", ".join(parts[: count + 1]) for count in range(1, len(parts))]
    for text in beginnings + parts:
        words = [token.folded for token in tokens(text)]
        number = any(word.isdigit() for word in words)
        if number and len(words) > 1:
            for variant in _variants(text):
                yield words_form(variant, "address", full=True)
        elif number and len(squash(text)) >= _MINIMUM_NUMBER:
            yield number_form(text, "zip")
        elif not number and len(squash(text)) >= MINIMUM_LETTERS:
            yield words_form(text, "address", full=len(parts) == 1, capital=True)
    yield from _street_name_forms(parts)


def _street_name_forms(parts: Iterable[str]) -> Iterator[Form]:
    """The street without its number, where a word of its own stands before Street or Road."""
    for part in parts:
        words = tokens(part)
        named = [word for word in words if not word.folded.isdigit()]
        own = [word for word in named if word.folded not in PLAIN_WORDS and word.folded not in PARTICLES]
        if len(named) < len(words) and own and len(named) > 1 and words[0].folded.isdigit():
            for variant in _variants(" ".join(part[word.start : word.end] for word in named)):
                yield words_form(variant, "address", full=False, capital=True)


def _variants(text: str) -> list[str]:
    """A text with its address words as they are, all short, and all long."""
    shorter, longer = dict(_ABBREVIATIONS), {short: long for long, short in _ABBREVIATIONS}
    variants = [text]
    for table in (shorter, longer):
        pieces, end = [], 0
        for word in tokens(text):
            pieces += [text[end : word.start], table.get(word.folded, text[word.start : word.end])]
            end = word.end
        variants.append("".join([*pieces, text[end:]]))
    return list(dict.fromkeys(variants))

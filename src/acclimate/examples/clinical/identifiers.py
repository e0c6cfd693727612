"""Identifiers of every kind in the formats in which people say and type them, and the exchanges that carry them.

All values are drawn at random; where a kind has a check digit, it is right. Nothing here looks at how a detector works.
"""

from __future__ import annotations

import datetime
import ipaddress
import random
from collections.abc import Callable, Mapping

from acclimate.examples.clinical.excerpt import Exchange
from acclimate.examples.clinical.lexicon import headed
from acclimate.examples.clinical.marks import mark
from acclimate.examples.clinical.people import Person
from acclimate.examples.clinical.wording import in_words

KINDS = (
    "name", "phone", "email", "ssn", "mrn", "account", "card", "iban", "ip", "url", "date", "date_of_birth", "age",
    "address",
)  # fmt: skip

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip

PHONE_FORMATS = (
    "({0}) {1}-{2}", "{0}-{1}-{2}", "{0}.{1}.{2}", "{0} {1} {2}", "+1 {0} {1} {2}", "+1-{0}-{1}-{2}", "1-{0}-{1}-{2}",
    "({0}){1}-{2}", "{0}{1}{2}", "({0}) {1}-{2} ext. 31",
)  # fmt: skip

DATE_FORMATS = (
    "{m:02d}/{d:02d}/{y}", "{m}/{d}/{y}", "{m}/{d}/{yy:02d}", "{y}-{m:02d}-{d:02d}", "{m:02d}-{d:02d}-{y}",
    "{month} {d}, {y}", "{month} {d}{th}, {y}", "{mon} {d}, {y}", "{d} {month} {y}", "{d}-{mon}-{y}", "{mon}. {d}, {y}",
    "the {d}{th} of {month} {y}",
)  # fmt: skip

IBAN_SHAPES = {"DE": "n" * 18, "GB": "aaaa" + "n" * 14, "FR": "n" * 10 + "x" * 11 + "nn", "ES": "n" * 20,
               "NL": "aaaa" + "n" * 10, "IT": "a" + "n" * 10 + "x" * 12}  # fmt: skip


def digits(rng: random.Random, count: int) -> str:
    """A number of so many digits, the first not zero."""
    return str(rng.randrange(10 ** (count - 1), 10**count))


def phone(rng: random.Random, person: Person) -> str:
    """The person's own number, or another one, in any format."""
    own = tuple(person.phone.split("-"))
    other = (str(rng.randrange(201, 990)), str(rng.randrange(200, 999)), str(rng.randrange(1000, 9999)))
    return rng.choice(PHONE_FORMATS).format(*rng.choice((own, other)))


def email(rng: random.Random, person: Person) -> str:
    """An address made from the person's name or from none."""
    first, last = person.first.lower(), person.last.lower().replace(" ", "")
    local = rng.choice(
        (f"{first}.{last}", f"{first[0]}{last}", f"{last}_{first}{rng.randrange(40, 99)}", f"{first}+clinic",
         f"{last}.family", f"{first.upper()}.{last.upper()}")
    )  # fmt: skip
    return f"{local}@{rng.choice(('example.com', 'mail.example.org', 'post.example.net', 'example.co.uk'))}"


def ssn(rng: random.Random, person: Person) -> str:
    """A social security number of a valid area."""
    area, group, serial = rng.randrange(101, 665), rng.randrange(10, 99), rng.randrange(1001, 9999)
    return rng.choice(("{}-{}-{}", "{} {} {}", "{}{}{}")).format(area, group, serial)


def mrn(rng: random.Random, person: Person) -> str:
    """The person's medical record number, plain, grouped or padded."""
    number = person.mrn
    return rng.choice((number, number, f"00{number}", f"{number[:2]}-{number[2:4]}-{number[4:]}"))


def account(rng: random.Random, person: Person) -> str:
    """An account, member or policy number."""
    letters = "".join(rng.choice("BCDFGHKLMWXZ") for _ in range(3))
    return rng.choice(
        (digits(rng, 8), digits(rng, 10), f"{digits(rng, 4)}-{digits(rng, 4)}", f"{letters}{digits(rng, 7)}",
         f"{letters}-{digits(rng, 6)}")
    )  # fmt: skip


def card(rng: random.Random, person: Person) -> str:
    """A card number whose Luhn digit is right."""
    prefix, length = rng.choice((("4", 16), ("5" + rng.choice("12345"), 16), ("37", 15)))
    body = prefix + "".join(rng.choice("0123456789") for _ in range(length - len(prefix) - 1))
    number = body + luhn_digit(body)
    groups = (number[:4], number[4:10], number[10:]) if length == 15 else [number[i : i + 4] for i in (0, 4, 8, 12)]
    return rng.choice((" ", "-", "")).join(groups)


def luhn_digit(body: str) -> str:
    """The check digit that makes a card number valid (ISO/IEC 7812-1).

    >>> luhn_digit("7992739871")
    '3'
    """
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(body))]
    return str(-sum(value - 9 if value > 9 else value for value in doubled) % 10)


def iban(rng: random.Random, person: Person) -> str:
    """A bank account number with right check digits, in groups of four or in one piece."""
    country = rng.choice(sorted(IBAN_SHAPES))
    pools = {"n": "0123456789", "a": "ABCDEFGHKLMNPRSTW", "x": "0123456789ABCDEFGHKLM"}
    account_part = "".join(rng.choice(pools[shape]) for shape in IBAN_SHAPES[country])
    number = country + iban_digits(country, account_part) + account_part
    grouped = " ".join(number[place : place + 4] for place in range(0, len(number), 4))
    return rng.choice((grouped, grouped, number))


def iban_digits(country: str, account_part: str) -> str:
    """The two check digits of an IBAN (ISO 13616).

    >>> iban_digits("GB", "WEST12345698765432")
    '82'
    """
    as_number = "".join(str(int(character, 36)) for character in f"{account_part}{country}00")
    return f"{98 - int(as_number) % 97:02d}"


def ip(rng: random.Random, person: Person) -> str:
    """An IPv4 or IPv6 address, the latter short or in full."""
    if rng.random() < 0.6:
        return f"{rng.randrange(11, 223)}.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"
    address = ipaddress.IPv6Address((0x20010DB8 << 96) + rng.getrandbits(rng.choice((32, 64, 96))))
    return rng.choice((address.compressed, address.compressed, address.exploded))


def url(rng: random.Random, person: Person) -> str:
    """A web address, with or without its scheme."""
    last = person.last.lower().replace(" ", "")
    path = f"{rng.choice(('log', 'share', 'u', 'health'))}/{digits(rng, rng.choice((3, 5)))}"
    return rng.choice(
        (f"https://www.example.org/{path}", f"http://{last}.example.com/{path}", f"www.{last}-family.example.net",
         f"https://portal.example.com/login?id={digits(rng, 6)}", f"www.example.com/{last}/{path}")
    )  # fmt: skip


def written_date(rng: random.Random, day: datetime.date) -> str:
    """A day in any of the formats of a chart or of speech."""
    th = "th" if 11 <= day.day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th")
    month = MONTHS[day.month - 1]
    slots = {"y": day.year, "yy": day.year % 100, "m": day.month, "d": day.day, "th": th}
    return rng.choice(DATE_FORMATS).format(month=month, mon=month[:3], **slots)


def date(rng: random.Random, person: Person) -> str:
    """A day of the last two years."""
    return written_date(rng, datetime.date(2025, 6, 30) - datetime.timedelta(days=rng.randrange(1, 700)))


def date_of_birth(rng: random.Random, person: Person) -> str:
    """The person's birthday, in any format."""
    return written_date(rng, person.born)


def address(rng: random.Random, person: Person) -> str:
    """The person's address, whole, without the code, or the street alone."""
    street, city, state_and_code = person.address.rsplit(", ", 2)
    state = state_and_code.split()[0]
    return rng.choice((person.address, person.address, f"{street}, {city}", f"{street}, {city}, {state}", street))


VALUES: Mapping[str, Callable[[random.Random, Person], str]] = {
    "phone": phone, "email": email, "ssn": ssn, "mrn": mrn, "account": account, "card": card, "iban": iban, "ip": ip,
    "url": url, "date": date, "date_of_birth": date_of_birth, "address": address,
}  # fmt: skip


def name_slots(rng: random.Random, person: Person) -> dict[str, str]:
    """The forms in which a dialogue names a person."""
    title = "Mr." if person.sex == "male" else rng.choice(("Mrs.", "Ms."))
    return {
        "name": mark("name", person.full),
        "first": mark("name", person.first),
        "title": f"{title} {mark('name', person.last)}",
        "possessive": f"{mark('name', person.first)}'s",
        "title_possessive": f"{title} {mark('name', person.last)}'s",
        "reversed": mark("name", f"{person.last}, {person.first}"),
        "upper": mark("name", person.full.upper()),
    }


def age_slots(rng: random.Random) -> dict[str, str]:
    """The forms in which a dialogue gives an age over 89; the words that make it an age belong to it."""
    number = rng.randint(91, 99)
    spoken = rng.choice((str(number), str(number), in_words(number)))
    return {
        "turned": mark("age", f"turned {spoken}"),
        "years": mark("age", f"{spoken} years old"),
        "hyphenated": mark("age", f"{spoken}-year-old"),
        "aged": mark("age", f"aged {spoken}"),
    }


def identifier_exchange(rng: random.Random, kind: str, person: Person) -> tuple[Exchange, dict[str, str]]:
    """An exchange that gives one identifier away, and the slots it was filled from."""
    if kind == "name":
        slots = name_slots(rng, person)
    elif kind == "age":
        slots = age_slots(rng)
    else:
        slots = {"value": mark(kind, VALUES[kind](rng, person))}
    template = rng.choice(headed("identifiers")[kind])
    used = {name: value for name, value in slots.items() if f"{{{name}}}" in template}
    return tuple(template.format(**slots).split(" // ")), used


def note_sentence(kind: str, site: str, slots: Mapping[str, str]) -> str:
    """What a hospital's note always says of an identifier of this kind; empty for kinds that it leaves out."""
    wordings = dict(line.split(" = ") for line in headed("identifiers")[f"note.{site}"])
    return wordings[kind].format(**slots) if kind in wordings else ""

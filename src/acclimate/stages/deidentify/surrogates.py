"""What stands in for an identifier: drawn from the key, the person and the value, so that it is the same in every text."""

from __future__ import annotations

import datetime
from collections.abc import Callable

from acclimate.core.errors import ContractError
from acclimate.stages.deidentify.dates import read_date, shifted
from acclimate.stages.deidentify.draws import Draw
from acclimate.stages.deidentify.hits import KINDS, Hit, NamePart
from acclimate.stages.deidentify.invented import MAKERS
from acclimate.stages.deidentify.known_values import KnownPerson
from acclimate.stages.deidentify.layout import disguised, with_case_of, with_digits, with_ordinals
from acclimate.stages.deidentify.name_pools import first_names, last_names, of_length_like
from acclimate.stages.deidentify.organisations import ORGANISATION_WORDS
from acclimate.stages.deidentify.phones import digits_of, is_north_american, national_digits, without_extension
from acclimate.stages.deidentify.places import PLAIN_WORDS, STATE_CODES
from acclimate.stages.deidentify.times import general_age
from acclimate.stages.deidentify.words import squash, tokens

_ATTEMPTS = 200
_TELLING_LENGTH = 3
_NUMBERS = ("mrn", "account", "licence", "device", "plan", "zip")
_OWN = "own "


class Surrogates:
    """The surrogates of one person; those of a user's own classes are the same for everyone.

    `sparse_zips` are the first three digits of ZIP codes where no more than 20,000 people live: with them, a ZIP code
    keeps its first three digits, or gets 000 for those. None replaces all digits.
    """

    def __init__(
        self,
        key: bytes,
        subject: str,
        person: KnownPerson,
        *,
        days: int,
        day_first: bool,
        sparse_zips: frozenset[str] | None = None,
    ) -> None:
        self._key, self._subject, self._person = key, subject, person
        self._days, self._day_first, self._sparse_zips = days, day_first, sparse_zips
        self._drawn: dict[tuple[str, str, str], str] = {}

    def stand_in(self, text: str, hit: Hit) -> str:
        """What is to be written in place of a hit; never the value itself, nor a text that holds it (ages apart)."""
        surrogate = self._like(text, hit)
        if hit.kind in ("date", "age") or not any(found.full for found in self._person.forms.hits(surrogate)):
            return surrogate
        # What a surrogate keeps of the old value, such as a country code, is by itself another known value.
        value = text[hit.start : hit.end]
        return self._fitting("other", squash(value), value, lambda draw: disguised(value, draw))

    def _like(self, text: str, hit: Hit) -> str:
        value = text[hit.start : hit.end]
        if hit.kind not in KINDS:
            return self._own(value, hit)
        if hit.kind == "name" and hit.parts:
            return self._name(text, hit)
        if hit.kind == "date":
            return self._date(value, hit.canonical)
        if hit.kind == "age":
            return general_age(value)
        if hit.kind == "phone":
            return self._phone(value, hit.canonical or national_digits(value))
        if hit.kind in MAKERS:
            return self._fitting(hit.kind, squash(value), value, lambda draw: MAKERS[hit.kind](value, draw))
        if hit.kind == "zip" and self._sparse_zips is not None and len(digits_of(value)) in (5, 9):
            return self._zip(value, self._sparse_zips)
        if hit.kind in _NUMBERS or (hit.kind == "other" and hit.canonical and digits_of(value)):
            return self._fitting(hit.kind, squash(value), value, lambda draw: disguised(value, draw))
        return self._place(value, also_plain=ORGANISATION_WORDS if hit.kind == "organisation" else frozenset())

    def _fitting(self, kind: str, canonical: str, layout: str, make: Callable[[Draw], str]) -> str:
        """The first of a fixed row of candidates that neither holds the value nor is another value of the person."""
        known = self._drawn.get((kind, canonical, layout))
        if known is not None:
            return known
        whom = "" if kind.startswith(_OWN) else self._subject
        for attempt in range(_ATTEMPTS):
            candidate = make(Draw(self._key, whom, kind, canonical, str(attempt)))
            if self._fits(canonical, candidate):
                self._drawn[kind, canonical, layout] = candidate
                return candidate
        raise ContractError(f"no surrogate of class {kind} differs from all known values of its person")

    def _fits(self, canonical: str, candidate: str) -> bool:
        squashed = squash(candidate)
        if canonical == squashed or (len(canonical) >= _TELLING_LENGTH and canonical in squashed):
            return False
        if len(squashed) >= _TELLING_LENGTH and squashed in self._person.words:
            return False
        return not any(hit.full for hit in self._person.forms.hits(candidate))

    def _name(self, text: str, hit: Hit) -> str:
        pieces, end = [], hit.start
        for part in hit.parts:
            pieces += [text[end : part.start], self._name_part(text[part.start : part.end], part)]
            end = part.end
        return "".join([*pieces, text[end : hit.end]])

    def _name_part(self, written: str, part: NamePart) -> str:
        role = self._person.roles.get(part.value, part.role)
        pool = last_names() if role == "last" else first_names(part.value, self._person.genders.get(part.value, ""))
        if not part.initial:
            pool = of_length_like(pool, len(part.value))
        name = self._fitting(role, part.value, "", lambda draw: draw.choice(pool))
        return with_case_of(written, name[: len(written)] if part.initial else name)

    def _own(self, value: str, hit: Hit) -> str:
        """For a value of a user's own class: a code keeps its layout, words become last names, Ltd and the like stay."""
        kind = _OWN + hit.kind
        if digits_of(value):
            return self._fitting(kind, squash(value), value, lambda draw: disguised(value, draw))
        pieces, end, found = [], 0, tokens(value)
        plain = [token.folded in ORGANISATION_WORDS for token in found]
        for token, is_plain in zip(found, plain, strict=True):
            written = value[token.start : token.end]
            if not is_plain or all(plain):
                written = with_case_of(written, self._fitting(kind, token.folded, "", _last_name))
            pieces += [value[end : token.start], written]
            end = token.end
        return "".join([*pieces, value[end:]])

    def _zip(self, value: str, sparse: frozenset[str]) -> str:
        """A ZIP code of the same three-digit area (45 CFR 164.514(b)(2)(i)(B)); its other digits are drawn."""
        digits = digits_of(value)
        area = "000" if digits[:3] in sparse else digits[:3]
        return self._fitting("zip", digits, value, lambda draw: with_digits(value, area + draw.digits(len(digits) - 3)))

    def _date(self, value: str, layout: str) -> str:
        written = read_date(value, day_first=self._day_first)
        if written is not None:
            return shifted(written, self._days)
        digits = digits_of(value)
        if layout and len(digits) == 8:
            day = datetime.datetime.strptime(digits, layout) + datetime.timedelta(self._days)
            return with_digits(value, day.strftime(layout))
        return self._place(value)

    def _phone(self, value: str, national: str) -> str:
        """The number with another subscriber; a North American one in the range 555-0100 to 555-0199, which nobody has."""
        number = without_extension(value)
        digits = digits_of(number)
        if not digits.endswith(national) or len(national) < 7:
            national = digits
        if is_north_american(number, national):
            local = self._fitting("phone", national[-7:], "", lambda draw: "55501" + draw.digits(2))
            area = national[:-7] and self._fitting("area", national[:-7], "", lambda draw: str(200 + draw.below(800)))
            changed = area + local
        else:
            changed = self._fitting("phone", national, "", lambda draw: disguised(national, draw))
        extension = value[len(number) :]
        if extension:
            extension = with_digits(
                extension,
                self._fitting(
                    "extension", digits_of(extension), "", lambda draw: disguised(digits_of(extension), draw)
                ),
            )
        return with_digits(number, digits[: len(digits) - len(national)] + changed) + extension

    def _place(self, value: str, *, also_plain: frozenset[str] = frozenset()) -> str:
        """An address or other words with each word and number replaced by itself, so that parts agree with the whole.

        Words like Street and North stay, unless nothing else is there, as in a town called Grove Hill.
        """
        pieces, end = [], 0
        words = [(token, value[token.start : token.end]) for token in tokens(value)]
        plain = [_is_plain(written, token.folded) or token.folded in also_plain for token, written in words]
        for (token, written), is_plain in zip(words, plain, strict=True):
            stays = is_plain and not all(plain)
            pieces += [value[end : token.start], written if stays else self._place_word(written, token.folded)]
            end = token.end
        return with_ordinals("".join([*pieces, value[end:]]))

    def _place_word(self, written: str, folded: str) -> str:
        if folded.isdigit():
            return self._fitting("house", folded, "", lambda draw: disguised(folded, draw))
        if len(folded) == 1:
            return with_case_of(written, self._fitting("letter", folded, "", lambda draw: disguised(folded, draw)))
        return with_case_of(written, self._fitting("place", folded, "", lambda draw: draw.choice(last_names())))


def _last_name(draw: Draw) -> str:
    return draw.choice(last_names())


def _is_plain(written: str, folded: str) -> bool:
    return folded in PLAIN_WORDS or written in STATE_CODES

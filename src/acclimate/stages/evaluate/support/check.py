"""Each statement of an answer against its source: it stands there, it does not, or the source says otherwise.

Deterministic, offline and by rules: a mark names its kind, its place, its reason and, where there is one, the place in
the source that supports or contradicts it. Nothing else in the answer is judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from acclimate.stages.evaluate.support.dates import Date, dates
from acclimate.stages.evaluate.support.names import Name, Reference, names, references
from acclimate.stages.evaluate.support.negations import Mention, mentions
from acclimate.stages.evaluate.support.quantities import DOSED, MONEY, Quantity, frequencies, quantities
from acclimate.stages.evaluate.support.sides import BOTH, Side, same_part, sides
from acclimate.stages.evaluate.support.text import Text, listed, stem

Kind = Literal["number", "dose", "amount", "date", "route", "side", "negation", "name", "reference"]
KINDS: tuple[Kind, ...] = ("number", "dose", "amount", "date", "route", "side", "negation", "name", "reference")
Reason = Literal[
    "stands",
    "absent",
    "other_unit",
    "other_dose",
    "no_such_drug",
    "other_side",
    "said_to_be_absent",
    "said_to_be_there",
]

_ROUTES = {
    "mouth": "oral", "oral": "oral", "orally": "oral", "po": "oral", "swallow": "oral",
    "iv": "intravenous", "intravenous": "intravenous", "intravenously": "intravenous",
    "im": "intramuscular", "intramuscular": "intramuscular", "intramuscularly": "intramuscular",
    "subcutaneous": "subcutaneous", "subcutaneously": "subcutaneous", "subq": "subcutaneous", "sc": "subcutaneous",
    "inhaled": "inhaled", "inhaler": "inhaled", "inhalation": "inhaled", "nebulizer": "inhaled", "inhale": "inhaled",
    "topical": "topical", "topically": "topical", "cream": "topical", "ointment": "topical",
    "rectal": "rectal", "rectally": "rectal", "suppository": "rectal",
    "sublingual": "sublingual", "sublingually": "sublingual", "tongue": "sublingual",
    "transdermal": "transdermal", "patch": "transdermal",
}  # fmt: skip
_FORMS = frozenset(
    listed(
        "cream ointment gel lotion tablet tablets capsule capsules pill pills inhaler patch spray drops syrup solution"
    )
)
_BETWEEN_DRUG_AND_DOSE = _FORMS | frozenset(
    listed("of at dose doses a about take takes taking is was being to the on per daily and for")
)
_NO_DRUGS = _BETWEEN_DRUG_AND_DOSE | frozenset(
    listed("total altogether maximum minimum least another additional extra around given taken under above below")
)
"""What stands in front of a dose and is no drug, beside what ends as adverbs and past forms of verbs do."""
_CUT = re.compile(r"[.;:,()\n\d]")
"""What parts a dose from a word that is not its drug."""
_MOST_OF_A_DRUG = 20.0
"""Grams: what weighs more is a person or a loss of weight."""


@dataclass(frozen=True)
class Mark:
    """A statement of an answer. `start` and `end` are code points of the answer, `evidence` of the source."""

    kind: Kind
    start: int
    end: int
    is_supported: bool
    reason: Reason
    evidence: tuple[int, int] | None = None


class _Read:
    """What one text states, each kind found when first asked for."""

    def __init__(self, text: str) -> None:
        self.text = Text(text)

    @cached_property
    def dates(self) -> list[Date]:
        return dates(self.text.text)

    @cached_property
    def references(self) -> list[Reference]:
        return references(self.text.text)

    @cached_property
    def quantities(self) -> list[Quantity]:
        often = frequencies(self.text.text)
        taken = [(one.start, one.end) for one in often]
        taken += [(one.start, one.end) for one in self.dates] + [(one.start, one.end) for one in self.references]
        return sorted([*often, *quantities(self.text.text, without=taken)], key=lambda one: one.start)

    @cached_property
    def sides(self) -> list[Side]:
        return sides(self.text)

    @cached_property
    def mentions(self) -> list[Mention]:
        return mentions(self.text)

    @cached_property
    def mentions_of(self) -> dict[str, list[Mention]]:
        found: dict[str, list[Mention]] = {}
        for mention in self.mentions:
            found.setdefault(mention.head, []).append(mention)
        return found


class Source:
    """A source that is read once and answers for any number of texts written from it."""

    def __init__(self, text: str) -> None:
        self._read = _Read(text)

    def check(self, answer: str) -> list[Mark]:
        """The statements of an answer in their order.

        >>> source = Source("Patient: I take 10 mg of lisinopril. My left knee hurts, no fever.")
        >>> marks = source.check("Lisinopril 20 mg. Right knee pain and fever.")
        >>> [(mark.kind, mark.is_supported, mark.reason) for mark in marks]
        [('dose', False, 'absent'), ('side', False, 'other_side'), ('negation', False, 'said_to_be_absent')]
        """
        read = _Read(answer)
        marks = [
            *self._numbers(read),
            *(self._date(date) for date in read.dates),
            *self._routes(read),
            *(self._side(side) for side in read.sides),
            *self._negations(read),
            *(self._name(name) for name in names(read.text)),
            *(self._reference(reference) for reference in read.references),
        ]
        return sorted(marks, key=lambda mark: (mark.start, mark.end, mark.kind))

    def _numbers(self, read: _Read) -> Iterator[Mark]:
        drugs = {drug for quantity in read.quantities if (drug := self._drug(read, quantity)) is not None}
        for quantity in read.quantities:
            if not quantity.is_claim:
                continue
            drug = self._drug(read, quantity)
            kind: Kind = (
                "amount" if quantity.dimension in MONEY else "dose" if quantity.dimension in DOSED else "number"
            )
            equal = [other for other in self._read.quantities if quantity.equals(other)]
            if not equal:
                same = [other for other in self._read.quantities if quantity.plain == other.plain]
                evidence = (same[0].start, same[0].end) if same else None
                yield Mark(kind, quantity.start, quantity.end, False, "other_unit" if same else "absent", evidence)
                continue
            if self._is_of_another_drug(read, quantity):
                yield Mark(kind, quantity.start, quantity.end, False, "no_such_drug")
                continue
            if drug is not None and len(drugs) > 1:
                own = [other for other in equal if self._nearest(other, drugs) in (drug, None)]
                if not own:
                    yield Mark(kind, quantity.start, quantity.end, False, "other_dose", (equal[0].start, equal[0].end))
                    continue
                equal = own
            yield Mark(kind, quantity.start, quantity.end, True, "stands", (equal[0].start, equal[0].end))

    def _drug(self, read: _Read, quantity: Quantity) -> str | None:
        """The stem of the word that a dose is said of, where the source has that word too."""
        if quantity.dimension not in DOSED:
            return None
        before = read.text.words_from(max(0, quantity.start - 80), quantity.start)[-3:][::-1]
        after = read.text.words_from(quantity.end, quantity.end + 80)[:2]
        for candidates in (before, after):
            for word in candidates:
                if word.text in _BETWEEN_DRUG_AND_DOSE:
                    continue
                base = stem(word.text)
                if base in self._read.text.stems and len(word.text) > 3:
                    return base
                break
        return None

    def _is_of_another_drug(self, read: _Read, quantity: Quantity) -> bool:
        """Whether the word directly in front of a dose is one that the source never says: bradoline 4 mg."""
        is_drugs = quantity.dimension == "equivalents" or (
            quantity.dimension == "mass" and quantity.value <= _MOST_OF_A_DRUG
        )
        words = read.text.words_from(max(0, quantity.start - 80), quantity.start)[::-1]
        named = next((word for word in words if word.text not in _FORMS), None)
        after = read.text.words_from(quantity.end, quantity.end + 10)
        if not is_drugs or named is None or (after and after[0].text == "of"):
            return False
        if len(named.text) < 5 or named.text in _NO_DRUGS or named.text.endswith(("ly", "ed")):
            return False
        between = read.text.text[named.end : quantity.start]
        return not _CUT.search(between) and stem(named.text) not in self._read.text.stems

    def _nearest(self, quantity: Quantity, drugs: set[str]) -> str | None:
        """Which of the drugs stands nearest to a dose of the source, one in front of it first; None where none does."""
        found = [
            ((quantity.start - word.end) if word.end <= quantity.start else 2 * (word.start - quantity.end), drug)
            for drug in drugs
            for word in self._read.text.stems.get(drug, ())
        ]
        return min(found)[1] if found else None

    def _date(self, date: Date) -> Mark:
        for other in self._read.dates:
            if date.agrees(other):
                return Mark("date", date.start, date.end, True, "stands", (other.start, other.end))
        return Mark("date", date.start, date.end, False, "absent")

    def _routes(self, read: _Read) -> Iterator[Mark]:
        there = {_ROUTES[word.text]: (word.start, word.end) for word in self._read.text.words if word.text in _ROUTES}
        for word in read.text.words:
            route = _ROUTES.get(word.text)
            if route is not None and there:
                stands = route in there
                yield Mark("route", word.start, word.end, stands, "stands" if stands else "absent", there.get(route))

    def _side(self, side: Side) -> Mark:
        near = [other for other in self._read.sides if same_part(side.part, other.part)]
        for other in near:
            if other.side == side.side or other.side == BOTH:
                return Mark("side", side.start, side.end, True, "stands", (other.start, other.end))
        if side.side == BOTH and len({other.side for other in near}) == 2:
            return Mark("side", side.start, side.end, True, "stands", (near[0].start, near[0].end))
        if near:
            return Mark("side", side.start, side.end, False, "other_side", (near[0].start, near[0].end))
        for other in self._read.sides:
            if other.side == side.side:
                return Mark("side", side.start, side.end, True, "stands", (other.start, other.end))
        return Mark("side", side.start, side.end, False, "absent")

    def _negations(self, read: _Read) -> Iterator[Mark]:
        """What the source speaks of with one polarity throughout, where either text denies it."""
        for mention in read.mentions:
            said = [other for other in self._read.mentions_of.get(mention.head, []) if mention.modifiers <= other.near]
            if mention.holds is None or not said or any(other.holds is None for other in said):
                continue
            agreeing = [other for other in said if other.holds == mention.holds]
            if mention.holds and len(agreeing) == len(said):
                continue
            if agreeing:
                place = (agreeing[0].start, agreeing[0].end)
                yield Mark("negation", mention.start, mention.end, True, "stands", place)
            else:
                reason: Reason = "said_to_be_absent" if mention.holds else "said_to_be_there"
                yield Mark("negation", mention.start, mention.end, False, reason, (said[0].start, said[0].end))

    def _name(self, name: Name) -> Mark:
        word = self._read.text.first_places.get(name.word)
        if word is not None:
            return Mark("name", name.start, name.end, True, "stands", (word.start, word.end))
        return Mark("name", name.start, name.end, False, "absent")

    def _reference(self, reference: Reference) -> Mark:
        for other in self._read.references:
            if (other.kind, other.number) == (reference.kind, reference.number):
                return Mark("reference", reference.start, reference.end, True, "stands", (other.start, other.end))
        return Mark("reference", reference.start, reference.end, False, "absent")

"""Where an identifier stands in a text, and how overlapping finds become a list of separate ones."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

KINDS = (
    "email",
    "url",
    "ssn",
    "mrn",
    "account",
    "licence",
    "vehicle",
    "device",
    "plan",
    "card",
    "iban",
    "ip",
    "phone",
    "date",
    "age",
    "zip",
    "address",
    "name",
    "organisation",
    "other",
)
"""The classes of identifiers; where two claim the same stretch, the earlier one gets it, and a user's own before all."""

_RANKS = {kind: rank for rank, kind in enumerate(KINDS)}

_WORDS = ("name", "address", "zip", "organisation")


@dataclass(frozen=True)
class NamePart:
    """A stretch of a name in a text: `value` is the whole first or last name it stands for."""

    start: int
    end: int
    role: str
    value: str
    initial: bool = False


@dataclass(frozen=True)
class Hit:
    """An identifier found in a text: code points from `start` to `end`, and the class it belongs to.

    `known` says that it is a value of the subject's identifiers, `full` that it is the whole value and not a piece;
    `canonical` is what all ways of writing that value share, where the text alone does not tell; `parts` are the
    pieces of a name.
    """

    start: int
    end: int
    kind: str
    known: bool = False
    full: bool = False
    canonical: str = ""
    parts: tuple[NamePart, ...] = ()


def overlaps(hit: Hit, start: int, end: int) -> bool:
    """Whether a hit shares a character with a stretch."""
    return hit.start < end and start < hit.end


def moved(hit: Hit, distance: int) -> Hit:
    """The same hit so many characters further on."""
    parts = tuple(replace(part, start=part.start + distance, end=part.end + distance) for part in hit.parts)
    return replace(hit, start=hit.start + distance, end=hit.end + distance, parts=parts)


def separate(hits: Iterable[Hit]) -> list[Hit]:
    """Hits that do not overlap and together cover all that the given ones cover, in text order.

    The longer one wins, a known value before a pattern of equal length; what it leaves uncovered of a loser stays a hit.
    """
    ranked = sorted(hits, key=lambda hit: (hit.start - hit.end, not hit.known, _RANKS.get(hit.kind, -1), hit.start))
    kept: list[Hit] = []
    for hit in ranked:
        for piece in _uncovered(hit, kept):
            kept.insert(bisect_left(kept, piece.start, key=lambda other: other.start), piece)
    return kept


def beside(text: str, found: Iterable[Hit], hits: Sequence[Hit]) -> list[Hit]:
    """Found names and places as they are, but without what another class claims: a date in an address stays a date.

    What is left of one beside a claimed number, as fax in "fax 555-0142", is none unless it has a capital or a digit.
    """
    claimed = separate(hit for hit in hits if hit.kind not in _WORDS)
    pieces = ((piece, hit) for hit in found for piece in _uncovered(hit, claimed))
    return [piece for piece, hit in pieces if piece is hit or _tells(text[piece.start : piece.end])]


def _tells(remnant: str) -> bool:
    return any(character.isupper() or character.isdecimal() for character in remnant)


def apart(found: Iterable[Hit], hits: Iterable[Hit]) -> list[Hit]:
    """The found hits that share no character with any of the others."""
    claimed: list[Hit] | None = None
    kept = []
    for hit in found:
        claimed = separate(hits) if claimed is None else claimed
        if _uncovered(hit, claimed) == [hit]:
            kept.append(hit)
    return kept


def _uncovered(hit: Hit, kept: Sequence[Hit]) -> list[Hit]:
    pieces, start = [], hit.start
    first = max(0, bisect_left(kept, hit.start, key=lambda other: other.start) - 1)
    last = bisect_left(kept, hit.end, key=lambda other: other.start)
    for other in kept[first:last]:
        if not overlaps(other, start, hit.end):
            continue
        if other.start > start:
            pieces.append(_remnant(hit, start, other.start))
        start = max(start, other.end)
    if start == hit.start:
        return [hit]
    if start < hit.end:
        pieces.append(_remnant(hit, start, hit.end))
    return pieces


def _remnant(hit: Hit, start: int, end: int) -> Hit:
    """A cut-off stretch cannot be read as what the whole was (half a date is no date), so it is merely disguised."""
    return replace(hit, start=start, end=end, kind="other", full=False, canonical="", parts=())

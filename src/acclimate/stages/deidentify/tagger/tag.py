"""The trained tier as the stage uses it: hits for names of people, places and organisations."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files

from acclimate.core.errors import ModelError
from acclimate.stages.deidentify.hits import Hit, NamePart
from acclimate.stages.deidentify.patterns import Find
from acclimate.stages.deidentify.people import name_parts
from acclimate.stages.deidentify.tagger.crf import OUTSIDE, Crf, read_crf
from acclimate.stages.deidentify.tagger.digest import MODEL_SHA256
from acclimate.stages.deidentify.tagger.features import Lists
from acclimate.stages.deidentify.tagger.words import Piece, passages, pieces

MODEL = "names.json"
_NAMES = re.compile(r"[^\W\d_]|\d{3}")
"""Letters, or digits enough for a postal code: 16% and #15. are no place."""
KIND_OF_LABEL = {"PER": "name", "ADR": "address", "LOC": "address", "ORG": "organisation"}


@functools.cache
def shipped() -> Crf:
    """The model in the package."""
    content = (files(__package__) / MODEL).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != MODEL_SHA256:
        raise ModelError(
            f"The tagger's file {MODEL} has the digest {found[:12]} in place of {MODEL_SHA256[:12]}: it is damaged or belongs "
            "to another version, and would find other names.",
            hint="install acclimate anew, or set deidentify.tagger to off",
        )
    return read_crf(content)


def name_hits(text: str, model: Crf | None = None) -> Iterator[Hit]:
    """Names of people, places and organisations in a text; hits do not overlap."""
    crf = model or shipped()
    for passage in passages(pieces(text)):
        labels = crf.best([piece.text for piece in passage])
        for label, start, end in labelled_stretches(passage, labels):
            kind = KIND_OF_LABEL[label]
            if not _NAMES.search(text, start, end):
                continue
            parts = pieces_of_name(text, start, end, crf.lists) if kind == "name" else ()
            yield Hit(start, end, kind, parts=parts)


def people_and_places(text: str, model: Crf | None = None) -> Iterator[Hit]:
    """The hits without organisations, which do not name a person and often carry meaning."""
    return (hit for hit in name_hits(text, model) if hit.kind != "organisation")


@dataclass(frozen=True)
class OwnTagger:
    """A tagger by the content of its file, so that it travels to other processes, and whether it finds organisations."""

    content: bytes
    organisations: bool

    def __call__(self, text: str) -> Iterator[Hit]:
        """The hits in a text; they do not overlap."""
        model = _own_model(self.content)
        return name_hits(text, model) if self.organisations else people_and_places(text, model)

    def check(self) -> None:
        """Fails where the file is no tagger."""
        _own_model(self.content)


@functools.lru_cache(maxsize=2)
def _own_model(content: bytes) -> Crf:
    try:
        model = read_crf(content)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise _no_tagger() from error
    kinds = {label[2:] for label in model.labels if label != OUTSIDE}
    if OUTSIDE not in model.labels or not kinds or not kinds <= set(KIND_OF_LABEL):
        raise _no_tagger()
    return model


def _no_tagger() -> ModelError:
    return ModelError(
        "The file that deidentify.tagger_model names holds no tagger.",
        hint="make one with: acclimate tagger retrain",
    )


def pieces_of_name(text: str, start: int, end: int, lists: Lists | None = None) -> tuple[NamePart, ...]:
    """The pieces of a name: the last word is the last name, unless a comma follows it or it is a first name alone."""
    lists = lists or shipped().lists
    parts = name_parts(Find(text, start, end))
    comma = text.find(",", start, end)
    if comma >= 0:
        return tuple(replace(part, role="last" if part.start < comma else "first") for part in parts)
    if len(parts) == 1 and "first" in lists.of(parts[0].value):
        return (replace(parts[0], role="first"),)
    return parts


def labelled_stretches(passage: Sequence[Piece], labels: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """Label and bounds of each run of pieces that begins with B- and goes on with I- of one label.

    >>> list(labelled_stretches([Piece(0, 3, "Ann"), Piece(4, 7, "Lee")], ["B-PER", "I-PER"]))
    [('PER', 0, 7)]
    """
    label, start, end = "", 0, 0
    for piece, tag in zip(passage, labels, strict=True):
        if tag == f"I-{label}":
            end = piece.end
            continue
        if label:
            yield label, start, end
        label, start, end = tag[2:], piece.start, piece.end
    if label:
        yield label, start, end

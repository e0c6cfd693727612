"""A tagger of the project's own, from spans that people marked: nobody who was erased is learnt, and its file says who was."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acclimate.core.atomic import write_bytes
from acclimate.core.erased import Refusals, read_erased
from acclimate.core.errors import ConfigError, DataError, ModelError
from acclimate.core.ports import Progress
from acclimate.core.surrogates import subject_hash
from acclimate.pipeline.outside import Outside
from acclimate.project.erasure import TAGGER_EVENT, Key, read_receipts
from acclimate.project.keys import fingerprint
from acclimate.project.workspace import Workspace
from acclimate.stages.deidentify.tagger.size import ITERATIONS, TEXTS

if TYPE_CHECKING:
    from acclimate.stages.deidentify.tagger.annotated import Annotated
    from acclimate.stages.deidentify.tagger.retrain import Reading

_OWNER = 0o600
_OPEN_ID = re.compile("[sd][0-9a-f]{32}")


@dataclass(frozen=True)
class TaggerTraining:
    """What to learn from and where to write: `places` are snapshots and files of JSON Lines, `labels` further labels."""

    places: Sequence[Path]
    output: Path
    labels: Mapping[str, str] = field(default_factory=dict)
    texts: int = TEXTS
    iterations: int = ITERATIONS


@dataclass(frozen=True)
class OwnTagger:
    """A written tagger, what it was learnt from, and how it and the packaged one read the texts of other people.

    `before` and `after` are by label; `unused` counts spans by a label that was not learnt, `forgotten` the texts of
    people who were erased.
    """

    file: Path
    sha256: str
    learnt: Mapping[str, int]
    measured: Mapping[str, int]
    before: Mapping[str, Reading]
    after: Mapping[str, Reading]
    unused: Mapping[str, int]
    forgotten: int

    def to_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {**asdict(self), "file": str(self.file)}


def retrain_tagger(
    outside: Outside, training: TaggerTraining, *, key: Key, progress: Callable[[str, int], Progress]
) -> OwnTagger:
    """Trains a tagger and writes its file, whole or not at all. To be called under the workspace's lock.

    Fails where too few spans, or spans of too few people, are there to learn from and to measure on.
    """
    _check_place(training)
    _check_trainer()
    from acclimate.stages.deidentify.tagger.annotated import read_annotations
    from acclimate.stages.deidentify.tagger.retrain import held_out, retrain

    annotations = read_annotations(training.places, labels=training.labels)
    gone = _Forgotten(outside)
    texts = [text for text in annotations.texts if not gone.holds(text.named)]
    halves = held_out(texts)
    people = sorted({_open_id(text, key) for text in halves.learnt})
    made = retrain(
        halves,
        learnt_from={"fingerprint": fingerprint(key.secret), "people": people},
        texts=training.texts,
        iterations=training.iterations,
        progress=progress,
    )
    digest = hashlib.sha256(made.content).hexdigest()
    # Said first: a file that no event names would not be found when somebody in it is erased.
    workspace = outside.workspace
    workspace.audit.append(TAGGER_EVENT, file=_place(workspace, training.output), digest=digest, people=len(people))
    write_bytes(training.output, made.content, mode=_OWNER)
    return OwnTagger(
        training.output,
        digest,
        _counts(halves.learnt),
        _counts(halves.measured),
        made.before,
        made.after,
        annotations.unused,
        len(annotations.texts) - len(texts),
    )


class _Forgotten:
    """Who was erased, by their own ids and by those of the open zone; annotations elsewhere may still hold them."""

    def __init__(self, outside: Outside) -> None:
        listed = read_erased(outside.workspace.erased)
        receipts = read_receipts(outside.workspace.erased)
        self._refusals = Refusals(listed, outside.keys_of_the_erased())
        self._open_ids = {one.subject for one in listed} | {name for one in receipts for name in one.records}

    def holds(self, name: str) -> bool:
        """Whether the person, or the document without a subject, was erased."""
        return name in self._open_ids or self._refusals.of(None, name) is not None


def _open_id(text: Annotated, key: Key) -> str:
    """The keyed hash of a text's person; an id of the open zone is one already."""
    return text.named if _OPEN_ID.fullmatch(text.named) else subject_hash(key.secret, text.named)


def _counts(texts: Sequence[Annotated]) -> dict[str, int]:
    spans = sum(len(text.example.stretches) for text in texts)
    return {"texts": len(texts), "people": len({text.person for text in texts}), "spans": spans}


def _place(workspace: Workspace, output: Path) -> str:
    """The file relative to the project's folder, or its whole path where it lies elsewhere."""
    whole, folder = output.resolve(), workspace.folder.resolve()
    return str(whole.relative_to(folder)) if whole.is_relative_to(folder) else str(whole)


def _check_place(training: TaggerTraining) -> None:
    """Says before a minute of work that nothing could be written."""
    output = training.output
    if output.is_dir() or not output.parent.is_dir():
        what = "is a folder" if output.is_dir() else f"cannot be written: there is no folder {output.parent}"
        raise ConfigError(f"{output} {what}.", hint="give --output the name of a file in a folder that is there")
    if output.resolve() in [place.resolve() for place in training.places]:
        raise DataError(
            f"{output} is what is to be learnt from, and would be overwritten.", hint="give --output another name"
        )


def _check_trainer() -> None:
    if importlib.util.find_spec("pycrfsuite") is None:
        raise ModelError(
            "Training a tagger needs python-crfsuite, which is not installed; reading one does not.",
            hint="pip install 'acclimate[tagger]'",
        )

"""Taggers of the project's own, which were trained on people's texts: which of them hold a person, and what becomes of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from acclimate.core.atomic import PARTIAL, partial_file
from acclimate.core.errors import ModelError
from acclimate.core.folding import fold
from acclimate.core.taggers import TaggerFile, read_tagger_file
from acclimate.project.erasure.person import Person, own_rows
from acclimate.project.workspace import Finished, Workspace

TAGGER_EVENT = "tagger trained"
"""The audit event that names the file of a tagger."""
_WORD = re.compile(r"[^\W\d_]{3,}")


@dataclass(frozen=True)
class HeldTagger:
    """The file of a tagger. `learnt` says whether it was trained on the person, None where that cannot be told.

    `words` counts the words of the person's identifiers that it holds; each may as well come from other people's texts.
    A file that is no tagger any more (`is_tagger`) may be something else of the user's, and is left as it is.
    """

    file: Path
    learnt: bool | None
    words: int = 0
    is_tagger: bool = True

    def place(self, root: Path) -> str:
        """The file relative to the project's folder, or its whole path where it lies elsewhere."""
        return str(self.file.relative_to(root.resolve())) if self._is_inside(root) else str(self.file)

    def goes(self, root: Path, *, keep_models: str) -> bool:
        """Whether the erasure deletes it: no file outside the project, and none that a reason keeps."""
        return self.is_tagger and self.learnt is not False and self._is_inside(root) and not keep_models

    def fate(self, root: Path, *, keep_models: str) -> str:
        """What becomes of it and what to do, in words that name nobody."""
        if not self.is_tagger:
            return "no tagger, or a damaged one: not changed; look what it is, and delete it if it was trained on them"
        told = {True: "trained on texts of theirs", False: "not trained on them", None: "whether it was trained on them cannot be told"}  # fmt: skip
        holds = f", holds {self.words} words of their identifiers, which others may have too" if self.words else ""
        return f"{told[self.learnt]}{holds}; {self._to_do(root, keep_models)}"

    def _to_do(self, root: Path, keep_models: str) -> str:
        if self.learnt is False:
            return "stays"
        if self.goes(root, keep_models=keep_models):
            return "is deleted; acclimate tagger retrain makes one without them, which the next run needs"
        why = f"kept, because: {keep_models}" if keep_models else "outside the project, not changed"
        return f"{why}; make one without them with acclimate tagger retrain, and delete this one"

    def _is_inside(self, root: Path) -> bool:
        return self.file.is_relative_to(root.resolve())


def held_taggers(
    workspace: Workspace, artifacts: Iterable[Finished], person: Person, *, tables: Iterable[Path], fingerprint: str
) -> tuple[HeldTagger, ...]:
    """Every tagger's file that is still there: those that were trained here, and those that deidentify was run with.

    `tables` are those whose rows hold people's identifiers, `fingerprint` is that of the key that hashes people.
    """
    artifacts, words = list(artifacts), None
    found = []
    for file in sorted({file for file in _files(workspace, artifacts) if file.is_file()}):
        words = _words_of(person, tables) if words is None else words
        found.append(_held(file, person, words, fingerprint))
    return tuple(found)


def _files(workspace: Workspace, artifacts: Iterable[Finished]) -> Iterator[Path]:
    named = [str(event["file"]) for event in workspace.audit.events() if event["action"] == TAGGER_EVENT]
    named += [item.manifest.config.get("tagger_model", "") for item in artifacts if item.manifest.stage == "deidentify"]
    for name in filter(None, named):
        file = (workspace.folder / Path(name).expanduser()).resolve()
        yield from (file, partial_file(file))


def _held(file: Path, person: Person, words: frozenset[str], fingerprint: str) -> HeldTagger:
    if file.name.endswith(PARTIAL):
        return HeldTagger(file, None)
    try:
        tagger = read_tagger_file(file)
    except ModelError:
        return HeldTagger(file, None, is_tagger=False)
    return HeldTagger(file, _is_learnt(tagger, person, fingerprint), len(words & tagger.words))


def _is_learnt(tagger: TaggerFile, person: Person, fingerprint: str) -> bool | None:
    if tagger.people is None or tagger.fingerprint != fingerprint:
        return None
    return not tagger.people.isdisjoint(person.ids)


def _words_of(person: Person, tables: Iterable[Path]) -> frozenset[str]:
    """The words of the person's identifiers, folded; numbers are no words of a tagger."""
    rows = (row for table in tables for row in own_rows(table, person, ("identifiers",)).to_pylist())
    values = (item["value"] for row in rows for item in row.get("identifiers") or () if item["value"])
    return frozenset(fold(word) for value in values for word in _WORD.findall(value))

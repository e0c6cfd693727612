"""Recognisers of names by other libraries, on a model that is already on this machine: spaCy, and Presidio on spaCy.

A recogniser is plain values until it reads its first text, so that it travels to other processes; there it refuses
another library or another model than the one it was made with, which would find other names.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from acclimate.core.atomic import file_digest, json_digest
from acclimate.core.errors import ModelError
from acclimate.core.ports import Recognised, Recogniser

PACKAGES: Mapping[str, tuple[str, ...]] = {"spacy": ("spacy",), "presidio": ("presidio-analyzer", "spacy")}
"""The libraries by name in acclimate.yaml, with the packages whose versions decide what they find."""

KIND_OF_LABEL = {
    "PERSON": "name", "PER": "name", "GPE": "address", "LOC": "address", "FAC": "address", "LOCATION": "address",
    "ORG": "organisation", "ORGANIZATION": "organisation",
    "EMAIL_ADDRESS": "email", "PHONE_NUMBER": "phone", "URL": "url", "IP_ADDRESS": "ip", "CREDIT_CARD": "card",
    "IBAN_CODE": "iban", "US_SSN": "ssn", "US_ITIN": "ssn", "US_DRIVER_LICENSE": "licence",
    "MEDICAL_LICENSE": "licence", "US_BANK_NUMBER": "account", "CRYPTO": "account", "UK_NHS": "mrn",
    "US_PASSPORT": "other", "MAC_ADDRESS": "other", "UUID": "other",
}  # fmt: skip
"""Labels of both libraries and the classes of deidentify. Dates, ages and nationalities are not taken: its patterns know
which dates and ages the law lets stand, and a nationality is no identifier."""

LEAST_SCORE = 0.35
"""Of Presidio's finds; below stand patterns without context, as any nine digits that might be a passport's."""

LONGEST_TEXT = 100_000
"""Characters given to spaCy at once; it refuses more than a million, and needs a gigabyte for 100,000 words."""

_MAIN_FILE = "config.cfg"


@dataclass(frozen=True)
class LocalRecogniser:
    """One library with one model; `digest` is what both were when it was made."""

    library: str
    folder: Path
    digest: str

    def __call__(self, text: str) -> Iterator[Recognised]:
        """What the library finds in a text, of the classes in KIND_OF_LABEL."""
        find = _loaded(self.library, self.folder, self.digest)
        for start, piece in _pieces(text):
            for first, last, label in find(piece):
                if label in KIND_OF_LABEL:
                    yield Recognised(start + first, start + last, KIND_OF_LABEL[label])


@dataclass(frozen=True)
class LocalRecognisers:
    """The recognisers of this machine."""

    def load(self, library: str, folder: Path, digest: str) -> Recogniser:
        """A recogniser; reads nothing before its first text."""
        return LocalRecogniser(library, folder, digest)


def recogniser_folder(model: str, folder: Path) -> Path:
    """The folder of a spaCy model: a path from `folder` on, or an installed package. Nothing is downloaded."""
    places = [folder / model]
    spec = importlib.util.find_spec(model) if model.isidentifier() else None
    if spec is not None and spec.origin is not None:
        places += sorted(Path(spec.origin).parent.glob(f"{model}-*"))
    for place in places:
        if (place / _MAIN_FILE).is_file():
            return place
    raise ModelError(
        f"There is no spaCy model {model}: neither a folder with {_MAIN_FILE} nor an installed package.",
        hint="give deidentify.recognisers the folder of a model, or install one as a package",
    )


def recogniser_digest(library: str, folder: Path) -> str:
    """What decides a recogniser's finds: the files of its model and the versions of its packages."""
    versions = {package: _version(library, package) for package in PACKAGES[library]}
    files = {
        str(file.relative_to(folder)): file_digest(file)
        for file in sorted(folder.rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts
    }
    return json_digest({"versions": versions, "files": files})


def import_recogniser(library: str) -> None:
    """Imports a library, some of which try a socket when they are imported."""
    importlib.import_module("spacy" if library == "spacy" else "presidio_analyzer")


def _version(library: str, package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError as error:
        raise ModelError(
            f"deidentify.recognisers names {library}, and {package} is not installed.",
            hint="pip install 'acclimate[recognisers]'",
        ) from error


@cache
def _loaded(library: str, folder: Path, digest: str) -> Any:
    if recogniser_digest(library, folder) != digest:
        raise ModelError(
            f"The model {folder.name} or the version of {library} is another one here, so other names would be found.",
            hint=f"install the same packages and the same model wherever deidentify runs, at {folder}",
        )
    return _spacy(folder) if library == "spacy" else _presidio(folder)


def _spacy(folder: Path) -> Any:
    import spacy

    read = spacy.load(folder, exclude=["parser", "lemmatizer", "attribute_ruler", "tagger"])

    def find(text: str) -> Sequence[tuple[int, int, str]]:
        return [(span.start_char, span.end_char, span.label_) for span in read(text).ents]

    return find


def _presidio(folder: Path) -> Any:
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    _keep_tldextract_offline()
    settings = {"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": str(folder)}]}
    engine = AnalyzerEngine(nlp_engine=NlpEngineProvider(nlp_configuration=settings).create_engine())

    def find(text: str) -> Sequence[tuple[int, int, str]]:
        found = engine.analyze(text, language="en", score_threshold=LEAST_SCORE)
        return sorted((hit.start, hit.end, hit.entity_type) for hit in found)

    return find


def _keep_tldextract_offline() -> None:
    """Presidio judges e-mail addresses with tldextract, which fetches the list of public suffixes unless told not to."""
    from tldextract import tldextract as module

    module.TLD_EXTRACTOR = module.TLDExtract(cache_dir=None, suffix_list_urls=())


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """A text in pieces of bounded length with their places, cut at white space where there is some."""
    start = 0
    while start < len(text):
        end = start + LONGEST_TEXT
        if end < len(text):
            cut = max(text.rfind(space, start, end) for space in (" ", "\n"))
            end = cut + 1 if cut > start else end
        yield start, text[start:end]
        start = end

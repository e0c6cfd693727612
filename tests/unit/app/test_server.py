from __future__ import annotations

import socket
from pathlib import Path

import pytest

from acclimate.annotation.people import password_is_right
from acclimate.app.identity import accept_invitation
from acclimate.app.server import ADDRESS, open_office, serve
from acclimate.core.errors import ConfigError, ResourceError

PASSWORD = "correct horse battery"


def test_the_first_start_gives_the_manager_a_link_and_later_ones_do_not(tmp_path: Path) -> None:
    first = open_office(tmp_path, manager="mia", port=8765, public_url=None)
    link = first.first_link
    assert link.startswith("http://127.0.0.1:8765/join/")
    accept_invitation(first.office.store, link.rpartition("/")[2], PASSWORD)
    assert password_is_right(first.office.store, "mia", PASSWORD)
    assert open_office(tmp_path, manager="eve", port=8765, public_url=None).first_link == ""


def test_a_first_link_that_was_not_used_is_replaced_at_the_next_start(tmp_path: Path) -> None:
    links = [open_office(tmp_path, manager="mia", port=8765, public_url=None).first_link for _ in range(2)]
    assert links[0] != links[1] and all(links)


@pytest.mark.parametrize("url", ["http://notes.example", "https://notes.example/path", "notes.example", "https://a@b"])
def test_a_public_address_that_is_not_https_and_a_host_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match="public address"):
        open_office(tmp_path, manager="mia", port=8765, public_url=url)


def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server((ADDRESS, 0)) as taken:
        port = taken.getsockname()[1]
        opened = open_office(tmp_path, manager="mia", port=port, public_url=None)
        with pytest.raises(ResourceError, match=f"Port {port}"):
            serve(opened.office, port=port)

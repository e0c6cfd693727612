from __future__ import annotations

import socket
from pathlib import Path

import pytest
from tests.unit.app.office_of_two_sites import app_of, signed_in

from acclimate.annotation.people import SYSTEM, Person, Role, password_is_right, save_person, set_password
from acclimate.app.identity import BREAK_GLASS, accept_invitation
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


def test_where_others_can_sign_in_a_new_owner_needs_a_reason_and_owners_are_shown_it(tmp_path: Path) -> None:
    store = open_office(tmp_path, manager="mia", port=8765, public_url=None).office.store
    save_person(store, Person("ann", (Role.ANNOTATOR,)), by=SYSTEM)
    set_password(store, "ann", PASSWORD, by=SYSTEM)
    for reason in ("", " "):
        with pytest.raises(ConfigError, match="break-glass access"):
            open_office(tmp_path, manager="eve", reason=reason, port=8765, public_url=None)
    opened = open_office(tmp_path, manager="eve", reason="mia <has> left", port=8765, public_url=None)
    accept_invitation(store, opened.first_link.rpartition("/")[2], PASSWORD)
    shown = {name: signed_in(opened.office, app_of(opened.office), name)[0].get("/").text for name in ("eve", "ann")}
    assert "Break-glass access on" in shown["eve"] and "mia &lt;has&gt; left" in shown["eve"]
    assert "Break-glass" not in shown["ann"]
    assert [event["details"]["person"] for event in store.events() if event["action"] == BREAK_GLASS] == ["eve"]


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

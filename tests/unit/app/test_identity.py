from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.unit.annotation.project_of_four import Clock
from tests.unit.app.office_of_two_sites import PASSWORD, app_of, browser, form_token, open_office, signed_in

from acclimate.annotation.people import SYSTEM, RefusedError, password_is_right, set_password
from acclimate.app.identity import (
    FREE_ATTEMPTS,
    IDLE_HOURS,
    INVITATION_DAYS,
    LOCK_MINUTES,
    SESSION_HOURS,
    accept_invitation,
    invite,
    invited_person,
    open_sessions,
    person_of,
    remove_access,
    sign_in,
    sign_out,
)
from acclimate.app.web import Office
from acclimate.core.errors import DataError


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def office(tmp_path: Path, clock: Clock) -> Office:
    office = open_office(tmp_path, clock)
    app_of(office)
    set_password(office.store, "ann", PASSWORD, by=SYSTEM)
    return office


def test_an_invitation_sets_the_password_once(office: Office) -> None:
    link = invite(office.store, "rae", by="mia")
    session = accept_invitation(office.store, link, PASSWORD)
    rae = person_of(office.store, session)
    assert rae is not None and rae.name == "rae"
    with pytest.raises(RefusedError, match="used or has run out"):
        accept_invitation(office.store, link, "somebody else's words")
    assert password_is_right(office.store, "rae", PASSWORD)


def test_a_password_that_is_too_short_leaves_the_invitation_open(office: Office) -> None:
    link = invite(office.store, "rae", by="mia")
    with pytest.raises(DataError, match="at least 12"):
        accept_invitation(office.store, link, "short")
    assert invited_person(office.store, link) == "rae"


def test_an_invitation_runs_out_and_a_new_one_ends_the_one_before(office: Office, clock: Clock) -> None:
    first, second = invite(office.store, "rae", by="mia"), invite(office.store, "rae", by="mia")
    assert (invited_person(office.store, first), invited_person(office.store, second)) == (None, "rae")
    clock.forward(minutes=INVITATION_DAYS * 24 * 60)
    assert invited_person(office.store, second) is None


def test_only_a_manager_invites(office: Office) -> None:
    with pytest.raises(RefusedError):
        invite(office.store, "rae", by="ann")


@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_a_name_is_locked_after_five_failures_whether_somebody_has_it_or_not(
    office: Office, clock: Clock, name: str
) -> None:
    assert [sign_in(office.store, name, "wrong") for _ in range(FREE_ATTEMPTS)] == [None] * FREE_ATTEMPTS
    assert sign_in(office.store, name, PASSWORD) is None
    clock.forward(minutes=LOCK_MINUTES)
    assert (sign_in(office.store, name, PASSWORD) is not None) == (name == "ann")


def test_a_session_ends_when_it_is_not_used_and_after_its_hours(office: Office, clock: Clock) -> None:
    session = sign_in(office.store, "ann", PASSWORD) or ""
    for _ in range(SESSION_HOURS - 1):
        clock.forward(minutes=60)
        assert person_of(office.store, session) is not None
    clock.forward(minutes=60)
    assert person_of(office.store, session) is None
    idle = sign_in(office.store, "ann", PASSWORD) or ""
    clock.forward(minutes=IDLE_HOURS * 60)
    assert person_of(office.store, idle) is None


def test_a_session_ends_at_sign_out_and_when_the_person_is_removed(office: Office) -> None:
    first, second = sign_in(office.store, "ann", PASSWORD) or "", sign_in(office.store, "ann", PASSWORD) or ""
    sign_out(office.store, first)
    assert person_of(office.store, first) is None
    assert person_of(office.store, second) is not None
    remove_access(office.store, "ann", by="mia")
    assert person_of(office.store, second) is None


def test_signing_out_everywhere_ends_all_sessions_of_that_person_alone(office: Office) -> None:
    set_password(office.store, "rae", PASSWORD, by=SYSTEM)
    own = [sign_in(office.store, "ann", PASSWORD) or "" for _ in range(3)]
    other = sign_in(office.store, "rae", PASSWORD) or ""
    assert open_sessions(office.store, "ann") == 3
    client, token = signed_in(office, app_of(office), "ann")
    assert client.post("/account/sign-out-everywhere", data={"form_token": token}).status_code == 303
    assert [person_of(office.store, session) for session in own] == [None] * 3
    assert client.get("/").headers["location"] == "/sign-in"
    assert person_of(office.store, other) is not None


def test_signing_in_again_in_the_same_browser_ends_the_session_before(office: Office) -> None:
    first = sign_in(office.store, "ann", PASSWORD) or ""
    second = sign_in(office.store, "ann", PASSWORD, replaces=first) or ""
    assert person_of(office.store, first) is None
    assert person_of(office.store, second) is not None


def test_a_name_that_is_not_there_costs_as_much_work_as_a_wrong_password(office: Office) -> None:
    spent = {"ann": 0.0, "nobody": 0.0}
    for name in ("ann", "nobody", "ann", "nobody", "ann", "nobody"):
        before = time.process_time()
        sign_in(office.store, name, "wrong")
        spent[name] += time.process_time() - before
    assert 0.5 < spent["ann"] / spent["nobody"] < 2


def test_a_manager_sets_no_password_of_an_owner(office: Office) -> None:
    with pytest.raises(RefusedError):
        invite(office.store, "olga", by="mia")
    with pytest.raises(RefusedError):
        set_password(office.store, "olga", PASSWORD, by="mia")


def test_the_database_holds_no_token_that_would_let_somebody_in(office: Office, tmp_path: Path) -> None:
    tokens = [sign_in(office.store, "ann", PASSWORD) or "", invite(office.store, "rae", by="mia")]
    stored = b"".join(file.read_bytes() for file in tmp_path.glob("annotation.db*"))
    assert [token for token in tokens if token.encode() in stored] == []


def test_a_cookie_that_was_planted_before_sign_in_is_not_the_session(office: Office) -> None:
    app = app_of(office)
    client = browser(app)
    client.cookies.set("acclimate", "planted")
    fields = {"name": "ann", "password": PASSWORD, "form_token": form_token(client.get("/sign-in").text)}
    set_cookie = client.post("/sign-in", data=fields).headers["set-cookie"]
    assert "planted" not in set_cookie and "HttpOnly" in set_cookie and "SameSite=lax" in set_cookie
    assert person_of(office.store, "planted") is None


def test_a_wrong_password_and_a_name_that_is_not_there_give_the_same_page(office: Office) -> None:
    client = browser(app_of(office))
    token = form_token(client.get("/sign-in").text)
    pages = [
        client.post("/sign-in", data={"name": name, "password": "wrong", "form_token": token}).text.replace(name, "")
        for name in ("ann", "zoe")
    ]
    assert pages[0] == pages[1]


def test_signing_out_in_the_browser_ends_the_session(office: Office) -> None:
    client, token = signed_in(office, app_of(office), "ann")
    assert client.post("/sign-out", data={"form_token": token}).status_code == 303
    assert client.get("/").headers["location"] == "/sign-in"

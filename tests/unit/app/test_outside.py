"""Signing in through a real provider on this machine, and everything that must not let anybody in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey
from starlette.testclient import TestClient
from tests.unit.annotation.project_of_four import Clock
from tests.unit.app.office_of_two_sites import app_of, browser, open_office
from tests.unit.app.oidc_provider import CLIENT, SECRET, LocalProvider, local_provider

from acclimate.app.identity import invite, remove_access
from acclimate.app.outside import Provider
from acclimate.app.server import OutsideSignIn, pages_of
from acclimate.app.web import Office, application
from acclimate.core.errors import ConfigError


@pytest.fixture(scope="module")
def provider() -> Iterator[LocalProvider]:
    with local_provider() as found:
        yield found


@pytest.fixture
def office(tmp_path: Path, provider: LocalProvider) -> Office:
    """The office, beside a provider that is honest again."""
    provider.subject, provider.claims, provider.signing_key, provider.algorithm = "subject-1", {}, None, "RS256"
    clock = Clock()
    provider.now = clock().timestamp()
    return open_office(tmp_path, clock)


def visitor(office: Office, provider: LocalProvider, *, secret: str = SECRET) -> TestClient:
    app = application(*pages_of(office, OutsideSignIn(provider.issuer, CLIENT, secret)))
    client = browser(app)
    client.get("/sign-in")
    return client


def way_back(client: TestClient, start: str) -> str:
    """Goes to the provider and comes to the address that it sends the browser back to."""
    to_provider = client.get(start)
    assert to_provider.status_code == 303
    back = httpx.get(to_provider.headers["location"])
    assert back.status_code == 307
    return str(back.headers["location"]).removeprefix(str(client.base_url))


def bound(office: Office, provider: LocalProvider) -> TestClient:
    """Ann's browser, after she joined with her account at the provider."""
    link = invite(office.store, "ann", by="mia")
    client = visitor(office, provider)
    assert client.get(way_back(client, f"/join/{link}/outside")).headers["location"] == "/"
    return client


def test_an_invitation_binds_an_account_and_from_then_on_it_lets_in(office: Office, provider: LocalProvider) -> None:
    first = bound(office, provider)
    assert "ann" in first.get("/account").text
    again = visitor(office, provider)
    before = again.cookies["acclimate"]
    assert again.get(way_back(again, "/sign-in/outside")).headers["location"] == "/"
    assert again.cookies["acclimate"] != before
    assert "ann" in again.get("/account").text
    events = [event["action"] for event in office.store.events()]
    assert "bound to an outside identity" in events and events[-1] == "signed in"


@pytest.mark.parametrize("link", ["", "none"])
def test_an_account_that_nobody_here_is_bound_to_is_not_let_in(
    office: Office, provider: LocalProvider, link: str
) -> None:
    client = visitor(office, provider)
    back = way_back(client, f"/join/{link}/outside" if link else "/sign-in/outside")
    assert client.get(back).status_code == 403
    assert client.get("/").headers["location"] == "/sign-in"


LIES: dict[str, dict[str, Any]] = {
    "another nonce": {"claims": {"nonce": "other"}},
    "another audience": {"claims": {"aud": "somebody else"}},
    "another issuer": {"claims": {"iss": "https://evil.example"}},
    "run out": {"claims": {"exp": 1}},
    "no subject": {"claims": {"sub": None}},
    "another key": {"signing_key": RSAKey.generate_key(2048, {"kid": "first"})},
    "another kind of signature": {"algorithm": "RS384"},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_lies_lets_nobody_in(office: Office, provider: LocalProvider, lie: str) -> None:
    bound(office, provider)
    for name, value in LIES[lie].items():
        setattr(provider, name, value)
    client = visitor(office, provider)
    refused = client.get(way_back(client, "/sign-in/outside"))
    assert refused.status_code == 403 and "does not hold" in refused.text
    assert client.get("/").headers["location"] == "/sign-in"


def test_what_comes_back_is_taken_once_and_in_the_browser_that_began_alone(
    office: Office, provider: LocalProvider
) -> None:
    bound(office, provider)
    victim, attacker = visitor(office, provider), visitor(office, provider)
    back = way_back(attacker, "/sign-in/outside")
    assert victim.get(back).status_code == 403
    assert attacker.get(back).status_code == 303
    assert browser(app_of(office)).get(back).status_code == 404
    assert victim.get("/sign-in/outside/back?state=x&code=y").status_code == 403


def test_a_wrong_client_secret_and_a_removed_person_are_refused(office: Office, provider: LocalProvider) -> None:
    bound(office, provider)
    client = visitor(office, provider, secret="wrong")
    assert client.get(way_back(client, "/sign-in/outside")).status_code == 403
    remove_access(office.store, "ann", by="mia")
    client = visitor(office, provider)
    assert client.get(way_back(client, "/sign-in/outside")).status_code == 403


def test_a_provider_that_is_away_is_a_sentence_and_one_without_https_is_refused(office: Office) -> None:
    away = LocalProvider("http://127.0.0.1:1")
    answer = visitor(office, away).get("/sign-in/outside")
    assert answer.status_code == 503 and "does not answer" in answer.text
    with pytest.raises(ConfigError, match="https"):
        Provider("http://id.example.org", CLIENT, SECRET, "https://notes.example")
    assert "Sign in with" not in browser(app_of(replace(office, outside=""))).get("/sign-in").text

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.unit.annotation.project_of_four import Clock
from tests.unit.app.office_of_two_sites import PASSWORD, app_of, open_office, signed_in

from acclimate.annotation.people import SYSTEM, set_password
from acclimate.app.identity import break_glass, person_of, proves, sign_in
from acclimate.app.second_factor import (
    DIGITS,
    STEP_SECONDS,
    begin_second_factor,
    code_at,
    confirm_second_factor,
    has_second_factor,
)
from acclimate.app.web import Office
from acclimate.core.errors import DataError, UserError


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def office(tmp_path: Path, clock: Clock) -> Office:
    office = open_office(tmp_path, clock)
    set_password(office.store, "ann", PASSWORD, by=SYSTEM)
    return office


def code(clock: Clock, secret: str, *, steps: int = 0) -> str:
    return code_at(secret, int(clock().timestamp()) // STEP_SECONDS + steps)


def set_up(office: Office, clock: Clock) -> tuple[str, tuple[str, ...]]:
    """The secret and the recovery codes; the clock is past the step of the confirming code."""
    secret = begin_second_factor(office.store, "ann")
    recovery = confirm_second_factor(office.store, "ann", code(clock, secret))
    clock.forward(minutes=1)
    return secret, recovery


@pytest.mark.parametrize(
    ("second", "expected"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_the_standard(second: int, expected: str) -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert code_at(secret, second // STEP_SECONDS) == expected


def test_the_password_alone_no_longer_lets_anybody_in(office: Office, clock: Clock) -> None:
    secret, _ = set_up(office, clock)
    assert sign_in(office.store, "ann", PASSWORD) is None
    assert sign_in(office.store, "ann", PASSWORD, code="0" * DIGITS) is None
    assert sign_in(office.store, "ann", "wrong", code=code(clock, secret)) is None
    assert sign_in(office.store, "ann", PASSWORD, code=code(clock, secret)) is not None


def test_a_code_is_taken_once_and_a_step_early_or_late(office: Office, clock: Clock) -> None:
    secret, _ = set_up(office, clock)
    assert proves(office.store, "ann", PASSWORD, code=code(clock, secret, steps=-1))
    assert not proves(office.store, "ann", PASSWORD, code=code(clock, secret, steps=-1))
    assert proves(office.store, "ann", PASSWORD, code=code(clock, secret, steps=1))
    assert not proves(office.store, "ann", PASSWORD, code=code(clock, secret))
    clock.forward(minutes=5)
    assert not proves(office.store, "ann", PASSWORD, code=code(clock, secret, steps=-2))


def test_a_recovery_code_works_once_however_it_is_typed(office: Office, clock: Clock) -> None:
    _, recovery = set_up(office, clock)
    assert len(set(recovery)) == 10
    assert proves(office.store, "ann", PASSWORD, code=f" {recovery[0].upper().replace('-', ' ')}")
    assert not proves(office.store, "ann", PASSWORD, code=recovery[0])
    assert proves(office.store, "ann", PASSWORD, code=recovery[1])


def test_a_secret_counts_only_when_a_code_of_it_was_confirmed(office: Office, clock: Clock) -> None:
    begin_second_factor(office.store, "ann")
    with pytest.raises(DataError, match="not the code"):
        confirm_second_factor(office.store, "ann", "")
    assert not has_second_factor(office.store, "ann")
    assert proves(office.store, "ann", PASSWORD)


def test_the_database_holds_no_recovery_code_and_events_hold_no_secret(
    office: Office, clock: Clock, tmp_path: Path
) -> None:
    secret, recovery = set_up(office, clock)
    stored = b"".join(file.read_bytes() for file in tmp_path.glob("annotation.db*"))
    assert [one for one in recovery if one.encode() in stored or one.replace("-", "").encode() in stored] == []
    assert secret not in str(list(office.store.events()))


def test_it_is_set_up_and_removed_in_the_browser_by_whoever_knows_the_password(office: Office, clock: Clock) -> None:
    client, token = signed_in(office, app_of(office), "ann")
    fields = {"form_token": token}
    assert client.post("/account/second-factor", data={**fields, "password": "wrong"}).status_code == 403
    shown = client.post("/account/second-factor", data={**fields, "password": PASSWORD}).text
    assert "<svg" in shown and " style=" not in shown
    found = re.search(r"<code>([A-Z2-7]+)</code>", shown)
    assert found is not None
    given = client.post("/account/second-factor/confirm", data={**fields, "code": code(clock, found[1])}).text
    recovery = re.findall(r"<code>([a-z2-7-]+)</code>", given)
    assert len(recovery) == 10 and "Signing in asks for a code" in client.get("/account").text
    removing = {**fields, "password": PASSWORD}
    assert client.post("/account/second-factor/remove", data=removing).status_code == 403
    assert client.post("/account/second-factor/remove", data={**removing, "code": recovery[0]}).status_code == 303
    assert not has_second_factor(office.store, "ann")


def test_another_password_ends_other_sessions_and_keeps_this_browser_in(office: Office) -> None:
    elsewhere = sign_in(office.store, "ann", PASSWORD) or ""
    client, token = signed_in(office, app_of(office), "ann")
    new = {"new": "staple battery horse", "repeated": "staple battery horse"}
    refused = client.post("/account/password", data={"form_token": token, "password": "wrong", **new})
    changed = client.post("/account/password", data={"form_token": token, "password": PASSWORD, **new})
    assert (refused.status_code, changed.status_code) == (403, 303)
    assert client.get("/account").status_code == 200
    assert person_of(office.store, elsewhere) is None
    assert sign_in(office.store, "ann", PASSWORD) is None
    assert sign_in(office.store, "ann", "staple battery horse") is not None


def test_break_glass_makes_an_owner_whose_only_way_in_is_the_new_link(office: Office, clock: Clock) -> None:
    set_up(office, clock)
    session = sign_in(office.store, "ann", PASSWORD) or ""
    with pytest.raises(UserError, match="reason"):
        break_glass(office.store, "ann", reason=" ", account="root")
    link = break_glass(office.store, "ann", reason="olga is away", account="root")
    assert person_of(office.store, session) is None
    assert not proves(office.store, "ann", PASSWORD)
    assert link not in str(list(office.store.events()))
    (said,) = (event for event in office.store.events() if event["action"] == "break-glass access")
    assert said["details"] == {"person": "ann", "reason": "olga is away", "account": "root"}

"""Signing in through an OpenID Connect provider: the authorisation-code flow with PKCE, state and nonce.

A person is bound to a provider's subject when they open their invitation, never by a name or address the provider
claims; a subject that nobody here is bound to is not let in.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import delete, insert, select

from acclimate.annotation.people import RefusedError, person_named
from acclimate.annotation.store import Store, moment
from acclimate.annotation.tables import outside_identities, outside_sign_ins
from acclimate.app.identity import begin_session, use_invitation
from acclimate.core.errors import ConfigError, ResourceError

CALLBACK = "/sign-in/outside/back"
MINUTES = 10
"""How long somebody may take at the provider."""
ALGORITHMS = ["RS256", "ES256", "EdDSA"]
"""Signatures that are taken; `none` and those with a shared secret are not."""
_SECONDS = 10.0
_LEEWAY = 60


@dataclass(frozen=True)
class Provider:
    """An OpenID Connect provider, and this application as its client."""

    issuer: str
    client: str
    secret: str
    origin: str
    """The address under which browsers know this application."""

    def __post_init__(self) -> None:
        """Refuses an issuer whose answers could be changed on the way."""
        parts = urlsplit(self.issuer)
        if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost"):
            raise ConfigError(f"The issuer {self.issuer!r} is not reached by https.", hint="give its https:// address")

    @cached_property
    def endpoints(self) -> Mapping[str, str]:
        """What the provider says of itself, asked once."""
        said = _json(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if said.get("issuer") != self.issuer:
            raise ConfigError(f"{self.issuer} says it is another issuer.", hint="name it exactly as it names itself")
        return {name: str(said[name]) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}

    def session(self) -> OAuth2Client:
        """A client for one flow."""
        return OAuth2Client(
            self.client,
            self.secret,
            scope="openid",
            redirect_uri=f"{self.origin}{CALLBACK}",
            code_challenge_method="S256",
            timeout=_SECONDS,
        )


def begin_outside(store: Store, provider: Provider, *, browser: str, invitation: str = "") -> str:
    """The provider's address to send this browser to; what comes back is taken from the same browser alone."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    with store.write() as transaction:
        connection = transaction.connection
        connection.execute(delete(outside_sign_ins).where(outside_sign_ins.c.expires_at <= moment(transaction.now)))
        connection.execute(
            insert(outside_sign_ins).values(
                state=_digest(state),
                browser=_digest(browser),
                nonce=nonce,
                verifier=verifier,
                invitation=invitation,
                expires_at=moment(transaction.now + timedelta(minutes=MINUTES)),
            )
        )
    with provider.session() as session:
        address, _ = session.create_authorization_url(
            provider.endpoints["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
        )
    return str(address)


def end_outside(store: Store, provider: Provider, *, browser: str, state: str, code: str) -> str:
    """Begins a session for whom the provider vouches; with an invitation, binds them to the invited person first.

    Returns the session's token. Raises RefusedError for what was not begun in this browser, for a proof that does not
    hold, and for a subject that belongs to nobody here.
    """
    with store.write() as transaction:
        place = (outside_sign_ins.c.state == _digest(state)) & (outside_sign_ins.c.browser == _digest(browser))
        begun = transaction.connection.execute(
            select(outside_sign_ins).where(place, outside_sign_ins.c.expires_at > moment(transaction.now))
        ).first()
        transaction.connection.execute(delete(outside_sign_ins).where(place))
    if begun is None:
        raise RefusedError("This sign-in was not begun in this browser, or too long ago.", hint="begin it again")
    subject = _subject(provider, store, code=code, verifier=begun.verifier, nonce=begun.nonce)
    name = _person_of(store, provider.issuer, subject, invitation=begun.invitation)
    return begin_session(store, name, replaces=browser, how=provider.issuer)


def _subject(provider: Provider, store: Store, *, code: str, verifier: str, nonce: str) -> str:
    """Who signed in at the provider, by an identity token that was checked."""
    try:
        with provider.session() as session:
            given = session.fetch_token(provider.endpoints["token_endpoint"], code=code, code_verifier=verifier)
        keys = KeySet.import_key_set(_json(provider.endpoints["jwks_uri"]))  # type: ignore[arg-type]
        token = jwt.decode(str(given.get("id_token", "")), keys, algorithms=ALGORITHMS)
        rules = jwt.JWTClaimsRegistry(
            now=int(store.clock().timestamp()),
            leeway=_LEEWAY,
            iss={"essential": True, "value": provider.issuer},
            aud={"essential": True, "value": provider.client},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        rules.validate(token.claims)
    except (AuthlibBaseError, JoseError, ValueError):
        raise RefusedError("The provider's proof of who you are does not hold.", hint="sign in again") from None
    except httpx.HTTPError:
        raise ResourceError(f"{provider.issuer} does not answer.", hint="try again, or sign in by password") from None
    return str(token.claims["sub"])


def _person_of(store: Store, issuer: str, subject: str, *, invitation: str) -> str:
    place = (outside_identities.c.issuer == issuer) & (outside_identities.c.subject == subject)
    with store.write() as transaction:
        connection = transaction.connection
        if invitation:
            name = use_invitation(transaction, invitation)
            connection.execute(delete(outside_identities).where(place | (outside_identities.c.person == name)))
            connection.execute(insert(outside_identities).values(issuer=issuer, subject=subject, person=name))
            transaction.append(name, "bound to an outside identity", issuer=issuer)
            return name
        found = connection.scalar(select(outside_identities.c.person).where(place))
        if found is None:
            raise RefusedError("Nobody here is known by this account.", hint="open the link of your invitation first")
        return person_named(connection, found).name


def _json(url: str) -> dict[str, Any]:
    try:
        answer = httpx.get(url, timeout=_SECONDS)
        answer.raise_for_status()
        said = answer.json()
    except (httpx.HTTPError, ValueError):
        raise ResourceError(f"{url} does not answer as it should.", hint="try again, or sign in by password") from None
    return said if isinstance(said, dict) else {}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()

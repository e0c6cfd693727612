"""The second factor of a sign-in: a code from an app (RFC 6238), or one of ten recovery codes that work once each.

The database holds the app's secret, which it needs to check a code, and of recovery codes digests alone.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote

from sqlalchemy import delete, insert, select, update

from acclimate.annotation.people import RefusedError
from acclimate.annotation.store import Store, Transaction
from acclimate.annotation.tables import recovery_codes, second_factors
from acclimate.core.errors import DataError

STEP_SECONDS, DIGITS = 30, 6
STEPS_AWAY = 1
"""How far a clock may be off: one step before or after (RFC 6238, section 5.2)."""
RECOVERY_CODES = 10
_SECRET_BYTES = 20
_RECOVERY_BYTES = 10


def code_at(secret: str, step: int) -> str:
    """The code of a secret (base32) in a step of 30 seconds since 1970.

    >>> code_at(base64.b32encode(b"12345678901234567890").decode(), 59 // STEP_SECONDS)
    '287082'
    """
    code = hmac.digest(base64.b32decode(secret), step.to_bytes(8), "sha1")
    start = code[-1] & 0xF
    number = int.from_bytes(code[start : start + 4]) & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def has_second_factor(store: Store, name: str) -> bool:
    """Whether a code is asked of this person."""
    with store.read() as connection:
        return bool(connection.scalar(select(second_factors.c.confirmed).where(second_factors.c.person == name)))


def begin_second_factor(store: Store, name: str) -> str:
    """A new secret (base32) for the person's app; it counts once a code of it was confirmed."""
    secret = base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    with store.write() as transaction:
        mine = second_factors.c.person == name
        if transaction.connection.scalar(select(second_factors.c.confirmed).where(mine)):
            raise RefusedError("You have a second factor already.", hint="remove it first")
        transaction.connection.execute(delete(second_factors).where(mine))
        transaction.connection.execute(
            insert(second_factors).values(person=name, secret=secret, confirmed=False, last_step=0)
        )
    return secret


def confirm_second_factor(store: Store, name: str, code: str) -> tuple[str, ...]:
    """Asks for codes from now on, since this one is right; returns the recovery codes, which are not shown again."""
    codes = tuple(_recovery_code() for _ in range(RECOVERY_CODES))
    with store.write() as transaction:
        if not _takes_code(transaction, name, code):
            raise DataError("This is not the code of the app now.", hint="enter the newest; look at the phone's clock")
        connection = transaction.connection
        connection.execute(update(second_factors).where(second_factors.c.person == name).values(confirmed=True))
        connection.execute(delete(recovery_codes).where(recovery_codes.c.person == name))
        connection.execute(insert(recovery_codes), [{"code": _digest(one), "person": name} for one in codes])
        transaction.append(name, "second factor set up")
    return codes


def remove_second_factor(store: Store, name: str) -> None:
    """Asks the person for a password alone."""
    with store.write() as transaction:
        forget_second_factor(transaction, name)
        transaction.append(name, "second factor removed")


def forget_second_factor(transaction: Transaction, name: str) -> None:
    """Deletes what a person's codes are checked against; the caller appends the event."""
    for table in (second_factors, recovery_codes):
        transaction.connection.execute(delete(table).where(table.c.person == name))


def passes_second_factor(store: Store, name: str, code: str) -> bool:
    """Whether the code is right, or none is asked of this person; a code that was taken is not taken again."""
    with store.write() as transaction:
        mine = select(second_factors.c.confirmed).where(second_factors.c.person == name)
        if not transaction.connection.scalar(mine):
            return True
        if _takes_code(transaction, name, code):
            return True
        used = transaction.connection.execute(
            delete(recovery_codes).where(recovery_codes.c.person == name, recovery_codes.c.code == _digest(code))
        )
        if used.rowcount:
            transaction.append(name, "recovery code used")
        return bool(used.rowcount)


def address_of(secret: str, name: str) -> str:
    """What an app reads from the picture.

    >>> address_of("ABC", "Ann B")
    'otpauth://totp/acclimate:Ann%20B?secret=ABC&issuer=acclimate'
    """
    return f"otpauth://totp/acclimate:{quote(name)}?secret={secret}&issuer=acclimate"


def _takes_code(transaction: Transaction, name: str, code: str) -> bool:
    mine = second_factors.c.person == name
    factor = transaction.connection.execute(select(second_factors).where(mine)).first()
    if factor is None:
        return False
    given = "".join(code.split()).encode(errors="replace")
    for step in _steps(transaction.now):
        if step > factor.last_step and hmac.compare_digest(given, code_at(factor.secret, step).encode()):
            # A code that somebody looked at over a shoulder is worth nothing once it was used.
            transaction.connection.execute(update(second_factors).where(mine).values(last_step=step))
            return True
    return False


def _steps(now: datetime) -> Iterator[int]:
    here = int(now.timestamp()) // STEP_SECONDS
    return iter(range(here - STEPS_AWAY, here + STEPS_AWAY + 1))


def _recovery_code() -> str:
    """Eighty random bits in four groups of letters and digits that are not taken for each other."""
    letters = base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower()
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def _digest(code: str) -> str:
    plain = "".join(code.split()).replace("-", "").lower()
    return hashlib.sha256(plain.encode(errors="surrogatepass")).hexdigest()

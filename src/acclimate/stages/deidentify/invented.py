"""Identifiers that nobody has: from ranges set aside for examples, or with check digits that are wrong on purpose."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping

from acclimate.stages.deidentify.devices import vehicle_valid
from acclimate.stages.deidentify.draws import Draw
from acclimate.stages.deidentify.layout import disguised, with_digits
from acclimate.stages.deidentify.name_pools import first_names, last_names
from acclimate.stages.deidentify.numbers import luhn_valid
from acclimate.stages.deidentify.phones import digits_of

_DOCUMENTATION_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")
_DOMAINS = ("example.org", "example.net", "example.com")


def email(value: str, draw: Draw) -> str:
    """An address at a domain that is set aside for examples (RFC 2606)."""
    name = f"{draw.choice(first_names(''))}.{draw.choice(last_names())}".lower()
    return f"{name}{draw.digits(2)}@{draw.choice(_DOMAINS)}"


def url(value: str, draw: Draw) -> str:
    """A page at a domain that is set aside for examples, with a scheme where there was one."""
    page = "".join(draw.choice("0123456789abcdef") for _ in range(8))
    domain = draw.choice(_DOMAINS)
    if "://" in value:
        return f"https://{domain}/{page}"
    return f"www.{domain}/{page}" if value.lower().startswith("www.") else f"{page}.{domain}"


def social_security(value: str, draw: Draw) -> str:
    """A number of an area that is never issued (900 to 999), and of a group that tax numbers there do not use."""
    if len(digits_of(value)) != 9:
        return disguised(value, draw)
    return with_digits(value, f"9{draw.digits(2)}{1 + draw.below(49):02d}{1 + draw.below(9999):04d}")


def card(value: str, draw: Draw) -> str:
    """A card number with a wrong check digit."""
    digits = draw.digits(len(digits_of(value)))
    if luhn_valid(digits):
        digits = digits[:-1] + str((int(digits[-1]) + 1 + draw.below(9)) % 10)
    return with_digits(value, digits)


def iban(value: str, draw: Draw) -> str:
    """An account of the same country with the check digits 00, which no account has."""
    compact_seen, written = 0, []
    for character in value:
        compact_seen += character.isalnum()
        if compact_seen <= 2 or not character.isalnum():
            written.append(character)
        else:
            written.append("0" if compact_seen <= 4 else disguised(character, draw))
    return "".join(written)


def network_address(value: str, draw: Draw) -> str:
    """An address from the networks set aside for documentation (RFC 5737, RFC 3849)."""
    if ":" not in value:
        return f"{draw.choice(_DOCUMENTATION_NETWORKS)}.{1 + draw.below(254)}"
    low = draw.below(2**32) << 64 | draw.below(2**32) << 32 | draw.below(2**32)
    return str(ipaddress.IPv6Address((0x20010DB8 << 96) | low))


def vehicle(value: str, draw: Draw) -> str:
    """A vehicle's number with a wrong check digit, or a plate with other letters and digits."""
    changed = disguised(value, draw)
    if vehicle_valid(changed):
        changed = f"{changed[:8]}{(int(changed[8], 36) + 1) % 10}{changed[9:]}"
    return changed


MAKERS: Mapping[str, Callable[[str, Draw], str]] = {
    "email": email,
    "url": url,
    "ssn": social_security,
    "card": card,
    "iban": iban,
    "ip": network_address,
    "vehicle": vehicle,
}
"""How an identifier of a class is invented, given the one it stands in for."""

"""The eighteen identifiers of HIPAA's Safe Harbor, 45 CFR 164.514(b)(2)(i)(A) to (R), and the classes that mean them here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Identifier:
    """One paragraph of the rule. `kinds` are the classes of deidentify; none where a text cannot hold it."""

    paragraph: str
    name: str
    kinds: tuple[str, ...] = ()
    remark: str = ""


SAFE_HARBOR = (
    Identifier("A", "Names", ("name", "organisation"), "of relatives and employers, too"),
    Identifier("B", "Geographic subdivisions smaller than a state", ("address", "zip")),
    Identifier("C", "Dates (all elements but the year), ages over 89", ("date", "age")),
    Identifier("D", "Telephone numbers", ("phone",)),
    Identifier("E", "Fax numbers", ("phone",), "counted with telephone numbers"),
    Identifier("F", "E-mail addresses", ("email",)),
    Identifier("G", "Social security numbers", ("ssn",)),
    Identifier("H", "Medical record numbers", ("mrn",)),
    Identifier("I", "Health plan beneficiary numbers", ("plan",)),
    Identifier("J", "Account numbers", ("account", "card", "iban")),
    Identifier("K", "Certificate and license numbers", ("licence",)),
    Identifier("L", "Vehicle identifiers and serial numbers, license plates", ("vehicle",)),
    Identifier("M", "Device identifiers and serial numbers", ("device",)),
    Identifier("N", "Web addresses (URLs)", ("url",)),
    Identifier("O", "Internet Protocol addresses", ("ip",)),
    Identifier("P", "Biometric identifiers, finger and voice prints", (), "a text cannot hold them"),
    Identifier("Q", "Full-face photographs and comparable images", (), "a text cannot hold them"),
    Identifier("R", "Any other unique identifying number, characteristic or code", ("other",)),
)

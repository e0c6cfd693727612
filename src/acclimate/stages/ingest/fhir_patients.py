"""Who the patients of a FHIR source are: their names, addresses, contacts and numbers, for deidentify to look for."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

IDENTITY_COLUMNS = ("names", "birth_date", "addresses", "telecoms", "identifiers", "gender")
"""The columns of a patient's identity: `names`, `addresses`, `telecoms` and `identifiers` are lists of texts."""

Identity = Mapping[str, Any]
_MAX_DEPTH = 50


@dataclass(frozen=True)
class Patients:
    """The identities of patients by reference, such as Patient/17 or urn:uuid:…"""

    by_reference: MutableMapping[str, Identity] = field(default_factory=dict)

    def about(self, resource: Mapping[str, Any]) -> dict[str, Any]:
        """The columns that say whom a resource is about: one reference for one person, however it is written."""
        reference = subject_of(resource)
        if reference is None:
            return {}
        if reference.startswith("#"):
            # Contained in this resource alone: two such references of one name are two people.
            inside = (one for one in listed(resource, "contained") if f"#{one.get('id')}" == reference)
            return dict(next(map(identity_of, inside), {}))
        local = _local(reference)
        return {"subject_id": local, **self.by_reference.get(local, {})}

    def with_those_of(self, value: Mapping[str, Any]) -> Patients:
        """These, and before them those of the Bundle itself."""
        return Patients(ChainMap(dict(patients_in(value)), self.by_reference))


def patients_in(value: Mapping[str, Any]) -> Iterator[tuple[str, Identity]]:
    """Every Patient of a Bundle, or the one resource if it is a Patient, by all references that may point to it."""
    entries = listed(value, "entry") if value.get("resourceType") == "Bundle" else [{"resource": value}]
    for entry in entries:
        resource = entry.get("resource")
        if not isinstance(resource, dict) or resource.get("resourceType") != "Patient":
            continue
        own = [f"Patient/{resource['id']}"] if isinstance(resource.get("id"), str) else []
        references = [*own, *(_local(url) for url in [entry.get("fullUrl")] if isinstance(url, str))]
        for reference in references:
            yield reference, {"subject_id": references[0], **identity_of(resource)}


def identity_of(patient: Mapping[str, Any]) -> Identity:
    """What a Patient resource says of the person and of those it names: contacts, and parents in its extensions.

    >>> identity_of({"name": [{"given": ["Ann", "B."], "family": ["Lee"]}], "birthDate": "1980-01-02"})["names"]
    ['Ann B. Lee']
    """
    contacts = listed(patient, "contact")
    people = [patient, *contacts]
    more = list(_extensions(patient))
    names = [name for person in people for name in _several(person, "name")] + _values(more, "valueHumanName")
    addresses = [address for person in people for address in _several(person, "address")]
    addresses += _values(more, "valueAddress")  # where the person was born
    telecoms = [telecom for person in people for telecom in listed(person, "telecom")]
    telecoms += _values(more, "valueContactPoint")
    numbers = listed(patient, "identifier") + _values(more, "valueIdentifier")
    return {
        "names": _texts(map(_name, names)) + _strings(more, "mothersmaidenname", "fathersname-extension"),
        "birth_date": text_of(patient.get("birthDate")),
        "addresses": _texts(map(_address, addresses)),
        "telecoms": _texts(telecom.get("value") for telecom in telecoms),
        "identifiers": _texts(one.get("value") for one in numbers) + _strings(more, "socialsecuritynumber-extension"),
        "gender": text_of(patient.get("gender")),
    }


def subject_of(resource: Mapping[str, Any]) -> str | None:
    """The reference to the patient that a resource is about, or the patient's number where it stands instead."""
    for key in ("subject", "patient"):
        value = resource.get(key)
        if not isinstance(value, dict):
            continue
        identifier = value.get("identifier")
        number = text_of(identifier.get("value")) if isinstance(identifier, dict) else None
        if found := text_of(value.get("reference")) or number:
            return found
    return None


def listed(value: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """The objects of a list; empty where it is none."""
    found = value.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def text_of(value: Any) -> str | None:
    """A text that is one and not empty."""
    return value if isinstance(value, str) and value.strip() else None


def _local(reference: str) -> str:
    """A reference without server and version: https://x/fhir/Patient/17/_history/2 is Patient/17."""
    plain = reference.partition("/_history/")[0]
    return "/".join(plain.split("/")[-2:]) if "://" in plain else plain


def _several(value: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """One object or a list of them: a contact has one name, a patient several."""
    found = value.get(key)
    return [found] if isinstance(found, dict) else listed(value, key)


def _name(name: Mapping[str, Any]) -> str | None:
    # DSTU2 has a list of family names, later versions one text.
    parts = [*_words(name.get("given")), *_words(name.get("family"))]
    return " ".join(parts) or text_of(name.get("text"))


def _address(address: Mapping[str, Any]) -> str | None:
    keys = ("line", "city", "district", "state", "postalCode", "country")
    return ", ".join(word for key in keys for word in _words(address.get(key))) or text_of(address.get("text"))


def _extensions(value: Mapping[str, Any], depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """The extensions, and those within them."""
    for extension in listed(value, "extension") if depth < _MAX_DEPTH else ():
        yield extension
        yield from _extensions(extension, depth + 1)


def _values(extensions: Iterable[Mapping[str, Any]], key: str) -> list[Mapping[str, Any]]:
    """The extensions' values of one type, whatever they are called."""
    return [one[key] for one in extensions if isinstance(one.get(key), dict)]


def _strings(extensions: Iterable[Mapping[str, Any]], *endings: str) -> list[str]:
    """The texts of the extensions whose address ends with one of these."""
    return _texts(one.get("valueString") for one in extensions if str(one.get("url", "")).lower().endswith(endings))


def _words(value: Any) -> list[str]:
    found = value if isinstance(value, list) else [value]
    return [one for one in found if isinstance(one, str) and one]


def _texts(values: Any) -> list[str]:
    return list(dict.fromkeys(value for value in values if isinstance(value, str) and value))

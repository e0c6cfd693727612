"""What of a patient is left in texts about the patient, after FHIR Bundles were ingested and de-identified.

The Bundles are Synthea's, of three versions of FHIR (fhir-synthea, Apache-2.0). Their own texts name nobody, so four texts
are added to each, as DocumentReferences: a letter, a telephone note, a nurse's note and a message, written here with every
name, address, telephone number, birth date and number that the Patient resource holds, in the ways people write them.
That resource alone is the truth: it is read here, and not through the reader or the stage that are measured. A mention is
left when a telling piece of it still stands in the text. One word of a name or place alone in small letters is not looked
for by the stage, and not written here.

    python -m benchmarks.data.fhir_identifiers --output benchmarks/results/fhir_identifiers.json
"""

from __future__ import annotations

import argparse
import base64
import datetime
import gzip
import json
import os
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.recording import needed, result, write_results
from scipy.stats import binomtest

from acclimate.api import Project
from acclimate.core.surrogates import record_hash
from acclimate.project.keys import load_key, new_key

VERSIONS = ("DSTU2", "STU3", "R4")
CLASSES = ("name", "address", "phone", "number", "birth date")

SOURCE = """\
    - path: data/{version}.ndjson
      site: {version}
      format: fhir
      columns: {{text: text, subject_id: subject_id, id: resource}}
      identifiers: {{name: names, birth_date: birth_date, address: addresses, phone: telecoms, mrn: identifiers}}
"""


@dataclass(frozen=True)
class Mention:
    """A class, how it is written, and the pieces of which none may be left."""

    kind: str
    written: str
    pieces: tuple[str, ...]


@dataclass(frozen=True)
class Text:
    """A text about a patient, and what of the patient stands in it."""

    patient: str
    name: str
    text: str
    mentions: tuple[Mention, ...]


class Patient:
    """What a Patient resource says, in the ways people write it."""

    def __init__(self, resource: Mapping[str, Any]) -> None:
        self._resource = resource
        name = resource["name"][0]
        self.first = name["given"][0]
        self.last = name["family"] if isinstance(name["family"], str) else name["family"][0]
        self.address = resource["address"][0]
        self.born = datetime.date.fromisoformat(resource["birthDate"])

    def names(self) -> Iterator[Mention]:
        """The name in full, turned, with an initial, with a title; and those of the parents."""
        first, last = self.first, self.last
        for written in (f"{first} {last}", f"{last.upper()}, {first.upper()}", f"{first} {last}".lower()):
            yield Mention("name", written, (first, last))
        for written in (f"{first[0]}. {last}", f"Ms. {last}", f"the {last} family"):
            yield Mention("name", written, (last,))
        yield Mention("name", first, (first,))
        for parent in self._parents():
            yield Mention("name", parent, tuple(parent.split()))

    def _parents(self) -> Iterator[str]:
        for extension in self._resource.get("extension", ()):
            if extension["url"].lower().endswith("mothersmaidenname"):
                yield extension["valueString"]
            if "fathersname" in extension["url"].lower():
                yield extension["valueHumanName"]["text"]

    def addresses(self) -> Iterator[Mention]:
        """The address on one line and on two, in capitals, its street and town alone; and where the patient was born."""
        street, city = self.address["line"][0], self.address["city"]
        code = self.address.get("postalCode", "")
        own_words = " ".join(word for word in street.split()[1:3])
        whole = ", ".join(part for part in (street, city, self.address["state"]) if part)
        yield Mention("address", f"{whole} {code}".strip(), (own_words, city, *([code] if code else [])))
        yield Mention(
            "address", f"{street}\n{city} {code}".upper().strip(), (own_words, city, *([code] if code else []))
        )
        yield Mention("address", street, (own_words,))
        yield Mention("address", city, (city,))
        for extension in self._resource.get("extension", ()):
            if extension["url"].lower().endswith("birthplace") and extension["valueAddress"].get("city"):
                place = extension["valueAddress"]["city"]
                yield Mention("address", place, (place,))

    def phones(self) -> Iterator[Mention]:
        """Each number with dashes, dots, brackets and without anything, and its last seven digits."""
        for telecom in self._resource.get("telecom", ()):
            digits = re.sub(r"\D", "", re.sub(r"x\d+$", "", telecom["value"]))[-10:]
            area, office, line = digits[:3], digits[3:6], digits[6:]
            for written in (f"{area}-{office}-{line}", f"({area}) {office}.{line}", f"{area}.{office}.{line}", digits):
                yield Mention("phone", written, (digits,))
            yield Mention("phone", f"{office}-{line}", (office + line,))

    def numbers(self) -> Iterator[Mention]:
        """Each identifier as it is, and in capitals; the social security number with and without dashes."""
        for identifier in self._resource.get("identifier", ()):
            value = identifier["value"]
            squashed = re.sub(r"\W", "", value)
            yield Mention("number", value, (squashed,))
            yield Mention("number", value.upper(), (squashed,))
            if "ssn" in identifier.get("system", ""):
                yield Mention("number", f"{squashed[:3]}-{squashed[3:5]}-{squashed[5:]}", (squashed,))

    def birth_dates(self) -> Iterator[Mention]:
        """The day in four forms."""
        day = self.born
        for written in (
            f"{day:%Y-%m-%d}",
            f"{day:%m/%d/%Y}",
            f"{day:%B} {day.day}, {day.year}",
            f"{day.day} {day:%b} {day.year}",
        ):
            yield Mention("birth date", written, (written,))


LEADS = {
    "name": ("Spoke with {}.", "This concerns {}, who was seen again.", "Thank you for referring {}.", "{} understood the plan."),
    "address": ("Lives at {}.", "Please write to {}", "Came by bus from {}.", "Home is {}, for ten years now."),
    "phone": ("Can be reached at {}.", "Left a message on {} twice.", "New mobile: {}", "Call {} with the results."),
    "number": ("On file as {}.", "The card reads {}.", "ID {} was checked.", "Filed under {} in the archive."),
    "birth date": ("Born {}.", "DOB: {}", "Date of birth {} was confirmed.", "A patient since birth on {}."),
}  # fmt: skip
HEADS = ("Dear colleague,", "Telephone note.", "Nursing note, late shift.", "Message from the portal:")
ENDS = ("Kind regards", "No further action.", "Slept well, pain 2/10, BP 120/80.", "Thanks, and see you on Monday.")


def texts_about(patient: Patient, reference: str) -> Iterator[Text]:
    """Four texts; each mention of the patient stands in one of them, in a sentence that changes with its place."""
    waiting = [*patient.names(), *patient.addresses(), *patient.phones(), *patient.numbers(), *patient.birth_dates()]
    for place, (head, end) in enumerate(zip(HEADS, ENDS, strict=True)):
        mentions = waiting[place::4]
        lines = [LEADS[mention.kind][(place + at) % 4].format(mention.written) for at, mention in enumerate(mentions)]
        yield Text(reference, f"text-{place}", "\n".join([head, *lines, end]), tuple(mentions))


def with_texts(bundle: Mapping[str, Any]) -> tuple[dict[str, Any], list[Text]]:
    """The Bundle with the texts about its patient as DocumentReferences."""
    resource = next(entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == "Patient")
    reference = f"Patient/{resource['id']}"
    texts = list(texts_about(Patient(resource), reference))
    added = [
        {
            "resource": {
                "resourceType": "DocumentReference",
                "id": f"{resource['id']}-{text.name}",
                "subject": {"reference": reference},
                "content": [
                    {"attachment": {"contentType": "text/plain", "data": base64.b64encode(text.text.encode()).decode()}}
                ],
            }
        }
        for text in texts
    ]
    return {**bundle, "entry": [*bundle["entry"], *added]}, texts


def write_project(folder: Path) -> list[Text]:
    """A project of the three versions; the texts that were added."""
    (folder / "data").mkdir(parents=True)
    texts: list[Text] = []
    for version in VERSIONS:
        path = needed("data", "fhir-synthea", f"bundles_{version}.jsonl.gz")
        with gzip.open(path, "rt") as rows, (folder / "data" / f"{version}.ndjson").open("w") as output:
            for row in rows:
                bundle, added = with_texts(json.loads(row)["bundle"])
                texts += added
                output.write(json.dumps(bundle) + "\n")
    sources = "".join(SOURCE.format(version=version) for version in VERSIONS)
    settings = "clean: {min_chars: 1}\ndedup: {max_edited: 0.001}\n"
    (folder / "acclimate.yaml").write_text(
        f"project: fhir\ntask: pretraining\n{settings}ingest:\n  sources:\n{sources}"
    )
    return texts


def is_left(piece: str, text: str) -> bool:
    """Whether a piece still stands in a text: a number in any grouping, words in any case and spacing."""
    if re.search(r"\d{5}", piece):
        return re.sub(r"\W", "", piece).lower() in re.sub(r"\W", "", text).lower()
    words = r"\W+".join(re.escape(word) for word in re.findall(r"\w+", piece))
    return re.search(rf"\b{words}\b", text, re.IGNORECASE) is not None


def left_mentions(texts: Sequence[Text], opened: Mapping[str, str]) -> dict[str, list[tuple[Text, Mention]]]:
    """By class, the mentions of which a piece is left."""
    left = defaultdict(list)
    for text in texts:
        for mention in text.mentions:
            if any(is_left(piece, opened[key_of(text)]) for piece in mention.pieces):
                left[mention.kind].append((text, mention))
    return left


def key_of(text: Text) -> str:
    """The patient and text, as the resource's id has them."""
    return f"{text.patient.removeprefix('Patient/')}-{text.name}"


def opened_texts(project: Project, texts: Sequence[Text]) -> dict[str, str]:
    """What became of each text, by patient and text; the ids are joined through the key, as `acclimate show` does."""
    key = load_key("fhir", "surrogates")
    open_rows = {row["id"]: row["text"] for row in project.artifact("deidentify").rows(["id", "text"])}
    restricted = [row["id"] for row in project.artifact("dedup").rows(["id"])]
    named = {re.search(r"DocumentReference/(\S+)#", name): name for name in restricted}
    found = {match[1]: open_rows[record_hash(key, name)] for match, name in named.items() if match}
    missing = [key_of(text) for text in texts if key_of(text) not in found]
    if missing:
        raise SystemExit(f"{len(missing)} texts did not come through, so nothing can be said of them: {missing[:3]}")
    return found


def rows_of(texts: Sequence[Text], left: Mapping[str, Sequence[tuple[Text, Mention]]]) -> list[dict[str, Any]]:
    """A row a class, and one of patients."""
    total = Counter(mention.kind for text in texts for mention in text.mentions)
    rows = [_row(f"mentions of the patient left, {kind}", len(left.get(kind, ())), total[kind]) for kind in CLASSES]
    patients = {text.patient for text in texts}
    touched = {text.patient for found in left.values() for text, _ in found}
    rows.append(_row("patients of whom anything is left", len(touched), len(patients)))
    return rows


def _row(figure: str, count: int, total: int) -> dict[str, Any]:
    bounds = binomtest(count, total).proportion_ci(method="exact")
    interval = (round(float(bounds.low) * total, 1), round(float(bounds.high) * total, 1))
    return result(f"{figure} (n={total})", count, interval=interval, goal="0")


def main() -> None:
    """Writes the project, runs it, searches, writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--show", action="store_true", help="print what is left; the patients are made up")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ACCLIMATE_KEYS"] = str(Path(folder) / "keys")
        texts = write_project(Path(folder) / "fhir")
        new_key("fhir", "surrogates")
        project = Project.open(Path(folder) / "fhir")
        project.run(until="deidentify")
        left = left_mentions(texts, opened_texts(project, texts))
    if arguments.show:
        for kind, found in left.items():
            for text, mention in found:
                print(kind, text.patient, repr(mention.written), mention.pieces)
    write_results(arguments.output, rows_of(texts, left))


if __name__ == "__main__":
    main()

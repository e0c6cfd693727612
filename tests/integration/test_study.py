"""A blind study on the small project, from the command line to the report."""

from __future__ import annotations

import json
from pathlib import Path

from tests.integration.test_certificate import acclimate

from acclimate.annotation.answering import Submission, submit
from acclimate.annotation.people import Person, Role, save_person
from acclimate.annotation.queue import next_item
from acclimate.annotation.store import Store, database_url
from acclimate.api import Project

PROTOCOL = """\
name: notes
arms: [adapted, base, reference]
items: 4
readers: 1
repeats: 0.25
known_bad: 0.25
marks: errors_and_omissions
"""


def read_everything(folder: Path) -> int:
    """Ann takes the first of two outputs, whatever it is, and marks its first letter as an error."""
    store = Store.open(database_url(folder, None))
    save_person(store, Person("ann", (Role.ANNOTATOR,), sites=("north", "south")), by="mia")
    count = 0
    while (lease := next_item(store, "notes", "ann")) is not None:
        first = lease.candidates[0]
        place = {"output": first.key, "start": 0, "end": 1, "quote": first.text[0]}
        content = {
            "better": [[candidate.key] for candidate in lease.candidates],
            "marks": [{**place, "kind": "error", "severity": "minor"}],
        }
        submit(store, Submission("notes", lease.item, "ann", f"t{count}", content))
        count += 1
    return count


def test_people_compare_outputs_blind_and_the_report_tells_what_they_said(finished: Path) -> None:
    (finished / "notes.yaml").write_text(PROTOCOL)
    opened = acclimate(finished, "study", "open", "notes.yaml", "--as", "mia", "--json")
    assert json.loads(opened.stdout)["wanted"] == 12, opened.stderr
    refused = acclimate(finished, "study", "look", "notes", "--as", "mia")
    assert (refused.returncode, "needs 12 readings and 0 are given" in refused.stderr) == (2, True)
    assert "nobody compared these answers blind" in Project.open(finished).write_report().read_text()
    early = acclimate(finished, "study", "export", "notes", "--as", "mia")
    assert (early.returncode, "not closed" in early.stderr) == (2, True)
    assert read_everything(finished) == 12
    looked = acclimate(finished, "study", "look", "notes", "--as", "mia", "--json")
    assert looked.returncode == 0, looked.stderr
    told = json.loads(looked.stdout)
    assert (told["items"], told["look"]["last"], told["known_bad_noticed"]["of"]) == (8, True, 2)
    kept = json.loads((finished / "studies/notes/look-1.json").read_text())
    assert kept == told
    again = acclimate(finished, "study", "show", "notes", "--look", "1", "--as", "mia", "--json")
    assert json.loads(again.stdout) == told
    page = Project.open(finished).write_report().read_text()
    assert "Study notes, 8 items read blind" in page
    assert "what people think of the answers" not in page
    assert "What readers marked in the answers, study notes" in page
    assert "Marks of the kind error, adapted less base" in page
    exported = acclimate(finished, "study", "export", "notes", "--as", "mia", "--json")
    assert exported.returncode == 0, exported.stderr
    marked = json.loads(exported.stdout)
    # Twelve, less those on the two known-bad outputs, which are no arm's: where the draw put them first.
    assert marked["marks"] in (10, 11, 12)
    assert (marked["confirmed"], marked["regression_cases"]) == (0, 0)
    assert acclimate(finished, "audit").returncode == 0


def test_a_study_says_in_a_sentence_what_is_wrong(finished: Path) -> None:
    (finished / "notes.yaml").write_text(PROTOCOL.replace("items: 4", "items: 400"))
    asked = acclimate(finished, "study", "open", "notes.yaml", "--as", "mia")
    assert (asked.returncode, asked.stdout) == (2, "")
    assert "of 12 test records have an output of every arm, and the protocol draws 400" in asked.stderr
    assert acclimate(finished, "study", "open", "none.yaml").returncode == 2
    assert acclimate(finished, "study", "show", "notes", "--as", "mia").returncode == 2

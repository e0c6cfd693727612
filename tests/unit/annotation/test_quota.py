from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.annotation.project_of_four import TASK, answer, open_store

from acclimate.annotation.export import export_snapshot
from acclimate.annotation.people import Person, Role, save_person
from acclimate.annotation.queue import next_item
from acclimate.annotation.quota import WRITTEN, Quota, add_quotas, quotas_of, read_quotas
from acclimate.annotation.schema import LabelSchema, Text
from acclimate.annotation.tasks import create_task
from acclimate.core.artifacts import Artifact
from acclimate.core.errors import DataError


def test_examples_are_written_against_the_plan_and_leave_as_records_of_their_site_and_group(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    save_person(store, Person("ann", (Role.ANNOTATOR,), sites=("north",)), by="mia")
    create_task(store, TASK, LabelSchema(questions=(Text(name="prompt"), Text(name="completion"))), by="mia")
    plan = read_quotas("site,group,count\nnorth,over 80,1\nsouth,over 80,2\n")
    assert add_quotas(store, TASK, plan, by="mia") == 3
    lease = next_item(store, TASK, "ann")
    assert lease is not None
    answer(store, "ann", lease.item, {"prompt": "Dizzy?", "completion": "Measure the blood pressure."})
    assert next_item(store, TASK, "ann") is None
    assert quotas_of(store, TASK, by="mia") == [Quota("north", "over 80", 1, 1), Quota("south", "over 80", 2, 0)]
    snapshot = export_snapshot(store, TASK, tmp_path / "out", by="mia")
    (record,) = Artifact(snapshot.folder).table().to_pylist()
    assert (record["prompt"], record["site"], record["source"]) == ("Dizzy?", "north", WRITTEN)
    assert snapshot.counts.dropped == {"not_read": 2}


def test_a_plan_grows(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    create_task(store, TASK, LabelSchema(questions=(Text(name="text"),)), by="mia")
    for _ in range(2):
        add_quotas(store, TASK, [Quota("", "any", 2)], by="mia")
    assert quotas_of(store, TASK, by="mia") == [Quota("", "any", 4, 0)]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "columns site, group and count"),
        ("site,group,count\n", "wants nothing"),
        ("site,group,count\na,b,many", "Line 2"),
        ("site,group,count\na,b,0", "Line 2"),
        ("site,group,count\na,,3", "Line 2"),
    ],
)
def test_a_plan_that_is_none_is_one_sentence(text: str, fault: str) -> None:
    with pytest.raises(DataError, match=fault):
        read_quotas(text)

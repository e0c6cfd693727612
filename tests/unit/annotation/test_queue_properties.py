"""Whatever readers do and in whatever order, the queue loses, doubles and over-hands nothing."""

from __future__ import annotations

from collections import Counter
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import select
from tests.unit.annotation.project_of_four import READERS, TASK, Clock, answer, notes, open_store, start_task

from acclimate.annotation.answering import Receipt, undo
from acclimate.annotation.assignments import SkipReason
from acclimate.annotation.people import RefusedError
from acclimate.annotation.queue import next_item, skip
from acclimate.annotation.schema_history import standing_answers
from acclimate.annotation.tables import items

WANTED = 2
PEOPLE = st.sampled_from(READERS)
LABELS = st.sampled_from(["low", "high"])
ITEMS = st.sampled_from(["n0", "n1", "n2"])


class Readers(RuleBasedStateMachine):
    """Three people read three items twice each."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.clock = Clock()
        self.store = open_store(Path(self.folder.name), self.clock)
        start_task(self.store, notes(3), readings=WANTED)
        self.tokens = count()
        self.kept: dict[int, tuple[str, str, str]] = {}

    @rule(person=PEOPLE, label=LABELS)
    def answer_what_one_is_given(self, person: str, label: str) -> None:
        lease = next_item(self.store, TASK, person)
        if lease is not None:
            self.send(person, lease.item, label)

    @rule(person=PEOPLE, item=ITEMS, label=LABELS)
    def answer_late_or_unasked(self, person: str, item: str, label: str) -> None:
        try:
            self.send(person, item, label)
        except RefusedError:
            return

    @rule(person=PEOPLE)
    def ask_twice(self, person: str) -> None:
        assert next_item(self.store, TASK, person) == next_item(self.store, TASK, person)

    @rule(person=PEOPLE)
    def take_back_the_last(self, person: str) -> None:
        own = [number for number, (author, _, _) in self.kept.items() if author == person]
        if own:
            assert undo(self.store, TASK, person, max(own)).item == self.kept.pop(max(own))[1]

    @rule(person=PEOPLE)
    def skip_what_one_is_given(self, person: str) -> None:
        lease = next_item(self.store, TASK, person)
        if lease is not None:
            skip(self.store, TASK, lease.item, person, reason=SkipReason.UNCLEAR)

    @rule(minutes=st.sampled_from([1, 31]))
    def wait(self, minutes: int) -> None:
        self.clock.forward(minutes=minutes)

    @invariant()
    def what_was_acknowledged_is_kept_and_nothing_else(self) -> None:
        with self.store.read() as connection:
            standing = list(standing_answers(connection, TASK))
            read = {row.id: row.read for row in connection.execute(select(items))}
        assert {given.number: (given.person, given.item, given.content["urgency"]) for given in standing} == self.kept
        by_item = Counter(item for _, item, _ in self.kept.values())
        assert read == {item: by_item[item] for item in read}
        assert max(by_item.values(), default=0) <= WANTED
        assert len({(person, item) for person, item, _ in self.kept.values()}) == len(self.kept)

    def teardown(self) -> None:
        self.store.verify()
        self.store.close()
        self.folder.cleanup()

    def send(self, person: str, item: str, label: str) -> None:
        token = str(next(self.tokens))
        receipt = answer(self.store, person, item, label, token=token)
        assert answer(self.store, person, item, label, token=token) == Receipt(receipt.number, repeated=True)
        self.kept[receipt.number] = (person, item, label)


TestReaders = Readers.TestCase
TestReaders.settings = settings(
    max_examples=10, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

"""What models wrote becomes suggestions, or is counted and left out: predictions, files of answers, endpoints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.annotation.openai_endpoint import Reply, saying, served
from tests.unit.annotation.project_of_four import TASK, Clock, notes, open_store, start_task, urgency_schema

from acclimate.annotation.schema import Choice, LabelSchema, Option, Spans, Text
from acclimate.annotation.store import Store
from acclimate.annotation.suggestions.endpoint import MAX_CHARS, Endpoint, asked_answers
from acclimate.annotation.suggestions.proposals import LeftOut, Source, Suggested, open_records, save_suggestions
from acclimate.annotation.suggestions.written_answers import (
    Written,
    WrittenAnswers,
    read_answers,
    suggested_answer,
    suggested_answers,
)
from acclimate.annotation.tasks import NewItem
from acclimate.core.errors import ConfigError, ResourceError, SourceError

TOPICS = LabelSchema(questions=(Choice(name="topics", multiple=True, options=(Option(name="A"), Option(name="B"))),))
FREE = LabelSchema(questions=(Text(name="summary"),))
MARKS = LabelSchema(questions=(Spans(name="drugs", options=(Option(name="drug"),), required=False),))
RECORD = {"id": "n0", "text": "Aspirin, then aspirin; aspirin."}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path, Clock())


@pytest.mark.parametrize(
    ("schema", "written", "answer"),
    [
        (urgency_schema(), " High.\n", {"urgency": "high"}),
        (urgency_schema(), '```json\n{"urgency": "low"}\n```', {"urgency": "low"}),
        (urgency_schema(), {"urgency": "low"}, {"urgency": "low"}),
        (TOPICS, "b, A", {"topics": ["B", "A"]}),
        (TOPICS, ("B", "A"), {"topics": ["B", "A"]}),
        (TOPICS, (), {"topics": []}),
        (TOPICS, ("A", "C"), None),
        (urgency_schema(), ("high",), None),
        (FREE, "Rest, and {drink}.", {"summary": "Rest, and {drink}."}),
        (urgency_schema(), "I would say it is urgent", None),
        (TOPICS, "A, C", None),
    ],
)
def test_a_written_answer_is_a_label_a_text_or_a_json_object(
    schema: LabelSchema, written: Any, answer: dict[str, Any] | None
) -> None:
    found = suggested_answer(RECORD, Written(written), schema)
    assert found == (LeftOut("n0", "malformed") if answer is None else Suggested("n0", answer))


def test_quotes_are_placed_one_after_the_other_and_one_that_is_not_in_the_text_leaves_the_answer_out() -> None:
    twice = [{"quote": "aspirin", "label": "drug"}] * 2
    found = suggested_answer(RECORD, Written({"drugs": twice}), MARKS)
    assert isinstance(found, Suggested)
    assert [(span["start"], span["end"]) for span in found.answer["drugs"]["spans"]] == [(14, 21), (23, 30)]
    invented: list[Any] = [[{"quote": "ibuprofen", "label": "drug"}], [{"quote": " "}], ["aspirin"]]
    for quotes in invented:
        assert suggested_answer(RECORD, Written({"drugs": quotes}), MARKS) == LeftOut("n0", "malformed")


def test_answers_of_a_file_become_suggestions_with_their_scores(store: Store, tmp_path: Path) -> None:
    start_task(store, notes(2))
    path = tmp_path / "answers.jsonl"
    rows = [{"id": "n0", "answer": "high", "score": 0.9}, {"id": "n1", "answer": "maybe"}, {"id": "x", "answer": "low"}]
    path.write_text("\n".join(map(json.dumps, rows)))
    written = read_answers(path)
    given = suggested_answers(written, open_records(store, TASK, by="mia"), urgency_schema())
    account = save_suggestions(store, TASK, written.source, given, by="mia")
    assert account.source == "file answers.jsonl"
    assert account.outcomes == {"kept": 1, "malformed": 1, "no_such_item": 1}


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"answer": "low"}', '{"id": 1, "answer": 2}', '{"id": 1, "answer": "a", "score": "b"}']
)
def test_a_line_that_is_no_answer_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text(f"\n{line}\n")
    with pytest.raises(SourceError, match=r"answers\.jsonl, line 2"):
        read_answers(path)


def test_an_endpoint_is_told_the_questions_and_shown_what_readers_see_alone(store: Store) -> None:
    record = {"id": "n0", "text": "chest pain", "site": "north", "subject_id": "mrn-1", "identifiers": None}
    start_task(store, [NewItem(record)])
    asked: list[tuple[dict[str, Any], str]] = []

    def reply(request: dict[str, Any], authorisation: str) -> Reply:
        asked.append((request, authorisation))
        return saying('{"urgency": "high"}')

    with served(reply) as url:
        there = Endpoint(url, "m1", key="secret")
        source = there.source(urgency_schema(), "Urgent is today.")
        records = open_records(store, TASK, by="mia", without=source, sent_to=there.host)
        answers = asked_answers(there, records, urgency_schema(), "Urgent is today.")
        assert save_suggestions(store, TASK, source, answers, by="mia").outcomes == {"kept": 1}
        assert list(open_records(store, TASK, by="mia", without=source)) == []
    [(request, authorisation)] = asked
    system, user = (message["content"] for message in request["messages"])
    assert (request["model"], authorisation, source.name) == ("m1", "Bearer secret", "m1 at 127.0.0.1")
    assert "low; high" in system and "Urgent is today." in system
    assert json.loads(user) == {"text": "chest pain"}
    [event] = [event for event in store.events() if event["action"] == "records read for suggestions"]
    assert event["details"]["sent_to"] == "127.0.0.1" and "n0" not in str(event["details"])
    assert "secret" not in repr(there)


def test_what_goes_to_a_model_on_this_machine_passes_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def proxy(request: dict[str, Any], _key: str) -> Reply:
        seen.append(str(request))
        return saying('{"urgency": "low"}')

    record = {"id": "n0", "text": "chest pain"}
    with served(proxy) as elsewhere, served(lambda _request, _key: saying('{"urgency": "high"}')) as here:
        monkeypatch.setenv("HTTP_PROXY", elsewhere)
        monkeypatch.setenv("http_proxy", elsewhere)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        [answer] = asked_answers(Endpoint(here, "m1"), [record], urgency_schema(), "")
    assert seen == []
    assert isinstance(answer, Suggested)


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (saying('{"urgency": "nonsense"}'), "not_allowed"),
        (saying('{"urgency": ["low"]}'), "not_allowed"),
        (saying("I cannot help with that."), "malformed"),
        (saying(None), "malformed"),
        ((200, b"[" * 5000), "malformed"),
        ((200, b'{"choices": []}'), "malformed"),
        ((200, b"x" * 1_000_001), "malformed"),
    ],
    ids=["unknown label", "wrong type", "prose", "null", "nested", "no choice", "flood"],
)
def test_what_an_endpoint_says_must_pass_the_same_check_as_a_persons_answer(
    store: Store, reply: Reply, outcome: str
) -> None:
    start_task(store, notes(1))
    with served(lambda _request, _key: reply) as url:
        answers = asked_answers(Endpoint(url, "m1"), open_records(store, TASK, by="mia"), urgency_schema(), "")
        assert save_suggestions(store, TASK, Source("m1", "1"), answers, by="mia").outcomes == {outcome: 1}


def test_a_busy_endpoint_is_asked_again_and_one_that_refuses_is_not(store: Store) -> None:
    start_task(store, notes(1))
    replies = iter([(503, b""), (429, b""), saying("low")])
    waited: list[float] = []
    with served(lambda _request, _key: next(replies)) as url:
        records = open_records(store, TASK, by="mia")
        [found] = asked_answers(Endpoint(url, "m1"), records, urgency_schema(), "", sleep=waited.append)
    assert (found, waited) == (Suggested("n0", {"urgency": "low"}), [1.0, 4.0])
    with served(lambda _request, _key: (401, b"")) as url, pytest.raises(ConfigError, match="status 401"):
        list(asked_answers(Endpoint(url, "m1"), [RECORD], urgency_schema(), ""))
    with pytest.raises(ResourceError, match="ConnectError"):
        list(asked_answers(Endpoint(url, "m1"), [RECORD], urgency_schema(), "", sleep=waited.append))


def test_a_record_that_is_too_long_is_not_sent() -> None:
    record = {"id": "n0", "text": "x" * MAX_CHARS}
    found = list(asked_answers(Endpoint("https://models.example/v1", "m1"), [record], urgency_schema(), ""))
    assert found == [LeftOut("n0", "too_long")]


@pytest.mark.parametrize(
    "url",
    [
        "http://models.example/v1",
        "ftp://models.example",
        "models.example",
        "https://",
        "https://[models",
        "https://name:secret@models.example:99999/v1",
        "https://models.example:port/v1",
        "https://models\0.example/v1",
    ],
)
def test_records_go_by_https_or_stay_on_this_machine(url: str) -> None:
    with pytest.raises(ConfigError, match="not reached by https") as refused:
        Endpoint(url, "m1")
    assert "secret" not in str(refused.value)


def test_predictions_for_other_records_are_counted(store: Store) -> None:
    start_task(store, notes(1))
    written = WrittenAnswers(Source("predict.adapted", "k"), {"n7": Written("low")})
    given = suggested_answers(written, open_records(store, TASK, by="mia"), urgency_schema())
    assert save_suggestions(store, TASK, written.source, given, by="mia").outcomes == {"no_such_item": 1}


@pytest.mark.parametrize("key", ["sécret", "secret\n"])
def test_a_key_that_no_request_can_carry_is_refused_and_not_told(key: str) -> None:
    with pytest.raises(ConfigError, match="key holds a character") as refused:
        Endpoint("https://models.example/v1", "m1", key)
    assert key not in str(refused.value)

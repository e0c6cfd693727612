"""The tables of the annotation database; `store` says what is promised about them.

Times are UTC in ISO form of fixed width, so that they compare as text. `answers` are named by the event that made them.
`assignments.seen` says that the person has seen others' answers to the item; its `comment` is the person's own on a
skipped item, and on a leased one that of whoever returned it. `checks` has a row for each answer of a batch, in the
order drawn; `remarks` are what readers ask, with the `question` and `answer` that all readers then see. `suggestions` are
proposals for items, named by the event that kept them, whose source stands in `suggestion_batches`, `removed` by the event
that took them from everybody who did not get them before; `exposures` say which was shown to whom or kept from them, and an
answer's `kept` whether it says the same; its `bulk` is the event that accepted it with many others, its `salt` what its event digested with
it. `rankings` name the events
that chose what is read next and measured what was learnt; `choices` are the newest chosen items, each with why; `vectors` are
those of the items' texts, by one encoder, as 16-bit floats. `jobs` are what was asked for on a page and is done beside the
serving, named by the event that asked; what one was `given` goes when it has ended. Tables whose names begin with `app_`
are for signing in to the pages; of tokens and codes they hold digests alone.
"""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
    false,
)

metadata = MetaData()
_JSON = JSON(none_as_null=True)

settings = Table(
    "settings",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", String, nullable=False),
    Column("who", String, nullable=False),
    Column("action", String, nullable=False),
    Column("details", _JSON, nullable=False),
    Column("previous", String, nullable=False),
    Column("digest", String, nullable=False, unique=True),
)

people = Table(
    "people",
    metadata,
    Column("name", String, primary_key=True),
    Column("roles", _JSON, nullable=False),
    Column("sites", _JSON, nullable=False),
    Column("skills", _JSON, nullable=False),
    Column("quota", Integer),
    Column("password", Text),
    Column("active", Boolean, nullable=False),
)

tasks = Table(
    "tasks",
    metadata,
    Column("name", String, primary_key=True),
    Column("round", String, nullable=False),
    Column("lease_minutes", Integer, nullable=False),
    Column("gold_every", Integer),
    Column("gold_feedback", Boolean, nullable=False, server_default=false()),
    Column("quick", Boolean, nullable=False, server_default=false()),
    Column("suggestions", String, nullable=False, server_default="hidden"),
    Column("beside", Boolean, nullable=False, server_default=false()),
    Column("active", Boolean, nullable=False, server_default=false()),
    Column("random_percent", Integer, nullable=False, server_default="10"),
    Column("rank_every", Integer),
    Column("training", Integer),
    Column("training_percent", Integer, nullable=False, server_default="80"),
)

schemas = Table(
    "schemas",
    metadata,
    Column("task", String, ForeignKey("tasks.name")),
    Column("version", Integer),
    Column("content", _JSON, nullable=False),
    Column("change", _JSON),
    PrimaryKeyConstraint("task", "version"),
)

guidelines = Table(
    "guidelines",
    metadata,
    Column("task", String, ForeignKey("tasks.name")),
    Column("version", Integer),
    Column("content", Text, nullable=False),
    Column("changes", _JSON),
    PrimaryKeyConstraint("task", "version"),
)

codes = Table(
    "codes",
    metadata,
    Column("code_list", String),
    Column("code", String),
    Column("title", Text, nullable=False),
    PrimaryKeyConstraint("code_list", "code"),
)

items = Table(
    "items",
    metadata,
    Column("task", String, ForeignKey("tasks.name")),
    Column("id", String),
    Column("position", Integer, nullable=False),
    Column("record", _JSON, nullable=False),
    Column("candidates", _JSON, nullable=False),
    Column("site", String),
    Column("skill", String),
    Column("priority", Integer, nullable=False),
    Column("pilot", Boolean, nullable=False),
    Column("gold", _JSON),
    Column("wanted", Integer, nullable=False),
    Column("read", Integer, nullable=False),
    Column("done", Boolean, nullable=False),
    Column("disputed", Boolean, nullable=False),
    Column("decided", Boolean, nullable=False),
    Column("subject", String),
    PrimaryKeyConstraint("task", "id"),
)
items_of_subject = Index("items_of_subject", items.c.task, items.c.subject)
Index("items_open", items.c.task, items.c.done, items.c.pilot.desc(), items.c.priority.desc(), items.c.position)
_is_gold = items.c.gold.is_not(None)
Index("items_gold", items.c.task, sqlite_where=_is_gold, postgresql_where=_is_gold)
Index("items_disputed", items.c.task, items.c.disputed, items.c.decided)

assignments = Table(
    "assignments",
    metadata,
    Column("task", String),
    Column("item", String),
    Column("person", String, ForeignKey("people.name")),
    Column("purpose", String, nullable=False),
    Column("state", String, nullable=False),
    Column("leased_at", String, nullable=False),
    Column("expires_at", String, nullable=False),
    Column("guideline_version", Integer, nullable=False),
    Column("seen", Boolean, nullable=False),
    Column("reason", String),
    Column("comment", Text),
    PrimaryKeyConstraint("task", "item", "person"),
    ForeignKeyConstraint(["task", "item"], ["items.task", "items.id"]),
)
Index("assignments_of_person", assignments.c.task, assignments.c.person, assignments.c.state)

answers = Table(
    "answers",
    metadata,
    Column("number", Integer, ForeignKey("events.number"), primary_key=True, autoincrement=False),
    Column("task", String, nullable=False),
    Column("item", String, nullable=False),
    Column("person", String, ForeignKey("people.name"), nullable=False),
    Column("token", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("content", _JSON, nullable=False),
    Column("digest", String, nullable=False),
    Column("schema_version", Integer, nullable=False),
    Column("guideline_version", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("at", String, nullable=False),
    Column("state", String, nullable=False),
    Column("suggestion", Integer),
    Column("shown", Boolean),
    Column("kept", Boolean),
    Column("bulk", Integer),
    Column("salt", String),
    UniqueConstraint("person", "token"),
    ForeignKeyConstraint(["task", "item"], ["items.task", "items.id"]),
)
Index("answers_of_item", answers.c.task, answers.c.item, answers.c.state)
Index("answers_of_person", answers.c.task, answers.c.person, answers.c.state)

batches = Table(
    "batches",
    metadata,
    Column("number", Integer, ForeignKey("events.number"), primary_key=True, autoincrement=False),
    Column("task", String, ForeignKey("tasks.name"), nullable=False),
    Column("size", Integer, nullable=False),
    Column("sample", Integer, nullable=False),
    Column("pass_at", Integer),
    Column("state", String, nullable=False),
)

checks = Table(
    "checks",
    metadata,
    Column("answer", Integer, ForeignKey("answers.number"), primary_key=True, autoincrement=False),
    Column("batch", Integer, ForeignKey("batches.number"), nullable=False),
    Column("place", Integer, nullable=False),
    Column("verdict", String),
    Column("checker", String, ForeignKey("people.name")),
    Column("held_until", String),
    Column("comment", Text),
)
Index("checks_of_batch", checks.c.batch, checks.c.place)

remarks = Table(
    "remarks",
    metadata,
    Column("number", Integer, ForeignKey("events.number"), primary_key=True, autoincrement=False),
    Column("task", String, nullable=False),
    Column("item", String, nullable=False),
    Column("person", String, ForeignKey("people.name"), nullable=False),
    Column("token", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("question", Text),
    Column("answer", Text),
    Column("answered_by", String, ForeignKey("people.name")),
    UniqueConstraint("person", "token"),
    ForeignKeyConstraint(["task", "item"], ["items.task", "items.id"]),
)

suggestion_batches = Table(
    "suggestion_batches",
    metadata,
    Column("number", Integer, ForeignKey("events.number"), primary_key=True, autoincrement=False),
    Column("task", String, ForeignKey("tasks.name"), nullable=False),
    Column("source", String, nullable=False),
    Column("version", String, nullable=False),
    Column("schema_version", Integer, nullable=False),
)

suggestions = Table(
    "suggestions",
    metadata,
    Column("task", String),
    Column("item", String),
    Column("batch", Integer, ForeignKey("suggestion_batches.number")),
    Column("place", Integer),
    Column("content", _JSON, nullable=False),
    Column("score", Float),
    Column("removed", Integer),
    PrimaryKeyConstraint("task", "item", "batch", "place"),
    ForeignKeyConstraint(["task", "item"], ["items.task", "items.id"]),
)

exposures = Table(
    "exposures",
    metadata,
    Column("task", String),
    Column("item", String),
    Column("person", String, ForeignKey("people.name")),
    Column("batch", Integer, ForeignKey("suggestion_batches.number"), nullable=False),
    Column("setting", String, nullable=False),
    Column("shown", Boolean, nullable=False),
    PrimaryKeyConstraint("task", "item", "person"),
    ForeignKeyConstraint(["task", "item"], ["items.task", "items.id"]),
)

rankings = Table(
    "rankings",
    metadata,
    Column("number", Integer, ForeignKey("events.number"), primary_key=True, autoincrement=False),
    Column("task", String, ForeignKey("tasks.name"), nullable=False),
)

choices = Table(
    "choices",
    metadata,
    Column("task", String),
    Column("item", String),
    Column("place", Integer, nullable=False),
    Column("why", _JSON, nullable=False),
    PrimaryKeyConstraint("task", "item"),
    ForeignKeyConstraint(["task", "item"], ["items.task", "items.id"]),
)

vectors = Table(
    "vectors",
    metadata,
    Column("task", String),
    Column("item", String),
    Column("encoder", String, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    PrimaryKeyConstraint("task", "item"),
    ForeignKeyConstraint(["task", "item"], ["items.task", "items.id"]),
)

jobs = Table(
    "jobs",
    metadata,
    Column("number", Integer, ForeignKey("events.number"), primary_key=True, autoincrement=False),
    Column("task", String, ForeignKey("tasks.name"), nullable=False),
    Column("kind", String, nullable=False),
    Column("person", String, nullable=False),
    Column("given", _JSON),
    Column("at", String, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("held_until", String),
    Column("ended_at", String),
    Column("said", _JSON),
)
Index("jobs_open", jobs.c.ended_at, jobs.c.number)

sessions = Table(
    "app_sessions",
    metadata,
    Column("token", String, primary_key=True),
    Column("person", String, nullable=False),
    Column("expires_at", String, nullable=False),
    Column("used_at", String, nullable=False),
)

invitations = Table(
    "app_invitations",
    metadata,
    Column("token", String, primary_key=True),
    Column("person", String, nullable=False, unique=True),
    Column("expires_at", String, nullable=False),
)

attempts = Table(
    "app_attempts",
    metadata,
    Column("name", String, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("until", String, nullable=False),
)

second_factors = Table(
    "app_second_factors",
    metadata,
    Column("person", String, primary_key=True),
    Column("secret", String, nullable=False),
    Column("confirmed", Boolean, nullable=False),
    Column("last_step", Integer, nullable=False),
)

recovery_codes = Table(
    "app_recovery_codes",
    metadata,
    Column("code", String, primary_key=True),
    Column("person", String, nullable=False),
)

outside_identities = Table(
    "app_outside_identities",
    metadata,
    Column("issuer", String),
    Column("subject", String),
    Column("person", String, nullable=False),
    PrimaryKeyConstraint("issuer", "subject"),
)

outside_sign_ins = Table(
    "app_outside_sign_ins",
    metadata,
    Column("state", String, primary_key=True),
    Column("browser", String, nullable=False),
    Column("nonce", String, nullable=False),
    Column("verifier", String, nullable=False),
    Column("invitation", String, nullable=False),
    Column("expires_at", String, nullable=False),
)

PASSING = (sessions, invitations, attempts, outside_sign_ins, vectors, jobs)
"""What no backup holds: sessions, which must not come back when they have ended since, and what is computed anew or asked
for again."""

for _change in ("UPDATE", "DELETE"):
    event.listen(
        events,
        "after_create",
        DDL(  # type: ignore[no-untyped-call]
            f"CREATE TRIGGER events_no_{_change.lower()} BEFORE {_change} ON events "
            "BEGIN SELECT RAISE(ABORT, 'events are only ever added'); END"
        ).execute_if(dialect="sqlite"),
    )
    event.listen(
        events,
        "after_create",
        DDL(  # type: ignore[no-untyped-call]
            f"CREATE RULE events_no_{_change.lower()} AS ON {_change} TO events DO INSTEAD NOTHING"
        ).execute_if(dialect="postgresql"),
    )

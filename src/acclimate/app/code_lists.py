"""Pages for lists of codes: the manager brings them, annotators search them."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from acclimate.annotation.code_search import code_lists, read_codes, search_codes, titles_of
from acclimate.annotation.people import Role
from acclimate.annotation.schema import Codes
from acclimate.annotation.tasks import TASK_NAME, current_schema, save_codes
from acclimate.app.reading import sent_text
from acclimate.app.web import Page, Visit, go_to
from acclimate.core.errors import ConfigError, DataError

MAX_UPLOAD = 50_000_000
MAX_WORDS = 200
_MANAGER = frozenset({Role.MANAGER})


def show_lists(visit: Visit) -> Response:
    """The lists that are there, and the form that brings another."""
    return visit.page("code_lists.html", lists=code_lists(visit.store))


def bring_list(visit: Visit) -> Response:
    """Adds codes to a list."""
    name = visit.text("list").strip()
    if not TASK_NAME.fullmatch(name):
        raise ConfigError(
            f"A list cannot be called {name[:60]!r}.", hint="use small letters, digits, - and _, such as icd-10"
        )
    save_codes(visit.store, name, read_codes(visit.text("codes")), by=visit.person.name)
    return go_to("/code-lists")


def search(visit: Visit) -> Response:
    """The codes that fit the words, or the names of given codes, in the list of a task's question."""
    with visit.store.read() as connection:
        asked = current_schema(connection, visit.path["task"]).question(sent_text(visit, "question", at_most=1000))
    if not isinstance(asked, Codes):
        raise DataError("This question asks for no codes.", hint="load the page again")
    given = visit.sent.get("codes")
    if isinstance(given, list):
        wanted = [code for code in given[:100] if isinstance(code, str)]
        return JSONResponse({"codes": titles_of(visit.store, asked.code_list, wanted)})
    words = sent_text(visit, "words", at_most=MAX_WORDS)
    return JSONResponse({"codes": search_codes(visit.store, asked.code_list, words)})


PAGES = (
    Page("/code-lists", show_lists, allowed=_MANAGER),
    Page("/code-lists", bring_list, method="POST", allowed=_MANAGER, max_body=MAX_UPLOAD),
    Page("/codes/{task}", search, method="POST", allowed=frozenset({Role.ANNOTATOR, Role.REVIEWER, Role.MANAGER})),
)

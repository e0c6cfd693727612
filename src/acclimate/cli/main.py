"""The command line's front door: finds the verb, loads its file alone, and turns errors into sentences and exit codes.

Exit codes: 0 done · 2 the user can mend it · 3 the verdict is fail or insufficient · 130 interrupted, nothing lost.
"""

from __future__ import annotations

import importlib
import re
import shlex
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING

from acclimate import __version__
from acclimate.cli.printable import printable
from acclimate.core.errors import UserError, WorkspaceError

if TYPE_CHECKING:
    import typer

STAGE_VERBS = {
    "ingest": "read the sources into records",
    "clean": "repair and filter the records",
    "dedup": "find exact and near-duplicates",
    "deidentify": "replace identifiers by surrogates",
    "split": "train, validation and test that share no subject and no copy",
    "glossary": "find the domain's terms; glossary write lays them in a list to edit",
    "profile": "what the data is, and what to mend or gather before training",
    "select_model": "compare candidate base models on your validation text",
    "sample": "draw text from the base, for replay and retention",
    "train": "adapt the base; train preview shows rows as the model sees them, train dial sets how strongly it acts",
    "sweep": "measure what was trained at several strengths, on validation and general text",
    "dial": "keep the strength with the most gain inside the retention budget",
    "predict": "score and answer the test set with every candidate",
    "evaluate": "adapted against base and baselines, with retention",
}
VERBS = {
    "init": "make a project: acclimate init DIR [--example clinical]",
    "collect": "land the sources as they are now; the only verb that goes to a database or a URL again",
    "plan": "what is stale and why, and what running it will cost",
    "run": "run what is not current",
    **STAGE_VERBS,
    "annotate": "serve the pages on which people annotate, decide and manage",
    "certificate": "an audited sample: what share of the identifiers was replaced, at least",
    "annotations": "bring people's answers in from another tool, or take them out for one",
    "study": "a blind review of outputs by people: planned, opened, looked at, closed",
    "report": "write the HTML report",
    "release": "pass, fail or insufficient evidence under the gates that the project set; bundle the evidence",
    "verify": "check the evidence bundle of a release, on any machine and without its data",
    "drops": "what each rule dropped, how often rightly, and what to re-include",
    "where": "the folder of a step's newest artifact",
    "show": "the way of a record from source to prediction, or of a model back to its sources",
    "runs": "every training run side by side: settings, gain, what was forgotten",
    "export": "the adapted model as a folder of its own, which can be a base in its turn",
    "compare": "a model or adapter trained elsewhere against its base, without a project",
    "tagger": "train a tagger of your own from names that people marked",
    "erase": "remove a person from everything the project keeps, with a receipt",
    "gc": "remove artifacts that nothing current needs",
    "key": "make the key that surrogates are derived from, or one to sign with",
    "audit": "check the audit log's chain and, with --files, every artifact and receipt",
    "doctor": "what is installed, which devices, what is missing offline",
}
NO_PROJECT = ("init", "compare", "verify", "doctor")


def main() -> None:
    """Runs the command line."""
    signal.signal(signal.SIGINT, _interrupted)
    arguments = sys.argv[1:]
    verb = arguments[0] if arguments else "--help"
    if verb in ("--help", "-h"):
        print(_help())
    elif verb == "--version":
        print(__version__)
    elif verb in VERBS:
        _dispatch(verb, arguments[1:])
    else:
        _fail(UserError(f"acclimate has no verb {verb!r}.", hint="acclimate --help lists them"))


def app_of(verb: str) -> typer.Typer:
    """The application of a verb; its file is loaded now."""
    module = importlib.import_module(f"acclimate.cli.{'stages' if verb in STAGE_VERBS else verb}")
    app: typer.Typer = module.app_for(verb) if verb in STAGE_VERBS else module.app
    return app


def _dispatch(verb: str, arguments: list[str]) -> None:
    app = app_of(verb)
    try:
        app(args=arguments, prog_name=f"acclimate {verb}")
    except UserError as error:
        _fail(error, arguments)
    except OSError as error:
        _fail(_refused_by_the_system(error), arguments)


def _refused_by_the_system(error: OSError) -> UserError:
    """A file that cannot be read or written, as a sentence with its name."""
    names = " -> ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
    what = error.strerror or str(error) or type(error).__name__
    if isinstance(error, PermissionError):
        hint = "see with ls -l who may read and write there, and run the same command again"
    else:
        hint = "see that the path is there and is what the command expects, and run the same command again"
    return WorkspaceError(f"{names}: {what}." if names else f"The system refused: {what}.", hint=hint)


def _fail(error: UserError, arguments: Sequence[str] = ()) -> None:
    print(f"error: {printable(_in_project(str(error), arguments))}", file=sys.stderr)
    raise SystemExit(2)


def _in_project(text: str, arguments: Sequence[str]) -> str:
    """The text with its commands acting on the project that was given, so that they can be copied.

    >>> _in_project("hint: acclimate key new", ["--project", "my demo"])
    "hint: acclimate key new --project 'my demo'"
    >>> _in_project("hint: acclimate run --until split", ["--project=demo", "--quiet"])
    'hint: acclimate run --project demo --until split'
    >>> _in_project("hint: acclimate tagger retrain SNAPSHOT", ["--project", "demo"])
    'hint: acclimate tagger retrain --project demo SNAPSHOT'
    """
    at = next((number for number, word in enumerate(arguments) if word.partition("=")[0] == "--project"), None)
    if at is None or "--project" in text:
        return text
    folder = arguments[at].partition("=")[2] or arguments[at + 1]
    option = f"--project {shlex.quote(folder)}"
    verbs = "|".join(verb for verb in VERBS if verb not in NO_PROJECT)
    return re.sub(rf"\bacclimate ({verbs})( (?:new|preview|retrain))?\b", lambda found: f"{found[0]} {option}", text)


def _interrupted(signal_number: int, frame: FrameType | None) -> None:
    print("\ninterrupted; nothing finished is lost, run the same command again to go on", file=sys.stderr)
    raise SystemExit(130)


def _help() -> str:
    lines = [f"  {verb:<13} {says}" for verb, says in VERBS.items()]
    return "\n".join(
        [
            "Adapt a language model to your domain, keep what it already knew, and prove both.",
            "",
            "example: acclimate init demo --example clinical && acclimate run --project demo",
            "",
            "verbs (acclimate VERB --help tells more):",
            *lines,
            "",
            "every verb takes --json and --quiet; all but init, compare, verify, doctor and key signing take --project DIR",
            "(default: here)",
            "results go to stdout, talk to stderr",
        ]
    )

"""Signing in at the command line: who changes or unblinds something in the annotations first proves who they are."""

from __future__ import annotations

import getpass
import os
import sys

from acclimate.annotation.people import RefusedError, prepare_password_check
from acclimate.annotation.store import Store
from acclimate.app.command_sign_in import note_that_nobody_can_sign_in, sign_in_for_command
from acclimate.app.identity import WRONG
from acclimate.app.second_factor import has_second_factor
from acclimate.core.errors import ConfigError
from acclimate.project.audit import account_name

PASSWORD, CODE = "ACCLIMATE_PASSWORD", "ACCLIMATE_CODE"
_HINT = (
    "after five failures a name is locked for a quarter of an hour, here and on the pages; who signs in there through a"
    " provider needs a password for commands, which a new invitation sets"
)


def person_or_account(name: str) -> str:
    """The person that is named, else the name of the machine's account."""
    return name or account_name()


def sign_in(store: Store, name: str, *, command: str) -> str:
    """Who does what the command does: the person gave their password, and a code where their account asks for one.

    Both come from the environment variables ACCLIMATE_PASSWORD and ACCLIMATE_CODE, or are asked for on the terminal.
    Where nobody can sign in yet, the name is taken as it is given. The chain of events tells either, with the account
    of the machine. Raises RefusedError where they do not match, ConfigError where there is nothing to ask on.
    """
    who = _readable(person_or_account(name), "The name after --as")
    if note_that_nobody_can_sign_in(store, who, command=command, account=account_name()):
        return who
    prepare_password_check()
    password = _secret(PASSWORD, f"Password of {who}: ")
    code = _secret(CODE, f"Code of {who}: ") if has_second_factor(store, who) else ""
    if not sign_in_for_command(store, who, password, code=code, command=command, account=account_name()):
        raise RefusedError(f"{who}: {WRONG}", hint=_HINT)
    return who


def _secret(variable: str, prompt: str) -> str:
    """What the environment variable holds, else what is typed without being shown."""
    given, what = os.environ.get(variable), prompt.rstrip(": ")
    if not given:
        if not sys.stdin.isatty():
            raise ConfigError(
                f"{what} is needed, and there is no terminal to ask on.",
                hint=f"put it into the environment variable {variable}, and say with --as who you are",
            )
        try:
            given = getpass.getpass(prompt)
        except EOFError:
            raise ConfigError(f"{what} was not given.", hint="run the command again, and type it") from None
    return _readable(given, what)


def _readable(given: str, what: str) -> str:
    """The text, which databases and hashes can take."""
    if "\0" in given or any("\ud800" <= character <= "\udfff" for character in given):
        raise ConfigError(f"{what} holds a character that is none.", hint="see to the encoding of the terminal")
    return given

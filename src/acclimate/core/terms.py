"""On what terms data may be used: licence, consent and purpose of a source against the use that the project declares.

The table knows the usual words, not the law: what it does not know it lets pass, and the report lists all terms.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

_SPDX = re.compile(r"[\w.+-]+(?: (?:AND|OR|WITH) [\w.+-]+)*")
_NO_TRAINING = re.compile(
    r"(?<![a-z])(?:no|not(?:-for)?|without)-(?:(?:ai|ml|llm|model|machine-learning)-?)?(?:train|tdm\b|text-and-data-mining)"
    r"|(?<![a-z])no-?(?:ai|ml)\b|train\w*-(?:is-)?(?:prohibited|forbidden|not-allowed)"
)
_NO_DERIVATIVES = re.compile(r"\b(?:cc|by)-(?:[a-z]+-)*nd\b|no-?deriv")
_NON_COMMERCIAL = re.compile(
    r"\b(?:cc|by)-(?:[a-z]+-)*nc\b|non-?commercial|(?<![a-z])(?:research|academic|educational?|evaluation)-(?:use-)?only"
)
_REFUSALS = frozenset({"refused", "withdrawn", "revoked", "denied", "declined", "none", "no", "opt-out", "opted-out"})
_RESEARCH = re.compile(r"\b(?:research|academic|scientific)\b")


class Use(BaseModel):
    """What the project's model is for."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    purpose: str = Field(default="", max_length=200)
    """What the model is made for, in the words that the sources' `purpose` uses: research, quality-improvement."""

    commercial: bool = False
    """Whether the model serves a commercial purpose: sources for non-commercial use or research alone are then refused."""


def licence_refusal(licence: str, use: Use) -> str | None:
    """Why a licence does not let a model be trained for this use; None where nothing known forbids it.

    `licence` is an SPDX expression or free text. Of `A OR B` one licence must allow it, else each.

    >>> licence_refusal("CC-BY-NC-4.0", Use(commercial=True))
    'is for non-commercial use alone, and the project declares commercial use'
    >>> licence_refusal("CC-BY-NC-4.0 OR MIT", Use(commercial=True))
    >>> licence_refusal("CC-BY-ND-4.0", Use())
    'allows no derivatives, which a trained model may be'
    """
    choices = licence.split(" OR ") if _SPDX.fullmatch(licence.strip()) else [licence]
    refusals = [_refusal_of_one(choice, use) for choice in choices]
    return None if None in refusals else refusals[0]


def purpose_refusal(allowed: Sequence[str], use: Use) -> str | None:
    """Why the purposes for which data may be used leave out the project's; None where they do not, or none is stated.

    >>> purpose_refusal(["research", "teaching"], Use(purpose="Research"))
    >>> purpose_refusal(["research"], Use())
    'is bound to a purpose (research), and the project states none'
    """
    plain = [_plain(purpose) for purpose in allowed]
    if any(_NO_TRAINING.search(purpose) for purpose in plain):
        return "excludes training"
    if not plain:
        return None
    named = ", ".join(allowed)
    if not use.purpose:
        return f"is bound to a purpose ({named}), and the project states none"
    if _plain(use.purpose) not in plain:
        return f"is bound to another purpose ({named}) than the project's ({use.purpose})"
    if use.commercial and all(_RESEARCH.search(purpose) for purpose in plain):
        return f"is bound to research ({named}), and the project declares commercial use"
    return None


def consent_refusal(consent: str) -> str | None:
    """Why what was agreed to does not cover training; None where it is not refused in a known word.

    >>> consent_refusal("withdrawn")
    'was not given or was taken back (withdrawn)'
    >>> consent_refusal("waived by the ethics board, 2024-117")
    """
    plain = _plain(consent)
    if plain in _REFUSALS:
        return f"was not given or was taken back ({consent})"
    return "excludes training" if _NO_TRAINING.search(plain) else None


def _refusal_of_one(licence: str, use: Use) -> str | None:
    plain = _plain(licence)
    if _NO_TRAINING.search(plain):
        return "excludes training"
    if _NO_DERIVATIVES.search(plain):
        return "allows no derivatives, which a trained model may be"
    if use.commercial and _NON_COMMERCIAL.search(plain):
        return "is for non-commercial use alone, and the project declares commercial use"
    return None


def _plain(words: str) -> str:
    """Small letters, words joined by hyphens.

    >>> _plain(" Attribution NonCommercial_4.0 ")
    'attribution-noncommercial-4.0'
    """
    return re.sub(r"[\s_/,;:-]+", "-", words.strip().casefold())

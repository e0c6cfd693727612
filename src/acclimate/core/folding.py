"""Words without case and accents, so that two ways of writing the same word become equal."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """Without case and accents.

    >>> fold("José")
    'jose'
    """
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))

"""Repairs of the characters of a text that never change what it says.

Curly quotes, ligatures, full-width forms and HTML entities are content and stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import ftfy
import polars as pl

REPAIRS = ("mojibake", "control", "unicode_form", "whitespace")
"""The kinds of repair, as the report counts them."""

EDGE_WHITESPACE = " \t\n"
"""What `strip` takes off the two ends of a text."""

_MOJIBAKE_ONLY = ftfy.TextFixerConfig(
    unescape_html=False,
    remove_terminal_escapes=False,
    fix_latin_ligatures=False,
    fix_character_width=False,
    uncurl_quotes=False,
    fix_line_breaks=False,
    remove_control_chars=False,
    normalization=None,
)

# C1 controls (\x80-\x9f) stay until mojibake is repaired: they are half of many broken letters.
# Bidirectional marks and tag characters are invisible and are used to hide text from a reader.
_INVISIBLE = (
    r"[\x00-\x08\x0e-\x1b\x1f\x7f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
    r"\ufff9-\ufffb\x{e0000}-\x{e007f}]"
)
_LATER_INVISIBLE = r"[\x80-\x84\x86-\x9f]|" + _INVISIBLE
# Joiners shape Arabic and Indic letters and emoji; after a Latin letter, digit, sign or accent they are debris.
_STRAY_JOINER = r"([\x{00}-\x{24f}\u0300-\u036f])[\u200c\u200d]+"
_LINE_END = r"\r\n?|[\x0b\x0c\x1c-\x1e\x{85}\u2028\u2029]"
_WIDE_SPACE = r"[\x{a0}\u1680\u2000-\u200a\u202f\u205f\u3000]"
_NOT_ASCII = r"[^\x00-\x7f]"


@dataclass(frozen=True)
class Repaired:
    """Repaired texts, and for each kind of repair which of them it changed."""

    texts: pl.Series
    touched: dict[str, pl.Series]


def repair(texts: pl.Series) -> Repaired:
    """Texts with mojibake decoded, invisible characters gone, in NFC, with plain spaces and line ends.

    Paragraph breaks (one empty line), indentation and tabs stay. Nothing is stripped from the two ends, so that a
    piece of a text can be repaired on its own.

    >>> repair(pl.Series(["No fever.\\u200b  SchÃ¶n"])).texts.to_list()
    ['No fever. Schön']
    """
    visible = texts.str.replace_all(_INVISIBLE, "").str.replace_all(_STRAY_JOINER, "$1")
    decoded = _decode_mojibake(visible)
    clear = decoded.str.replace_all(_LATER_INVISIBLE, "").str.replace_all(_STRAY_JOINER, "$1")
    composed = clear.str.normalize("NFC")
    # Composing makes Latin letters of signs that were none (the Angstrom sign), behind which a joiner is debris too.
    joined = composed.str.replace_all(_STRAY_JOINER, "$1").str.normalize("NFC")
    spaced = _plain_whitespace(joined)
    touched = {
        "control": (visible != texts) | (clear != decoded) | (joined != composed),
        "mojibake": decoded != visible,
        "unicode_form": composed != clear,
        "whitespace": spaced != joined,
    }
    return Repaired(spaced, {kind: mask.fill_null(False) for kind, mask in touched.items()})


def strip(repaired: Repaired) -> Repaired:
    """The same texts without white space at their two ends."""
    stripped = repaired.texts.str.strip_chars(EDGE_WHITESPACE)
    whitespace = repaired.touched["whitespace"] | (stripped != repaired.texts).fill_null(False)
    return Repaired(stripped, {**repaired.touched, "whitespace": whitespace})


def _decode_mojibake(texts: pl.Series) -> pl.Series:
    # ftfy costs about 10 µs a line in Python; ASCII cannot hold mojibake and is most of English text.
    suspect = texts.str.contains(_NOT_ASCII).fill_null(False).arg_true()
    if suspect.is_empty():
        return texts
    fixed = [ftfy.fix_text(text, _MOJIBAKE_ONLY) for text in texts.gather(suspect).to_list()]
    return texts.clone().scatter(suspect, pl.Series(fixed, dtype=pl.String))


def _plain_whitespace(texts: pl.Series) -> pl.Series:
    return (
        texts.str.replace_all(_LINE_END, "\n")
        .str.replace_all(_WIDE_SPACE, " ")
        .str.replace_all(r"[ \t]+\n", "\n")
        .str.replace_all(r"\n{3,}", "\n\n")
        .str.replace_all(r"(\S) {2,}", "$1 ")
    )

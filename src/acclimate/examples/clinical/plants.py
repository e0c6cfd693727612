"""The faults that are planted in clean records: copies, edited copies, broken encodings, blanks."""

from __future__ import annotations

import random
import re
from dataclasses import replace

from acclimate.examples.clinical.marks import CLOSE, OPEN, unmark
from acclimate.examples.clinical.records import Record

NEUTRAL_WORDS = (
    "really", "then", "perhaps", "still", "also", "just", "now", "again", "almost", "rather", "quite", "soon", "maybe",
    "indeed", "later", "often", "here", "somehow", "mostly", "overall",
)  # fmt: skip
"""Words that edits put in; they change no fact."""

BLANKS = ("", " ", "\n \n", "\t", "\u00a0", "   ")

PIECES = re.compile(f"{OPEN}[^{CLOSE}]*{CLOSE}\\S*|^(?:Doctor|Patient): |\\S+|\\s+", re.MULTILINE)
"""A marked identifier, a speaker's label, a word, or white space."""
FIXED = ("Doctor: ", "Patient: ")


def exact_copy(record: Record, key: int) -> Record:
    """The same texts once more, under another number."""
    return replace(record, key=key, fault="exact_copy", details={"of": record.key})


def near_copy(record: Record, key: int, rng: random.Random, *, share: float) -> Record:
    """The record with a share of the words of dialogue and note edited; identifiers stay whole."""
    dialogue, request = record.dialogue.rsplit("\n\n", 1)
    edited_dialogue, dialogue_edits = edit_words(dialogue, rng, share=share)
    edited_summary, summary_edits = edit_words(record.summary, rng, share=share)
    return replace(
        record,
        key=key,
        dialogue=f"{edited_dialogue}\n\n{request}",
        summary=edited_summary,
        fault=f"near_copy_{round(share * 100)}",
        details={"of": record.key, "edited_words": dialogue_edits + summary_edits, "share": share},
    )


def edit_words(marked: str, rng: random.Random, *, share: float) -> tuple[str, int]:
    """The text with that share of its words replaced, deleted or added beside, a third each, and how many that is."""
    pieces = PIECES.findall(marked)
    words = [place for place, piece in enumerate(pieces) if _is_word(piece)]
    count = min(len(words), round(share * len(unmark(marked).text.split())))
    for turn, place in enumerate(rng.sample(words, count)):
        neutral = rng.choice(NEUTRAL_WORDS)
        pieces[place] = (neutral, "", f"{pieces[place]} {neutral}")[turn % 3]
    return re.sub(r" {2,}", " ", re.sub(r" +\n", "\n", "".join(pieces))).strip(), count


def _is_word(piece: str) -> bool:
    return not (piece.isspace() or piece.startswith(OPEN) or piece in FIXED)


def mojibake(record: Record, *, encoding: str, rounds: int) -> Record:
    """The record as a program shows it that read UTF-8 as if it were a one-byte encoding."""
    return replace(
        record,
        dialogue=misread(record.dialogue, encoding=encoding, rounds=rounds),
        summary=misread(record.summary, encoding=encoding, rounds=rounds),
        fault="mojibake",
        details={
            "encoding": encoding,
            "rounds": rounds,
            "right": {"dialogue": unmark(record.dialogue).text, "summary": unmark(record.summary).text},
        },
    )


def misread(text: str, *, encoding: str, rounds: int = 1) -> str:
    """UTF-8 bytes read in a one-byte encoding; bytes it does not define are read as Latin-1, as browsers do.

    >>> misread("it’s", encoding="cp1252")
    'itâ€™s'
    """
    for _ in range(rounds):
        text = "".join(_one_byte(byte, encoding) for byte in text.encode())
    return text


def _one_byte(byte: int, encoding: str) -> str:
    try:
        return bytes([byte]).decode(encoding)
    except UnicodeDecodeError:
        return chr(byte)


def blank(record: Record, rng: random.Random, *, column: str) -> Record:
    """The record with an empty dialogue or note."""
    faulty = replace(record, fault="empty", details={"column": column})
    empty = rng.choice(BLANKS)
    return replace(faulty, dialogue=empty) if column == "dialogue" else replace(faulty, summary=empty)

"""CoNLL: one word a line with its tag in the last column, an empty line between sentences (the shared task of 2003).

Tags may be IOB1, BIO, IOBES or BILOU; BIO is written. The format holds words, not texts: a text is its words with a
space between them, and a line for each sentence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from acclimate.annotation.formats.exchange import NAMES, SPANS, ExchangeItem, GivenReading, ReadOptions, digest_id
from acclimate.annotation.formats.spans import SpanCollector, plain_label
from acclimate.annotation.formats.tokens import tokens_of
from acclimate.annotation.schema import LabelSchema, Spans
from acclimate.core.errors import SourceError
from acclimate.core.tags import TAG, tagged_runs

FILE = "data.conll"
_DOCUMENT = "-DOCSTART-"
_LONGEST_LINE = 2**20
Word = tuple[str, str]


def read(path: Path, options: ReadOptions) -> Iterator[ExchangeItem]:
    """The documents of a file, or its sentences where it names no documents."""
    name = options.question or NAMES[SPANS]
    kinds = {name: SPANS}
    seen: Counter[str] = Counter()
    for sentences in _documents(path / FILE if path.is_dir() else path):
        text, answer = _marked(sentences)
        identity = digest_id({"text": text})
        seen[identity] += 1
        # The same sentence twice is two items, told apart by which of them this is.
        record = {"id": identity if seen[identity] == 1 else f"{identity}-{seen[identity]}", "text": text}
        yield ExchangeItem(record, [GivenReading(options.annotator, {name: answer})], kinds=kinds)


def write(items: Iterable[ExchangeItem], folder: Path, schema: LabelSchema, lost: Counter[str]) -> None:
    """A document an item, with what counts as its spans."""
    asked = schema.questions[0]
    column = asked.fields[0] if isinstance(asked, Spans) else "text"
    with (folder / FILE).open("w", encoding="utf-8", newline="\n") as file:
        for item in items:
            value = item.settled.get(asked.name)
            if value is None:
                lost["items without an answer, which would look like items without spans"] += 1
                continue
            lost["ids"] += 1
            file.write(f"{_DOCUMENT} -X- -X- O\n\n")
            file.writelines(_lines(item.texts.get(column, ""), column, value, lost))


def tags_to_spans(words: Sequence[Word], starts: Sequence[tuple[int, int]], found: SpanCollector) -> None:
    """Adds the spans of a sentence's tags; `starts` says where each word stands."""
    for run in tagged_runs(tag for _, tag in words):
        name = (starts[run.first][0], run.label)
        found.add(name, "text", starts[run.first][0], starts[run.last][1], run.label)


def _marked(sentences: Sequence[Sequence[Word]]) -> tuple[str, dict[str, Any]]:
    """The text of a document and the spans in it."""
    found = SpanCollector()
    lines: list[str] = []
    at = 0
    for words in sentences:
        places: list[tuple[int, int]] = []
        for word, _ in words:
            places.append((at, at + len(word)))
            at += len(word) + 1
        tags_to_spans(words, places, found)
        lines.append(" ".join(word for word, _ in words))
    return "\n".join(lines), found.answer()


def _documents(path: Path) -> Iterator[list[list[Word]]]:
    document: list[list[Word]] = []
    sentence: list[Word] = []
    has_documents = False
    for word in _words(path):
        if word is not None and word[0] != _DOCUMENT:
            sentence.append(word)
            continue
        if sentence:
            document.append(sentence)
            sentence = []
        has_documents = has_documents or word is not None
        if document and (word is not None or not has_documents):
            yield document
            document = []
    if sentence:
        document.append(sentence)
    if document:
        yield document


def _words(path: Path) -> Iterator[Word | None]:
    """Each word with its tag; None for an empty line."""
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            number = 0
            while line := file.readline(_LONGEST_LINE):
                number += 1
                yield _word(line, f"line {number} of {path.name}")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path.name} is not UTF-8 at byte {error.start}.", hint="convert it to UTF-8") from None


def _word(line: str, place: str) -> Word | None:
    columns = line.split()
    tagged = len(columns) > 1 and TAG.fullmatch(columns[-1]) is not None
    if not columns or (columns[0].startswith("#") and not tagged):
        return None
    if columns[0] == _DOCUMENT:
        return _DOCUMENT, "O"
    if not tagged or len(line) == _LONGEST_LINE:
        raise SourceError(
            f"{place} does not end in a tag such as O, B-PER or I-PER.",
            hint="the word stands in the first column and its tag in the last",
        )
    return columns[0], columns[-1]


def _lines(text: str, column: str, value: Mapping[str, Any], lost: Counter[str]) -> Iterator[str]:
    """The words of a text with their tags, and what of text and spans does not come back."""
    spans = _side_by_side(value["spans"], column, lost)
    lost["relations"] += len(value.get("relations", ()))
    cuts = {end for span in spans for end in (span["start"], span["end"])}
    tokens = tokens_of(text, cuts)
    lost["words cut in two where a span ends in them"] += len(tokens) - len(tokens_of(text))
    _note_trimmed(text, spans, tokens, lost)
    last, open_span, rebuilt, ahead = 0, -1, "", 0
    for start, end in tokens:
        ends_line = bool(rebuilt) and "\n" in text[last:start]
        if ends_line:
            yield "\n"
        while ahead < len(spans) and spans[ahead]["end"] <= start:
            ahead += 1
        inside = ahead < len(spans) and spans[ahead]["start"] <= start
        goes_on = inside and open_span == ahead and not ends_line
        open_span = ahead if inside else -1
        tag = f"{'I' if goes_on else 'B'}-{plain_label(spans[ahead]['label'], lost)}" if inside else "O"
        yield f"{text[start:end]} -X- _ {tag}\n"
        rebuilt += ("\n" if ends_line else " " if rebuilt else "") + text[start:end]
        last = end
    lost["texts whose spaces are not kept"] += rebuilt != text
    yield "\n"


def _note_trimmed(
    text: str, spans: Sequence[Mapping[str, Any]], tokens: Sequence[tuple[int, int]], lost: Counter[str]
) -> None:
    starts, ends = {start for start, _ in tokens}, {end for _, end in tokens}
    for span in spans:
        marked = text[span["start"] : span["end"]]
        lost["spans without a word"] += not marked.strip()
        lost["spans over a line end, written in pieces"] += "\n" in marked.strip()
        whole = span["start"] in starts and span["end"] in ends
        lost["spaces at the ends of spans"] += bool(marked.strip()) and not whole


def _side_by_side(spans: Sequence[Mapping[str, Any]], column: str, lost: Counter[str]) -> list[dict[str, Any]]:
    """The spans of a column that do not overlap: of two that do, the longer."""
    kept: list[dict[str, Any]] = []
    for span in sorted(spans, key=lambda one: (one["start"] - one["end"], one["start"], one["label"])):
        if span.get("field", "text") != column:
            lost["spans in a second text"] += 1
        elif any(span["start"] < other["end"] and other["start"] < span["end"] for other in kept):
            lost["spans that overlap a longer one"] += 1
        else:
            kept.append(dict(span))
    return sorted(kept, key=lambda one: int(one["start"]))

"""brat: a text and its standoff annotations beside it, .txt and .ann (https://brat.nlplab.org/standoff.html).

Offsets are code points; its server reads a line end of two characters as one. A span with gaps becomes its pieces with
the relation `continued` between them, and is one again when it is written.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from acclimate.annotation.formats.exchange import (
    NAMES,
    OTHER_OFFSETS,
    SPANS,
    UNREAD,
    ExchangeItem,
    GivenReading,
    ReadOptions,
    SetAside,
    digest_id,
)
from acclimate.annotation.formats.offsets import Unit
from acclimate.annotation.formats.spans import CONTINUED, SpanCollector, Translator, plain_label
from acclimate.annotation.schema import LabelSchema, Spans
from acclimate.core.errors import SourceError

CONFIG = "annotation.conf"
_LARGEST = 64 * 2**20
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_TEXT_BOUND = re.compile(r"(\S+) (\d{1,9} \d{1,9}(?:;\d{1,9} \d{1,9})*)")
_RELATION = re.compile(r"(\S+) Arg1:(\S+) Arg2:(\S+)\s*")
_EVENT = re.compile(r"\S+:(T\S+)((?: \S+:\S+)*)\s*")
_NOT_HELD = {
    "A": "attributes",
    "M": "attributes",
    "N": "normalizations",
    "#": "notes",
    "*": "equivalences",
}


def read(path: Path, options: ReadOptions) -> Iterator[ExchangeItem]:
    """The documents of a folder and the folders in it, or the one document of a file."""
    texts = sorted(path.rglob("*.txt")) if path.is_dir() else [path.with_suffix(".txt")]
    if not texts or not texts[0].is_file():
        raise SourceError(f"There is no .txt file in {path.name}.", hint="name the folder of .txt and .ann files")
    root = path if path.is_dir() else path.parent
    name = options.question or NAMES[SPANS]
    for file in texts:
        identity = file.relative_to(root).with_suffix("").as_posix()
        yield _item({"id": identity, "text": _content(file)}, file.with_suffix(".ann"), name, options)


def write(items: Iterable[ExchangeItem], folder: Path, schema: LabelSchema, lost: Counter[str]) -> None:
    """A document an item, with what counts as its spans; an item without an answer has an empty .ann."""
    asked = schema.questions[0]
    column = asked.fields[0] if isinstance(asked, Spans) else "text"
    (folder / CONFIG).write_text(_config(asked), encoding="utf-8") if isinstance(asked, Spans) else None
    taken: set[str] = set()
    for item in items:
        name = (
            item.id if _FILE_NAME.fullmatch(item.id) and item.id.lower() not in taken else digest_id({"text": item.id})
        )
        taken.add(name.lower())
        lost["ids that are no file names"] += name != item.id
        text = item.texts.get(column, "")
        (folder / f"{name}.txt").write_bytes(text.encode())
        value = item.settled.get(asked.name) or {"spans": []}
        lines = _Standoff(text, column, value, lost).lines()
        (folder / f"{name}.ann").write_bytes("".join(f"{line}\n" for line in lines).encode())


def _content(file: Path) -> str:
    if file.stat().st_size > _LARGEST:
        raise SourceError(f"{file.name} has more than {_LARGEST // 2**20} MB.", hint="cut it into documents")
    try:
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise SourceError(f"{file.name} is not UTF-8 at byte {error.start}.", hint="convert it to UTF-8") from None


def _item(record: Mapping[str, Any], file: Path, name: str, options: ReadOptions) -> ExchangeItem:
    kinds = {name: SPANS}
    marks = _content(file) if file.is_file() else ""
    if not marks.strip():
        return ExchangeItem(record, lost=[UNREAD], kinds=kinds)
    reader = _Marks(file.name, Translator({"text": record["text"]}, options.offsets or Unit.NEWLINES_AS_ONE))
    if not reader.read(marks):
        aside = [SetAside(options.annotator, OTHER_OFFSETS)]
        return ExchangeItem(record, aside=aside, lost=reader.lost, kinds=kinds)
    readings = [GivenReading(options.annotator, {name: reader.found.answer()})]
    return ExchangeItem(record, readings, lost=[*reader.lost, *reader.found.lost], kinds=kinds)


@dataclass
class _Marks:
    """The lines of one .ann file while they are read."""

    name: str
    translator: Translator
    found: SpanCollector = field(default_factory=SpanCollector)
    lost: list[str] = field(default_factory=list)

    def read(self, content: str) -> bool:
        """Collects spans first, then what points to them; whether the spans are the text that they quote."""
        later: list[tuple[str, str, str]] = []
        for number, line in enumerate(content.replace("\r\n", "\n").split("\n"), start=1):
            if not line.strip():
                continue
            identity, _, rest = line.partition("\t")
            place = f"line {number} of {self.name}"
            if identity.startswith("T"):
                if not self._text_bound(identity, rest, place):
                    return False
            elif identity[:1] in _NOT_HELD:
                self.lost.append(_NOT_HELD[identity[:1]])
            else:
                later.append((identity, rest, place))
        triggers = {identity: self._trigger(rest, place) for identity, rest, place in later if identity[:1] == "E"}
        for identity, rest, place in later:
            self._point(identity, rest, place, triggers)
        return True

    def _text_bound(self, identity: str, rest: str, place: str) -> bool:
        marked, _, quote = rest.partition("\t")
        match = _TEXT_BOUND.fullmatch(marked)
        if match is None:
            _refuse(place)
        pieces = [tuple(map(int, piece.split())) for piece in match[2].split(";")]
        ends = [self.translator.inward("text", *piece) for piece in pieces]
        text = self.translator.texts["text"]
        said = " ".join(text[start:end] for start, end in ends)
        if "".join(said.split()) != "".join(quote.split()):
            return False
        for number, (start, end) in enumerate(ends):
            self.found.add(identity if number == 0 else (identity, number), "text", start, end, match[1])
        for number in range(1, len(ends)):
            self.found.relate(identity if number == 1 else (identity, number - 1), (identity, number), CONTINUED)
        return True

    def _trigger(self, rest: str, place: str) -> str:
        match = _EVENT.fullmatch(rest)
        if match is None:
            _refuse(place)
        return match[1]

    def _point(self, identity: str, rest: str, place: str, triggers: Mapping[str, str]) -> None:
        """A relation, or the roles of an event as relations from its trigger."""
        if identity.startswith("R"):
            match = _RELATION.fullmatch(rest)
            if match is None:
                _refuse(place)
            arrows = [(match[2], match[3], match[1])]
        elif identity in triggers:
            roles = [role.split(":", 1) for role in rest.split()[1:]]
            arrows = [(triggers[identity], target, role) for role, target in roles]
            self.lost.append("events, taken as relations from their trigger")
        else:
            _refuse(place)
        for source, target, label in arrows:
            ends = (triggers.get(source, source), triggers.get(target, target))
            if not self.found.relate(*ends, label):
                raise SourceError(f"{place} points to something that is not there.", hint="copy the .ann file anew")


def _refuse(place: str) -> NoReturn:
    raise SourceError(f"{place} is no standoff annotation.", hint="see https://brat.nlplab.org/standoff.html")


@dataclass
class _Standoff:
    """The lines of one .ann file while they are written."""

    text: str
    column: str
    value: Mapping[str, Any]
    lost: Counter[str]

    def __post_init__(self) -> None:
        self.translator = Translator({"text": self.text}, Unit.NEWLINES_AS_ONE)

    def lines(self) -> Iterator[str]:
        """Spans, then relations."""
        spans: Sequence[Mapping[str, Any]] = self.value["spans"]
        there = [place for place, span in enumerate(spans) if span.get("field", "text") == self.column]
        self.lost["spans in a second text"] += len(spans) - len(there)
        self.lost["answers without any span, which look like none"] += not there
        arrows = [
            (one["source"], one["target"], one["label"])
            for one in self.value.get("relations", ())
            if spans[one["source"]].get("field", "text") == spans[one["target"]].get("field", "text") == self.column
        ]
        self.lost["relations with a span in a second text"] += len(self.value.get("relations", ())) - len(arrows)
        chains, plain = self._chains(there, arrows)
        names: dict[int, str] = {}
        for number, chain in enumerate(chains, start=1):
            names.update({place: names.get(place, f"T{number}") for place in chain})
            yield self._text_bound(f"T{number}", chain)
        for number, (source, target, label) in enumerate(plain, start=1):
            yield f"R{number}\t{plain_label(label, self.lost)} Arg1:{names[source]} Arg2:{names[target]}"

    def _chains(
        self, there: Sequence[int], arrows: Sequence[tuple[int, int, str]]
    ) -> tuple[list[list[int]], list[tuple[int, int, str]]]:
        """Pieces put together, and the relations that are left."""
        following = self._following(arrows)
        later = set(following.values())
        chains: list[list[int]] = []
        for place in there:
            if place not in later:
                chain = [place]
                while chain[-1] in following:
                    chain.append(following[chain[-1]])
                chains.append(chain)
        joined = {(source, target, CONTINUED) for source, target in following.items()}
        return chains, [arrow for arrow in arrows if arrow not in joined]

    def _following(self, arrows: Sequence[tuple[int, int, str]]) -> dict[int, int]:
        """The next piece of each piece: further on, of its label, and of no relation but those between pieces."""
        spans = self.value["spans"]
        following: dict[int, int] = {}
        for source, target, label in arrows:
            fits = spans[source]["label"] == spans[target]["label"] and spans[source]["end"] <= spans[target]["start"]
            if label == CONTINUED and fits:
                following.setdefault(source, target)
        while True:
            others = [arrow for arrow in arrows if arrow[2] != CONTINUED or following.get(arrow[0]) != arrow[1]]
            pointed_at = {end for source, target, _ in others for end in (source, target)}
            kept = {source: target for source, target in following.items() if target not in pointed_at}
            if len(kept) == len(following):
                return kept
            following = kept

    def _text_bound(self, name: str, chain: Sequence[int]) -> str:
        pieces = [self.value["spans"][place] for place in chain]
        ends = [self.translator.outward("text", one["start"], one["end"]) for one in pieces]
        back = [self.translator.inward("text", *pair) for pair in ends]
        self.lost["spans that end within a line end"] += back != [(one["start"], one["end"]) for one in pieces]
        offsets = ";".join(f"{start} {end}" for start, end in ends)
        quote = " ".join(self.text[one["start"] : one["end"]] for one in pieces)
        label = plain_label(pieces[0]["label"], self.lost)
        on_one_line = re.sub(r"\r\n|[\r\n\t]", " ", quote)
        return f"{name}\t{label} {offsets}\t{on_one_line}"


def _config(asked: Spans) -> str:
    nothing: Counter[str] = Counter()
    labels = [plain_label(label, nothing) for label in asked.labels]
    relations = [f"{plain_label(label, nothing)} Arg1:<ENTITY>, Arg2:<ENTITY>" for label in asked.relations]
    return "\n".join(["[entities]", *labels, "[relations]", *relations, "[events]", "[attributes]", ""])

"""Five real domains as questions and answers, each pair with the document that it comes from."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from acclimate.core.hash_order import hash_rank
from benchmarks.recording import needed


@dataclass(frozen=True)
class Pair:
    """A prompt and the answer people gave to it; pairs of one `document` stand in one split."""

    id: str
    document: str
    prompt: str
    answer: str


def pairs_of(domain: str) -> list[Pair]:
    """All pairs of a domain, in an order by a hash of their document."""
    pairs = [pair for pair in DOMAINS[domain]() if pair.prompt.strip() and pair.answer.strip()]
    return sorted(pairs, key=lambda pair: (hash_rank(pair.document, 0), pair.id))


def _notes() -> Iterator[Pair]:
    for row in _read("mts-dialog", "dialogue_to_section.jsonl.gz"):
        name = f"{row['split']}-{row['ID']}"
        prompt = f"{row['dialogue']}\n\n{row['section_header']}:"
        yield Pair(f"notes-{name}", name, prompt, row["section_text"])


def _medical_questions() -> Iterator[Pair]:
    for row in _read("medquad", "qa.jsonl.gz"):
        name = f"{row['source']}-{row['doc_id'] or row['qid']}"
        yield Pair(f"medquad-{row['source']}-{row['qid']}", name, row["question"], " ".join(row["answer"].split()))


def _filings() -> Iterator[Pair]:
    for row in _read("tat-qa", "dev.jsonl.gz"):
        texts = " ".join(paragraph["text"] for paragraph in row["paragraphs"])
        for question in row["questions"]:
            answer = question["answer"]
            said = ", ".join(map(str, answer)) if isinstance(answer, list) else str(answer)
            # What explains the figure is learnt too: the bare answers are a few characters each.
            derivation = f" ({question['derivation']})" if question["derivation"] else ""
            prompt = f"{texts}\n\n{question['question']}"
            yield Pair(f"tat-{question['uid']}", row["table"]["uid"], prompt, f"{said} {question['scale']}{derivation}")


def _contracts() -> Iterator[Pair]:
    for row in _read("plain-english-contracts", "all.jsonl.gz"):
        yield Pair(f"contract-{row['uid']}", row["doc"] or row["uid"], row["original_text"], row["reference_summary"])


def _service_dialogues() -> Iterator[Pair]:
    for row in _read("sgd", "train.jsonl.gz"):
        said = [f"{turn['speaker'].lower()}: {turn['utterance']}" for turn in row["turns"]]
        for place in range(1, len(said), 4):
            answer = row["turns"][place]["utterance"]
            yield Pair(f"sgd-{row['dialogue_id']}-{place}", row["dialogue_id"], "\n".join(said[:place]), answer)


DOMAINS: Mapping[str, Callable[[], Iterator[Pair]]] = {
    "mts-dialog": _notes,
    "medquad": _medical_questions,
    "tat-qa": _filings,
    "plain-english-contracts": _contracts,
    "sgd": _service_dialogues,
}


def _read(folder: str, file: str) -> Iterator[dict[str, Any]]:
    with gzip.open(needed("data", folder, file), "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)

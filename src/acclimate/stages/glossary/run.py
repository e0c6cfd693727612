"""The stage: finds words, phrases and abbreviations of the domain, and lays what people said over them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from acclimate.core.abbreviations import definitions
from acclimate.core.artifacts import Artifact, Output
from acclimate.core.glossary import folded, neighbours
from acclimate.core.hash_order import first_by_hash
from acclimate.core.ports import Context
from acclimate.core.report import Counts, Report
from acclimate.core.schema import TEXT_COLUMNS, task_text
from acclimate.core.stage import ExpectedCost, Inputs, InputSizes, Stage
from acclimate.stages.glossary.abbreviations import look_alikes
from acclimate.stages.glossary.config import GlossaryConfig
from acclimate.stages.glossary.edited import Entry, read_edited
from acclimate.stages.glossary.keyness import Frequencies, key_words
from acclimate.stages.glossary.phrases import Phrase, c_values, count_phrases
from acclimate.stages.glossary.texts import Text, subjects_of

GLOSSARY_SCHEMA = pa.schema(
    [
        pa.field("term", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("expansion", pa.string()),
        pa.field("origin", pa.string(), nullable=False),
        pa.field("count", pa.int64()),
        pa.field("subjects", pa.int64()),
        pa.field("general_count", pa.int64()),
        pa.field("keyness", pa.float64()),
        pa.field("log_ratio", pa.float64()),
        pa.field("c_value", pa.float64()),
    ]
)
"""One term in use. `kind` is word, phrase or abbreviation; `origin` says whether it was `found` or stands in people's list
(`edited`). Figures are null where they do not apply, or where only people name the term."""

WORD, PHRASE, ABBREVIATION = "word", "phrase", "abbreviation"
FOUND, EDITED = "found", "edited"

ENOUGH_GENERAL_WORDS = 100_000
"""Words of general text from which a common word is unlikely to be missing in it by chance."""


def run(config: GlossaryConfig, inputs: Inputs, output: Output, context: Context) -> Report:
    """The terms in use, by term; those that people ruled out are counted as dropped.

    The optional inputs are `general`, text of everyday language that the domain is held against, and `edited`, the
    collected list of people. No test record is read: what was learnt from it could not be tested on it.
    """
    texts = _read(inputs["records"], config, context)
    general = list(_general(inputs["general"])) if "general" in inputs else []
    frequencies = Frequencies.of(texts, general)
    found = list(_found(texts, frequencies, config)) if config.max_terms else []
    edited = read_edited(inputs["edited"]) if "edited" in inputs else {}
    rows, rejected = _with_people(found, edited)
    output.keep(pa.Table.from_pylist(rows, schema=GLOSSARY_SCHEMA))
    metrics = {
        "records": len(texts),
        "words": sum(frequencies.here.values()),
        "general_words": sum(frequencies.general.values()),
        "kinds": dict(sorted(Counter(row["kind"] for row in rows).items())),
        "edited": sum(row["origin"] == EDITED for row in rows),
    }
    counts = Counts(
        0, len(rows), created=len(rows) + rejected, dropped={"ruled_out": rejected} if rejected else {}, unit="terms"
    )
    return Report("glossary", counts, metrics, tuple(_warnings(metrics, config)))


def _general(records: Artifact) -> Iterator[Text]:
    """Texts, and of probes the question with its right answer: the wrong ones are no language anyone uses."""
    for row in records.rows(["id", "text", "prompt", "chosen"]):
        yield Text.of("", " ".join(row[name] for name in ("text", "prompt", "chosen") if row[name]))


def _read(records: Artifact, config: GlossaryConfig, context: Context) -> list[Text]:
    """The chosen texts in the order of their ids, without the test split."""
    known = pl.DataFrame(pl.from_arrow(records.table(["id", "split", "subject_id", "cluster_id"])))
    learnt = known.filter(pl.col("split").fill_null("") != "test").with_columns(
        subject=pl.coalesce("subject_id", "cluster_id", "id")
    )
    subjects = dict(learnt.select("id", "subject").iter_rows())
    chosen = first_by_hash(subjects, config.max_records, config.seed)
    texts = {}
    with context.progress("reading words", len(chosen)) as progress:
        for record in records.chosen(chosen, ["id", *TEXT_COLUMNS, "messages"], batch_rows=context.batch_rows):
            texts[record["id"]] = Text.of(subjects[record["id"]], task_text(record))
            progress.advance()
    return [texts[name] for name in sorted(texts)]


def _found(texts: Sequence[Text], frequencies: Frequencies, config: GlossaryConfig) -> Iterator[dict[str, Any]]:
    """The strongest terms of each kind; a term that was yielded as an abbreviation is no word."""
    shorts = list(_abbreviations(texts, frequencies, config.min_subjects))
    yield from shorts[: config.max_terms]
    keys = key_words(frequencies)
    spread = subjects_of((folded(word), text.subject) for text in texts for run in text.runs for word in run)
    short_keys = {folded(row["term"]) for row in shorts}
    words = [
        key for key in keys.values() if len(spread[key.word]) >= config.min_subjects and key.word not in short_keys
    ]
    for key in sorted(words, key=lambda key: (-key.keyness, key.word))[: config.max_terms]:
        yield _row(
            key.word,
            WORD,
            count=key.count,
            subjects=len(spread[key.word]),
            general_count=key.general_count,
            keyness=round(key.keyness, 2),
            log_ratio=round(key.log_ratio, 2),
        )
    yield from _phrases(texts, frequencies, keys.keys(), config)


def _phrases(
    texts: Sequence[Text], frequencies: Frequencies, keys: Iterable[str], config: GlossaryConfig
) -> Iterator[dict[str, Any]]:
    counts = count_phrases(texts, frequencies, set(keys))
    frequent = {phrase: count for phrase, count in counts.items() if count >= config.min_subjects}
    spread = _subjects_of_phrases(texts, frequent)
    wide = {phrase: count for phrase, count in frequent.items() if len(spread[phrase]) >= config.min_subjects}
    values = c_values(wide)
    strongest = sorted((phrase for phrase in wide if values[phrase] > 0), key=lambda phrase: (-values[phrase], phrase))
    for phrase in strongest[: config.max_terms]:
        yield _row(
            " ".join(phrase),
            PHRASE,
            count=wide[phrase],
            subjects=len(spread[phrase]),
            c_value=round(values[phrase], 2),
        )


def _subjects_of_phrases(texts: Sequence[Text], phrases: Mapping[Phrase, int]) -> dict[Phrase, set[str]]:
    spread: dict[Phrase, set[str]] = {phrase: set() for phrase in phrases}
    sizes = {len(phrase) for phrase in phrases}
    for text in texts:
        for run in text.runs:
            lower = [folded(word) for word in run]
            for size in sizes:
                for phrase in neighbours(lower, size):
                    if phrase in spread:
                        spread[phrase].add(text.subject)
    return spread


def _abbreviations(texts: Sequence[Text], frequencies: Frequencies, min_subjects: int) -> Iterator[dict[str, Any]]:
    """Abbreviations that enough subjects' records hold or define, most frequent first, with the commonest expansion."""
    said: dict[str, dict[str, set[str]]] = {}
    for text in texts:
        for short, long in definitions(text.text):
            said.setdefault(short, {}).setdefault(long.lower(), set()).add(text.subject)
    commonest = {short: _commonest(longs, min_subjects) for short, longs in said.items()}
    defined = {short: long for short, long in commonest.items() if long is not None}
    shorts = set(defined) | {short for text in texts for short in look_alikes(text, frequencies)}
    counts = Counter(word for text in texts for run in text.runs for word in run if word in shorts)
    spread = subjects_of((word, text.subject) for text in texts for run in text.runs for word in run if word in shorts)
    wide = [short for short in shorts if short in defined or len(spread[short]) >= min_subjects]
    for short in sorted(wide, key=lambda short: (-counts[short], short)):
        yield _row(
            short,
            ABBREVIATION,
            expansion=defined.get(short),
            count=counts[short],
            subjects=len(spread.get(short, ())),
            general_count=frequencies.general.get(folded(short), 0),
        )


def _commonest(longs: Mapping[str, set[str]], min_subjects: int) -> str | None:
    long, subjects = min(longs.items(), key=lambda item: (-len(item[1]), item[0]))
    return long if len(subjects) >= min_subjects else None


def _row(term: str, kind: str, **values: Any) -> dict[str, Any]:
    return dict.fromkeys(GLOSSARY_SCHEMA.names) | {"term": term, "kind": kind, "origin": FOUND, **values}


def _with_people(found: Sequence[dict[str, Any]], edited: Mapping[str, Entry]) -> tuple[list[dict[str, Any]], int]:
    """The rows in use by term, with what people said laid over them, and how many found or named terms they ruled out."""
    rows = {folded(row["term"]): row for row in found}
    for key, entry in edited.items():
        kind = PHRASE if " " in entry.term else ABBREVIATION if entry.expansion else WORD
        known = rows.get(key, _row(entry.term, kind))
        rows[key] = {**known, "term": entry.term, "expansion": entry.expansion or known["expansion"], "origin": EDITED}
    ruled_out = {key for key, entry in edited.items() if not entry.use}
    return [rows[key] for key in sorted(rows) if key not in ruled_out], len(ruled_out)


def _warnings(metrics: Mapping[str, Any], config: GlossaryConfig) -> Iterator[str]:
    if config.max_terms and metrics["general_words"] < ENOUGH_GENERAL_WORDS:
        yield (
            f"Terms are held against only {metrics['general_words']} words of general text, so that common words may pass for"
            " terms: name more under general.sources, or rule them out in the list."
        )


def _estimate(config: GlossaryConfig, known: InputSizes) -> ExpectedCost | None:
    if "records" not in known.rows:
        return None
    read = min(config.max_records, known.rows["records"])
    return ExpectedCost(0.5 + read / 1000, (200 << 20) + read * 20_000, f"{read} records are read for terms")


STAGE = Stage(
    name="glossary",
    config=GlossaryConfig,
    run=run,
    inputs=("records",),
    schema=GLOSSARY_SCHEMA,
    code=(
        "acclimate.core.abbreviations",
        "acclimate.core.csv_tables",
        "acclimate.core.glossary",
        "acclimate.core.hash_order",
    ),
    estimate=_estimate,
)

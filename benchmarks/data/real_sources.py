"""Real sources, each by one piece of YAML: every line of their files is a record or a row set aside, site by site.

The truth is counted from the files by other means: a line of JSON is a row (or holds a list of rows), with its site.

    python -m benchmarks.data.real_sources --output benchmarks/results/real_sources.json
"""

from __future__ import annotations

import argparse
import gzip
import json
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from benchmarks.recording import SHARED, needed, result, write_results

from acclimate.backends.engine import LocalEngine
from acclimate.collect.snapshots import collect
from acclimate.core.artifacts import Artifact, Output
from acclimate.core.ports import Context
from acclimate.core.progress import no_progress
from acclimate.core.report import Report
from acclimate.stages.ingest import STAGE, IngestConfig


@dataclass(frozen=True)
class RealSource:
    """A public data set: its files, and the YAML by which they are read.

    `site` is the column that names the site, `each` that with the list of records where a line holds several.
    """

    name: str
    files: tuple[str, ...]
    yaml: str
    site: str = ""
    each: str = ""


SOURCES = (
    RealSource(
        "medquad",
        ("data/medquad/qa.jsonl.gz",),
        """
        on_error: set_aside
        sources:
          - path: data/medquad/qa.jsonl.gz
            licence: CC-BY-4.0
            columns: {prompt: question, completion: answer, site: source}
        """,
        site="source",
    ),
    RealSource(
        "meqsum",
        ("data/meqsum/meqsum.jsonl.gz",),
        """
        on_error: set_aside
        sources:
          - path: data/meqsum/meqsum.jsonl.gz
            licence: CC-BY-4.0
            columns: {prompt: CHQ, completion: Summary}
        """,
    ),
    RealSource(
        "ner-small",
        ("data/ner-small/sentences.jsonl.gz",),
        """
        on_error: set_aside
        sources:
          - path: data/ner-small/sentences.jsonl.gz
            licence: CC-BY-4.0
            columns: {site: corpus}
        """,
        site="corpus",
    ),
    RealSource(
        "tat-qa",
        ("data/tat-qa/dev.jsonl.gz",),
        """
        on_error: set_aside
        sources:
          - path: data/tat-qa/dev.jsonl.gz
            name: tat-qa
            licence: CC-BY-4.0
            each: questions
            texts:
              prompt: [table.table, paragraphs.text, questions.question]
              completion: questions.answer
            columns: {id: questions.uid, subject_id: table.uid, site: questions.answer_from}
            attributes: {scale: questions.scale, kind: questions.answer_type}
        """,
        site="answer_from",
        each="questions",
    ),
    RealSource(
        "contracts",
        ("data/plain-english-contracts/tldrlegal.jsonl", "data/plain-english-contracts/tosdr_annotated.jsonl"),
        """
        on_error: set_aside
        sources:
          - path: data/plain-english-contracts/t*.jsonl
            licence: Apache-2.0
            columns: {prompt: original_text, completion: reference_summary, id: uid, subject_id: doc}
        """,
    ),
)


def count_rows(source: RealSource) -> Counter[str]:
    """The rows of each site, by reading the files line by line; of lines that hold several, those inside."""
    sites: Counter[str] = Counter()
    for name in source.files:
        path = SHARED / name
        content = gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes()
        for line in content.splitlines():
            row = json.loads(line)
            for one in row[source.each] if source.each else [row]:
                sites[one[source.site] if source.site else ""] += 1
    return sites


def read(source: RealSource, work: Path) -> tuple[Report, Artifact]:
    """Collects and ingests by the YAML alone."""
    config = IngestConfig.model_validate(yaml.safe_load(source.yaml))
    snapshot = collect(config.sources, folder=SHARED, snapshots=work / "snapshots").artifact()
    (work / "output").mkdir()
    with Output(work / "output") as output:
        context = Context(work / "partial", no_progress, LocalEngine())
        report = STAGE.run(config, {"snapshot": snapshot}, output, context)
    report.counts.check()
    return report, Artifact(work / "output")


def measure(source: RealSource) -> list[dict[str, Any]]:
    """How many rows are accounted for, and how many are kept."""
    truth = count_rows(source)
    with tempfile.TemporaryDirectory() as folder:
        report, artifact = read(source, Path(folder))
        tables = (artifact.table(["site"]), artifact.dropped().select(["site"]))
        sites = Counter(site or "" for table in tables for site in table["site"].to_pylist())
        kept = report.counts.kept
    accounted = sum((truth & sites).values())
    told = f" of {len(truth)} sites" if source.site else ""
    for warning in report.warnings:
        print(f"{source.name}: {warning}")
    total = truth.total()
    return [
        result(f"{source.name}: rows{told} accounted for at their site", accounted, goal=f"= {total}"),
        result(f"{source.name}: rows that became records", kept, goal=f"= {total}"),
    ]


def main() -> None:
    """Reads every source."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    for source in SOURCES:
        for name in source.files:
            needed(*name.split("/"))
    write_results(arguments.output, [row for source in SOURCES for row in measure(source)])


if __name__ == "__main__":
    main()

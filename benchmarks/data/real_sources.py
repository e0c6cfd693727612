"""Real sources, each by one piece of YAML: every line of their files is a record or a row set aside, site by site.

The truth is counted from the files by other means: a line of JSON is a row (or holds a list of rows), with its site.
Then three of them as sites of one project, by one YAML, through every step of the data.

    python -m benchmarks.data.real_sources --output benchmarks/results/real_sources.json
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from benchmarks.recording import SHARED, needed, result, write_results

from acclimate.api import Project
from acclimate.backends.engine import LocalEngine
from acclimate.collect.snapshots import collect
from acclimate.core.artifacts import Artifact, Output
from acclimate.core.ports import Context
from acclimate.core.progress import no_progress
from acclimate.core.report import Report
from acclimate.project.keys import new_key
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


THREE_SITES = """
project: three-sites
task: generation
base: smollm2-135m
ingest:
  on_error: set_aside
  sources:
    - path: {shared}/data/medquad/qa.jsonl.gz
      site: medquad
      licence: CC-BY-4.0
      columns: {{prompt: question, completion: answer, subject_id: doc_id}}
    - path: {shared}/data/meqsum/meqsum.jsonl.gz
      site: meqsum
      licence: CC-BY-4.0
      columns: {{prompt: CHQ, completion: Summary}}
    - path: {shared}/data/mts-dialog/dialogue_to_section.jsonl.gz
      site: mts-dialog
      licence: CC-BY-4.0
      columns: {{prompt: dialogue, completion: section_text}}
"""


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


def three_sites() -> list[dict[str, Any]]:
    """Three sources as sites of one project: what is kept of each, what leaks between splits, how far they are apart."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ACCLIMATE_KEYS"] = str(Path(folder, "keys"))
        new_key("three-sites", "surrogates")
        home = Path(folder, "project")
        home.mkdir()
        (home / "acclimate.yaml").write_text(THREE_SITES.format(shared=SHARED.resolve()))
        project = Project.open(home)
        project.run(until="profile")
        counts = {step: project.report(step).counts for step in ("ingest", "clean", "dedup", "deidentify", "split")}
        split, profile = project.report("split").metrics, project.report("profile").metrics
        kept = Counter(project.table("split")["site"].to_pylist())
    dropped = {f"{step} {why}": n for step, count in counts.items() for why, n in count.dropped.items()}
    apart = {f"{pair['one']}, {pair['other']}": pair["auc"] for pair in profile["shift"]["pairs"]}
    return [
        result("three sites by one YAML: rows read", counts["ingest"].inputs, peers=dict(sorted(kept.items()))),
        result("three sites by one YAML: records kept to the split", counts["split"].kept, peers=dropped),
        result(
            "three sites by one YAML: leaks between splits",
            sum(split["leaks"].values()),
            goal="0",
            peers=split["leaks"],
        ),
        result("three sites by one YAML: least told apart, area under the curve", min(apart.values()), peers=apart),
    ]


def main() -> None:
    """Reads every source."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    for source in SOURCES:
        for name in source.files:
            needed(*name.split("/"))
    needed("data", "mts-dialog")
    write_results(arguments.output, [*(row for source in SOURCES for row in measure(source)), *three_sites()])


if __name__ == "__main__":
    main()

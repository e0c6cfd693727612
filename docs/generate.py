"""Writes docs/reference/ from the code itself, and docs/figures.md from the benchmarks' results: `make docs`.

`python docs/generate.py --check` fails when a page is not what the code says; the tests run it.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from typer.main import get_command

from acclimate.certificate.config import CertificateConfig
from acclimate.cli.main import VERBS, app_of
from acclimate.core.schema import DROPPED_SCHEMA, PREDICTION_SCHEMA, RECORD_SCHEMA
from acclimate.core.sources import SourceConfig
from acclimate.pipeline.engines import EngineConfig
from acclimate.pipeline.table import STAGE_NAMES, load_stage
from acclimate.release.config import AnyGate, Approver, Policy, ReleaseConfig

DOCS = Path(__file__).parent
RESULTS = DOCS.parent / "benchmarks" / "results"


def pages() -> dict[Path, str]:
    """Every generated page."""
    return {
        DOCS / "reference/cli.md": "\n".join(cli_page()),
        DOCS / "reference/settings.md": "\n".join(settings_page()),
        DOCS / "reference/tables.md": "\n".join(tables_page()),
        DOCS / "figures.md": "\n".join(figures_page()),
    }


def cli_page() -> Iterator[str]:
    """The help of every verb."""
    yield from (
        "# The command line",
        "",
        "Generated from the code. Exit codes: 0 done, 2 you can mend it, 3 the verdict is fail or insufficient, 130 interrupted with nothing lost.",
        "",
    )
    for words in commands():
        yield from (f"## acclimate {' '.join(words)}", "", "```text", *_help(words), "```", "")


def commands() -> Iterator[list[str]]:
    """Every verb, followed by the verbs below it."""
    for verb in VERBS:
        yield [verb]
        yield from ([verb, below] for below in getattr(get_command(app_of(verb)), "commands", ()))


def _help(words: list[str]) -> list[str]:
    os.environ["COLUMNS"] = "100"
    verb, *below = words
    said = io.StringIO()
    with redirect_stdout(said), suppress(SystemExit):
        app_of(verb)(args=[*below, "--help"], prog_name=f"acclimate {verb}")
    return [line.rstrip() for line in said.getvalue().strip().splitlines()]


def settings_page() -> Iterator[str]:
    """Every setting of acclimate.yaml with its default and effect."""
    yield from (
        "# Settings of acclimate.yaml",
        "",
        "Generated from the code; `acclimate init` writes the same as comments.",
        "",
    )
    yield from ("## ingest.sources, general.sources, evaluation_sets.sources", "", *_fields(SourceConfig), "")
    for name in STAGE_NAMES:
        title = {"train": "train, pretrain"}.get(name, name)
        yield from (f"## {title}", "", *_fields(load_stage(name).config), "")
    yield from ("## certificate", "", *_fields(CertificateConfig), "")
    yield from ("## release", "", *_fields(ReleaseConfig), "")
    for gate in get_args(get_args(AnyGate)[0]):
        [kind] = get_args(gate.model_fields["gate"].annotation)
        names = [name for name in gate.model_fields if name != "gate"]
        yield from (f"## release.gates, gate: {kind}", "", gate.__doc__ or "", "", *_fields(gate, names), "")
    yield from ("## The policy file", "", Policy.__doc__ or "", "", *_fields(Policy), "")
    yield from ("## The policy file, approvers", "", *_fields(Approver), "")
    yield from ("## engine", "", *_fields(EngineConfig), "")


def _fields(config: Any, names: Iterable[str] | None = None) -> Iterator[str]:
    yield from ("| setting | default | effect |", "|---|---|---|", *_rows(config, names))


def _rows(config: Any, names: Iterable[str] | None = None, group: str = "") -> Iterator[str]:
    """A row a setting, all or those named; those of a group stand under the group's name."""
    for name in config.model_fields if names is None else names:
        field = config.model_fields[name]
        default = None if field.is_required() else field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            yield from _rows(type(default), group=f"{group}{name}.")
            continue
        shown = "required" if field.is_required() else _cell(_shown(default))
        yield f"| `{group}{name}` | {shown} | {_cell(' '.join((field.description or '').split()))} |"


def _shown(value: Any) -> str:
    return f"`{json.dumps(value, default=str)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def tables_page() -> Iterator[str]:
    """The columns of the tables that artifacts hold."""
    yield from ("# Tables", "", "Generated from the code. Artifacts hold `data-*.parquet` in one of these schemas.", "")
    for title, schema in (
        ("Records", RECORD_SCHEMA),
        ("Dropped records", DROPPED_SCHEMA),
        ("Predictions", PREDICTION_SCHEMA),
    ):
        yield from (f"## {title}", "", "| column | type |", "|---|---|")
        yield from (f"| `{field.name}` | {field.type} |" for field in schema)
        yield ""


def figures_page() -> Iterator[str]:
    """Every measured figure with the command that gives it."""
    yield from (
        "# Figures",
        "",
        "Generated from `benchmarks/results/*.json`; each figure has the command that gives it.",
        "",
    )
    for file in sorted(RESULTS.glob("*.json")):
        results = json.loads(file.read_text())
        yield from (
            f"## {file.stem.replace('_', ' ')}",
            "",
            "| figure | value | interval | goal | peers |",
            "|---|---|---|---|---|",
        )
        yield from (_figure_row(row) for row in results)
        commands = sorted({row["command"] for row in results})
        machines = sorted(
            {
                json.dumps(row["machine"], sort_keys=True) if isinstance(row["machine"], dict) else str(row["machine"])
                for row in results
            }
        )
        yield from (
            "",
            *(f"Command: `{command}`" for command in commands),
            *(f"Machine: {machine}" for machine in machines),
            "",
        )


def _figure_row(row: dict[str, Any]) -> str:
    cells = (row["figure"], row["value"], row.get("interval"), row.get("goal"), row.get("peers"))
    return "| " + " | ".join(_cell(_plain(cell)) for cell in cells) + " |"


def _plain(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return " – ".join(_plain(part) for part in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(part)}" for name, part in value.items())
    return str(value)


def main() -> None:
    """Writes the pages, or checks them."""
    wanted = pages()
    if "--check" not in sys.argv:
        for path, text in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return
    stale = [
        str(path.relative_to(DOCS)) for path, text in wanted.items() if not path.exists() or path.read_text() != text
    ]
    if stale:
        sys.exit(f"docs are not what the code says: {', '.join(stale)}; run: make docs")


if __name__ == "__main__":
    main()

"""A release as a document says what its bundle says, and is not written from one that does not hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import docx
import pytest
from tests.unit.release.test_bundle import certificate_of, make, study_of
from tests.unit.release.test_judge import GATES, evaluated, release

from acclimate.core.errors import WorkspaceError
from acclimate.project.signing import load_signing_key, new_signing_key
from acclimate.release.bundle import digest_of, write_bundle
from acclimate.release.decisions import Said, decide
from acclimate.release.verify_bundle import ENVELOPE, PREDICATE_TYPE, read_statement
from acclimate.report.memo import write_memo

TODAY = date(2026, 11, 27)
CARD = """---
base_model: "base"
---

# notes 1.0

| | |
|---|---|
| licence | **[missing: the licence]** |
| base | `d1` |

- people: not tested
"""


@pytest.fixture
def bundle(tmp_path: Path, own_keys: Path) -> Path:
    made = make(tmp_path / "made", evaluated())
    contents = made.contents(release(*GATES), certificate=certificate_of(made), studies=[study_of(made)])
    write_bundle(tmp_path / "1.0", replace(contents, cards={"model-card.md": CARD.encode()}), None)
    return tmp_path / "1.0"


def test_a_memo_tells_verdict_decisions_cards_and_holes(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_signing_key("memo-lind")
    key = load_signing_key("memo-lind")
    monkeypatch.setenv("LOGNAME", "lind")
    decide(bundle, Said("approve", conditions=["only at <north>"]), key, today=TODAY)
    write_memo(bundle, tmp_path / "memo.docx", approvers=[key.public], today=TODAY)
    written = docx.Document(str(tmp_path / "memo.docx"))
    told = [paragraph.text for paragraph in written.paragraphs]
    cells = [cell.text for table in written.tables for row in table.rows for cell in row.cells]
    digest = digest_of(read_statement(bundle / ENVELOPE, PREDICATE_TYPE)[0])
    assert told[0] == "Release notes 1.0"
    assert (
        told[1] == "Verdict: pass. On 2026-11-27: released; approved by memo-lind until 2027-11-27, if only at <north>."
    )
    assert [text for text in told if digest in text]
    assert {"approve", "only at <north>", "verdict again", "licence", "d1"} <= set(cells)
    assert {"notes 1.0", "people: not tested"} <= set(told)
    holes = [
        run for table in written.tables for row in table.rows for cell in row.cells for run in cell.paragraphs[0].runs
    ]
    assert [run.bold for run in holes if run.text == "[missing: the licence]"] == [True]
    assert not [text for text in (*told, *cells) if "**" in text or "base_model:" in text]


def test_no_memo_is_written_of_a_bundle_that_does_not_hold(bundle: Path, tmp_path: Path) -> None:
    (bundle / "verdict.json").write_text("{}")
    with pytest.raises(WorkspaceError, match=r"does not hold: files: verdict\.json is not what was signed"):
        write_memo(bundle, tmp_path / "memo.docx", today=TODAY)
    assert not (tmp_path / "memo.docx").exists()

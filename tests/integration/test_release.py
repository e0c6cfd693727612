"""The verdict of a project that was run: looks are counted before they are taken, gates count where they stood before."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import docx
import pyarrow.parquet as pq
import pytest
from tests.integration.test_classification import acclimate

from acclimate.api import Project, Silent
from acclimate.core.errors import ConfigError, WorkspaceError
from acclimate.pipeline.replay import replay
from acclimate.release.bundle import read_grounds
from acclimate.release.evidence import INSUFFICIENT
from acclimate.report.gather import gather

GATES = """
release:
  gates:
    - {gate: gain, each_site: true, set_by: Ann, why: agreed}
    - {gate: leaks, set_by: Ann, why: the test must be unseen}
"""


@pytest.fixture
def project(finished_project: Path, tmp_path: Path) -> Path:
    return shutil.copytree(finished_project, tmp_path / "tiny")


def anywhere(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from acclimate.cli.main import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)


def set_gates(project: Path) -> None:
    with (project / "acclimate.yaml").open("a") as file:
        file.write(GATES)


def test_without_gates_the_verdict_is_insufficient_and_kept(project: Path) -> None:
    ran = acclimate(project, "release", "--json")
    said = json.loads(ran.stdout)
    assert (ran.returncode, said["status"], said["looks"]["evaluations"]) == (3, INSUFFICIENT, 1)
    assert said == json.loads((project / "verdict.json").read_text())
    *_, last = Project.open(project).workspace.audit.events()
    assert (last["action"], last["status"], last["evaluation"]) == ("verdict given", INSUFFICIENT, said["evaluation"])


def test_gates_that_come_after_the_first_look_are_named_in_the_verdict_and_on_the_first_screen(project: Path) -> None:
    set_gates(project)
    ran = acclimate(project, "release")
    assert ran.returncode == 3
    assert "are not those that stood when the test set was first looked at" in ran.stdout
    none = "not tested, since no gate asks for it: retention, support, groups, membership, identifiers, people"
    assert none in ran.stdout
    page = Project.open(project).write_report().read_text()
    assert "Release verdict: insufficient evidence" in page
    assert "people: no gate asks for it" in page
    assert "the test must be unseen" in page


def test_gates_that_stood_before_count_and_each_evaluation_is_a_look(project: Path) -> None:
    shutil.rmtree(project / "artifacts/evaluate")
    (project / "audit.jsonl").unlink()
    set_gates(project)
    opened = Project.open(project)
    opened.run()
    verdict = opened.release()
    assert (verdict.reasons, verdict.looks.evaluations) == ([], 1)
    assert {finding.gate: finding.status for finding in verdict.findings}["leaks"] == "pass"
    laxer = Project.open(project, overrides=["evaluate.ability_budget=0.5"])
    laxer.run()
    again = laxer.release()
    assert again.looks.evaluations == 2
    assert "are not those that stood when the test set was first looked at" in again.reasons[0]


@pytest.mark.parametrize(
    ("gate", "says"),
    [
        ("{gate: gain, metric: bleu, set_by: Ann, why: agreed}", "gate 1: metric 'bleu' is not measured for the task"),
        ("{gate: gain, against: gpt, set_by: Ann, why: agreed}", "gate 1: against 'gpt' is not measured for the task"),
        (
            "{gate: support, at_most: 0.1, kind: tone, set_by: Ann, why: agreed}",
            "gate 1: kind 'tone' is not measured for the task",
        ),
        (
            "{gate: groups, attribute: sex, metric: bleu, at_most: 0.1, set_by: Ann, why: agreed}",
            "gate 1: metric 'bleu' is not measured for the task",
        ),
    ],
)
def test_a_gate_for_what_is_not_measured_is_refused_before_anything_runs(project: Path, gate: str, says: str) -> None:
    with (project / "acclimate.yaml").open("a") as file:
        file.write(f"release: {{gates: [{gate}]}}\n")
    with pytest.raises(ConfigError, match=says):
        Project.open(project)


def test_a_step_that_gave_the_same_again_leaves_an_evaluation_up_to_date(project: Path) -> None:
    opened = Project.open(project, overrides=["ingest.max_record_bytes=2000000"])
    assert [one.made for one in opened.run(until="ingest")] == [True]
    story = gather(opened.workspace, opened.config)
    assert (story.outdated, story.verdict.reasons) == ([], ["no gates are set: nothing was asked of the model"])


def test_a_gate_that_is_not_whole_is_refused_with_its_place(project: Path) -> None:
    with (project / "acclimate.yaml").open("a") as file:
        file.write("release: {gates: [{gate: gain, set_by: Ann}]}\n")
    ran = acclimate(project, "release")
    assert (ran.returncode, "release.gates.0.gain.why" in ran.stderr, "Traceback" in ran.stderr) == (2, True, False)


def test_the_evidence_of_a_release_is_bundled_signed_and_checked_elsewhere(project: Path, tmp_path: Path) -> None:
    made = anywhere("key", "signing", "--name", "keller")
    public = Path(made.stdout.strip())
    bundled = acclimate(project, "release", "bundle", "1.0", "--sign", "keller")
    assert bundled.returncode == 0, bundled.stderr
    away = shutil.move(project / "releases/1.0", tmp_path / "elsewhere")
    checked = anywhere("verify", str(away), "--key", str(public), "--json")
    states = {check["what"]: check["state"] for check in json.loads(checked.stdout)}
    assert (checked.returncode, set(states.values())) == (0, {"holds"})
    assert "verdict again" in states
    *_, last = Project.open(project).workspace.audit.events()
    assert (last["action"], last["version"], last["status"]) == ("release bundled", "1.0", INSUFFICIENT)
    told = {path.name: path.read_text() for path in away.glob("*.md")}
    assert "**[missing: the licence of the adapted model]**" in told["model-card.md"]
    assert "## 9. Monitoring after placing on the market (Article 72)" in told["annex-iv.md"]
    assert not [text for text in told.values() if "built-in" in text]
    memo = anywhere("release", "memo", str(away), str(tmp_path / "memo.docx"))
    assert (memo.returncode, memo.stdout.strip()) == (0, str(tmp_path / "memo.docx"))
    document = docx.Document(str(tmp_path / "memo.docx"))
    assert "9. Monitoring after placing on the market (Article 72)" in [one.text for one in document.paragraphs]
    rows = {
        text for row in Project.open(project).table("split").to_pylist() for text in (row["prompt"], row["completion"])
    }
    inside = [path.read_text() for path in away.rglob("*") if path.is_file() and path.parent.name != "annex"]
    assert not [text for text in rows if text and any(json.dumps(text)[1:-1] in content for content in inside)]
    (away / "verdict.json").write_text("{}")
    wrong = anywhere("verify", str(away), "--key", str(public))
    assert (wrong.returncode, wrong.stdout.splitlines()[-1]) == (
        3,
        "does not hold: files: verdict.json is not what was signed",
    )


def test_what_cannot_be_released_is_refused_and_leaves_nothing(project: Path) -> None:
    for arguments, says in (
        (("1/0",), "'1/0' cannot name a release"),
        (("1.0", "--sign", "nobody"), "The signing key 'nobody' does not exist"),
    ):
        ran = acclimate(project, "release", "bundle", *arguments)
        assert (ran.returncode, says in ran.stderr, "Traceback" in ran.stderr) == (2, True, False)
    log = project / "audit.jsonl"
    kept = [line for line in log.read_bytes().splitlines(keepends=True) if b'"test set opened"' not in line]
    log.write_bytes(kept[0])
    ran = acclimate(project, "release", "bundle", "1.0")
    assert (ran.returncode, "does not tell of the last evaluation" in ran.stderr) == (2, True)
    assert not (project / "releases").exists()


def test_the_scores_of_a_release_come_out_again_from_model_and_data(project: Path) -> None:
    opened = Project.open(project)
    bundle = opened.write_release("1.0")
    before = {path: path.read_bytes() for path in (project / "artifacts").rglob("*") if path.is_file()}
    ran = anywhere("verify", str(bundle), "--replay", str(project), "--json")
    found = {check["what"]: (check["state"], check["said"]) for check in json.loads(ran.stdout)}
    again = {what: state for what, (state, _) in found.items() if what.endswith(" again")}
    assert set(again.values()) == {"holds"}
    assert {"predict.base again", "predict.adapted again", "evaluate again"} <= set(again)
    assert "of which none differs by more than 0.0e+00" in found["evaluate again"][1]
    assert before == {path: path.read_bytes() for path in (project / "artifacts").rglob("*") if path.is_file()}

    grounds = read_grounds(bundle)
    forged = json.loads(json.dumps(grounds.steps["evaluate"].report))
    forged["metrics"]["comparisons"][0]["difference"] -= 0.01
    steps = {**grounds.steps, "evaluate": replace(grounds.steps["evaluate"], report=forged)}
    *_, last = replay(replace(grounds, steps=steps), opened.outside, Silent())
    assert (last.state, last.said) == ("does not hold", "comparisons.0.difference differs by more than 0.0001")

    split = next((project / "artifacts/split").glob("*/data-*.parquet"))
    pq.write_table(pq.read_table(split).slice(1), split)
    *_, last = opened.replay(bundle)
    assert (last.what, last.state) == ("model and data", "does not hold")
    assert last.said == "split of this project is not the one that the release was made from"
    shutil.rmtree(split.parent)
    with pytest.raises(
        WorkspaceError, match=r"The split that the release was made from \(\w+\) is not in this project"
    ):
        opened.replay(bundle)


POLICY = """
organisation: Lindental
gates: [{gate: leaks, set_by: the board, why: the test must be unseen}]
limits: {ability_budget: 0.02}
approvers: [{name: Dr. Lind, key: lind.pub}]
"""


def test_a_policy_binds_a_project_and_its_approvers_decide_on_the_release(project: Path) -> None:
    key = json.loads(anywhere("key", "signing", "--name", "lind", "--json").stdout)
    shutil.copy(key["public"], project / "lind.pub")
    (project / "policy.yaml").write_text(POLICY)
    with (project / "acclimate.yaml").open("a") as file:
        file.write("release: {policy: policy.yaml}\n")
    for folder in ("artifacts", "restricted"):
        shutil.rmtree(project / folder)
    (project / "audit.jsonl").unlink()
    laxer = acclimate(project, "plan", "--set", "evaluate.ability_budget=0.05")
    assert (laxer.returncode, "the policy of Lindental allows 0.02 at most" in laxer.stderr) == (2, True)
    opened = Project.open(project)
    opened.run()
    assert opened.release().status == "pass"
    release = opened.write_release("1.0")
    assert opened.releases()[0].standing.said == "0 of 1 approvals that are needed"
    ran = anywhere("release", "decide", str(release), "approve", "--sign", "lind", "--condition", "only at north")
    assert ran.returncode == 0, ran.stderr
    *_, last = opened.workspace.audit.events()
    told = {name: last[name] for name in ("action", "version", "decision", "by")}
    assert told == {"action": "release decided", "version": "1.0", "decision": ran.stdout.strip(), "by": "Dr. Lind"}
    shown = acclimate(project, "release", "status").stdout
    assert shown.startswith("1.0  pass  released: approved by Dr. Lind until 2")
    assert shown.endswith(", if only at north\n")
    page = opened.write_report().read_text()
    assert "<td>1.0</td><td>approve</td><td>Dr. Lind</td>" in page
    (project / "policy.yaml").write_text(POLICY.replace("0.02", "0.03"))
    assert Project.open(project).releases()[0].changed == ("gates",)
    shutil.rmtree(release / "decisions")
    shown = acclimate(project, "release", "status").stdout
    assert f"not released: decision {last['decision']} is gone, which the audit log notes" in shown


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        ("[", "is not valid YAML"),
        ("gates: []", "release.policy.organisation"),
        ("{organisation: L, approvers: [{name: a, key: gone.pub}]}", "gone.pub cannot be read"),
    ],
)
def test_a_policy_that_cannot_be_read_is_refused(project: Path, content: str | None, says: str) -> None:
    if content is not None:
        (project / "policy.yaml").write_text(content)
    with (project / "acclimate.yaml").open("a") as file:
        file.write("release: {policy: policy.yaml}\n")
    with pytest.raises(ConfigError) as refused:
        Project.open(project)
    assert says in str(refused.value)

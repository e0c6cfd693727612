"""A bundle is whole or not there, says what was signed, and two judges written apart come to the same verdict from it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.release.test_judge import GATES, SITES, compared, evaluated, gap, overlaps, probes, release, study, told

from acclimate.core.atomic import json_digest, write_json
from acclimate.core.errors import WorkspaceError
from acclimate.project.audit import AuditLog
from acclimate.project.manifests import FileEntry, InputReference, Manifest, artifact_files, artifact_key
from acclimate.project.signing import SigningKey, load_signing_key, new_signing_key, public_file
from acclimate.release import verify_bundle
from acclimate.release.bundle import Contents, recheck, write_bundle
from acclimate.release.cards import About
from acclimate.release.config import ReleaseConfig, digest_of_rules
from acclimate.release.grounds import Grounds, StepRecord, evidence_of
from acclimate.release.judge import judge
from acclimate.release.looks import OPENED, read_looks
from acclimate.release.verify_bundle import HOLDS, UNPROVED, WRONG, check_bundle

CONFIGS: Mapping[str, Mapping[str, Any]] = {
    "evaluate": {"min_clusters": 10},
    "predict.adapted": {"generations": 4},
    "split": {"shared_passages_from": 0.5},
    "deidentify": {},
    "dial": {"alpha": None},
}
INPUTS = {"evaluate": ("predict.adapted", "split"), "predict.adapted": ("dial",), "dial": (), "split": ("deidentify",)}


@dataclass(frozen=True)
class Made:
    """The folders of steps as a run would have left them, with the log."""

    folder: Path
    steps: Mapping[str, StepRecord]
    log: AuditLog

    def contents(self, gates: ReleaseConfig, *, certificate: Any, studies: Any) -> Contents:
        grounds = Grounds(self.steps, {"recall": 0.95}, certificate, studies)
        self.log.append(
            OPENED,
            area="",
            step="evaluate",
            key=grounds.evaluation,
            predictions=self.steps["predict.adapted"].manifest["key"],
            rules=digest_of_rules(gates, grounds.held_to),
        )
        self.log.append("certificate judged", certificate=json_digest(certificate))
        for one in studies:
            self.log.append("study findings kept", study=one["study"], digest=json_digest(one))
        looks = read_looks(self.log.events(), area="", evaluation=grounds.evaluation)
        verdict = judge(gates, evidence_of(gates, grounds, looks))
        return Contents(
            about=About("notes", "1.0", "generation", grounds, verdict, {}),
            release=gates,
            steps={name: self.folder / name for name in self.steps},
            audit=self.log.content(),
            cards={"model-card.md": b"# notes\n"},
            annex={"report.html": b"<p>an example</p>"},
        )


def make(folder: Path, evaluate: Mapping[str, Any], *, leaks: int = 0) -> Made:
    """Writes every step after those it is made from."""
    log, steps = AuditLog(folder / "audit.jsonl"), dict[str, StepRecord]()
    metrics = {
        "evaluate": evaluate,
        "split": {"overlaps": overlaps(leaks), "records_by_site": SITES},
        "predict.adapted": {"model": {"name": "base", "digest": "d"}},
    }
    for name in ("deidentify", "split", "dial", "predict.adapted", "evaluate"):
        path = folder / name
        (path / "model").mkdir(parents=True)
        if name == "dial":
            (path / "model/adapter.safetensors").write_bytes(b"weights")
        write_json(path / "report.json", {"stage": name, "counts": {"dropped": {}}, "metrics": metrics.get(name, {})})
        inputs = {
            used: InputReference(step=used, key=steps[used].manifest["key"], identity=steps[used].manifest["identity"])
            for used in INPUTS.get(name, ())
        }
        config, code = dict(CONFIGS[name]), "c0de"
        key = artifact_key(stage=name, code=code, config=config, inputs=inputs, secrets={})
        files: dict[str, FileEntry] = artifact_files(path)
        manifest = Manifest(
            step=name, stage=name, key=key, zone="open", equality="bytes", config=config, inputs=inputs, code=code,
            secrets={}, identity=json_digest([name, key]), files=files, environment={"torch": "2"},
        )  # fmt: skip
        write_json(path / "manifest.json", manifest.model_dump(mode="json"))
        steps[name] = StepRecord(manifest.model_dump(mode="json"), json.loads((path / "report.json").read_bytes()))
        log.append("artifact published", step=name, key=key, identity=manifest.identity)
    return Made(folder, steps, log)


def certificate_of(made: Made, verdict: str = "passed", more: int = 0) -> dict[str, Any]:
    identity = made.steps["deidentify"].manifest["identity"]
    return {
        "verdict": verdict,
        "dataset": {"identity": identity},
        "requirements": {"recall": 0.95},
        "classes": [{"more_spans": more}],
    }


def study_of(made: Made, *told: Any) -> dict[str, Any]:
    return {**study(*told), "outputs": {"adapted": made.steps["predict.adapted"].manifest["identity"]}}


def bundle(folder: Path, signer: SigningKey | None, evaluate: Mapping[str, Any] | None = None, **more: Any) -> Path:
    made = make(folder / "made", evaluate or evaluated(), leaks=more.get("leaks", 0))
    certificate = certificate_of(made, *more.get("certificate", ()))
    studies = [study_of(made, *more.get("study", ()))]
    contents = made.contents(release(*GATES), certificate=certificate, studies=studies)
    write_bundle(folder / "releases/1.0", contents, signer)
    return folder / "releases/1.0"


@pytest.fixture(scope="module")
def signer(own_keys: Path) -> SigningKey:
    new_signing_key("signer")
    return load_signing_key("signer")


@pytest.fixture(scope="module")
def sound(signer: SigningKey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle(tmp_path_factory.mktemp("sound"), signer)


@pytest.fixture
def copied(sound: Path, tmp_path: Path) -> Path:
    return shutil.copytree(sound, tmp_path / "1.0")


def test_what_was_signed_holds_with_and_without_acclimate(sound: Path, signer: SigningKey) -> None:
    checks = recheck(sound, signer.public)
    assert {check.state for check in checks} == {HOLDS}
    assert next(check.said for check in checks if check.what == "verdict") == "pass: 12 findings come out the same"
    alone = [sys.executable, "-I", verify_bundle.__file__, str(sound), "--key", str(public_file("signer"))]
    ran = subprocess.run(alone, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.count("holds: ") == len(checks) - 1


def test_without_a_key_or_a_signature_who_says_it_is_unproved(sound: Path, tmp_path: Path) -> None:
    unsigned = bundle(tmp_path, None)
    for folder, said in ((sound, "no public key was given"), (unsigned, "nobody signed it")):
        signature, *others = recheck(folder, None)
        assert (signature.state, said in signature.said) == (UNPROVED, True)
        assert {check.state for check in others} == {HOLDS}


def test_another_persons_key_does_not_hold(sound: Path) -> None:
    [check] = recheck(sound, new_signing_key("another").public)
    assert (check.what, check.state) == ("signature", WRONG)


def test_a_key_that_is_none_is_said_to_be_none(sound: Path) -> None:
    [check] = recheck(sound, b"-----BEGIN NOTHING-----")
    assert (check.state, check.said) == (WRONG, "the key given is no public key in PEM")


def test_any_byte_of_any_file_changed_or_any_file_gone_is_named(copied: Path, signer: SigningKey) -> None:
    draw = np.random.default_rng(0)
    for path in sorted(file for file in copied.rglob("*") if file.is_file()):
        name, content = path.relative_to(copied).as_posix(), path.read_bytes()
        place = int(draw.integers(len(content)))
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        last = check_bundle(copied, signer.public)[-1]
        assert last.state == WRONG, name
        assert name in last.said or name == "bundle.json"
        path.unlink()
        checks = check_bundle(copied, signer.public)
        if name.startswith("annex/"):
            assert ("annex", HOLDS, "0 of 1 files with example texts are attached") in [
                (check.what, check.state, check.said) for check in checks
            ]
        else:
            assert checks[-1].state == WRONG
        path.write_bytes(content)
    assert {check.state for check in recheck(copied, signer.public)} == {HOLDS}


def test_a_file_more_is_named(copied: Path, signer: SigningKey) -> None:
    (copied / "steps/split/notes.txt").write_text("more")
    last = check_bundle(copied, signer.public)[-1]
    assert (last.state, last.said) == (WRONG, "steps/split/notes.txt does not belong to the bundle")


def with_verdict(contents: Contents, **changes: Any) -> Contents:
    return replace(contents, about=replace(contents.about, verdict=replace(contents.about.verdict, **changes)))


def another_status(made: Made, contents: Contents) -> Contents:
    return with_verdict(contents, status="fail")


def another_figure(made: Made, contents: Contents) -> Contents:
    first, *others = contents.about.verdict.findings
    return with_verdict(contents, findings=[replace(first, value=9.0), *others])


def a_log_that_was_cut(made: Made, contents: Contents) -> Contents:
    return replace(contents, audit=b"".join(contents.audit.splitlines(keepends=True)[:4]))


def another_report(made: Made, contents: Contents) -> Contents:
    write_json(made.folder / "evaluate/report.json", {"metrics": {**evaluated(), "more": 1}})
    return contents


def another_setting(made: Made, contents: Contents) -> Contents:
    manifest = made.steps["evaluate"].manifest
    write_json(made.folder / "evaluate/manifest.json", {**manifest, "config": {"min_clusters": 2}})
    return contents


@pytest.mark.parametrize(
    ("forge", "what", "says"),
    [
        (another_status, "verdict", "its status is 'fail', and comes out as 'pass'"),
        (another_figure, "verdict", "finding 1 (by how much bits per byte is better than that of base at site north)"),
        (a_log_that_was_cut, "steps", "the audit log does not tell that it was made"),
        (another_report, "steps", "its report is not the one that its manifest names"),
        (another_setting, "steps", "its key is not the digest of its configuration and inputs"),
    ],
)
def test_what_was_forged_before_it_was_signed_does_not_fit(
    forge: Callable[[Made, Contents], Contents], what: str, says: str, signer: SigningKey, tmp_path: Path
) -> None:
    """Whoever signs can sign anything, but not without breaking what holds the files together."""
    made = make(tmp_path / "made", evaluated())
    contents = made.contents(release(*GATES), certificate=certificate_of(made), studies=[study_of(made)])
    write_bundle(tmp_path / "1.0", forge(made, contents), signer)
    last = check_bundle(tmp_path / "1.0", signer.public)[-1]
    assert (last.what, last.state) == (what, WRONG)
    assert says in last.said


def drawn_metrics(draw: np.random.Generator) -> dict[str, Any]:
    """Figures on either side of their gates, by a little or by much, and some that are missing."""
    metrics = evaluated()
    for rows in (metrics["comparisons"], metrics["slices"]):
        for place, row in enumerate(rows):
            spread = float(draw.choice([0.02, 0.1, 0.4]))
            clusters = int(draw.choice([8, 12, 40, 200]))
            more = {name: row[name] for name in ("group", "value") if name in row}
            drawn = compared(row["arm"], row["metric"], float(draw.normal(0, 0.3)), spread, **more)
            uneven = {"clusters": clusters, "high": drawn["high"] + float(draw.choice([0, 1])) * spread}
            rows[place] = drawn | uneven
    general = metrics["retention"]["general"]
    value, error = float(draw.normal(0.008, 0.01)), float(draw.choice([0.001, 0.004]))
    general |= {"value": value, "low": value - error, "high": value + error}
    items = int(draw.choice([40, 384, 2000]))
    lost = int(draw.integers(0, items // 10 + 1))
    metrics["retention"]["abilities"][0] = probes(won=int(draw.integers(0, 9)), lost=lost, items=items)
    share = float(draw.uniform(0, 0.4))
    metrics["support"]["arms"]["adapted"] |= {"share": share, "low": max(0.0, share - 0.05), "high": share + 0.05}
    apart = float(draw.normal(0.2, 0.3))
    metrics["gaps"] = [gap("F", apart, clusters=clusters), gap("M", -apart)][: int(draw.integers(0, 3))]
    metrics["leakage"] = told(float(draw.uniform(0.45, 0.95)), clusters=int(draw.choice([8, 12, 40, 200])))
    if draw.random() < 0.15:
        metrics["leakage"] = {"membership": None, "because": "nothing was scored"}
    if draw.random() < 0.15:
        metrics["support"]["is_grounded"] = False
    if draw.random() < 0.15:
        metrics["slices"].pop()
    if draw.random() < 0.15:
        metrics["retention"]["general"] = None
    return metrics


@pytest.mark.parametrize("seed", range(24))
def test_two_judges_written_apart_agree(seed: int, tmp_path: Path) -> None:
    draw = np.random.default_rng(seed)
    certified = [("passed", 0), ("failed", 3), ("insufficient", 40)][seed % 3]
    said = [("better", 0.4), ("worse", -0.4), ("not settled", 0.1), ("no difference shown", 0.0)][seed % 4]
    folder = bundle(tmp_path, None, drawn_metrics(draw), certificate=certified, study=said, leaks=seed % 2)
    assert [check for check in recheck(folder, None)[1:] if check.state != HOLDS] == []


def test_a_release_is_never_replaced(sound: Path, signer: SigningKey) -> None:
    folder = sound.parent.parent
    shutil.rmtree(folder / "made")
    with pytest.raises(WorkspaceError, match="no release is replaced"):
        bundle(folder, signer)


def test_examples_are_readable_by_their_owner_alone(sound: Path) -> None:
    assert (sound / "annex/report.html").stat().st_mode & 0o077 == 0

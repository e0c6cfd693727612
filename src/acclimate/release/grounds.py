"""What a verdict rests on, read from reports and manifests alone: the same from a project and from its evidence bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from acclimate.core.errors import WorkspaceError
from acclimate.release.config import ReleaseConfig, digest_of_rules, held_to
from acclimate.release.evidence import NOT_TESTED, Evidence
from acclimate.release.looks import Looks

STALE = "stale"


@dataclass(frozen=True)
class StepRecord:
    """A step's manifest and report, as the JSON of its files."""

    manifest: Mapping[str, Any]
    report: Mapping[str, Any]


@dataclass(frozen=True)
class Grounds:
    """The steps by name, and what lies beside them: the `certificate` of the de-identified records, or of other ones,
    what a certificate must show (`requirements`), and the last looks of blind studies (`studies`)."""

    steps: Mapping[str, StepRecord]
    requirements: Mapping[str, Any]
    certificate: Mapping[str, Any] | None = None
    studies: Sequence[Mapping[str, Any]] = ()

    @property
    def evaluation(self) -> str:
        """The key of the evaluation that is judged."""
        return str(self.steps["evaluate"].manifest["key"])

    @property
    def identifiers(self) -> dict[str, Any] | None:
        """How the records that were learnt and tested on stand; None where nothing is de-identified."""
        if "deidentify" not in self.steps:
            return None
        if self.certificate is None:
            return {"status": NOT_TESTED, "more_spans": 0}
        is_own = self.certificate["dataset"]["identity"] == self.steps["deidentify"].manifest["identity"]
        more = sum(row["more_spans"] for row in self.certificate["classes"])
        return {"status": self.certificate["verdict"] if is_own else STALE, "more_spans": more}

    @property
    def held_to(self) -> dict[str, Any]:
        """What the figures are measured by and held to beside the gates."""
        split, general = self.steps.get("split"), self.steps.get("general")
        return held_to(
            evaluate=self.steps["evaluate"].manifest["config"],
            predict=self.steps["predict.adapted"].manifest["config"],
            split=split.manifest["config"] if split else None,
            general=general.manifest["identity"] if general else None,
            certificate=self.certificate["requirements"] if self.certificate else self.requirements,
        )


def is_about(study: Mapping[str, Any], identities: Mapping[str, str]) -> bool:
    """Whether a study compared the answers that are judged; `identities` are those of the predictions by step."""
    outputs: Mapping[str, str] = study["outputs"]
    return bool(outputs) and all(identities.get(f"predict.{arm}") == identity for arm, identity in outputs.items())


def evidence_of(
    release: ReleaseConfig,
    grounds: Grounds,
    looks: Looks,
    *,
    outdated: Sequence[str] = (),
    is_trial: bool = False,
) -> Evidence:
    """What `judge` takes. Raises WorkspaceError for a study of other answers than those that are judged."""
    identities = {name: step.manifest["identity"] for name, step in grounds.steps.items()}
    for study in grounds.studies:
        if not is_about(study, identities):
            raise WorkspaceError(f"The study {study['study']} is of other answers than those that are judged.")
    evaluated, split = grounds.steps["evaluate"], grounds.steps.get("split")
    return Evidence(
        evaluation=grounds.evaluation,
        evaluate=evaluated.report["metrics"],
        min_clusters=evaluated.manifest["config"]["min_clusters"],
        split={**split.report["metrics"], "dropped": split.report["counts"]["dropped"]} if split else None,
        identifiers=grounds.identifiers,
        studies=grounds.studies,
        looks=looks,
        rules=digest_of_rules(release, grounds.held_to),
        outdated=outdated,
        is_trial=is_trial,
    )

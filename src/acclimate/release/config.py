"""What must be shown before a model may be released: gates, each with who set it and why."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from acclimate.core.stage import StageConfig

Words = Annotated[str, Field(min_length=1)]


class Gate(StageConfig):
    """What every gate says beside its requirement."""

    set_by: Words
    """Who set it."""
    why: Words
    """Why it is where it is."""


class GainGate(Gate):
    """The adapted model is better than another way to an answer, by more than a margin."""

    gate: Literal["gain"]
    metric: str = "bits_per_byte"
    """The metric in which it must be better, as evaluate names it."""
    against: str = "base"
    """What it is compared with: base, prompted, copy, or as evaluate names it."""
    margin: float = Field(default=0.0, ge=0)
    """By how much more than this, in the metric's own unit."""
    each_site: bool = False
    """At every site by itself, instead of over all items."""


class RetentionGate(Gate):
    """General text and every ability are held within the budgets of evaluate."""

    gate: Literal["retention"]


class SupportGate(Gate):
    """No more than a share of what the answers state is absent from their source."""

    gate: Literal["support"]
    at_most: float = Field(gt=0, lt=1)
    """The share of statements that may be unsupported."""
    kind: str | None = None
    """Only statements of this kind, such as `dose` or `negation`; by default all."""


class GroupsGate(Gate):
    """No group of people is served worse than the others by more than a margin."""

    gate: Literal["groups"]
    attribute: Words
    """The attribute whose values are the groups, as the sources declare it, or `site`."""
    metric: str = "bits_per_byte"
    """The metric in which a group may not be worse off, as evaluate names it."""
    at_most: float = Field(gt=0)
    """By how much a group may be worse off, in the metric's own unit."""


class LeaksGate(Gate):
    """No more than so many records to learn from hold held-out text."""

    gate: Literal["leaks"]
    at_most: int = Field(default=0, ge=0)
    """How many records may."""


class MembershipGate(Gate):
    """Training records cannot be told from test records by how much likelier the adapted model finds them than its base."""

    gate: Literal["membership"]
    at_most: float = Field(gt=0.5, lt=1)
    """The AUC that may not be reached: 0.5 is chance, 1 tells every record."""


class IdentifiersGate(Gate):
    """The de-identified records are certified by an audited sample."""

    gate: Literal["identifiers"]


class PeopleGate(Gate):
    """People who did not know which was which preferred the adapted model, in a closed study of these answers."""

    gate: Literal["people"]
    study: str = ""
    """The study that counts; by default every study of these answers does."""


AnyGate = Annotated[
    GainGate | RetentionGate | SupportGate | GroupsGate | LeaksGate | MembershipGate | IdentifiersGate | PeopleGate,
    Field(discriminator="gate"),
]

KINDS = ("gain", "retention", "support", "groups", "leaks", "membership", "identifiers", "people")
"""What can be asked for; what no gate asks for reads *not tested*."""


class Limits(StageConfig):
    """What the settings of evaluate may not be laxer than."""

    general_budget: float | None = Field(default=None, gt=0)
    """Largest `evaluate.general_budget`."""
    ability_budget: float | None = Field(default=None, gt=0, lt=1)
    """Largest `evaluate.ability_budget`."""
    confidence: float | None = Field(default=None, gt=0.5, lt=1)
    """Smallest `evaluate.confidence`."""
    min_clusters: int | None = Field(default=None, ge=2)
    """Smallest `evaluate.min_clusters`."""


class Approver(StageConfig):
    """Somebody who may decide on releases."""

    name: Words
    """Who it is."""
    key: Words
    """Their public key: a file beside the policy, or its PEM text."""
    accounts: tuple[str, ...] = ()
    """Accounts by which they may stand in a project's audit log: where one of these trained, they cannot approve."""


class Policy(StageConfig):
    """What an organisation asks of every release of its projects; a project adds to it and takes nothing away."""

    organisation: Words
    """Whose policy it is."""
    gates: tuple[AnyGate, ...] = ()
    """Gates of every project, beside its own."""
    limits: Limits = Limits()
    """What a project's evaluation may not be laxer than."""
    approvers: tuple[Approver, ...] = ()
    """Who may approve; where nobody is named, whoever did not train it nor sign the bundle."""
    approvals: int = Field(default=1, ge=1)
    """How many of them must."""
    valid_days: int = Field(default=365, ge=1)
    """After how many days at most a release must be validated anew."""

    @model_validator(mode="after")
    def _has_enough_approvers(self) -> Policy:
        names, keys = ({getattr(one, field) for one in self.approvers} for field in ("name", "key"))
        if min(len(names), len(keys)) < len(self.approvers):
            raise ValueError("two approvers have the same name or key")
        if self.approvers and len(self.approvers) < self.approvals:
            raise ValueError(f"{self.approvals} must approve, and {len(self.approvers)} may")
        return self


class ReleaseConfig(StageConfig):
    """What must be shown before the model may be released."""

    gates: tuple[AnyGate, ...] = ()
    """All must pass. They belong here before the test set is first looked at: whoever knows the results can set a gate
    that lets them through."""
    policy: Policy | None = None
    """The organisation's policy: a YAML file, from the project's folder. Its gates are asked of the model too."""

    @property
    def asked(self) -> tuple[AnyGate, ...]:
        """The project's own gates, then those of the policy."""
        return (*self.gates, *(self.policy.gates if self.policy else ()))


def digest_of_rules(release: ReleaseConfig, held_to: Mapping[str, Any]) -> str:
    """Changes with any word of any gate and of the policy, and with what the figures are measured by and held to (plain
    JSON)."""
    rules: dict[str, Any] = {"gates": [gate.model_dump(mode="json") for gate in release.asked], "held_to": held_to}
    if release.policy:
        rules["policy"] = release.policy.model_dump(mode="json")
    return hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()


def held_to(
    *,
    evaluate: Mapping[str, Any],
    predict: Mapping[str, Any],
    split: Mapping[str, Any] | None,
    general: str | None,
    certificate: Mapping[str, Any],
) -> dict[str, Any]:
    """What a figure is measured by and held to beside its gate: the configs of the steps that measure, from which share
    of its words a passage counts as held, the digest of general text and probes, and what a certificate requires."""
    return {
        "evaluate": dict(evaluate),
        "predict": dict(predict),
        "shared_passages_from": split["shared_passages_from"] if split else None,
        "general": general,
        "certificate": dict(certificate),
    }

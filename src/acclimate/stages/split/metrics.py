"""What the report of split says of a division, and what a user should be warned of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from acclimate.stages.split.draw import SPLITS

_FAR = 0.05
"""A distance between wished and reached share of a split that is worth a warning."""


def division_metrics(divided: pl.DataFrame, ledger: pl.DataFrame) -> dict[str, Any]:
    """Records and subjects per split, records per split and site, groups, and what came from earlier rounds."""
    groups = divided.group_by("group").len()
    earlier_test = ledger.filter(pl.col("split") == "test")
    return {
        "records": {split: divided.filter(split=split).height for split in SPLITS},
        "subjects": {split: divided.filter(split=split)["subject_id"].drop_nulls().n_unique() for split in SPLITS},
        "records_by_site": _by_site(divided),
        "groups": groups.height,
        "largest_group": max(groups["len"].to_list(), default=0),
        "from_earlier_rounds": divided.join(ledger, on="id", how="semi").height,
        "strata": divided["stratum"].n_unique(),
        "strata_without_test": _strata_without(divided, "test"),
        **_templates(divided),
        "earlier_test_records_absent": earlier_test.join(divided, on="id", how="anti").height,
    }


def division_warnings(divided: pl.DataFrame, ledger: pl.DataFrame, wished: Mapping[str, float]) -> tuple[str, ...]:
    """What is lawful but weakens the proof."""
    warnings = []
    if not (divided["split"] == "validation").any():
        warnings.append("There are no validation records: the best checkpoint and settings cannot be chosen on any.")
    trained_before = divided.filter(split="test").join(ledger.filter(split="train"), on="id", how="semi").height
    if trained_before:
        warnings.append(
            f"{trained_before} test records were trained on in an earlier round: start again from the base."
        )
    alike = _templates(divided)["records_of_test_templates"]
    if alike:
        warnings.append(
            f"{alike} records to learn from are filled in from the same forms as test records, so the test measures the"
            " form as well: split.templates: tie keeps a form in one split that makes up no more than"
            " split.largest_template of the records."
        )
    absent = ledger.filter(split="test").join(divided, on="id", how="anti").height
    if absent:
        warnings.append(
            f"{absent} test records of earlier rounds are not here now (left out, erased, or replaced by a copy):"
            " compare rounds on the test records they share."
        )
    largest = max(divided.group_by("group").len()["len"].to_list(), default=0)
    for split, share in wished.items():
        reached = divided.filter(split=split).height / divided.height
        if share and abs(reached - share) > _FAR:
            warnings.append(
                f"{split} got {reached:.0%} of the records, {share:.0%} was wished for: the largest of the groups that"
                f" must stay together has {largest} of {divided.height} records."
            )
    return tuple(warnings)


def strata_warnings(divided: pl.DataFrame, stratify: Sequence[str]) -> Iterator[str]:
    """What a random draw could not spread over the splits."""
    for site, counts in _by_site(divided).items():
        for split in ("train", "test"):
            if not counts[split]:
                yield f"Site {site or '(none)'} has no {split} records; it has too few groups of tied records."
    without = _strata_without(divided, "test")
    if without and tuple(stratify) != ("site",):
        yield (
            f"{without} of {divided['stratum'].n_unique()} strata ({', '.join(stratify)}) have no test records; they"
            " have too few groups of tied records."
        )


def time_metrics(divided: pl.DataFrame) -> dict[str, int]:
    """Of a division by time: records to learn from that are newer than the cut, and records without a date.

    The cut is the age of the oldest test group, as told by its newest record.
    """
    ages = divided.filter(split="test").group_by("group").agg(pl.col("collected_at").max())
    cut = ages["collected_at"].min()
    after = divided.filter((pl.col("split") != "test") & (pl.col("collected_at") > cut)).height if cut else 0
    return {"learning_after_cut": after, "undated": divided["collected_at"].null_count()}


def time_warnings(counts: Mapping[str, int]) -> Iterator[str]:
    """Where a division by time is none."""
    if counts["learning_after_cut"]:
        yield (
            f"{counts['learning_after_cut']} records to learn from are newer than the oldest test records, by frozen"
            " test files or earlier rounds: the test does not wholly lie in the future."
        )
    if counts["undated"]:
        yield f"{counts['undated']} records have no collected_at; those that nothing ties to test are trained on."


def _strata_without(divided: pl.DataFrame, split: str) -> int:
    present = divided.filter(split=split)["stratum"].unique()
    return divided.filter(~pl.col("stratum").is_in(present.implode()))["stratum"].n_unique()


def _templates(divided: pl.DataFrame) -> dict[str, int]:
    """Templates of several records, and how many records to learn from are of a template that the test has too."""
    learning, tested = divided.filter(pl.col("split") != "test"), divided.filter(split="test")
    shared = learning.drop_nulls("template").join(tested, on="template", how="semi")
    return {"templates": divided["template"].drop_nulls().n_unique(), "records_of_test_templates": shared.height}


def _by_site(divided: pl.DataFrame) -> dict[str, dict[str, int]]:
    counts = divided.group_by(pl.col("site").fill_null(""), "split").len()
    found = {(site, split): records for site, split, records in counts.iter_rows()}
    return {
        site: {split: found.get((site, split), 0) for split in SPLITS} for site in sorted({site for site, _ in found})
    }

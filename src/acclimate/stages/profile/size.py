"""How much there is, of what, and which fields are empty."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from acclimate.stages.profile.facts import DESCRIPTIVE, PAYLOAD, attribute_values

MOST_GROUPS = 40
"""Sites or sources told apart; the smaller ones beyond are counted in the total alone."""


def size_rows(facts: pl.DataFrame) -> list[dict[str, Any]]:
    """Records, subjects, words and characters: of all, then of each site, source and split.

    Sources are left out where each is a site of its own: they would say the same again.
    """
    rows: list[dict[str, Any]] = [{"group": "all", "value": "", **_amounts(facts)}]
    pairs = facts.select("site", "source").n_unique()
    one_each = pairs == facts["site"].n_unique() == facts["source"].n_unique()
    for group in ("site", "split") if one_each else ("site", "source", "split"):
        parts = facts.with_columns(value=pl.col(group).fill_null("(none)")).partition_by("value", as_dict=True)
        sized: list[dict[str, Any]] = [
            {"group": group, "value": str(value), **_amounts(part)} for (value,), part in parts.items()
        ]
        rows += sorted(sized, key=lambda row: (-row["records"], row["value"]))[:MOST_GROUPS]
    return rows


def _amounts(facts: pl.DataFrame) -> dict[str, Any]:
    splits = facts.group_by(pl.col("split").fill_null("(none)")).len().sort("split")
    return {
        "records": facts.height,
        "by_split": dict(splits.iter_rows()),
        "subjects": facts["subject_id"].drop_nulls().n_unique(),
        "words": int(facts["words"].sum()),
        "characters": int(facts["characters"].sum()),
    }


def missing_rows(facts: pl.DataFrame, *, max_values: int) -> list[dict[str, Any]]:
    """For each field, how many records lack it, in all and by site.

    Of the columns that hold a task's payload only those that some record fills; what describes a record is always told.
    """
    wanted = [name for name in PAYLOAD if facts[f"has_{name}"].any()]
    wanted += [name for name in DESCRIPTIVE if name != "label" or facts["has_label"].any()]
    lacking = {name: ~facts[f"has_{name}"] for name in wanted}
    lacking |= {name: column.is_null() for name, column in attribute_values(facts, max_values=max_values).items()}
    sites = facts["site"].fill_null("(none)")
    return [_missing_row(name, column, sites) for name, column in lacking.items()]


def _missing_row(field: str, lacking: pl.Series, sites: pl.Series) -> dict[str, Any]:
    by_site = pl.DataFrame({"site": sites, "lacking": lacking}).group_by("site").agg(pl.col("lacking").sum())
    named = by_site.filter(pl.col("lacking") > 0).sort("lacking", "site", descending=[True, False]).head(MOST_GROUPS)
    return {"field": field, "records": int(lacking.sum()), "by_site": dict(named.iter_rows())}


def label_rows(facts: pl.DataFrame) -> list[dict[str, Any]]:
    """How often each label was given, most frequent first, in all and by split; empty where no record has one.

    `share` is of the records whose labels are known; where a record may have several, shares sum to more than one.
    """
    known = facts.filter(pl.col("labels").is_not_null())
    return list(_label_rows(known.select("split", label="labels").explode("label").drop_nulls("label"), known.height))


def _label_rows(labelled: pl.DataFrame, known: int) -> Iterator[dict[str, Any]]:
    counts = labelled.group_by("label").len().sort("len", "label", descending=[True, False])
    for label, records in counts.iter_rows():
        given = labelled.filter(pl.col("label") == label)
        splits = given.group_by(pl.col("split").fill_null("(none)")).len().sort("split")
        yield {
            "label": label,
            "records": records,
            "share": records / known,
            "by_split": dict(splits.iter_rows()),
        }

from __future__ import annotations

import pytest

from acclimate.core.errors import ConfigError
from acclimate.core.sources import SourceConfig, source_format


@pytest.mark.parametrize(
    ("config", "name"),
    [
        ({"path": "data/notes.jsonl.gz"}, "notes"),
        ({"path": "data/north/*.csv"}, "north"),
        ({"path": "*.csv"}, "source"),
        ({"path": "notes.csv", "site": "north"}, "north"),
        ({"path": "notes.csv", "site": "St. Mary's"}, "St.-Mary-s"),
        ({"path": "notes.csv", "site": "north", "name": "n1"}, "n1"),
    ],
)
def test_a_source_is_called_after_its_site_or_its_file(config, name):
    assert SourceConfig.model_validate(config).name == name


def test_the_default_name_survives_a_round_trip():
    source = SourceConfig(path="data/a.jsonl", attributes=["age", "sex"])
    assert SourceConfig.model_validate(source.model_dump(mode="json")) == source


def test_a_list_of_attributes_names_each_after_its_column():
    assert SourceConfig(path="a.csv", attributes=["sex"]).attributes == {"sex": "sex"}


@pytest.mark.parametrize("name", ["a:b", "a/b", "a b"])
def test_a_name_that_could_not_stand_in_an_id_is_refused(name):
    with pytest.raises(ConfigError, match="cannot stand in a record id"):
        SourceConfig(path="a.csv", name=name)


def test_a_misspelt_record_column_is_named_with_the_nearest_one():
    with pytest.raises(ConfigError) as error:
        SourceConfig(path="a.csv", columns={"promt": "dialogue"})
    assert error.value.hint == "did you mean prompt?"


def test_an_unknown_key_is_named_with_the_nearest_one():
    with pytest.raises(ConfigError, match="license is not a known setting") as error:
        SourceConfig.model_validate({"path": "a.csv", "license": "MIT"})
    assert error.value.hint == "did you mean licence?"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("A.JSONL.GZ", "jsonl"),
        ("a.json", "jsonl"),
        ("a.tsv", "csv"),
        ("a.parquet", "parquet"),
        ("a.md", "markdown"),
        ("a.PDF", "pdf"),
    ],
)
def test_the_format_is_told_by_the_name(name, kind):
    assert source_format(SourceConfig(path=name), [name]) == kind


def test_a_declared_format_wins_over_the_name():
    assert source_format(SourceConfig(path="a.dat", format="jsonl"), ["a.dat"]) == "jsonl"

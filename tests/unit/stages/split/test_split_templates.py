from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acclimate.core.artifacts import LEDGER_FILE
from acclimate.core.word_hashes import hash_words
from acclimate.stages.split import STAGE
from acclimate.stages.split.templates import FormCounts, count_forms, find_templates

WORDS = [f"word{chr(97 + first)}{chr(97 + second)}" for first in range(20) for second in range(20)]
OWN = [{"id": f"own{index}", "text": " ".join(WORDS[index * 9 : index * 9 + 9])} for index in range(20)]


def form(index: int, **columns: object) -> dict[str, object]:
    place, name = WORDS[300 + index], WORDS[350 + index]
    return {"id": f"form{index}", "text": f"Your room in {place} is booked for {name}, {index} nights.", **columns}


FORMS = [form(index) for index in range(8)]


def splits(result, prefix):
    return {row["split"] for id, row in result.kept.items() if id.startswith(prefix)}


@pytest.mark.parametrize("seed", range(4))
def test_records_of_one_form_stay_together(run_stage, seed):
    result = run_stage(STAGE, [*OWN, *FORMS], {"largest_template": 0.3, "seed": seed})
    assert len(splits(result, "form")) == 1
    assert result.report.metrics["templates"] == 1
    assert result.report.metrics["leaks"]["templates"] == 0


@pytest.mark.parametrize("config", [{"templates": "report", "largest_template": 1.0}, {"largest_template": 0.3}])
def test_a_form_that_is_not_to_be_tied_or_is_too_large_is_counted_and_warned_of(run_stage, config):
    tested = form(9, split="test")
    result = run_stage(STAGE, [*OWN, *FORMS, tested], config)
    assert result.report.metrics["records_of_test_templates"] == 8
    assert any("8 records to learn from are filled in from the same forms" in text for text in result.report.warnings)


def test_prose_of_the_same_words_is_of_no_template(run_stage):
    common = ["we", "went", "to", "the", "shop", "and", "saw", "the", "man"]
    rows = [{"id": f"r{n}", "text": " ".join([*common[n:], *common[:n], WORDS[n]])} for n in range(8)]
    assert run_stage(STAGE, [*OWN, *rows]).report.metrics["templates"] == 0


def test_a_heading_over_free_text_is_no_template(run_stage):
    rows = [{"id": f"r{n}", "text": f"Report of the day {' '.join(WORDS[n * 9 : n * 9 + 9])}"} for n in range(8)]
    assert run_stage(STAGE, rows).report.metrics["templates"] == 0


def form_of(words: list[str], common: set[str]) -> tuple[str, ...] | None:
    """The words of one text with a slot for every run of others, by the definition."""
    written = [word if word in common and word != "0" else None for word in words]
    fixed = sum(word is not None for word in written)
    is_form = fixed < len(words) and fixed >= max(4, len(words) / 2)
    return (
        tuple(str(word) for place, word in enumerate(written) if place == 0 or word or written[place - 1])
        if is_form
        else None
    )


@given(st.lists(st.lists(st.sampled_from("0abcdefgh"), max_size=10), max_size=12), st.integers(1, 4))
def test_texts_are_of_one_template_exactly_where_their_forms_agree(texts, parts):
    forms = [hash_words([" ".join(words) for words in texts[part::parts]]) for part in range(parts)]
    counts = FormCounts()
    for part in forms:
        counts.add(count_forms(part))
    common = {word for word in "0abcdefgh" if sum(word in words for words in texts) >= 5}
    written = [form_of(words, common) for words in texts]
    found = find_templates([hash_words([" ".join(words) for words in texts])], counts.common()).to_list()
    assert [template is None for template in found] == [form is None or written.count(form) < 2 for form in written]
    assert len(set(found) - {None}) == len({form for form in written if form and written.count(form) > 1})


@pytest.mark.parametrize("text", ["{} thanks", "the same words in each and every one of these"])
def test_a_template_has_a_slot_and_four_words(run_stage, text):
    rows = [{"id": f"r{index}", "text": text.format(WORDS[index])} for index in range(8)]
    assert run_stage(STAGE, [*OWN, *rows]).report.metrics["templates"] == 0


def test_a_declared_attribute_ties_records_in_this_round_and_in_a_later_one(run_stage):
    def of_thread(id, thread, **columns):
        return {"id": id, "text": id, "attributes": [{"name": "thread", "value": thread}], **columns}

    threads = [of_thread(f"m{index}", f"t{index % 5}") for index in range(20)]
    first = run_stage(STAGE, threads, {"together": ["thread"]})
    by_thread = {row["attributes"][0]["value"]: row["split"] for row in first.kept.values()}
    assert all(by_thread[row["attributes"][0]["value"]] == row["split"] for row in first.kept.values())
    tested = next(thread for thread, split in by_thread.items() if split == "test")
    later = [row for row in threads if first.kept[row["id"]]["split"] == "train"]
    reply = of_thread("reply", tested)
    second = run_stage(STAGE, [*later, reply], {"together": ["thread"]}, previous=first.artifact)
    assert second.kept["reply"]["split"] == "test"


def test_a_new_piece_of_an_earlier_test_document_follows_it_into_test(run_stage):
    document = {"id": "p1", "text": "piece one", "parents": ["d"], "split": "test"}
    first = run_stage(STAGE, [*OWN, document])
    piece = {"id": "p2", "text": "piece two", "parents": ["d"]}
    assert run_stage(STAGE, [*OWN, piece], previous=first.artifact).kept["p2"]["split"] == "test"


def test_a_ledger_of_the_first_version_is_read(run_stage):
    first = run_stage(STAGE, OWN)
    path = first.artifact.path / LEDGER_FILE
    pl.read_parquet(path).drop("parents", "together").write_parquet(path)
    second = run_stage(STAGE, OWN, {"seed": 3}, previous=first.artifact)
    assert {id: row["split"] for id, row in second.kept.items()} == {id: row["split"] for id, row in first.kept.items()}

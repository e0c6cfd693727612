from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from acclimate.stages.clean import STAGE, CleanConfig
from acclimate.stages.clean.damage import damaged_characters
from acclimate.stages.clean.measures import measure
from acclimate.stages.clean.ngrams import DUPLICATE_SIZES, ngram_shares
from acclimate.stages.clean.quality import RECORD_RULES, SUITES, find_breaches, record_rules

LETTERS = "a b c d e f g h i j"
WORDS = st.lists(st.sampled_from(["ab", "c", "def", "gh.", "\n", "\n\n"]), max_size=40)


def broken_value(rule, text):
    """What a rule measures of a text that breaks it; None where the text does not."""
    breaches = find_breaches(pl.Series([text]), record_rules([rule], {}))[0]
    return breaches[0].value if breaches else None


@pytest.mark.parametrize(
    ("rule", "text", "value"),
    [
        ("gopher_min_words", "word " * 49, "49"),
        ("gopher_min_words", "word " * 50, None),
        ("gopher_max_words", "a " * 100_001, "100001"),
        ("gopher_min_mean_word_length", "a bb cc dd", "1.75"),
        ("gopher_max_mean_word_length", "abcdefghijkl abcdefghij", "11"),
        ("gopher_symbol_to_word_ratio", "# a b", "0.3333"),
        ("gopher_symbol_to_word_ratio", "one two... three… four", "0.5"),
        ("gopher_bullet_lines", "- a\n• b", "1"),
        ("gopher_ellipsis_lines", "a...\nb", "0.5"),
        ("gopher_alphabetic_words", "12 34 ab", "0.3333"),
        ("gopher_stop_words", "the dog, the cat", "1"),
        ("gopher_stop_words", "The dog; and", None),
        ("gopher_duplicate_lines", "one\ntwo\none", "0.3333"),
        ("gopher_duplicate_lines", "a\nb\nc\nd\ne\nf\ng\na\nb\nc", None),
        ("gopher_duplicate_paragraphs", "one\n\ntwo\n\none", "0.3333"),
        ("gopher_duplicate_line_characters", "aaaa\nbb\naaaa", "0.4"),
        ("gopher_duplicate_paragraph_characters", "aaaa\n\nbb\n\naaaa", "0.4"),
        ("gopher_top_2gram", "ab cd ab cd ef", "0.8"),
        ("gopher_top_2gram", "ab cd ef", None),
        ("gopher_top_3gram", "a b c a b c d", "0.8571"),
        ("gopher_top_4gram", "a b c d a b c d e", "0.8889"),
        ("gopher_duplicate_5grams", "a b a b a b a", "0.7143"),
        ("c4_lorem_ipsum", "So: Lorem  ipsum. Lorem ipsum dolor", "1"),
        ("c4_curly_brace", "f() {}", "2"),
        ("c4_min_sentences", 'One. "Two!"', "2"),
        ("c4_min_sentences", "One. Two? Three", "2"),
        ("c4_min_sentences", "One. Two? 3.5 mg given.", None),
        ("fineweb_punctuated_lines", "a\nb\nc\nd\ne\nf\ng\nh\ni.", "0.1111"),
        ("fineweb_duplicate_line_characters", "cccccccc\nb\nb", "0.1"),
        ("fineweb_short_lines", "a\nb\nc\n" + "d" * 30, "0.75"),
        ("fineweb_short_lines", "a\nb\n" + "d" * 30, None),
    ],
)
def test_a_published_rule_measures_what_its_paper_says(rule, text, value):
    assert broken_value(rule, text) == value


@pytest.mark.parametrize("n", DUPLICATE_SIZES)
def test_words_of_an_ngram_that_stood_before_are_half_of_a_text_said_twice(n):
    letters = " ".join(LETTERS.split()[:n])
    assert broken_value(f"gopher_duplicate_{n}grams", f"{letters} {letters}") == "0.5"


@pytest.mark.parametrize("suite", SUITES)
def test_every_rule_of_a_suite_is_on_when_the_suite_is_named(suite):
    names = {rule.name for rule in record_rules([suite], {})}
    assert names == {rule.name for rule in RECORD_RULES if rule.name.startswith(suite)}


def test_a_threshold_of_ones_own_replaces_the_published_one():
    rules = record_rules(["gopher"], {"gopher_min_words": 3})
    assert [breach.reason for breach in find_breaches(pl.Series(["the cat sat"]), rules[:1])[0]] == []
    assert find_breaches(pl.Series(["the cat"]), rules[:1])[0][0].threshold == "3"


@pytest.mark.parametrize("text", ["", None])
def test_a_text_without_words_breaks_no_rule_about_shares(text):
    broken = find_breaches(pl.Series([text], dtype=pl.String), record_rules(SUITES, {}))[0]
    assert {breach.reason for breach in broken} <= {"gopher_min_words", "c4_min_sentences"}


@given(st.lists(WORDS, min_size=1, max_size=4))
def test_a_text_measures_the_same_alone_and_among_others(many):
    texts = [" ".join(words) for words in many]
    names = {rule.measure for rule in RECORD_RULES}
    together = measure(pl.Series(texts), names)
    alone = [measure(pl.Series([text]), names) for text in texts]
    assert together.rows() == [row for one in alone for row in one.rows()]


@given(WORDS)
def test_every_share_lies_between_nothing_and_everything(words):
    shares = {rule.measure for rule in RECORD_RULES if isinstance(rule.threshold, float)} - {"symbols_per_word"}
    measured = measure(pl.Series([" ".join(words)]), shares).row(0)
    assert all(value is None or 0 <= value <= 1 for value in measured)


@given(WORDS)
def test_repeated_lines_paragraphs_and_ngrams_agree_with_datatrove(words):
    theirs = pytest.importorskip("datatrove.pipeline.filters.gopher_repetition_filter")
    text = " ".join(words)
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    ours = measure(pl.Series([text]), {"duplicate_lines", "duplicate_line_characters"}).row(0, named=True)
    if lines:
        repeated, characters = theirs.find_duplicates(lines)
        assert ours["duplicate_lines"] == pytest.approx(repeated / len(lines))
        assert ours["duplicate_line_characters"] == pytest.approx(characters / sum(map(len, lines)))
    plain = text.split()
    total = max(sum(map(len, plain)), 1)
    shares = ngram_shares(pl.Series([text]), top=[], duplicate=[5]).row(0)
    # datatrove jumps over a repeated n-gram and may miss the words of one that overlaps it.
    assert shares[0] >= theirs.find_all_duplicate(plain, 5) / total - 1e-9


@pytest.mark.parametrize(
    ("quality", "said"),
    [
        ({"rules": ["gofer"]}, "gofer is no rule; there are gopher, c4, fineweb"),
        ({"thresholds": {"gopher_min_words": 20}}, "which quality.rules does not switch on"),
        ({"rules": ["c4"], "thresholds": {"c4_policy": 1}}, "c4_policy, which has no threshold"),
    ],
)
def test_a_wrong_rule_or_threshold_is_named(quality, said):
    with pytest.raises(ValidationError, match=said):
        CleanConfig(quality=quality)


def test_what_is_no_dropping_rule_cannot_be_overruled():
    with pytest.raises(
        ValidationError, match="empty is no rule that can be overruled; there are no_lines_left, too_short"
    ):
        CleanConfig(keep_rules=["empty"])


def test_lost_and_misread_characters_are_counted_and_good_ones_are_not():
    texts = ["\ufffd\x80\uf0b7", "Müller – naïve café “5 µg” ½", "plain", "кофе и чай"]
    assert damaged_characters(pl.Series(texts)).to_list() == [3, 0, 0, 0]


DAMAGED = "caf\ufffd na\ufffdve r\ufffdsum\ufffd cr\ufffdme"
NOTES = [
    {"id": "sound", "text": "She says that the pain is worse in the evening and that it wakes her.\nNo fever."},
    {"id": "damaged", "text": DAMAGED},
    {"id": "one letter", "text": "caf\ufffd closed today"},
    {"id": "menu", "text": "Home\nHome\nHome\nContact the clinic"},
]


def test_records_lost_to_a_wrong_encoding_go_and_one_lost_letter_drops_nothing(run_stage):
    result = run_stage(STAGE, NOTES)
    assert result.dropped == {"damaged": ("encoding_damage", "0.2174")}
    assert result.report.metrics["damaged_records"] == 2


def test_a_quality_rule_drops_with_its_name_value_and_threshold(run_stage):
    result = run_stage(STAGE, NOTES, {"quality": {"rules": ["gopher_duplicate_lines"]}})
    assert result.dropped["menu"] == ("gopher_duplicate_lines", "0.5")
    dropped = {row["id"]: row["threshold"] for row in result.artifact.dropped().to_pylist()}
    assert dropped == {"damaged": "0.05", "menu": "0.3"}


def test_an_overruled_rule_drops_nothing_and_is_counted(run_stage):
    quality = {"rules": ["gopher_duplicate_lines"]}
    keep = ["gopher_duplicate_lines", "encoding_damage"]
    result = run_stage(STAGE, NOTES, {"quality": quality, "keep_rules": keep})
    assert result.dropped == {}
    assert result.report.metrics["reincluded"] == {"encoding_damage": 1, "gopher_duplicate_lines": 1}

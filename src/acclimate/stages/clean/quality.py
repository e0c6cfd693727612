"""Quality rules with the thresholds of the papers that published them: Gopher, C4, FineWeb.

They were made for web pages. A terse professional text breaks many of them and is no worse for it, so none is on unless
the project names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import polars as pl

from acclimate.stages.clean.measures import measure

Comparison = Literal["<", "<=", ">", ">="]


@dataclass(frozen=True)
class QualityRule:
    """Drops a record whose `measure` compares with `threshold` as published: `measure > threshold`, for example."""

    name: str
    measure: str
    comparison: Comparison
    threshold: float


@dataclass(frozen=True)
class Drop:
    """A rule that a record breaks: its name, the measured value, and the threshold where the rule has one."""

    reason: str
    value: str
    threshold: str | None = None


RECORD_RULES = (
    # Rae et al. 2021, "Scaling Language Models: Methods, Analysis & Insights from Training Gopher", appendix A.1.1:
    # quality filtering, then the repetition removal of table A1.
    QualityRule("gopher_min_words", "words", "<", 50),
    QualityRule("gopher_max_words", "words", ">", 100_000),
    QualityRule("gopher_min_mean_word_length", "mean_word_length", "<", 3),
    QualityRule("gopher_max_mean_word_length", "mean_word_length", ">", 10),
    QualityRule("gopher_symbol_to_word_ratio", "symbols_per_word", ">", 0.1),
    QualityRule("gopher_bullet_lines", "bullet_lines", ">", 0.9),
    QualityRule("gopher_ellipsis_lines", "ellipsis_lines", ">", 0.3),
    QualityRule("gopher_alphabetic_words", "alphabetic_words", "<", 0.8),
    QualityRule("gopher_stop_words", "stop_words", "<", 2),
    QualityRule("gopher_duplicate_lines", "duplicate_lines", ">", 0.3),
    QualityRule("gopher_duplicate_paragraphs", "duplicate_paragraphs", ">", 0.3),
    QualityRule("gopher_duplicate_line_characters", "duplicate_line_characters", ">", 0.2),
    QualityRule("gopher_duplicate_paragraph_characters", "duplicate_paragraph_characters", ">", 0.2),
    QualityRule("gopher_top_2gram", "top_2gram", ">", 0.2),
    QualityRule("gopher_top_3gram", "top_3gram", ">", 0.18),
    QualityRule("gopher_top_4gram", "top_4gram", ">", 0.16),
    QualityRule("gopher_duplicate_5grams", "duplicate_5grams", ">", 0.15),
    QualityRule("gopher_duplicate_6grams", "duplicate_6grams", ">", 0.14),
    QualityRule("gopher_duplicate_7grams", "duplicate_7grams", ">", 0.13),
    QualityRule("gopher_duplicate_8grams", "duplicate_8grams", ">", 0.12),
    QualityRule("gopher_duplicate_9grams", "duplicate_9grams", ">", 0.11),
    QualityRule("gopher_duplicate_10grams", "duplicate_10grams", ">", 0.1),
    # Raffel et al. 2020, "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer", section
    # 2.2. Its list of bad words is left out: a medical or legal text uses many of them in earnest.
    QualityRule("c4_lorem_ipsum", "lorem_ipsum", ">", 0),
    QualityRule("c4_curly_brace", "curly_braces", ">", 0),
    QualityRule("c4_min_sentences", "sentences", "<", 3),
    # Penedo et al. 2024, "The FineWeb Datasets", section 3.6.
    QualityRule("fineweb_punctuated_lines", "punctuated_lines", "<=", 0.12),
    QualityRule("fineweb_duplicate_line_characters", "duplicate_line_characters", ">=", 0.1),
    QualityRule("fineweb_short_lines", "short_lines", ">=", 0.67),
)
"""The rules that drop a whole record, in the order in which they give the reason."""

LINE_RULES: Mapping[str, float | None] = {
    "c4_terminal_punctuation": None,
    "c4_min_words_per_line": 5,
    "c4_javascript": None,
    "c4_policy": None,
}
"""The rules of C4 that take single lines out of a text, with their thresholds."""

SUITES = ("gopher", "c4", "fineweb")
_PUBLISHED: Mapping[str, float | None] = {**{rule.name: rule.threshold for rule in RECORD_RULES}, **LINE_RULES}
RULE_NAMES = tuple(_PUBLISHED)


def expand(names: Sequence[str]) -> frozenset[str]:
    """The rules behind names of rules and of whole suites.

    >>> sorted(expand(["fineweb", "c4_curly_brace"]))[:2]
    ['c4_curly_brace', 'fineweb_duplicate_line_characters']
    """
    return frozenset(rule for name in names for rule in RULE_NAMES if rule == name or rule.startswith(f"{name}_"))


def has_threshold(name: str) -> bool:
    """Whether a rule compares with a number that can be set."""
    return _PUBLISHED[name] is not None


def record_rules(names: Sequence[str], thresholds: Mapping[str, float]) -> tuple[QualityRule, ...]:
    """The wanted rules for whole records, with the thresholds that are set in place of the published ones."""
    wanted = expand(names)
    rules = [rule for rule in RECORD_RULES if rule.name in wanted]
    return tuple(replace(rule, threshold=thresholds.get(rule.name, rule.threshold)) for rule in rules)


def find_breaches(texts: pl.Series, rules: Sequence[QualityRule]) -> list[list[Drop]]:
    """For each text the rules it breaks, in their order. A text without words or lines breaks none of their shares.

    >>> rule = QualityRule("gopher_min_words", "words", "<", 50)
    >>> find_breaches(pl.Series(["Chest pain."]), [rule])
    [[Drop(reason='gopher_min_words', value='2', threshold='50')]]
    """
    found: list[list[Drop]] = [[] for _ in texts]
    measured = measure(texts, {rule.measure for rule in rules})
    for rule in rules:
        for row, drop in _breaches(measured[rule.measure], rule):
            found[row].append(drop)
    return found


def shown(value: float) -> str:
    """A measured value as the dropped record states it.

    >>> shown(3.0), shown(0.33333)
    ('3', '0.3333')
    """
    return str(int(value)) if value == int(value) else f"{value:.4g}"


def _breaches(values: pl.Series, rule: QualityRule) -> Iterator[tuple[int, Drop]]:
    broken = _compare(values, rule).fill_null(False).arg_true()
    for row, value in zip(broken.to_list(), values.gather(broken).to_list(), strict=True):
        yield row, Drop(rule.name, shown(value), shown(rule.threshold))


def _compare(values: pl.Series, rule: QualityRule) -> pl.Series:
    compared: pl.Series = {
        "<": values.__lt__,
        "<=": values.__le__,
        ">": values.__gt__,
        ">=": values.__ge__,
    }[rule.comparison](rule.threshold)
    return compared

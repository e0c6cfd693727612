"""What the quality rules measure of a text: shares of its lines, paragraphs, words and word n-grams.

Words are stretches without white space, lines and paragraphs are those with something in them; shares of characters
are of the characters of all lines, paragraphs or words, without the white space around them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import polars as pl

from acclimate.stages.clean.ngrams import DUPLICATE_SIZES, TOP_SIZES, ngram_shares

_BULLET = r"^[•‣▪●○◦·*\-–]"
_ELLIPSIS = r"(\.\.\.|…)"
_ELLIPSIS_AT_END = r"(\.\.\.|…)$"
SENTENCE_END = r"[.!?。！？…][\"'”’)\]]*"
"""A terminal punctuation mark with the quotes and brackets that may follow it."""
_SHORT_LINE = 30
"""Characters below which a line is short (FineWeb)."""
_STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")
_AROUND_A_WORD = r"^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$"
_ROW = "row"


def measure(texts: pl.Series, names: Collection[str]) -> pl.DataFrame:
    """The named measures, a row a text; null where a text has nothing to measure.

    >>> measure(pl.Series(["one\\ntwo\\none", None]), {"duplicate_lines"})["duplicate_lines"].round(2).to_list()
    [0.33, None]
    """
    texts = texts.cast(pl.String)
    rows = pl.DataFrame({_ROW: pl.int_range(len(texts), eager=True)})
    for function in dict.fromkeys(_MEASURED_BY[name] for name in sorted(names)):
        rows = rows.join(function(texts), on=_ROW, how="left", maintain_order="left")
    return rows.select(sorted(names))


def _of_lines(texts: pl.Series) -> pl.DataFrame:
    line = pl.col("piece")
    return _duplicates(texts, r"\n", "line").agg(
        bullet_lines=line.str.contains(_BULLET).mean(),
        ellipsis_lines=line.str.contains(_ELLIPSIS_AT_END).mean(),
        punctuated_lines=line.str.contains(SENTENCE_END + "$").mean(),
        short_lines=(line.str.len_chars() < _SHORT_LINE).mean(),
        duplicate_lines=_REPEATED.mean(),
        duplicate_line_characters=_REPEATED_CHARACTERS,
    )


def _of_paragraphs(texts: pl.Series) -> pl.DataFrame:
    return _duplicates(texts, r"\n\s*\n", "paragraph").agg(
        duplicate_paragraphs=_REPEATED.mean(), duplicate_paragraph_characters=_REPEATED_CHARACTERS
    )


_REPEATED = ~pl.col("first")
_LENGTH = pl.col("piece").str.len_chars()
_REPEATED_CHARACTERS = _LENGTH.filter(_REPEATED).sum() / _LENGTH.sum()


def _duplicates(texts: pl.Series, separator: str, kind: str) -> pl.dataframe.group_by.GroupBy:
    """The pieces of each text that hold something, each with whether it is the first of its kind in the text."""
    # A separator is replaced by one character that texts cannot hold after repair, since polars splits on literals.
    pieces = texts.str.replace_all(separator, "\x00").str.split("\x00")
    table = pl.DataFrame({_ROW: pl.int_range(len(texts), eager=True), "piece": pieces}).explode("piece")
    table = table.with_columns(pl.col("piece").str.strip_chars()).filter(pl.col("piece") != "")
    return table.with_columns(first=pl.struct(_ROW, "piece").is_first_distinct()).group_by(_ROW)


def _of_words(texts: pl.Series) -> pl.DataFrame:
    word = pl.col("word")
    stripped = word.str.replace_all(_AROUND_A_WORD, "").str.to_lowercase()
    table = pl.DataFrame({_ROW: pl.int_range(len(texts), eager=True), "word": texts.str.extract_all(r"\S+")})
    counted = (
        table.explode("word")
        .drop_nulls()
        .group_by(_ROW)
        .agg(
            mean_word_length=word.str.len_chars().mean(),
            alphabetic_words=word.str.contains(r"\p{L}").mean(),
            stop_words=stripped.filter(stripped.is_in(_STOP_WORDS)).n_unique(),
        )
    )
    words = pl.col("word").list.len()
    symbols = pl.max_horizontal(texts.str.count_matches("#"), texts.str.count_matches(_ELLIPSIS))
    totals = table.select(_ROW, words=words, symbols_per_word=symbols / pl.when(words > 0).then(words))
    return totals.join(counted, on=_ROW, how="left")


def _of_texts(texts: pl.Series) -> pl.DataFrame:
    return pl.DataFrame(
        {
            _ROW: pl.int_range(len(texts), eager=True),
            "lorem_ipsum": texts.str.count_matches("(?i)lorem ipsum"),
            "curly_braces": texts.str.count_matches(r"[{}]"),
            "sentences": texts.str.count_matches(SENTENCE_END + r"(\s|$)"),
        }
    )


def _of_ngrams(texts: pl.Series) -> pl.DataFrame:
    shares = ngram_shares(texts, top=TOP_SIZES, duplicate=DUPLICATE_SIZES)
    return shares.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias(_ROW))


_MEASURED_BY: Mapping[str, Callable[[pl.Series], pl.DataFrame]] = {
    **dict.fromkeys(("bullet_lines", "ellipsis_lines", "punctuated_lines", "short_lines"), _of_lines),
    **dict.fromkeys(("duplicate_lines", "duplicate_line_characters"), _of_lines),
    **dict.fromkeys(("duplicate_paragraphs", "duplicate_paragraph_characters"), _of_paragraphs),
    **dict.fromkeys(("words", "symbols_per_word"), _of_words),
    **dict.fromkeys(("mean_word_length", "alphabetic_words", "stop_words"), _of_words),
    **dict.fromkeys(("lorem_ipsum", "curly_braces", "sentences"), _of_texts),
    **dict.fromkeys(
        (*(f"top_{n}gram" for n in TOP_SIZES), *(f"duplicate_{n}grams" for n in DUPLICATE_SIZES)), _of_ngrams
    ),
}
"""Who measures what; measures of one function are taken together."""

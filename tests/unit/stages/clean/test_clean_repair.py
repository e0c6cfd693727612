from __future__ import annotations

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from acclimate.stages.clean.repair import repair, strip
from acclimate.stages.clean.spans import repair_with_spans

TEXTS = st.text(st.sampled_from("ab1 \n\t\r\u00a0\u200b\u00ade\u0301é“.→क\u200d"), max_size=30)


def repaired(text: str) -> str:
    return strip(repair(pl.Series([text]))).texts[0]


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("donâ€™t smoke", "don’t smoke"),
        ("SchÃ¶nberg, RenÃ©e", "Schönberg, Renée"),
        ("line one\nfiÃ¨vre → 39", "line one\nfièvre → 39"),
        ("a\x00b\x07c", "abc"),
        ("zero\u200bwidth, \ufeffmark, soft\u00adhyphen", "zerowidth, mark, softhyphen"),
        ("cafe\u0301", "café"),
        ("BP  120/80 ,\u00a0HR   72  ", "BP 120/80 , HR 72"),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("first\n\n\n\n\nsecond", "first\n\nsecond"),
        ("list:\n  - item\n\tNa\t140", "list:\n  - item\n\tNa\t140"),
    ],
)
def test_broken_characters_are_repaired_and_the_layout_stays(text, clean):
    assert repaired(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        "“quoted” &lt;5 mg ﬁ Ａ",
        "क\u200dष",
        "👩\u200d⚕️",
        "Ångström µg/mL ½ ±2",
        "Müller – naïve café",
        "BP 120/80, HR 72",
    ],
)
def test_good_text_is_left_as_it_is(text):
    result = strip(repair(pl.Series([text])))
    assert result.texts[0] == text
    assert not any(mask.any() for mask in result.touched.values())


def test_each_kind_of_repair_is_named_for_the_texts_it_changed():
    result = strip(repair(pl.Series(["fine", "donâ€™t", "a\x00", "e\u0301", " b", None])))
    touched = {kind: mask.arg_true().to_list() for kind, mask in result.touched.items()}
    assert touched == {"mojibake": [1], "control": [2], "unicode_form": [3], "whitespace": [4]}


@given(TEXTS)
@example("a\u0301\u200d")
@example("\u212b\u200d\u0301\u200d")
def test_repairing_twice_changes_nothing_more(text):
    assert repaired(repaired(text)) == repaired(text)


@given(st.lists(TEXTS, min_size=3, max_size=3))
def test_a_span_covers_the_same_words_before_and_after(pieces):
    before, marked, after = "x" + pieces[0], "y" + pieces[1] + "y", pieces[2] + "x"
    spans = [{"field": "text", "start": len(before), "end": len(before) + len(marked), "label": "NAME"}]
    result = repair_with_spans(before + marked + after, spans, field="text", record_id="a")
    moved = result.spans[0]
    assert result.text[moved["start"] : moved["end"]] == repair(pl.Series([marked])).texts[0]


def test_a_text_with_spans_is_stripped_and_its_offsets_follow():
    spans = [{"field": "text", "start": 7, "end": 10}, {"field": "prompt", "start": 0, "end": 9}]
    result = repair_with_spans("\n  Dr\u200b May ", spans, field="text", record_id="a")
    assert result.text == "Dr May"
    assert result.spans == [{"field": "text", "start": 3, "end": 6}, {"field": "prompt", "start": 0, "end": 9}]


def test_a_span_of_invisible_characters_alone_goes_and_is_counted():
    spans = [{"field": "text", "start": 1, "end": 3}]
    result = repair_with_spans("a\u200b\u200bb", spans, field="text", record_id="a")
    assert (result.text, result.spans, result.emptied) == ("ab", [], 1)

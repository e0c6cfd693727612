from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acclimate.core.passages import find_passages, index_grams, index_passages, look_up, look_up_words, passages_of
from acclimate.core.word_hashes import hash_words, n_grams

ITEM = [f"item{index}" for index in range(40)]
OTHER = [f"other{index}" for index in range(300)]


def text(words: list[str]) -> str:
    return " ".join(words)


def share_found(held: str, item: list[str] = ITEM) -> float:
    found = find_passages(index_passages([[text(item)]]), passages_of([held]), min_share=0)
    return found["share"].sum()


def test_an_item_inside_a_longer_text_is_found_whole():
    assert share_found(text([*OTHER[:150], *ITEM, *OTHER[150:]])) == 1.0


@pytest.mark.parametrize(("words", "share"), [(7, 0.0), (8, 0.2), (20, 0.5)])
def test_the_share_is_that_of_the_items_words_in_passages_of_eight(words, share):
    assert share_found(text([*OTHER, *ITEM[:words], *OTHER])) == share


def test_case_punctuation_and_repetition_do_not_count():
    assert share_found(", ".join(ITEM).upper() + " ... " + text(ITEM)) == 1.0


def test_an_item_of_fewer_than_eight_words_is_not_searched_and_counted():
    index = index_passages([[text(ITEM[:7]), text(ITEM)]])
    assert index.unsearched == 1
    assert find_passages(index, passages_of([text(ITEM[:7])]), min_share=0).is_empty()


def test_a_stock_phrase_of_many_items_tells_none_of_them():
    items = [text([*ITEM[:20], *(f"own{number}-{index}" for index in range(20))]) for number in range(30)]
    index = index_passages([items])
    assert find_passages(index, passages_of([text(ITEM[:20])]), min_share=0).is_empty()
    assert find_passages(index, passages_of([items[3]]), min_share=1).select("row", "item").rows() == [(0, 3)]


def test_a_text_that_a_hundredth_of_a_large_set_asks_about_is_no_stock_phrase():
    asked = [text([*ITEM, f"question{number}"]) for number in range(12)]
    items = [*asked, *(text([f"own{number}-{index}" for index in range(8)]) for number in range(1188))]
    assert len(find_passages(index_passages([items]), passages_of([text(ITEM)]), min_share=0.9)) == 12


def test_a_phrase_that_is_silenced_counts_as_no_words_of_its_items():
    items = [passages_of([text(ITEM), text([*ITEM[:8], *OTHER[:12]])])]
    phrase = passages_of([text(ITEM[:8])]).hashes
    index = index_grams(items, phrase, silent=phrase)
    assert index.words.tolist() == [39, 19]
    assert index.postings.select("item", "place").rows() == [(0, 0), (1, 0)]


def test_without_items_or_texts_nothing_is_found():
    assert find_passages(index_passages([]), passages_of([text(ITEM)]), min_share=0).is_empty()
    assert find_passages(index_passages([[text(ITEM)]]), passages_of([]), min_share=0).is_empty()


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=24), min_size=1, max_size=5), st.integers(0, 4))
def test_grams_are_equal_where_the_words_are(texts, cut):
    by_hash: dict[int, tuple[str, ...]] = {}
    grams = n_grams(hash_words([text(words) for words in texts]), 8)
    plain = [tuple(words[start : start + 8]) for words in texts for start in range(len(words) - 7)]
    for one, words in zip(grams.hashes.tolist(), plain, strict=True):
        assert by_hash.setdefault(one, words) == words
    assert len(set(by_hash.values())) == len(by_hash)


@given(st.integers(0, 30), st.randoms(use_true_random=False))
def test_the_order_and_batches_of_items_change_nothing(cut, order: random.Random):
    items = [text(ITEM[start : start + 12]) for start in range(28)]
    shuffled = order.sample(items, len(items))
    one = find_passages(index_passages([items]), passages_of([text(ITEM)]), min_share=0.5)
    other = find_passages(index_passages([shuffled[:cut], shuffled[cut:]]), passages_of([text(ITEM)]), min_share=0.5)
    names = {shuffled[item]: share for item, share in other.select("item", "share").rows()}
    assert names == {items[item]: share for item, share in one.select("item", "share").rows()}


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=12), max_size=5), st.integers(0, 2))
def test_passages_are_found_from_words_as_from_the_passages_themselves(texts, seed):
    written = [" ".join(words) for words in texts]
    index = index_passages([[" ".join("abcabcabcabc"[seed:]), " ".join("aabbccaabbcc")]])
    words = hash_words(written)
    found = [look_up(index.sieve, passages_of(written)), look_up_words(index.sieve, words)]
    assert found[0].sort("row", "gram").equals(found[1].sort("row", "gram"))

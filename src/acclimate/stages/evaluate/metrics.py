"""How near a generated answer is to its reference, as the field measures it.

ROUGE-L follows rouge-score (Lin 2004; F1 without stemming), exact match and token F1 follow SQuAD.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

_WORD = re.compile(r"[^\W_]+")
_ARTICLE = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def rouge_l(reference: str, answer: str) -> float:
    """F1 of the longest common subsequence of words; 0 where either has no word.

    Words are runs of letters and digits of any script, in lower case; on ASCII text that is rouge-score's rule.

    >>> rouge_l("the cat sat down", "the cat sat")
    0.8571428571428571
    """
    wanted, given = (_WORD.findall(text.lower()) for text in (reference, answer))
    common = longest_common_subsequence(wanted, given)
    return _f1(common, len(wanted), len(given))


def longest_common_subsequence(left: Sequence[str], right: Sequence[str]) -> int:
    """Its length, by Hyyrö's bit-parallel recurrence: one big-integer step per word instead of a table.

    >>> longest_common_subsequence("abcde", "ace")
    3
    """
    places: dict[str, int] = {}
    for place, word in enumerate(left):
        places[word] = places.get(word, 0) | 1 << place
    everything = (1 << len(left)) - 1
    open_places = everything
    for word in right:
        matched = open_places & places.get(word, 0)
        open_places = (open_places + matched | open_places - matched) & everything
    return len(left) - open_places.bit_count()


def exact_match(reference: str, answer: str) -> float:
    """1 where both are the same words after SQuAD's normalisation.

    >>> exact_match("The fever.", "fever")
    1.0
    """
    return float(_squad_words(reference) == _squad_words(answer))


def token_f1(reference: str, answer: str) -> float:
    """F1 of the words both have, order ignored, after SQuAD's normalisation."""
    wanted, given = _squad_words(reference), _squad_words(answer)
    if not wanted or not given:
        return float(wanted == given)
    common = sum((Counter(wanted) & Counter(given)).values())
    return _f1(common, len(wanted), len(given))


ANSWER_METRICS: Mapping[str, Callable[[str, str], float]] = {
    "rouge_l": rouge_l,
    "exact_match": exact_match,
    "token_f1": token_f1,
}
"""Metrics of a generated answer by name; each is called with the reference and the answer, and higher is better."""


def _squad_words(text: str) -> list[str]:
    return _ARTICLE.sub(" ", text.lower().translate(_PUNCTUATION)).split()


def _f1(common: int, wanted: int, given: int) -> float:
    if not common:
        return 0.0
    precision, recall = common / given, common / wanted
    return 2 * precision * recall / (precision + recall)

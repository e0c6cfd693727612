"""How near a generated answer is to its reference, as the field measures it.

ROUGE follows rouge-score (Lin 2004; F1 without stemming), chrF follows sacreBLEU (Popović 2015), exact match and token F1
follow SQuAD.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial

_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?|\.[0-9]+")
_CHRF_ORDER, _CHRF_BETA = 6, 2
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


def rouge_n(reference: str, answer: str, *, n: int) -> float:
    """F1 of the runs of `n` words that both have; 0 where either has none.

    >>> rouge_n("the cat sat down", "the cat sat", n=2)
    0.8
    """
    wanted, given = (_runs(_WORD.findall(text.lower()), n) for text in (reference, answer))
    return _f1((wanted & given).total(), wanted.total(), given.total())


def chrf(reference: str, answer: str) -> float:
    """F2 of precision and recall, each a mean over runs of one to six characters that both are long enough for; white
    space is left out.

    >>> round(chrf("the cat sat down", "the cat sat"), 3)
    0.66
    """
    wanted, given = ("".join(text.split()) for text in (reference, answer))
    shares = []
    for n in range(1, _CHRF_ORDER + 1):
        in_wanted, in_given = _runs(wanted, n), _runs(given, n)
        if in_wanted and in_given:
            common = (in_wanted & in_given).total()
            shares.append((common / in_given.total(), common / in_wanted.total()))
    precision, recall = (sum(one) / len(shares) for one in zip(*shares, strict=True)) if shares else (0.0, 0.0)
    weight = _CHRF_BETA**2
    return (1 + weight) * precision * recall / (weight * precision + recall) if precision else 0.0


def numeric_match(reference: str, answer: str) -> float | None:
    """1 where both hold the same numbers, each as often, in any order; None where the reference holds none.

    Signs and units are not looked at, and thousands may be grouped by commas.

    >>> numeric_match("1,200 mg, then 2.50", "2.5 after 1200 mg")
    1.0
    """
    wanted, given = (Counter(_value(number) for number in _NUMBER.findall(text)) for text in (reference, answer))
    return float(wanted == given) if wanted else None


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


ANSWER_METRICS: Mapping[str, Callable[[str, str], float | None]] = {
    "rouge_l": rouge_l,
    "rouge_1": partial(rouge_n, n=1),
    "rouge_2": partial(rouge_n, n=2),
    "chrf": chrf,
    "exact_match": exact_match,
    "token_f1": token_f1,
    "numeric_match": numeric_match,
}
"""Metrics of a generated answer by name; each is called with the reference and the answer, and higher is better. None
where an item has nothing to measure."""


def _runs(units: Sequence[str], n: int) -> Counter[Sequence[str]]:
    """How often each run of `n` words or characters stands there."""
    runs = [units[place : place + n] for place in range(len(units) - n + 1)]
    return Counter(run if isinstance(run, str) else tuple(run) for run in runs)


def _value(number: str) -> Decimal:
    return Decimal(number.replace(",", "")).normalize()


def _squad_words(text: str) -> list[str]:
    return _ARTICLE.sub(" ", text.lower().translate(_PUNCTUATION)).split()


def _f1(common: int, wanted: int, given: int) -> float:
    if not common:
        return 0.0
    precision, recall = common / given, common / wanted
    return 2 * precision * recall / (precision + recall)

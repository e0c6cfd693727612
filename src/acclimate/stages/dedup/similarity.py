"""From the share of edited words to a Jaccard threshold and to bands, so that a user sets one number they understand.

A text of n words has n - 1 word 2-grams. When a share e of the words is substituted at random, a 2-gram survives if both
its words do: s = (1 - e)² of them on average. The copy holds as many new ones, so J = s / (2 - s). This is the least
favourable edit: an insertion breaks one 2-gram and adds two, a deletion breaks two and adds one. For e = .05, .1, .2
J is .82, .68, .47; measured on mixed edits it is .86, .73, .54.

How many survive varies from copy to copy. Neighbouring 2-grams share a word, so the variance of their share is
(s(1 - s) + 2((1 - e)³ - s²)) / (n - 1), and the threshold lies as many standard deviations lower as recall asks for.
For a short text that would soon accept anything, so that it never lies below J at 1.75e. Fewer than 1/e words leave room
for no edit at all: such texts are compared exactly and not otherwise.

Where all that differs stands together, far more words may differ before as many 2-grams are broken: two short texts under
one heading would pass. So the words themselves are counted too. An edit changes one word, so that the longer of two
copies lacks at most as many in the other as were edited (bag distance, a lower bound of the edit distance: Bartolini,
Ciaccia and Patella 2002). Of n words en are edited, more or less by a binomial draw, and its spread is allowed for by the
same recall.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

Floats = npt.NDArray[np.float64]

_TYPICAL_WORDS = 100
"""The length of text for which bands are chosen; longer texts vary less and are found more surely."""

_MOST = 1.75
"""How many times `max_edited` a short text may differ by chance and still pass. With 1.75 a copy whose count of edited
words was rounded up (2 of 15 for .1) always passes; with 2, three words of 13 do, which merges bank customers'
different questions (banking77: 430 of 10 003 dropped, 342 with 1.75)."""

_SIGNATURE_SIZES = (128, 256, 512)


@dataclass(frozen=True)
class Bands:
    """A signature of `bands * rows` values; two records are candidates if one band agrees in all its rows."""

    bands: int
    rows: int

    @property
    def size(self) -> int:
        """Values in a signature."""
        return self.bands * self.rows


def expected_jaccard(max_edited: float) -> float:
    """The mean 2-gram Jaccard of a text and a copy with this share of its words substituted.

    >>> [round(expected_jaccard(edited), 2) for edited in (0.05, 0.1, 0.2)]
    [0.82, 0.68, 0.47]
    """
    return float(_jaccard_of_surviving((1 - max_edited) ** 2))


def jaccard_thresholds(words: npt.NDArray[np.int64], *, max_edited: float, recall: float) -> Floats:
    """The least Jaccard at which two texts of so many words are copies.

    >>> jaccard_thresholds(np.array([50, 200, 1000]), max_edited=0.1, recall=0.99).round(2).tolist()
    [0.52, 0.56, 0.63]
    """
    spread = _deviation(max_edited) / np.sqrt(np.maximum(words - 1, 1))
    surviving = (1 - max_edited) ** 2 - norm.ppf(recall) * spread
    lowest = (1 - min(_MOST * max_edited, 1)) ** 2
    return _jaccard_of_surviving(np.maximum(surviving, lowest))


def most_edited_words(words: npt.NDArray[np.int64], *, max_edited: float, recall: float) -> Floats:
    """The most words of a text of so many that a copy may lack, each as often as it stands there.

    >>> most_edited_words(np.array([50, 200, 1000]), max_edited=0.1, recall=0.99).round(1).tolist()
    [9.9, 29.9, 122.1]
    """
    spread = np.sqrt(max_edited * (1 - max_edited) * words)
    return np.asarray(max_edited * words + norm.ppf(recall) * spread, dtype=np.float64)


def fewest_words(max_edited: float) -> int:
    """The shortest text that can have a near copy: with fewer words one edit is already too many.

    >>> fewest_words(0.1)
    10
    """
    return math.ceil(1 / max_edited - 1e-9)


def choose_bands(*, max_edited: float, recall: float) -> Bands:
    """The bands with the most rows, hence the fewest false candidates, that still propose `recall` of the copies.

    >>> choose_bands(max_edited=0.1, recall=0.99)
    Bands(bands=32, rows=4)
    """
    for size in _SIGNATURE_SIZES:
        for rows in (8, 7, 6, 5, 4, 3, 2):
            bands = Bands(size // rows, rows)
            if candidate_recall(bands, max_edited=max_edited) >= recall:
                return bands
    return Bands(_SIGNATURE_SIZES[0], 1)


def candidate_recall(bands: Bands, *, max_edited: float) -> float:
    """The share of copies of a typical text that become candidates: 1 - (1 - J^rows)^bands, averaged over J."""
    quantiles = norm.ppf((np.arange(200) + 0.5) / 200)
    surviving = (1 - max_edited) ** 2 + quantiles * _deviation(max_edited) / math.sqrt(_TYPICAL_WORDS - 1)
    jaccard = _jaccard_of_surviving(np.clip(surviving, 0, 1))
    return float(np.mean(1 - (1 - jaccard**bands.rows) ** bands.bands))


def _deviation(edited: float) -> float:
    surviving = (1 - edited) ** 2
    return math.sqrt(surviving * (1 - surviving) + 2 * ((1 - edited) ** 3 - surviving**2))


def _jaccard_of_surviving(surviving: Floats | float) -> Floats:
    share = np.asarray(surviving, dtype=np.float64)
    return share / (2 - share)

"""The words that made texts consist of: letters alone, since some libraries take all numbers for one."""

from __future__ import annotations

import numpy as np

_LETTERS = str.maketrans("0123456789", "abcdefghij")


def vocabulary(size: int) -> np.ndarray:
    """So many different words.

    >>> vocabulary(3).tolist()
    ['bawa', 'cewb', 'diwc']
    """
    endings = (str(number).translate(_LETTERS) for number in range(size))
    return np.array([f"{'bcdfglmnprst'[i % 12]}{'aeiou'[i % 5]}w{ending}" for i, ending in enumerate(endings)])

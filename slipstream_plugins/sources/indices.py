"""The index check that every source of this package makes."""

from __future__ import annotations

import operator
from typing import SupportsIndex

__all__ = ["checked"]


def checked(index: SupportsIndex, samples: int) -> int:
    """`index` as an int. Raises IndexError unless it lies in [0, samples): a negative one is more often a mistake."""
    number = operator.index(index)
    if not 0 <= number < samples:
        raise IndexError(f"index: expected 0 to {samples - 1}, got {number}")
    return number

"""Shard patterns such as "train-{000..127}.tar"."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator

from slipstream_plugins.errors import SourceError

__all__ = ["expand_braces", "expand_paths"]

_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)(?:\.\.(-?\d+))?")


def expand_braces(pattern: str) -> list[str]:
    """Expands {a,b} and {000..127}, nested ones too, as a shell does.

    Source: bash; the package braceexpand, which WebDataset uses.
    """
    begin = pattern.find("{")
    if begin < 0:
        return [pattern]
    end = _closing(pattern, begin)
    if end is None:
        return [pattern]
    head, inner, tails = pattern[:begin], pattern[begin + 1 : end], expand_braces(pattern[end + 1 :])
    return [head + middle + tail for middle in _alternatives(inner) for tail in tails]


def _closing(pattern: str, begin: int) -> int | None:
    """Where the brace that opens at `begin` closes."""
    depth = 0
    for position in range(begin, len(pattern)):
        depth += {"{": 1, "}": -1}.get(pattern[position], 0)
        if depth == 0:
            return position
    return None


def _alternatives(inner: str) -> list[str]:
    if span := _RANGE.fullmatch(inner):
        return list(_numbers(*span.groups()))
    parts, depth = [""], 0
    for character in inner:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    if len(parts) == 1:
        return ["{" + each + "}" for each in expand_braces(inner)]
    return [each for part in parts for each in expand_braces(part)]


def _numbers(first: str, last: str, step: str | None) -> Iterator[str]:
    padded = any(len(end.lstrip("-")) > 1 and end.lstrip("-").startswith("0") for end in (first, last))
    width = max(len(first), len(last)) if padded else 0
    low, high, by = int(first), int(last), max(1, abs(int(step or 1)))
    numbers = range(low, high + 1, by) if low <= high else range(low, high - 1, -by)
    return (f"{number:0{width}d}" for number in numbers)


def expand_paths(pattern: str) -> list[str]:
    """Braces, then * ? [ ] matched against the files that are there, in sorted order.

    Raises:
        SourceError: A wildcard matches nothing.
    """
    paths = []
    for path in expand_braces(pattern):
        if not glob.has_magic(path):
            paths.append(path)
            continue
        found = sorted(glob.glob(path))
        if not found:
            raise SourceError(f"{path}: expected files that match, got none; check the path")
        paths += found
    return paths

"""Shard patterns against the package that WebDataset uses."""

from __future__ import annotations

import braceexpand
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipstream_plugins.sources.braces import expand_braces


@pytest.mark.parametrize(
    "pattern",
    [
        "a.tar",
        "a-{000..012}.tar",
        "{a,b}-{1..3}.tar",
        "x{8..11}y",
        "x{11..8}y",
        "{0..10..5}",
        "{a,b{1,2}}",
        "{{a,b},c}",
        "{-2..2}",
        "{a}",
        "{a,}",
        "}{",
        "{1..2}{3..4}",
    ],
)
def test_patterns_expand_as_braceexpand_has_it(pattern: str) -> None:
    assert expand_braces(pattern) == list(braceexpand.braceexpand(pattern, escape=False))


def test_a_brace_that_never_closes_stays_as_in_a_shell() -> None:
    assert expand_braces("a{b") == ["a{b"]


WORDS = st.recursive(
    st.text("ab01-.", max_size=4),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: "{" + ",".join(parts) + "}"),
        st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda ends: f"{{{ends[0]}..{ends[1]}}}"),
        st.tuples(inner, inner).map("".join),
    ),
    max_leaves=5,
)


@given(WORDS)
@settings(max_examples=200, deadline=None)
def test_nested_patterns_expand_as_braceexpand_has_it(pattern: str) -> None:
    assert expand_braces(pattern) == list(braceexpand.braceexpand(pattern, escape=False))

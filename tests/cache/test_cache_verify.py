"""Verification against the source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from slipstream_plugins.cache.verify import verify
from slipstream_plugins.cache.writer import BuildOptions, build
from slipstream_plugins.sources import IterableSource
from tests import images

Samples = list[dict[str, Any]]


@pytest.mark.parametrize("encoding", ["jpeg", "yuv444", "rgb"])
@pytest.mark.parametrize("short", [None, 32])
def test_a_fresh_cache_is_good(source: IterableSource, tmp_path: Path, encoding: str, short: int | None) -> None:
    options = BuildOptions(encoding=encoding, short=short, shard_size=4, workers=0)
    result = verify(build(source, tmp_path / "a.slip", options), source)
    assert result.problems == []
    assert result.samples == result.images == len(source) and result.reduced == 0


def test_what_yuv420_reduces_is_counted(source: IterableSource, tmp_path: Path) -> None:
    result = verify(build(source, tmp_path / "a.slip", BuildOptions(encoding="yuv420", workers=0)), source)
    assert result.problems == [] and result.images + result.reduced == len(source)
    assert 0 < result.reduced < len(source)


def test_skipped_samples_do_not_shift_the_comparison(samples: Samples, tmp_path: Path) -> None:
    data = [dict(sample, image=b"") if index in (0, 9) else sample for index, sample in enumerate(samples)]
    source = IterableSource(data)
    path = build(source, tmp_path / "a.slip", BuildOptions(shard_size=4, on_error="skip", workers=0))
    result = verify(path, source)
    assert result.problems == [] and result.images == len(samples) - 2


class Pretender(IterableSource):
    """Another source that claims to be the one of the cache."""

    claim = ""

    def fingerprint(self) -> str:
        return self.claim


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"image": images.jpeg(47, 41, seed=99)}, "pixels differ"),
        ({"image": b"text"}, "only one of cache and source decodes"),
        ({"label": 77}, "field 'label': expected 77, got"),
        ({"score": 0.5}, "field 'score'"),
        ({"key": "other"}, "field 'key': expected 'other'"),
        ({"blob": b"?"}, "field 'blob'"),
    ],
)
def test_a_difference_names_field_and_sample(
    source: IterableSource, shared_cache: Path, samples: Samples, change: dict[str, Any], expected: str
) -> None:
    other = Pretender([{**sample, **change} if index == 6 else sample for index, sample in enumerate(samples)])
    other.claim = source.fingerprint()
    problems = verify(shared_cache, other).problems
    assert len(problems) == 1 and expected in problems[0] and "sample 6" in problems[0]


def test_a_value_that_is_no_number_equals_itself(tmp_path: Path) -> None:
    source = IterableSource([{"image": images.jpeg(16, 16), "score": float("nan")}])
    assert verify(build(source, tmp_path / "a.slip"), source).problems == []


def test_another_source_is_noticed(shared_cache: Path, samples: Samples) -> None:
    problems = verify(shared_cache, IterableSource(samples[:-1])).problems
    assert len(problems) == 1 and "another one, or has changed" in problems[0]

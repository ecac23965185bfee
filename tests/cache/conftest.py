"""A small source with every type of field, and a cache of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from slipstream_plugins.cache.writer import BuildOptions, build
from slipstream_plugins.sources import IterableSource
from tests import images

SAMPLES = 21
SHARD = 4


def make_samples(count: int = SAMPLES) -> list[dict[str, Any]]:
    """Small JPEGs of several sizes, samplings and orientations with int, float, text and bytes beside them."""
    samples = []
    for number in range(count):
        width, height = 40 + 7 * (number % 5), 30 + 11 * (number % 3)
        if number % 4 == 3:
            image = images.oriented_jpeg(1 + number % 8, width, height, seed=number)
        else:
            image = images.jpeg(width, height, sampling=images.SAMPLINGS[number % 6], seed=number)
        samples.append(
            {
                "image": image,
                "label": number % 7 - 3,
                "score": number / 3,
                "key": f"n{number:03d}/größe {number}.jpg",
                "blob": bytes(range(number)),
            }
        )
    return samples


FIELDS = {"image": "image", "label": "int", "score": "float", "key": "text", "blob": "bytes"}


@pytest.fixture(scope="session")
def samples() -> list[dict[str, Any]]:
    """The samples behind `source`."""
    return make_samples()


@pytest.fixture(scope="session")
def source(samples: list[dict[str, Any]]) -> IterableSource:
    """A source with one field of every type."""
    return IterableSource(samples, FIELDS)


@pytest.fixture(scope="session")
def shared_cache(source: IterableSource, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of `source` in shards of SHARD samples, which no test may change."""
    path = tmp_path_factory.mktemp("cache") / "small.slip"
    return build(source, path, BuildOptions(shard_size=SHARD, workers=0))


@pytest.fixture
def cache(source: IterableSource, tmp_path: Path) -> Path:
    """A cache like `shared_cache` that a test may damage."""
    return build(source, tmp_path / "small.slip", BuildOptions(shard_size=SHARD, workers=0))

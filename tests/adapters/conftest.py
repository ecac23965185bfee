"""Small data sets that every adapter's tests read."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from slipstream_plugins.cache.writer import BuildOptions, build
from slipstream_plugins.sources import IterableSource
from tests.images import rgb_jpeg

N = 26


@pytest.fixture(scope="session")
def small_samples() -> list[dict[str, Any]]:
    """N photos of different sizes with label, index and key."""
    return [{"image": rgb_jpeg(70 + i, 90 - i, seed=i), "label": i % 4, "key": f"k{i:02}"} for i in range(N)]


@pytest.fixture(scope="session")
def small_cache(tmp_path_factory: pytest.TempPathFactory, small_samples: list[dict[str, Any]]) -> Path:
    """The same as a cache of three shards."""
    path = tmp_path_factory.mktemp("cache") / "small.slip"
    return build(IterableSource(small_samples), path, BuildOptions(workers=0, progress=False, shard_size=10))


@pytest.fixture(scope="session")
def small_tars(tmp_path_factory: pytest.TempPathFactory, small_samples: list[dict[str, Any]]) -> list[str]:
    """The same as two WebDataset shards with members .jpg and .cls."""
    folder = tmp_path_factory.mktemp("tars")
    for number in range(2):
        with tarfile.open(folder / f"part-{number}.tar", "w") as tar:
            for sample in small_samples[number * N // 2 : (number + 1) * N // 2]:
                for name, data in (("jpg", sample["image"]), ("cls", str(sample["label"]).encode())):
                    member = tarfile.TarInfo(f"{sample['key']}.{name}")
                    member.size = len(data)
                    tar.addfile(member, io.BytesIO(data))
    return sorted(str(path) for path in folder.iterdir())

"""Batches for the tests of the native core."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipstream_plugins import _core
from tests import images

SIZE = 64


def crops(infos: NDArray[np.void], seed: int = 0, size: int = SIZE) -> NDArray[np.void]:
    """A random whole crop of every image, as views of size x size."""
    rng = np.random.default_rng(seed)
    views = np.zeros(len(infos), _core.VIEW_DTYPE)
    width, height = infos["width"], infos["height"]
    w, h = rng.integers(np.maximum(width // 3, 1), width + 1), rng.integers(np.maximum(height // 3, 1), height + 1)
    views["bounds"] = np.stack([rng.integers(0, width - w + 1), rng.integers(0, height - h + 1), w, h], 1)
    views["box"] = views["bounds"]
    views["size"] = size
    return views


def pixels(
    data: list[bytes], views: NDArray[np.void] | None = None, threads: int = 0, exact: bool = True, **output: Any
) -> tuple[NDArray[Any], list[tuple[int, int, str]]]:
    """Decodes a list of images at once."""
    encoded = _core.Encoded.from_buffers(data)
    infos, failures = encoded.probe()
    assert not failures
    views = crops(infos) if views is None else views
    spec = _core.Output(**output)
    out = _core.PooledArray(
        (len(data), 3, SIZE, SIZE), output.get("dtype", "uint8"), output.get("channels_last", False)
    )
    failures = _core.decode(encoded, infos, np.arange(len(data)), [views], [spec], [out], exact, threads)
    return np.asarray(out), failures


def some(count: int = 8) -> list[bytes]:
    return [images.jpeg(120 + 9 * i, 90 + 5 * i, seed=i) for i in range(count)]

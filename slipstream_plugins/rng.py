"""Randomness as a pure function of (seed, epoch, sample identity, stage, view), on top of the native generator."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slipstream_plugins import _core

__all__ = ["Identity", "draw_crops", "permutation", "sample_identity", "stream_key", "uniform"]

_WORD = 2**64


@dataclass(frozen=True)
class Identity:
    """Who is drawn for: one epoch and one 64-bit identity per sample, never a position in a batch.

    Args:
        epoch: [n] uint64, each below 2**32.
        identity: [n] uint64: the index in the source, or `sample_identity` of a stream's key.
    """

    epoch: NDArray[np.uint64]
    identity: NDArray[np.uint64]

    def __post_init__(self) -> None:
        identity = _words(self.identity, "identity")
        epoch = np.broadcast_to(_words(self.epoch, "epoch"), identity.shape)
        object.__setattr__(self, "identity", identity)
        object.__setattr__(self, "epoch", np.ascontiguousarray(epoch))

    def __len__(self) -> int:
        return len(self.identity)


def _words(values: ArrayLike, name: str) -> NDArray[np.uint64]:
    array = np.asarray(values)
    if array.size == 0:
        array = array.astype(np.uint64)
    if array.dtype.kind not in "iu" or array.ndim > 1:
        raise TypeError(f"{name}: expected [n] integers, got {array.dtype} of shape {array.shape}; do .astype(int64)")
    if array.dtype.kind == "i" and (array < 0).any():
        raise ValueError(f"{name}: expected numbers of at least 0, got {array.min()}; number epochs and samples from 0")
    return np.ascontiguousarray(array, dtype=np.uint64)


def _digest(*words: str | int) -> int:
    """Eight bytes of blake2b over words that are each preceded by kind and length, so that no two lists agree."""
    state = hashlib.blake2b(digest_size=8)
    for word in words:
        data = str(word).encode()
        kind = b"i" if isinstance(word, int) else b"s"
        state.update(kind + len(data).to_bytes(8, "little") + data)
    return int.from_bytes(state.digest(), "little")


def stream_key(seed: int, stage: str, view: str = "") -> int:
    """The key of one stage's random stream.

    Args:
        seed: Any integer.
        stage: The stage's class name and occurrence, such as "RandomResizedCrop/0".
        view: The name of the view in a multi-crop, or "".

    Returns:
        64 bits that depend on every word.
    """
    return _digest(int(seed), stage, view)


def sample_identity(key: str, shard: str) -> int:
    """The identity of a sample of a stream.

    Args:
        key: The sample's key in its shard.
        shard: The shard's path or URL, of which only the last part counts, so that a moved data set draws the same.

    Returns:
        64 bits, the same in every process.
    """
    return _digest(shard.rstrip("/").rsplit("/", 1)[-1], key)


def uniform(key: int, who: Identity, count: int) -> NDArray[np.float64]:
    """Uniform numbers.

    Args:
        key: From `stream_key`.
        who: The n samples.
        count: Draws per sample.

    Returns:
        [n, count] float64 in [0, 1).
    """
    return _core.uniform(key % _WORD, who.epoch, who.identity, count)


def draw_crops(
    key: int,
    who: Identity,
    size: tuple[NDArray[np.int32], NDArray[np.int32]],
    scale: tuple[float, float],
    ratio: tuple[float, float],
    direct: bool = False,
) -> NDArray[np.int32]:
    """Random crops of images.

    Args:
        key: From `stream_key`.
        who: The n samples.
        size: Heights and widths of the oriented images, [n] int32 each, in pixels.
        scale: Lower and upper bound of the crop's part of the area, in (0, 1].
        ratio: Lower and upper bound of width / height.
        direct: No rejection: ratio, then the long edge from its valid range, then the corner.

    Returns:
        [n, 4] int32: x, y, width, height.

    Source: the law of torchvision's `RandomResizedCrop.get_params`.
    """
    height, width = (np.ascontiguousarray(edge, dtype=np.int32) for edge in size)
    return _core.draw_crops(key % _WORD, who.epoch, who.identity, height, width, scale, ratio, direct)


def permutation(n: int, key: int) -> NDArray[np.int64]:
    """A pseudo-random order of range(n) that depends on `key` (from `stream_key`) alone."""
    return _core.permutation(n, key % _WORD)

"""Decode speed of a cache or source, beside Pillow on the same images, in turns."""

from __future__ import annotations

import io
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipstream_plugins import _core
from slipstream_plugins.cache.format import ENCODING_CODES
from slipstream_plugins.cache.headers import probe
from slipstream_plugins.cache.reader import Reader
from slipstream_plugins.errors import DecodeError, SourceError
from slipstream_plugins.sources import open_source
from slipstream_plugins.stages.composing import Compose
from slipstream_plugins.stages.crops import RandomResizedCrop
from slipstream_plugins.stages.decoding import BatchDecode
from slipstream_plugins.types import Source

__all__ = ["measure"]

_PILLOW_READS = (ENCODING_CODES["jpeg"], ENCODING_CODES["foreign"])


def measure(
    path: str, size: int = 224, batch_size: int = 64, threads: int = 0, samples: int = 512, rounds: int = 5
) -> dict[str, Any]:
    """Decodes and crops samples spread over a source with RandomResizedCrop, natively and with Pillow.

    Args:
        path: A cache or any source.
        size: Edge of the output in pixels.
        batch_size: Samples in one native call.
        threads: Threads of both, 0 for every core.
        samples: Samples in a round; they stay in memory, so storage is not measured after the first round.
        rounds: Rounds of each, in turns, after one that does not count.

    Returns:
        Images per second, medians over the rounds, and their ratio; without Pillow's figures where the records are not
        files that Pillow reads.
    """
    if min(size, batch_size, samples, rounds) < 1 or threads < 0:
        raise ValueError(
            f"bench: expected size, batch size, samples and rounds of at least 1 and threads of at least 0, "
            f"got {size}, {batch_size}, {samples}, {rounds} and {threads}"
        )
    source = open_source(path)
    name = next((field for field, kind in source.fields.items() if kind == "image"), None)
    if name is None or not len(source):
        raise SourceError(f"{path}: expected images, got {len(source)} samples with the fields {list(source.fields)}")
    threads = threads or _core.default_num_threads()
    indices = np.unique(np.linspace(0, len(source) - 1, min(samples, len(source))).astype(np.int64))
    batches = [_column(source, name, indices[at : at + batch_size]) for at in range(0, len(indices), batch_size)]
    stages = Compose((BatchDecode(num_threads=threads), RandomResizedCrop(size)), seed=None)
    images = [image for batch in batches for image in batch]
    _, infos, failures = probe(images)
    for position, reason in failures.items():
        raise DecodeError(reason, int(indices[position]))
    facts: dict[str, Any] = {
        "source": repr(source),
        "images": len(images),
        "threads": threads,
        "output": f"{size}x{size}",
    }
    contenders: dict[str, Callable[[], None]] = {"slipstream": lambda: _run_native(stages, name, batches)}
    if np.isin(infos["encoding"], _PILLOW_READS).all():
        boxes = _boxes(infos)
        contenders["pillow"] = lambda: _run_pillow(images, boxes, size, threads)
    rates = _in_turns(contenders, len(images), rounds)
    facts |= {f"{contender} images/s": round(rate, 1) for contender, rate in rates.items()}
    if "pillow" in rates:
        facts["ratio"] = round(rates["slipstream"] / rates["pillow"], 2)
    return facts


def _column(source: Source, name: str, indices: NDArray[np.int64]) -> Any:
    if isinstance(source, Reader):
        return source.images(name, indices)
    return [source[index][name] for index in indices.tolist()]


def _in_turns(contenders: dict[str, Callable[[], None]], images: int, rounds: int) -> dict[str, float]:
    """Images per second: the median of every contender's rounds."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds + 1):
        for name, run in contenders.items():
            begin = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - begin)
    return {name: images / statistics.median(each[1:]) for name, each in seconds.items()}


def _run_native(stages: Compose, name: str, batches: list[Any]) -> None:
    for batch in batches:
        stages({name: batch})


def _boxes(infos: NDArray[np.void]) -> list[tuple[int, int, int, int]]:
    """One crop per image, as stored, by RandomResizedCrop's law."""
    height, width = infos["height"].astype(np.int32), infos["width"].astype(np.int32)
    who = np.arange(len(infos), dtype=np.uint64)
    drawn = _core.draw_crops(0, np.zeros_like(who), who, height, width, (0.08, 1.0), (3 / 4, 4 / 3))
    return [(x, y, x + wide, y + high) for x, y, wide, high in drawn.tolist()]


def _run_pillow(images: list[Any], boxes: list[tuple[int, int, int, int]], size: int, threads: int) -> None:
    """Decode, crop and resize; Pillow releases the GIL in each."""
    from PIL import Image

    def decode(image: Any, box: tuple[int, int, int, int]) -> NDArray[np.uint8]:
        with Image.open(io.BytesIO(image)) as opened:
            pixels = opened.convert("RGB").resize((size, size), Image.Resampling.BILINEAR, box)
        return np.asarray(pixels)

    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(decode, images, boxes):
            pass

"""Pixels against Pillow: `exact` within one level, `fast` above its floors, the same bytes however it is run."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, features

from slipstream_plugins import _core, ops
from slipstream_plugins.boxes import RandomResized
from slipstream_plugins.plan import DecodePlan
from tests import images
from tests.images import full_run

SIZE = 224
BOXES = 20
IMAGES = 24  # of all, in the ordinary run
CROP = RandomResized((SIZE, SIZE), (0.08, 1.0), (3 / 4, 4 / 3))

Pixels = NDArray[np.uint8]
Boxes = NDArray[np.int32]


@pytest.fixture(scope="module")
def sample(photos: list[Path]) -> list[Path]:
    """Every image in a full run, else some, spread evenly and with all samplings among them."""
    if full_run() or len(photos) <= IMAGES:
        return photos
    by_sampling: dict[str, list[Path]] = {}
    for path in photos:
        by_sampling.setdefault(sampling_of(path.read_bytes()), []).append(path)
    chosen = {path for paths in by_sampling.values() for path in paths[:2]}
    chosen.update(photos[:: math.ceil(len(photos) / (IMAGES - len(chosen)))])
    return sorted(chosen)


def sampling_of(data: bytes) -> str:
    """Sampling of a JPEG as Pillow's layer tuple names it."""
    layer = getattr(Image.open(io.BytesIO(data)), "layer", [])
    names = {(1, 1): "4:4:4", (2, 2): "4:2:0", (2, 1): "4:2:2", (1, 2): "4:4:0", (4, 1): "4:1:1"}
    if len(layer) == 1:
        return "gray"
    return names[layer[0][1], layer[0][2]]


def draw_boxes(width: int, height: int, count: int, seed: int) -> Boxes:
    """[count, 4] crops (x, y, width, height): RRC's law, and every fourth one a box of any shape, down to a pixel."""
    sizes = np.tile(np.array([[height, width]], np.int32), (count, 1))
    index = np.arange(count, dtype=np.uint64)
    boxes = _core.draw_crops(seed, index, index, sizes[:, 0], sizes[:, 1], CROP.scale, CROP.ratio)
    rng = np.random.default_rng(seed)
    for row in range(0, count, 4):
        w, h = int(rng.integers(1, width + 1)), int(rng.integers(1, height + 1))
        boxes[row] = (rng.integers(0, width - w + 1), rng.integers(0, height - h + 1), w, h)
    return boxes


def ours(data: bytes, boxes: Boxes, fidelity: str, threads: int = 1, size: int = SIZE) -> Pixels:
    """[count, size, size, 3] crops of one image."""
    crop = RandomResized((size, size), CROP.scale, CROP.ratio)
    plan = DecodePlan(fidelity=fidelity, crop=crop, num_threads=threads, orient=False)
    opened = ops.open_images([data] * len(boxes), plan)
    pixels, opened = ops.render(opened, crop.views(opened.sizes, boxes), plan)
    assert not opened.failures
    return np.asarray(pixels).transpose(0, 2, 3, 1)


def pillow(image: Image.Image, boxes: Boxes, size: int = SIZE) -> Pixels:
    """The same by Image.crop and Image.resize."""
    crops = [image.crop((x, y, x + w, y + h)) for x, y, w, h in boxes.tolist()]
    return np.stack([np.asarray(crop.resize((size, size), Image.Resampling.BILINEAR)) for crop in crops])


@dataclass
class Pooled:
    """Squared error over many images."""

    error: float = 0.0
    values: int = 0
    worst: float = math.inf
    worst_name: str = ""
    names: list[str] = field(default_factory=list)

    def add(self, name: str, a: Pixels, b: Pixels) -> None:
        error = float(((a.astype(np.int32) - b) ** 2).sum())
        decibels = psnr(error, a.size)
        self.error, self.values = self.error + error, self.values + a.size
        self.names.append(name)
        if decibels < self.worst:
            self.worst, self.worst_name = decibels, name

    @property
    def psnr(self) -> float:
        return psnr(self.error, self.values)


def psnr(error: float, values: int) -> float:
    return math.inf if error == 0 else 10 * math.log10(255**2 * values / error)


def compared(paths: list[Path], fidelity: str) -> Iterator[tuple[str, str, Pixels, Pixels]]:
    """(name, sampling, ours, Pillow's) for every image with its own boxes."""
    for seed, path in enumerate(paths):
        data = path.read_bytes()
        image = Image.open(io.BytesIO(data)).convert("RGB")
        boxes = draw_boxes(*image.size, BOXES, seed)
        yield path.name, sampling_of(data), ours(data, boxes, fidelity), pillow(image, boxes)


def test_exact_is_within_one_level_of_pillow(sample: list[Path]) -> None:
    over, off_by_one, values = {}, 0, 0
    for name, _, a, b in compared(sample, "exact"):
        difference = np.abs(a.astype(np.int16) - b)
        off_by_one, values = off_by_one + int((difference == 1).sum()), values + difference.size
        if difference.max() > 1:
            over[name] = (int(difference.max()), int((difference > 1).sum()))
    print(f"exact: {len(sample)} images x {BOXES} boxes, {off_by_one / values:.2%} of the levels off by one")
    assert not over, f"Pillow's libjpeg-turbo is {features.version('libjpeg_turbo')}"


def test_a_decode_without_resize_is_pillows(sample: list[Path]) -> None:
    for path in sample if full_run() else sample[:12]:
        data = path.read_bytes()
        whole, opened = ops.render(*opened_whole(data))
        assert not opened.failures
        np.testing.assert_array_equal(np.asarray(whole)[0].transpose(1, 2, 0), images.decode(data), path.name)


def opened_whole(data: bytes) -> tuple[ops.Opened, NDArray[np.void], DecodePlan]:
    plan = DecodePlan(orient=False)
    opened = ops.open_images([data], plan)
    return opened, ops.make_views(plan, opened.sizes, None, None), plan


def test_fast_is_above_its_floors(sample: list[Path]) -> None:
    pools: dict[str, Pooled] = {}
    for name, sampling, a, b in compared(sample, "fast"):
        pools.setdefault(sampling, Pooled()).add(name, a, b)
    for sampling, pool in pools.items():
        print(f"fast, {sampling}: {len(pool.names)} images, {pool.psnr:.2f} dB pooled, {pool.worst:.2f} dB the worst")
        floor = 50.0 if sampling in ("4:4:4", "gray") else 49.0
        # The other samplings are few; what holds for each of them is the floor of one image.
        if len(pool.names) >= 5:
            assert pool.psnr >= floor, f"{sampling}: {pool.psnr:.2f} dB over {len(pool.names)} images"
        assert pool.worst >= 38.0, f"{sampling}: {pool.worst_name} has {pool.worst:.2f} dB"


@pytest.mark.parametrize("sampling", images.SAMPLINGS)
@pytest.mark.parametrize("fidelity", ["exact", "fast"])
def test_every_sampling_keeps_its_promise(sampling: str, fidelity: str) -> None:
    for width, height in ((160, 120), (97, 61), (33, 250)):
        data = images.jpeg(width, height, sampling=sampling)
        boxes = draw_boxes(width, height, 12, width)
        a, b = ours(data, boxes, fidelity), pillow(Image.fromarray(images.decode(data)), boxes)
        if fidelity == "exact":
            assert np.abs(a.astype(np.int16) - b).max() <= 1
        else:
            assert psnr(float(((a.astype(np.int32) - b) ** 2).sum()), a.size) >= 38


@pytest.mark.parametrize("size", [1, 7, 64, 500])
def test_exact_holds_for_any_output_size(size: int) -> None:
    data = images.jpeg(231, 187, sampling="4:2:0")
    boxes = draw_boxes(231, 187, 8, 5)
    a, b = ours(data, boxes, "exact", size=size), pillow(Image.fromarray(images.decode(data)), boxes, size)
    assert np.abs(a.astype(np.int16) - b).max() <= 1


@pytest.mark.parametrize("fidelity", ["exact", "fast"])
def test_threads_never_change_a_byte(sample: list[Path], fidelity: str) -> None:
    for seed, path in enumerate(sample if full_run() else sample[:8]):
        data = path.read_bytes()
        boxes = draw_boxes(*Image.open(path).size, 8, seed)
        alone = ours(data, boxes, fidelity, threads=1)
        for threads in (2, 4, 8):
            assert (ours(data, boxes, fidelity, threads=threads) == alone).all(), (path.name, threads)


@pytest.mark.parametrize("fidelity", ["exact", "fast"])
def test_simd_levels_never_change_a_byte(sample: list[Path], fidelity: str) -> None:
    best = _core.simd_level()
    if best == "portable":
        pytest.skip("this processor has one level")
    odd = [images.jpeg(w, h, sampling=s) for s in images.SAMPLINGS for w, h in ((97, 61), (160, 120))]
    blobs = [path.read_bytes() for path in (sample if full_run() else sample[:12])] + odd
    try:
        for seed, data in enumerate(blobs):
            boxes = draw_boxes(*Image.open(io.BytesIO(data)).size, 8, seed)
            _core.force_simd_level(best)
            a = ours(data, boxes, fidelity)
            _core.force_simd_level("portable")
            assert (ours(data, boxes, fidelity) == a).all(), seed
    finally:
        _core.force_simd_level(best)

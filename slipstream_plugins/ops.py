"""One batch through the native core: headers, limits, foreign formats, then a single call; failures by name."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipstream_plugins import _core, formats
from slipstream_plugins.boxes import full_views, mirror
from slipstream_plugins.errors import DecodeError
from slipstream_plugins.plan import DecodePlan, OutputSpec

__all__ = ["Failure", "Opened", "decode_errors", "make_views", "open_images", "oriented_sizes", "render", "table"]

_JPEG, _RGB, _FOREIGN = 0, 4, 5


@dataclass(frozen=True)
class Failure:
    """An image that could not be decoded: its row in the batch, one of _core.CODES, the reason."""

    row: int
    code: str
    reason: str


@dataclass(frozen=True)
class Opened:
    """A batch of encoded images whose headers are known.

    Args:
        encoded: All n images.
        infos: [n] of _core.INFO_DTYPE.
        rows: [m] int64, those to decode.
        failures: Those whose header is not good enough to go on; with `on_error="fill"` black images stand for them.
    """

    encoded: _core.Encoded
    infos: NDArray[np.void]
    rows: NDArray[np.int64]
    failures: tuple[Failure, ...]

    @property
    def sizes(self) -> NDArray[np.int32]:
        """[m, 2] int32, (height, width) as oriented, of the images to decode."""
        return oriented_sizes(self.infos[self.rows])

    def replaced(self, pixels: dict[int, NDArray[np.uint8]]) -> Opened:
        """The images at these rows stand as upright [H, W, 3] pixels from now on."""
        if not pixels:
            return self
        buffers: list[Any] = [self.encoded[row] for row in range(len(self.encoded))]
        infos = self.infos.copy()
        for row, image in pixels.items():
            buffers[row] = formats.record(image)
            infos[row] = (_RGB, 1, image.shape[1], image.shape[0])
        return replace(self, encoded=_core.Encoded.from_buffers(buffers), infos=infos)


def oriented_sizes(infos: NDArray[np.void]) -> NDArray[np.int32]:
    """[n, 2] int32, (height, width) after the orientation in `infos` was applied."""
    turned = infos["orientation"] >= 5
    width, height = infos["width"], infos["height"]
    return np.column_stack([np.where(turned, width, height), np.where(turned, height, width)]).astype(np.int32)


def open_images(column: Any, plan: DecodePlan) -> Opened:
    """Headers of a column of encoded images, checked against the plan's limits before memory is touched.

    Args:
        column: A list of buffers, or an EncodedColumn, whose headers are known already.
        plan: For its max_pixels, orient, on_error, crop and num_threads.
    """
    encoded, infos, failures = _headers(column, worker_threads(plan.num_threads))
    if not plan.orient:
        infos = infos.copy()
        infos["orientation"] = 1
    pixels = infos["width"].astype(np.int64) * infos["height"]
    for row in np.flatnonzero(pixels > plan.max_pixels).tolist():
        size = f"{infos['width'][row]}x{infos['height'][row]}"
        reason = f"expected at most {plan.max_pixels} pixels, got {size}; raise max_pixels"
        failures.setdefault(row, Failure(row, "too_large", reason))
    foreign: dict[int, NDArray[np.uint8]] = {}
    for row in np.flatnonzero(infos["encoding"] == _FOREIGN).tolist():
        if row not in failures:
            try:
                foreign[row] = formats.pillow_pixels(encoded[row], plan.max_pixels, plan.orient)
            except formats.UnreadableError as error:
                failures[row] = Failure(row, error.code, error.reason)
    opened = Opened(encoded, infos, np.arange(len(encoded), dtype=np.int64), ()).replaced(foreign)
    return _without(opened, failures, plan)


def worker_threads(asked: int) -> int:
    """Threads for one call: as asked; else, in a worker of a DataLoader, its share of those there are; else 0."""
    data = sys.modules.get("torch.utils.data")
    worker = data.get_worker_info() if data is not None and not asked else None
    if worker is None or "SLIPSTREAM_NUM_THREADS" in os.environ:
        return asked
    return max(1, _core.default_num_threads() // int(worker.num_workers))


def _headers(column: Any, num_threads: int) -> tuple[_core.Encoded, NDArray[np.void], dict[int, Failure]]:
    if hasattr(column, "encoded"):
        return column.encoded(), column.infos(), {}
    encoded = _core.Encoded.from_buffers(column)
    infos, failed = encoded.probe(num_threads)
    return encoded, infos, {row: Failure(row, _core.CODES[code], reason) for row, code, reason in failed}


def _without(opened: Opened, failures: dict[int, Failure], plan: DecodePlan) -> Opened:
    """The batch without the failed images; with `fill`, black ones in their place."""
    if not failures:
        return opened
    good = np.array([row for row in opened.rows.tolist() if row not in failures], np.int64)
    found = tuple(sorted((*opened.failures, *failures.values()), key=lambda failure: failure.row))
    if plan.on_error != "fill":
        return replace(opened, rows=good, failures=found)
    height, width = (1, 1) if plan.crop is not None or not len(good) else oriented_sizes(opened.infos[good[:1]])[0]
    black = np.zeros((height, width, 3), np.uint8)
    return replace(opened.replaced(dict.fromkeys(failures, black)), failures=found)


def make_views(
    plan: DecodePlan, sizes: NDArray[np.int32], boxes: NDArray[np.int32] | None, flip: NDArray[np.bool_] | None
) -> NDArray[np.void]:
    """What is shown of every image.

    Args:
        plan: For its crop and the order of crop and flip.
        sizes: [m, 2] int32, (height, width) as oriented.
        boxes: [m, 4] int32 drawn crops, for a random crop.
        flip: [m] bool, for a plan that flips.

    Returns:
        [m] of _core.VIEW_DTYPE.
    """
    views = full_views(sizes) if plan.crop is None else plan.crop.views(sizes, boxes)
    return views if flip is None else mirror(views, sizes, flip, plan.flip_first)


def render(
    opened: Opened, views: NDArray[np.void], plan: DecodePlan
) -> tuple[_core.PooledArray | list[_core.PooledArray], Opened]:
    """Decodes, crops, resizes and writes a batch in one native call.

    Args:
        opened: m images to decode.
        views: [m] of _core.VIEW_DTYPE.
        plan: For everything else.

    Returns:
        One array of m images, or m arrays where their sizes differ; and the batch with the failures found on the way:
        its rows are those of the images written. With "fill", black images stand for the failed ones.
    """
    ready, shown, early = _padded(opened, views, plan)
    if plan.decoder == "turbojpeg":
        ready, shown, early = _reference(opened, views)
    pixels = _destination(shown, plan.output)
    failures = {failure.row: failure for failure in (*_call(ready, shown, plan.output, pixels, plan), *early)}
    if not failures:
        return pixels, opened
    if plan.on_error == "fill":
        # Failed outputs are zero, which after normalisation is not black: decode again with black in their place.
        black = {row: np.zeros((*_size_of(opened, row), 3), np.uint8) for row in failures}
        found = tuple(sorted((*opened.failures, *failures.values()), key=lambda failure: failure.row))
        return render(replace(opened.replaced(black), failures=found), views, plan)
    return pixels, _without(opened, failures, plan)


def _size_of(opened: Opened, row: int) -> tuple[int, int]:
    height, width = oriented_sizes(opened.infos[row : row + 1])[0].tolist()
    return height, width


def _destination(views: NDArray[np.void], output: OutputSpec) -> _core.PooledArray | list[_core.PooledArray]:
    sizes = views["size"]
    if (sizes == sizes[0]).all():
        return _core.PooledArray((len(views), 3, *sizes[0].tolist()), output.dtype, output.channels_last)
    return [_core.PooledArray((3, *size), output.dtype, output.channels_last) for size in sizes.tolist()]


def _call(
    opened: Opened,
    views: NDArray[np.void],
    output: OutputSpec,
    pixels: _core.PooledArray | Sequence[_core.PooledArray],
    plan: DecodePlan,
) -> list[Failure]:
    threads = worker_threads(plan.num_threads)
    failed = _core.decode(
        opened.encoded, opened.infos, opened.rows, [views], [output.native()], [pixels], plan.exact, threads
    )
    return [Failure(int(opened.rows[position]), _core.CODES[code], reason) for position, code, reason in failed]


def _padded(
    opened: Opened, views: NDArray[np.void], plan: DecodePlan
) -> tuple[Opened, NDArray[np.void], list[Failure]]:
    """Boxes that reach over the edges (CenterCrop of a small image) become images of the box with black edges."""
    box, bounds, sizes = views["box"], views["bounds"], opened.sizes
    outside = (box[:, 0] < 0) | (box[:, 1] < 0)
    outside |= (bounds[:, 2] > sizes[:, 1]) | (bounds[:, 3] > sizes[:, 0])
    if not outside.any():
        return opened, views, []
    whole = replace(opened, rows=opened.rows[outside])
    shown = full_views(whole.sizes)
    arrays = [_core.PooledArray((3, *size), "uint8", True) for size in shown["size"].tolist()]
    failures = _call(whole, shown, OutputSpec(channels_last=True), arrays, plan)
    pixels = {
        row: _canvas(np.asarray(array).transpose(1, 2, 0), box[position])
        for row, position, array in zip(whole.rows.tolist(), np.flatnonzero(outside), arrays, strict=True)
    }
    views = views.copy()
    for field in ("box", "bounds"):
        views[field][outside, :2] = 0
    return opened.replaced(pixels), views, failures


def _canvas(image: NDArray[np.uint8], box: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The pixels of `box`, black where it leaves the image."""
    x, y, width, height = box.astype(int).tolist()
    canvas = np.zeros((height, width, 3), np.uint8)
    part = image[max(y, 0) : y + height, max(x, 0) : x + width]
    top, left = max(-y, 0), max(-x, 0)
    canvas[top : top + part.shape[0], left : left + part.shape[1]] = part
    return canvas


def _reference(opened: Opened, views: NDArray[np.void]) -> tuple[Opened, NDArray[np.void], list[Failure]]:
    """Every image decoded and resized in plain Python, as rgb records of the output's size."""
    pixels: dict[int, NDArray[np.uint8]] = {}
    failures: list[Failure] = []
    for row, view in zip(opened.rows.tolist(), views, strict=True):
        try:
            pixels[row] = formats.render_pixels(_reference_pixels(opened, row), view)
        except formats.UnreadableError as error:
            failures.append(Failure(row, error.code, error.reason))
            pixels[row] = np.zeros((*view["size"].tolist(), 3), np.uint8)
    ready = opened.replaced(pixels)
    return ready, full_views(ready.sizes), failures


def _reference_pixels(opened: Opened, row: int) -> NDArray[np.uint8]:
    info = opened.infos[row]
    if info["encoding"] == _JPEG:
        return formats.reference_pixels(opened.encoded[row], int(info["orientation"]))
    if info["encoding"] == _RGB:
        return formats.record_pixels(opened.encoded[row], int(info["orientation"]))
    reason = "expected a plain JPEG for decoder='turbojpeg', got a record of a cache; use decoder='native'"
    raise formats.UnreadableError("unsupported", reason)


def decode_errors(failures: Sequence[Failure], index: Any, keys: Sequence[str] | None, n: int) -> list[DecodeError]:
    """The exceptions of failures, the first of several saying how many there are.

    Args:
        failures: In the order of their rows.
        index: [n] indices in the source, or None, when the row in the batch is named instead.
        keys: [n] names, or None.
        n: Images in the batch.
    """
    errors: list[DecodeError] = []
    for failure in failures:
        number = failure.row if index is None else int(index[failure.row])
        more = f" (the first of {len(failures)} bad images among {n})" if len(failures) > 1 and not errors else ""
        errors.append(DecodeError(failure.reason + more, number, keys[failure.row] if keys else None, failure.code))
    return errors


@lru_cache(maxsize=64)
def table(output: OutputSpec) -> _core.PooledArray:
    """[3, 1, 256], the value that each channel and level is written as: what the native core does to a ramp."""
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    opened = open_images([formats.record(ramp)], DecodePlan())
    spec = replace(output, channels_last=False)
    pixels = _core.PooledArray((3, 1, 256), spec.dtype)
    _call(opened, full_views(opened.sizes), spec, [pixels], DecodePlan())
    return pixels

"""What FFCV does to an image, and nothing else: the yardstick of every ratio.

libjpeg-turbo's full decode with FASTDCT through one handle into one reused buffer, then OpenCV's INTER_AREA from the
crop into the batch. As in FFCV, sizes are known beforehand and the blobs lie in memory.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import io
from collections.abc import Callable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.job import SIZE, Job, Pass

FASTDCT = 2048
NOREALLOC = 1024
PIXELS_RGB = 0

Decode = Callable[[bytes, NDArray[np.uint8]], None]


def library() -> ctypes.CDLL:
    """libturbojpeg, found by the system's own search."""
    name = ctypes.util.find_library("turbojpeg")
    if name is None:
        raise ImportError("libturbojpeg is not installed; make setup installs it")
    return ctypes.CDLL(name)


def fast_decoder() -> Decode:
    """decode(blob, pixels) writes the whole image as RGB into [height, width, 3] uint8."""
    turbo = library()
    turbo.tjInitDecompress.restype = ctypes.c_void_p
    call = turbo.tjDecompress2
    pointer, integer = ctypes.c_void_p, ctypes.c_int
    call.argtypes = [pointer, ctypes.c_char_p, ctypes.c_ulong, pointer, integer, integer, integer, integer, integer]
    handle = turbo.tjInitDecompress()

    def decode(blob: bytes, pixels: NDArray[np.uint8]) -> None:
        height, width = pixels.shape[:2]
        if call(handle, blob, len(blob), pixels.ctypes.data, width, 0, height, PIXELS_RGB, FASTDCT | NOREALLOC):
            raise RuntimeError("tjDecompress2 failed")

    return decode


def prepare(job: Job, decode: Decode | None = None) -> Pass:
    """Opens the handle and the reused buffers. `decode` replaces the decoder, to measure everything around it."""
    if job.threads != 1:
        raise ImportError("the yardstick runs on one thread")
    cv2.setNumThreads(1)
    blobs, boxes = job.blobs(), job.boxes().tolist()
    sizes = [Image.open(io.BytesIO(blob)).size[::-1] for blob in blobs]
    memory = np.empty(max(h * w for h, w in sizes) * 3, np.uint8)
    views = {size: memory[: size[0] * size[1] * 3].reshape(*size, 3) for size in sizes}
    batch = np.zeros((job.batch_size, SIZE, SIZE, 3), np.uint8)
    decode = decode or fast_decoder()
    target = (SIZE, SIZE)

    def run(number: int) -> Iterator[NDArray[np.uint8]]:
        crops = boxes[number % len(boxes)]
        for rows in job.batches(len(blobs)):
            for place, i in enumerate(range(rows.start, rows.stop)):
                pixels = views[sizes[i]]
                decode(blobs[i], pixels)
                x, y, w, h = crops[i]
                cv2.resize(pixels[y : y + h, x : x + w], target, dst=batch[place], interpolation=cv2.INTER_AREA)
            yield batch[: rows.stop - rows.start]

    return run

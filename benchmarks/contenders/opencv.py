"""OpenCV in a loop: imdecode, colour order, INTER_AREA."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.job import SIZE, Job, Pass


def prepare(job: Job) -> Pass:
    """Blobs in memory, one reused batch."""
    cv2.setNumThreads(job.threads)
    blobs = [np.frombuffer(blob, np.uint8) for blob in job.blobs()]
    boxes = job.boxes().tolist()
    batch = np.zeros((job.batch_size, SIZE, SIZE, 3), np.uint8)

    def run(number: int) -> Iterator[NDArray[np.uint8]]:
        crops = boxes[number % len(boxes)]
        for rows in job.batches(len(blobs)):
            for place, i in enumerate(range(rows.start, rows.stop)):
                # Boxes are in stored pixels for everybody: no orientation is applied.
                pixels = cv2.imdecode(blobs[i], cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
                assert pixels is not None
                x, y, w, h = crops[i]
                crop = pixels[y : y + h, x : x + w]
                cv2.resize(crop, (SIZE, SIZE), dst=batch[place], interpolation=cv2.INTER_AREA)
            yield batch[: rows.stop - rows.start]

    return run

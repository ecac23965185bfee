"""The native batch decoder, over JPEG bytes, dct records or a cache, with the crops that everybody uses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from benchmarks.job import SIZE, Job, Pass

Packing = Literal["compact", "wide"]


def cache_of(job: Job, encoding: str, **options: Any) -> Path:
    """The cache of this job's images, built where it is not there yet."""
    from slipstream_plugins.cache.writer import BuildOptions, build
    from slipstream_plugins.sources import open_source

    path = Path(job.work) / f"{encoding}.slip"
    return build(open_source(job.folder), path, BuildOptions(encoding=encoding, rebuild=True, **options))


def prepare(job: Job, fidelity: str, encoding: str | None = None, packing: Packing | None = None) -> Pass:
    """JPEGs, or with `packing` dct records, in memory; with `encoding` records in a mapped cache."""
    from slipstream_plugins import ops
    from slipstream_plugins.boxes import RandomResized
    from slipstream_plugins.codec import transcode_batch
    from slipstream_plugins.plan import DecodePlan

    boxes = job.boxes()
    crop = RandomResized((SIZE, SIZE), (0.08, 1.0), (3 / 4, 4 / 3))
    # As for everybody, boxes are in stored pixels: no orientation is applied.
    plan = DecodePlan(fidelity=fidelity, num_threads=job.threads, crop=crop, orient=False)
    if encoding is None:
        blobs = job.blobs() if packing is None else transcode_batch(job.blobs(), packing, fallback=True)

        def column(rows: slice) -> Any:
            return blobs[rows]
    else:
        from slipstream_plugins.cache.reader import Reader

        reader = Reader(cache_of(job, encoding), fields=["image"])

        def column(rows: slice) -> Any:
            return reader.read(np.arange(rows.start, rows.stop))["image"]

    def run(number: int) -> Iterator[Any]:
        crops = boxes[number % len(boxes)]
        for rows in job.batches(len(crops)):
            opened = ops.open_images(column(rows), plan)
            pixels, opened = ops.render(opened, crop.views(opened.sizes, crops[rows]), plan)
            if opened.failures:
                raise RuntimeError(str(opened.failures[0]))
            yield pixels

    return run

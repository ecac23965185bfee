"""Records of a cache in random order, as memory that the decoder reads: nothing is decoded or copied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.contenders.ours import cache_of
from benchmarks.job import Job, Pass


def prepare(job: Job, encoding: str) -> Pass:
    """The native batch (pointers, sizes and headers) of every batch is made, as the decoder takes it."""
    from slipstream_plugins.cache.reader import Reader

    reader = Reader(cache_of(job, encoding), fields=["image"])

    def run(number: int) -> Iterator[Any]:
        order = np.random.default_rng(number).permutation(len(reader))
        for rows in job.batches(len(order)):
            column = reader.read(order[rows])["image"]
            column.infos()
            yield column.encoded()

    return run

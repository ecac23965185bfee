"""Whole epochs as a user sees them, random crops drawn on the way: Compose over the reader, or SlipstreamLoader."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.contenders.ours import cache_of
from benchmarks.job import RESIZE, SIZE, Job, Pass


def prepare(job: Job, loader: bool, encoding: str) -> Pass:
    """Without `loader`, batches of the sampler's indices go through the stages in a loop."""
    import torch

    import slipstream_plugins as slipstream

    torch.set_num_threads(1)
    path = cache_of(job, encoding)
    crop = slipstream.RRC(SIZE) if job.case == "rrc" else slipstream.ResizeCrop(RESIZE, SIZE)
    stages = slipstream.Compose([slipstream.BatchDecode(num_threads=job.threads), crop], seed=0)
    if loader:
        epochs = slipstream.SlipstreamLoader(path, stages, batch_size=job.batch_size, num_threads=job.threads)

        def run(number: int) -> Iterator[Any]:
            epochs.set_epoch(number)
            for batch in epochs:
                yield batch["image"]

        return run

    reader = slipstream.MmapCacheReader(path)
    sampler = reader.sampler(shuffle=True, seed=0)

    def run_compose(number: int) -> Iterator[Any]:
        sampler.set_epoch(number)
        order = list(sampler)
        for rows in job.batches(len(order)):
            yield stages(reader.__getitems__(order[rows]))["image"]

    return run_compose

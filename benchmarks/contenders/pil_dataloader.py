"""Pillow in a torch DataLoader: what most training scripts do, without normalisation."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from benchmarks.job import SIZE, Job, Pass


class Crops(Dataset[torch.Tensor]):
    """Image i of a pass, cropped and resized, as [3, 224, 224] uint8."""

    def __init__(self, job: Job) -> None:
        self.blobs, self.boxes, self.number = job.blobs(), job.boxes(), 0

    def __len__(self) -> int:
        return len(self.blobs)

    def __getitem__(self, index: int) -> torch.Tensor:
        x, y, w, h = self.boxes[self.number % len(self.boxes), index].tolist()
        image = Image.open(io.BytesIO(self.blobs[index])).convert("RGB")
        view = image.resize((SIZE, SIZE), Image.Resampling.BILINEAR, box=(x, y, x + w, y + h))
        return torch.from_numpy(np.array(view)).permute(2, 0, 1)


def prepare(job: Job) -> Pass:
    """One thread decodes in this process; more are as many worker processes."""
    torch.set_num_threads(1)
    crops = Crops(job)
    workers = 0 if job.threads == 1 else job.threads

    def run(number: int) -> Iterator[torch.Tensor]:
        crops.number = number
        yield from DataLoader(crops, job.batch_size, num_workers=workers)

    return run

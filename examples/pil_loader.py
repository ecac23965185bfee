"""What most training scripts do: Pillow, one image at a time, in a torch DataLoader. The demo compares with it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset

Box = tuple[int, int, int, int]


def random_box(rng: np.random.Generator, width: int, height: int) -> Box:
    """A crop (x, y, width, height) by the law of torchvision's RandomResizedCrop with its default scale and ratio."""
    for _ in range(10):
        area = width * height * rng.uniform(0.08, 1.0)
        aspect = math.exp(rng.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            return int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1)), w, h
    w = min(width, round(height * 4 / 3))
    h = min(height, round(width * 4 / 3))
    return (width - w) // 2, (height - h) // 2, w, h


class PilImages(Dataset[tuple[torch.Tensor, int]]):
    """Images as [3, size, size] uint8 random crops, mirrored half of the time, with their labels.

    Args:
        paths: Image files.
        labels: One per path.
        size: Of the crops, in pixels.
    """

    def __init__(self, paths: list[Path], labels: list[int], size: int = 224) -> None:
        self.paths, self.labels, self.size = paths, labels, size

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        # torch seeds its own generator per worker and epoch; numpy's global one would repeat itself in every worker.
        rng = np.random.default_rng(int(torch.randint(2**62, ()).item()))
        with Image.open(self.paths[index]) as file:
            image = file.convert("RGB")
        x, y, w, h = random_box(rng, *image.size)
        crop = image.resize((self.size, self.size), Image.Resampling.BILINEAR, box=(x, y, x + w, y + h))
        if rng.random() < 0.5:
            crop = crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return torch.from_numpy(np.array(crop)).permute(2, 0, 1).contiguous(), self.labels[index]

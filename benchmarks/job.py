"""What a contender is told, and what it has to give."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

SIZE = 224
RESIZE = 256

# The name that is typed, and the file in benchmarks/contenders with its keyword arguments.
CONTENDERS: dict[str, tuple[str, dict[str, Any]]] = {
    "ffcv-way": ("ffcv_way", {}),
    "pil-dataloader": ("pil_dataloader", {}),
    "opencv": ("opencv", {}),
    "ours-jpeg-fast": ("ours", {"fidelity": "fast"}),
    "ours-jpeg-exact": ("ours", {"fidelity": "exact"}),
    "ours-dct-compact": ("ours", {"fidelity": "fast", "packing": "compact"}),
    "ours-dct-wide": ("ours", {"fidelity": "fast", "packing": "wide"}),
    "ours-jpeg-cache": ("ours", {"fidelity": "fast", "encoding": "jpeg"}),
    "ours-dct-cache": ("ours", {"fidelity": "fast", "encoding": "dct"}),
    "ours-yuv420-cache": ("ours", {"fidelity": "fast", "encoding": "yuv420"}),
    "ours-compose": ("ours_loader", {"loader": False, "encoding": "yuv420"}),
    "ours-loader": ("ours_loader", {"loader": True, "encoding": "yuv420"}),
    "files": ("files", {}),
    "ours-records": ("ours_records", {"encoding": "jpeg"}),
}
CASES: dict[str, tuple[str, ...]] = {
    "rrc": tuple(name for name in CONTENDERS if name not in ("files", "ours-records")),
    "resizecrop": tuple(name for name in CONTENDERS if name not in ("files", "ours-records")),
    "io": ("files", "ours-records"),
}
OWN_DRAWS = ("ours-compose", "ours-loader")
"""These visit and crop the images by draws of their own, of the same law; all others show the same pixels."""
YARDSTICK = {"rrc": "ffcv-way", "resizecrop": "ffcv-way", "io": "files"}


@dataclass(frozen=True)
class Job:
    """One case on one set of images.

    Args:
        case: One of CASES.
        folder: Where the images are, in class folders.
        work: Where this job's lists, boxes and caches are kept.
        batch_size: Images in a batch.
        threads: Threads, and nothing else, that decode.
    """

    case: str
    folder: str
    work: str
    batch_size: int = 64
    threads: int = 1

    def paths(self) -> list[Path]:
        """The images, in the order of the boxes."""
        return [Path(line) for line in (Path(self.work) / "paths.txt").read_text().splitlines()]

    def blobs(self) -> list[bytes]:
        """Their bytes, in memory."""
        return [path.read_bytes() for path in self.paths()]

    def boxes(self) -> NDArray[np.int32]:
        """[passes, n, 4] int32 (x, y, width, height): the crops of the case, drawn once for everybody."""
        boxes: NDArray[np.int32] = np.load(Path(self.work) / f"boxes-{self.case}.npy")
        return boxes

    def batches(self, n: int) -> Iterator[slice]:
        """The rows of each batch of n images."""
        for start in range(0, n, self.batch_size):
            yield slice(start, min(start + self.batch_size, n))

    def dump(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self))


class Pass(Protocol):
    """Goes over all the images once; pass p uses boxes()[p % passes]. Every batch is written before it is yielded."""

    def __call__(self, number: int) -> Iterator[Any]: ...


def prepare(name: str, job: Job) -> Pass:
    """Imports a contender and lets it open what it needs; a missing library raises ImportError."""
    file, options = CONTENDERS[name]
    module = importlib.import_module(f"benchmarks.contenders.{file}")
    opened: Callable[..., Pass] = module.prepare
    return opened(job, **options)

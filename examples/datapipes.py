"""torch DataPipes: read files, group, decode.

python -m examples.datapipes [FOLDER]
"""

from __future__ import annotations

from pathlib import Path

from torch.utils.data.datapipes.iter import IterableWrapper

import slipstream_plugins as slipstream
from examples.inputs import image_folder


def read(path: str) -> dict[str, object]:
    """One sample: the file's bytes and its name."""
    return {"image": Path(path).read_bytes(), "key": path}


def main() -> None:
    paths = [str(path) for path in sorted(image_folder().rglob("*.jpg")) + sorted(image_folder().rglob("*.JPEG"))]
    stages = slipstream.Compose([slipstream.BatchDecode(), slipstream.RRC(224), slipstream.HorizontalFlip()])
    samples = IterableWrapper(paths).shuffle().sharding_filter().map(read)
    for batch in samples.batch(8).slip_decode(stages):
        last = tuple(batch["image"].shape)
    print(f"batches of columns, the last {last}")
    # Or the options themselves: samples are collected and decoded batch_size at a time.
    for batch in samples.slip_decode(size=224, batch_size=8):
        last = tuple(batch["image"].shape)
    print(f"centre crops, the last {last}")


if __name__ == "__main__":
    main()

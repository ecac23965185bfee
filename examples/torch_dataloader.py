"""torch's DataLoader over the cache: workers ship one columnar batch, decoded by `collate_fn`.

python -m examples.torch_dataloader [FOLDER]
"""

from __future__ import annotations

from typing import Any

from torch.utils.data import DataLoader

import slipstream_plugins as slipstream
from examples.inputs import cache_path, image_folder
from slipstream_plugins.cache.writer import BuildOptions, build


def main() -> None:
    folder = image_folder()
    cache = build(slipstream.open_source(folder), cache_path(folder), BuildOptions(encoding="yuv420", rebuild=True))
    stages = slipstream.Compose(
        [slipstream.BatchDecode(), slipstream.RRC(224), slipstream.ToTuple("image", "label")], seed=0
    )
    reader = slipstream.MmapCacheReader(cache)
    sampler = reader.sampler(shuffle=True, seed=0)
    loader: DataLoader[Any] = DataLoader(reader, 8, sampler=sampler, collate_fn=stages, num_workers=2)  # type: ignore[arg-type]
    for epoch in range(2):
        sampler.set_epoch(epoch)
        for x, y in loader:
            shape, label = tuple(x.shape), int(y[0])
        print(f"epoch {epoch}: {len(loader)} batches, the last {shape}, its first label {label}")


if __name__ == "__main__":
    main()

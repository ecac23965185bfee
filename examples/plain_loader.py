"""SlipstreamLoader: no framework at all.

python -m examples.plain_loader [FOLDER]
"""

from __future__ import annotations

import slipstream_plugins as slipstream
from examples.inputs import cache_path, image_folder
from slipstream_plugins.cache.writer import BuildOptions, build


def main() -> None:
    folder = image_folder()
    cache = build(slipstream.open_source(folder), cache_path(folder), BuildOptions(encoding="yuv420", rebuild=True))
    stages = slipstream.Compose(
        [slipstream.BatchDecode(), slipstream.RRC(224), slipstream.HorizontalFlip(), slipstream.Normalize()], seed=0
    )
    loader = slipstream.SlipstreamLoader(cache, stages, batch_size=8)
    for epoch in range(2):
        loader.set_epoch(epoch)
        for batch in loader:
            image, label = batch["image"], batch["label"]
        print(f"epoch {epoch}: {len(loader)} batches, the last {tuple(image.shape)} {image.dtype}, label {label.dtype}")
    # A second loader goes on where this state was taken, with the next batch identical to the bit.
    print(f"state: {loader.state_dict()}")


if __name__ == "__main__":
    main()

"""WebDataset: tar shards in, batches out.

python -m examples.webdataset_shards [FOLDER]
"""

from __future__ import annotations

from pathlib import Path

import webdataset as wds

import slipstream_plugins as slipstream
from examples.inputs import OUT, image_folder


def write_shards(folder: Path, pattern: str) -> list[str]:
    """The folder's images and their classes as .jpg and .cls members."""
    classes = sorted(path.name for path in folder.iterdir() if path.is_dir())
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg"))
    with wds.ShardWriter(pattern, maxcount=32, verbose=0) as shards:
        for i, path in enumerate(paths):
            label = str(classes.index(path.parent.name)).encode()
            shards.write({"__key__": f"{i:06d}", "jpg": path.read_bytes(), "cls": label})
    return sorted(str(path) for path in Path(pattern).parent.glob("*.tar"))


def main() -> None:
    folder = image_folder()
    (OUT / "shards" / folder.resolve().name).mkdir(parents=True, exist_ok=True)
    urls = write_shards(folder, str(OUT / "shards" / folder.resolve().name / "%04d.tar"))

    stages = slipstream.Compose([slipstream.BatchDecode(), slipstream.RRC(224), slipstream.ToTuple("jpg", "cls")])
    for x, y in wds.WebDataset(urls, shardshuffle=False).decode(only="cls").listed(8).compose(stages):
        last = tuple(x.shape), len(y)
    print(f"batches: the last {last}")

    for sample in wds.WebDataset(urls, shardshuffle=False).compose(slipstream.decode):
        shape = tuple(sample["jpg"].shape)
    print(f"one sample at a time: the last {shape}, {sample['__key__']}")

    for batch in wds.WebDataset(urls, shardshuffle=False).compose(slipstream.decode(size=224, batch_size=8)):
        last = tuple(batch["jpg"].shape), batch["key"][0]
    print(f"centre crops: the last {last}")


if __name__ == "__main__":
    main()

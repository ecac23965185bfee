"""Folder of JPEGs in, trained model out: builds caches, trains, compares with Pillow, writes a contact sheet.

python -m examples.demo [--data FOLDER] [--out out/demo]
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import lightning.pytorch as pl
import numpy as np
from torch.utils.data import DataLoader

import slipstream_plugins as slipstream
from examples.lightning_training import Classifier, train_stages
from examples.photos import write_folder
from examples.pil_loader import PilImages
from slipstream_plugins import _core
from slipstream_plugins.cache.writer import BuildOptions, build
from slipstream_plugins.types import Sample, Source
from slipstream_plugins.view import contact_sheet

ENCODINGS = ("jpeg", "dct", "yuv420")
BATCH = 32
Rate = Callable[[], float]


class Some:
    """Every so many samples of a source, so that a large one makes a short demo.

    Args:
        source: A source.
        count: At most this many samples, spread evenly.
    """

    def __init__(self, source: Source, count: int) -> None:
        self.source = source
        self.indices = np.linspace(0, len(source) - 1, min(count, len(source))).astype(int).tolist()

    @property
    def fields(self) -> Mapping[str, str]:
        return self.source.fields

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Sample:
        return self.source[self.indices[index]]

    def fingerprint(self) -> str:
        return f"{self.source.fingerprint()}-{len(self)}"


def build_caches(source: Source, out: Path) -> dict[str, Path]:
    """One cache per encoding."""
    caches = {}
    for encoding in ENCODINGS:
        began = time.perf_counter()
        options = BuildOptions(encoding=encoding, rebuild=True, progress=False, workers=0)
        caches[encoding] = build(source, out / f"{encoding}.slip", options)
        size = sum(file.stat().st_size for file in caches[encoding].rglob("*") if file.is_file())
        print(f"  {caches[encoding]}: {size / 1e6:.1f} MB in {time.perf_counter() - began:.1f} s")
    return caches


def train(cache: Path, classes: int, epochs: int) -> Classifier:
    """A small model on 64 x 64 crops, through SlipstreamDataModule."""
    model = Classifier(classes)
    data = slipstream.SlipstreamDataModule(cache, batch_size=BATCH, stages=train_stages(64))
    trainer = pl.Trainer(
        max_epochs=epochs, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, log_every_n_steps=1,
    )  # fmt: skip
    trainer.fit(model, datamodule=data)
    steps = len(model.losses) // epochs
    for epoch in range(epochs):
        rows = slice(epoch * steps, (epoch + 1) * steps)
        loss, accuracy = np.mean(model.losses[rows]), np.mean(model.accuracies[rows])
        print(f"  epoch {epoch}: loss {loss:.3f}, accuracy {accuracy:.0%}")
    return model


def slipstream_rate(source: Source | Path, cores: int) -> Rate:
    """Epochs of SlipstreamLoader: RRC(224) and mirrored, uint8, as the DataLoader's."""
    stages = slipstream.Compose([slipstream.BatchDecode(), slipstream.RRC(224), slipstream.HorizontalFlip()], seed=0)
    loader = slipstream.SlipstreamLoader(source, stages, batch_size=BATCH, num_threads=cores, device="cpu")

    def epoch() -> float:
        began, images = time.perf_counter(), 0
        for batch in loader:
            images += len(batch["image"])
        return images / (time.perf_counter() - began)

    return epoch


def pillow_rate(paths: list[Path], labels: list[int], cores: int) -> Rate:
    """Epochs of a DataLoader with as many workers as cores."""
    loader = DataLoader(
        PilImages(paths, labels), BATCH, shuffle=True, num_workers=cores, persistent_workers=True, prefetch_factor=4
    )

    def epoch() -> float:
        began, images = time.perf_counter(), 0
        for batch, _ in loader:
            images += len(batch)
        return images / (time.perf_counter() - began)

    return epoch


def compare(contenders: dict[str, Rate], rounds: int) -> dict[str, float]:
    """Median images/s of warm epochs, taken in turns after one cold epoch each."""
    cold = {name: rate() for name, rate in contenders.items()}
    warm: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, rate in contenders.items():
            warm[name].append(rate())
    medians = {name: statistics.median(rates) for name, rates in warm.items()}
    base = next(iter(medians.values()))
    for name, median in medians.items():
        print(f"  {name:34} {median:7.0f} images/s  x {median / base:4.1f}   (first epoch {cold[name]:.0f})")
    return medians


def files_and_labels(source: Source, folder: Path) -> tuple[list[Path], list[int]]:
    """What a Dataset of the same images needs; the keys of an image folder are paths in it."""
    samples = [source[index] for index in range(len(source))]
    return [folder / sample["key"] for sample in samples], [int(sample["label"]) for sample in samples]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder of class folders; without it, pictures are made")
    parser.add_argument("--out", type=Path, default=Path("out/demo"))
    parser.add_argument("--count", type=int, default=320, help="pictures to make (320)")
    parser.add_argument("--limit", type=int, default=2000, help="images of --data to use (2000)")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    warnings.filterwarnings("ignore", module="lightning")
    cores = _core.default_num_threads()
    folder: Path = options.data or options.out / "photos"
    if options.data is None:
        print(f"pictures: {options.count} in {folder}")
        write_folder(folder, options.count)
    folder_source = slipstream.open_source(folder)
    source = Some(folder_source, options.limit)

    print(f"caches of {len(source)} images:")
    caches = build_caches(source, options.out)

    files, labels = files_and_labels(source, folder)
    classes = 1 + max(labels)
    print(f"training a small model on {classes} classes from {caches['yuv420'].name}:")
    train(caches["yuv420"], classes, options.epochs)

    print(f"RandomResizedCrop(224) to uint8 batches of {BATCH}, {cores} core(s) each:")
    contenders = {
        f"PIL + DataLoader, {cores} workers": pillow_rate(files, labels, cores),
        "slipstream, the JPEG files": slipstream_rate(source, cores),
        **{f"slipstream, {name} cache": slipstream_rate(path, cores) for name, path in caches.items()},
    }
    compare(contenders, options.rounds)

    stages = slipstream.Compose([slipstream.BatchDecode(), slipstream.RRC(224), slipstream.HorizontalFlip()], seed=0)
    batch = next(iter(slipstream.SlipstreamLoader(caches["yuv420"], stages, batch_size=BATCH, device="cpu")))
    sheet = options.out / "contact-sheet.png"
    sheet.write_bytes(contact_sheet(batch, captions="label"))
    print(f"one batch to look at: {sheet}")


if __name__ == "__main__":
    main()

"""The stages in the loaders that people have: DataLoader in the process and with workers, WebDataset."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import slipstream_plugins as slipstream
from tests import images

DATA = [images.jpeg(60 + 3 * i, 48, seed=i) for i in range(12)]
STAGES = [slipstream.BatchDecode(), slipstream.RRC(16), slipstream.HorizontalFlip(), slipstream.Normalize()]
SEEDED = slipstream.Compose(STAGES, seed=0, epoch=0)


class BySample(torch.utils.data.Dataset[Any]):
    def __len__(self) -> int:
        return len(DATA)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"image": DATA[index], "label": index % 3, "index": index}


class ByBatch(BySample):
    def __getitems__(self, indices: list[int]) -> dict[str, Any]:
        rows = np.array(indices)
        return {"image": [DATA[i] for i in indices], "label": rows % 3, "index": rows}


@pytest.mark.parametrize("dataset", [BySample(), ByBatch()], ids=["samples", "columns"])
def test_workers_agree_with_none_to_the_bit(dataset: Any) -> None:
    expected = SEEDED({"image": DATA, "index": list(range(12))})["image"]
    for workers in (0, 2):
        loader = DataLoader(dataset, 5, num_workers=workers, collate_fn=SEEDED)
        batches = list(loader)
        assert [len(batch["label"]) for batch in batches] == [5, 5, 2]
        assert torch.equal(torch.cat([batch["image"] for batch in batches]), expected)
        assert torch.cat([batch["label"] for batch in batches]).tolist() == [i % 3 for i in range(12)]


def test_workers_under_spawn_agree_too() -> None:
    loader = DataLoader(ByBatch(), 6, num_workers=1, collate_fn=SEEDED, multiprocessing_context="spawn")
    expected = SEEDED({"image": DATA, "index": list(range(12))})["image"]
    assert torch.equal(torch.cat([batch["image"] for batch in loader]), expected)


def test_unseeded_workers_never_repeat_each_others_draws() -> None:
    loader = DataLoader(Same(), 1, num_workers=2, collate_fn=slipstream.Compose(STAGES))
    torch.manual_seed(0)
    pixels = [batch["image"] for _ in range(2) for batch in loader]
    assert len({tensor.numpy().tobytes() for tensor in pixels}) == len(pixels) == 16


class Same(torch.utils.data.Dataset[Any]):
    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"image": DATA[0]}


def test_a_shared_epoch_reaches_persistent_workers() -> None:
    epoch = slipstream.SharedEpoch()
    stages = slipstream.Compose(STAGES, seed=0, epoch=epoch)
    loader = DataLoader(ByBatch(), 12, num_workers=1, collate_fn=stages, persistent_workers=True)
    for number in (0, 1, 0):
        epoch.set(number)
        (batch,) = loader
        expected = slipstream.Compose(STAGES, seed=0, epoch=number)({"image": DATA, "index": list(range(12))})
        assert torch.equal(batch["image"], expected["image"])


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder: Path = tmp_path_factory.mktemp("shards")
    for shard in range(2):
        with tarfile.open(folder / f"train-{shard}.tar", "w") as tar:
            for i in range(6 * shard, 6 * shard + 6):
                for name, data in ((f"n{i:02}.jpg", DATA[i]), (f"n{i:02}.cls", str(i).encode())):
                    member = tarfile.TarInfo(name)
                    member.size = len(data)
                    tar.addfile(member, io.BytesIO(data))
    return [str(folder / f"train-{shard}.tar") for shard in range(2)]


def test_webdataset_samples_and_batches(shards: list[str]) -> None:
    wds = pytest.importorskip("webdataset")

    def dataset() -> Any:
        return wds.WebDataset(shards, shardshuffle=False).decode(only="cls")

    samples = list(dataset().compose(slipstream.decode))
    assert [int(sample["cls"]) for sample in samples] == list(range(12))
    assert all(torch.equal(sample["jpg"], slipstream.decode(DATA[i])) for i, sample in enumerate(samples))
    batches = list(dataset().compose(slipstream.decode(size=16, batch_size=8)))
    assert [batch["jpg"].shape[0] for batch in batches] == [8, 4]
    assert batches[0]["key"] == [f"n{i:02}" for i in range(8)]
    listed = list(dataset().listed(5).compose(SEEDED))
    assert [len(batch["key"]) for batch in listed] == [5, 5, 2]


def test_webdataset_draws_by_key_for_any_workers_and_batches(shards: list[str]) -> None:
    wds = pytest.importorskip("webdataset")

    def by_key(size: int, workers: int) -> dict[str, torch.Tensor]:
        dataset = wds.WebDataset(shards, shardshuffle=False).decode(only="cls").listed(size).compose(SEEDED)
        loader = DataLoader(dataset, batch_size=None, num_workers=workers)
        return {key: image for batch in loader for key, image in zip(batch["key"], batch["jpg"], strict=True)}

    one, other = by_key(5, 0), by_key(4, 2)
    assert set(one) == set(other) and len(one) == 12
    assert all(torch.equal(one[key], other[key]) for key in one)

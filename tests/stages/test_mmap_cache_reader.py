"""The cache as a stage and as a dataset of torch's loaders."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import ConcatDataset, DataLoader, Subset

import slipstream_plugins as slipstream
from slipstream_plugins.cache.records import Records
from slipstream_plugins.cache.writer import BuildOptions, build
from slipstream_plugins.sources import IterableSource
from tests import images

N = 30


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = [
        {"image": images.oriented_jpeg(1 + i % 8, 70, 50, seed=i), "label": i % 5, "key": f"k{i}"} for i in range(N)
    ]
    target = tmp_path_factory.mktemp("reader") / "a.slip"
    return build(IterableSource(data), target, BuildOptions(shard_size=7, workers=0))


@pytest.fixture
def reader(path: Path) -> slipstream.MmapCacheReader:
    return slipstream.MmapCacheReader(path)


def seeded(size: int = 24) -> slipstream.Compose:
    return slipstream.Compose([slipstream.BatchDecode(), slipstream.RRC(size), slipstream.HorizontalFlip()], seed=3)


def test_indices_become_columns(reader: slipstream.MmapCacheReader) -> None:
    batch = reader([4, 2, 29])
    assert isinstance(batch["image"], Records) and batch["key"] == ["k4", "k2", "k29"]
    assert batch["index"].tolist() == [4, 2, 29] and batch["index"].dtype == np.int64
    assert batch["label"].tolist() == [4, 2, 4] and "epoch" not in batch
    assert batch["height"].tolist() == [70, 50, 70] and batch["width"].tolist() == [50, 70, 50]


def test_an_index_of_n_or_more_carries_its_epoch(reader: slipstream.MmapCacheReader) -> None:
    batch = reader.__getitems__([3, N + 4, 7 * N])
    assert batch["index"].tolist() == [3, 4, 0] and batch["epoch"].tolist() == [0, 1, 7]
    assert reader[2 * N + 5]["epoch"] == 2 and reader[2 * N + 5]["index"] == 5


def test_the_sampler_makes_epoch_zero_known(path: Path) -> None:
    reader = slipstream.MmapCacheReader(path)
    assert "epoch" not in reader([3])
    sampler = reader.sampler(shuffle=True, seed=1)
    assert reader([3])["epoch"].tolist() == [0]
    first, second = list(sampler), list(sampler)
    assert sorted(first) == list(range(N)) and sorted(second) == list(range(N, 2 * N))
    assert pickle.loads(pickle.dumps(reader))([3])["epoch"].tolist() == [0]


def test_samples_are_dicts_and_iteration_ends(reader: slipstream.MmapCacheReader) -> None:
    samples = list(reader)
    assert len(samples) == len(reader) == N
    assert isinstance(samples[3]["image"], memoryview) and samples[3]["label"] == 3 and samples[3]["key"] == "k3"
    assert type(samples[3]["height"]) is int and samples[3]["index"] == 3


@pytest.mark.parametrize("indices", [[-1], [0, -30]])
def test_negative_indices_are_refused(reader: slipstream.MmapCacheReader, indices: list[int]) -> None:
    with pytest.raises(IndexError, match="expected 0 to 29"):
        reader(indices)
    with pytest.raises(IndexError, match="expected 0 to 29, got -1"):
        reader[-1]


def test_an_iterator_of_indices_gives_one_of_columns(reader: slipstream.MmapCacheReader) -> None:
    stream = reader(iter([[0, 1], np.array([2]), torch.tensor([3, 4])]))
    assert next(stream)["key"] == ["k0", "k1"] and next(stream)["key"] == ["k2"] and next(stream)["key"] == ["k3", "k4"]
    assert reader([])["key"] == [] and len(reader([])["image"]) == 0


def test_first_in_a_compose(reader: slipstream.MmapCacheReader) -> None:
    stages = slipstream.Compose([reader, slipstream.BatchDecode(), slipstream.CenterCrop(16)])
    batch = stages([1, 2])
    assert batch["image"].shape == (2, 3, 16, 16) and batch["label"].tolist() == [1, 2]
    again = slipstream.Compose.from_dict(stages.to_dict())
    assert torch.equal(again([1, 2])["image"], batch["image"])


def epochs(reader: slipstream.MmapCacheReader, workers: int, count: int = 2, **options: Any) -> list[dict[str, Any]]:
    loader = DataLoader(reader, 8, sampler=reader.sampler(seed=5), collate_fn=seeded(), num_workers=workers, **options)
    return [batch for _ in range(count) for batch in loader]


def test_workers_agree_to_the_bit_and_epochs_differ(path: Path) -> None:
    runs = [
        epochs(slipstream.MmapCacheReader(path), 0),
        epochs(slipstream.MmapCacheReader(path), 2, persistent_workers=True),
        epochs(slipstream.MmapCacheReader(path), 2, multiprocessing_context="spawn", count=1),
    ]
    for run in runs[1:]:
        for mine, theirs in zip(run, runs[0], strict=False):
            assert torch.equal(mine["image"], theirs["image"]) and torch.equal(mine["index"], theirs["index"])
    half = len(runs[0]) // 2
    first = {int(i): image for b in runs[0][:half] for i, image in zip(b["index"], b["image"], strict=True)}
    second = {int(i): image for b in runs[0][half:] for i, image in zip(b["index"], b["image"], strict=True)}
    assert first.keys() == second.keys() == set(range(N))
    assert sum(torch.equal(first[i], second[i]) for i in first) < N / 4
    assert "epoch" not in runs[0][0]


def test_subsets_and_concatenations_of_torch_read_it(reader: slipstream.MmapCacheReader) -> None:
    stages = slipstream.Compose([slipstream.BatchDecode(), slipstream.CenterCrop(16)])
    (batch,) = DataLoader(Subset(reader, [5, 9]), 2, collate_fn=stages)
    assert batch["label"].tolist() == [0, 4] and batch["image"].shape == (2, 3, 16, 16)
    both = DataLoader(ConcatDataset([reader, reader]), N, collate_fn=stages)
    assert [len(batch["image"]) for batch in both] == [N, N]


def test_it_prints_compares_and_pickles(path: Path, reader: slipstream.MmapCacheReader) -> None:
    other = slipstream.MmapCacheReader(path, fields=["label"])
    assert repr(other) == f"MmapCacheReader(path={str(path)!r}, fields=['label'])"
    assert reader == slipstream.MmapCacheReader(path) != other
    assert pickle.loads(pickle.dumps(other)) == other and other([3]).keys() == {"label", "index"}


def test_reading_does_not_import_torch(path: Path) -> None:
    code = (
        "import sys; from slipstream_plugins.cache.reader import Reader; import slipstream_plugins.sources;"
        f"assert len(Reader({str(path)!r}).read([1, 2])['image']) == 2; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

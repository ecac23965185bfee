"""torch's DataLoader over a cache: the same bits for any workers and start method, new crops each epoch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader
from torchdata.stateful_dataloader import StatefulDataLoader

import slipstream_plugins as slipstream
from slipstream_plugins.loader import SlipstreamLoader
from slipstream_plugins.testing import same

STAGES = slipstream.Compose(
    [slipstream.BatchDecode(), slipstream.RRC(24), slipstream.HorizontalFlip()],  # type: ignore[arg-type]
    seed=1,
)


def loader(cache: Path, workers: int = 0, method: str | None = None, **options: Any) -> DataLoader[Any]:
    reader = slipstream.MmapCacheReader(cache)
    return DataLoader(
        reader,  # type: ignore[arg-type]
        8,
        sampler=reader.sampler(shuffle=True, seed=0),
        collate_fn=STAGES,
        num_workers=workers,
        multiprocessing_context=method,
        **options,
    )


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_of_any_kind_agree_to_the_bit(small_cache: Path, method: str) -> None:
    here = loader(small_cache)
    wanted = [list(here), list(here)]
    workers = loader(small_cache, 2, method, persistent_workers=True)
    assert same([list(workers), list(workers)], wanted)


def test_the_dataloader_gives_the_batches_of_slipstream_loader(small_cache: Path) -> None:
    for batch, expected in zip(loader(small_cache), SlipstreamLoader(small_cache, STAGES, batch_size=8), strict=True):
        assert same(batch, expected)


def test_two_epochs_differ_and_a_restart_repeats_them(small_cache: Path) -> None:
    first = loader(small_cache)
    epochs = [list(first), list(first)]
    pixels = [{int(i): p for b in epoch for i, p in zip(b["index"], b["image"], strict=True)} for epoch in epochs]
    assert sorted(pixels[0]) == sorted(pixels[1]) == list(range(26))
    assert sum(torch.equal(pixels[0][i], pixels[1][i]) for i in range(26)) == 0
    again = loader(small_cache)
    assert same([list(again), list(again)], epochs)


def test_batches_made_in_workers_decode_outside_of_them_too(small_cache: Path) -> None:
    reader = slipstream.MmapCacheReader(small_cache)
    encoded = DataLoader(
        reader,  # type: ignore[arg-type]
        8,
        sampler=reader.sampler(seed=0),
        collate_fn=_as_it_is,
        num_workers=1,
    )
    assert same([STAGES(batch) for batch in encoded], list(loader(small_cache)))


def _as_it_is(batch: Any) -> Any:
    return batch


@pytest.mark.parametrize("workers", [0, 2])
def test_a_stateful_dataloader_goes_on_with_the_very_next_batch(small_cache: Path, workers: int) -> None:
    def make() -> StatefulDataLoader[Any]:
        reader = slipstream.MmapCacheReader(small_cache)
        sampler = reader.sampler(seed=4)
        return StatefulDataLoader(reader, 8, sampler=sampler, collate_fn=STAGES, num_workers=workers)  # type: ignore[arg-type]

    wanted = make()
    list(wanted)
    second = list(wanted)
    stopped = make()
    list(stopped)
    batches = iter(stopped)
    next(batches), next(batches)
    state = stopped.state_dict()
    resumed = make()
    resumed.load_state_dict(state)
    assert same(list(resumed), second[2:])


@pytest.mark.parametrize("workers", [0, 1])
def test_a_damaged_image_is_named_by_its_index(small_samples: list[dict[str, Any]], workers: int) -> None:
    broken = [{**sample, "index": i} for i, sample in enumerate(small_samples)]
    broken[13]["image"] = b"text"
    decode = slipstream.Compose([slipstream.BatchDecode(), slipstream.RRC(24)])  # type: ignore[arg-type]
    damaged = DataLoader(broken, 8, collate_fn=decode, num_workers=workers)  # type: ignore[arg-type]
    with pytest.raises(slipstream.DecodeError, match="sample 13, 'k13'"):
        list(damaged)


class _Threads:
    def __call__(self, batch: Any) -> int:
        from slipstream_plugins.ops import worker_threads

        return worker_threads(0)


def test_workers_share_the_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    from slipstream_plugins import _core, ops

    monkeypatch.delenv("SLIPSTREAM_NUM_THREADS", raising=False)
    share = max(1, _core.default_num_threads() // 2)
    assert set(DataLoader(range(8), 2, collate_fn=_Threads(), num_workers=2)) == {share}  # type: ignore[arg-type]
    assert ops.worker_threads(0) == 0 and ops.worker_threads(5) == 5
    monkeypatch.setenv("SLIPSTREAM_NUM_THREADS", "3")
    assert set(DataLoader(range(8), 2, collate_fn=_Threads(), num_workers=2)) == {0}  # type: ignore[arg-type]

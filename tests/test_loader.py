"""SlipstreamLoader: order, epochs, ranks, options that do what they say, and a resume at every batch."""

from __future__ import annotations

import gc
import json
import os
import threading
import time
import traceback
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import slipstream_plugins as slipstream
from slipstream_plugins.cache.writer import BuildOptions, build
from slipstream_plugins.loader import LoaderOptions, SlipstreamLoader
from slipstream_plugins.order import epoch_order
from slipstream_plugins.sources import IterableSource
from slipstream_plugins.stages.mmap_cache_reader import MmapCacheReader
from slipstream_plugins.testing import check_resume, same
from tests.images import rgb_jpeg
from tests.scripts import run_script

N = 29
STAGES = slipstream.Compose(
    [slipstream.BatchDecode(), slipstream.RRC(24), slipstream.HorizontalFlip()],  # type: ignore[arg-type]
    seed=3,
)


def samples() -> list[dict[str, Any]]:
    return [
        {"image": rgb_jpeg(60 + i, 50 + i, seed=i), "label": i % 5, "weight": i / 2, "key": f"k{i}"} for i in range(N)
    ]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cache") / "small.slip"
    return build(IterableSource(samples()), path, BuildOptions(workers=0, progress=False, shard_size=10))


def order(batches: Any) -> list[int]:
    return [int(i) for batch in batches for i in batch["index"]]


def test_an_epoch_gives_every_sample_once_in_the_seeded_order(cache: Path) -> None:
    loader = SlipstreamLoader(cache, STAGES, batch_size=8, seed=5)
    batches = list(loader)
    assert len(batches) == len(loader) == 4
    assert [len(batch["image"]) for batch in batches] == [8, 8, 8, 5]
    assert order(batches) == epoch_order(N, 0, 5).tolist()
    assert all(batch["label"].tolist() == (batch["index"] % 5).tolist() for batch in batches)
    assert all(batch["key"] == [f"k{i}" for i in batch["index"].tolist()] for batch in batches)
    assert batches[0]["image"].shape == (8, 3, 24, 24) and batches[0]["image"].dtype == torch.uint8
    assert batches[0]["label"].dtype == torch.int64 and "epoch" not in batches[0]


def test_each_iteration_is_the_next_epoch_with_other_order_and_pixels(cache: Path) -> None:
    loader = SlipstreamLoader(cache, STAGES, batch_size=N, shuffle=False)
    first, second = next(iter(loader)), next(iter(loader))
    assert loader.epoch == 1
    assert not torch.equal(first["image"], second["image"])
    shuffled = SlipstreamLoader(cache, STAGES, batch_size=N)
    assert [order(shuffled), order(shuffled)] == [epoch_order(N, epoch).tolist() for epoch in (0, 1)]


def test_set_epoch_repeats_an_epoch_to_the_bit(cache: Path) -> None:
    loader = SlipstreamLoader(cache, STAGES, batch_size=8)
    first = list(loader)
    list(loader)
    loader.sampler.set_epoch(0)
    assert same(list(loader), first)
    assert same(list(SlipstreamLoader(cache, STAGES, batch_size=8)), first)


def test_an_iterator_that_is_never_used_counts_for_nothing(cache: Path) -> None:
    loader = SlipstreamLoader(cache, batch_size=8)
    iter(loader)
    waiting = iter(loader)
    loader.set_epoch(6)
    assert order(waiting) == epoch_order(N, 6).tolist()


def test_paths_sources_and_readers_give_the_same_batches(cache: Path) -> None:
    wanted = list(SlipstreamLoader(MmapCacheReader(cache), STAGES, batch_size=8))
    assert same(list(SlipstreamLoader(str(cache), STAGES, batch_size=8)), wanted)
    for source in (IterableSource(samples()), slipstream.open_source(cache)):
        batches = list(SlipstreamLoader(source, STAGES, batch_size=8))
        for batch, expected in zip(batches, wanted, strict=True):
            assert same({name: expected[name] for name in batch}, batch)


def test_without_stages_columns_come_as_they_were_read(cache: Path) -> None:
    batch = next(iter(SlipstreamLoader(cache, batch_size=4, shuffle=False)))
    assert [bytes(image) for image in batch["image"]] == [sample["image"] for sample in samples()[:4]]
    assert batch["index"].tolist() == [0, 1, 2, 3] and batch["epoch"].tolist() == [0] * 4


def test_options_and_fields_together(cache: Path) -> None:
    options = LoaderOptions(batch_size=4, shuffle=False)
    loader = SlipstreamLoader(cache, options=options, batch_size=6)
    assert (loader.batch_size, loader.options.shuffle) == (6, False)
    with pytest.raises(TypeError, match="batchsize"):
        SlipstreamLoader(cache, batchsize=4)


@pytest.mark.parametrize(
    "bad", [{"batch_size": 0}, {"batch_size": 2.5}, {"global_batch_size": 0}, {"prefetch": -1}, {"num_threads": -1}]
)
def test_bad_options_are_refused_by_name(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        LoaderOptions(**bad)


def test_drop_last_leaves_out_the_smaller_batch(cache: Path) -> None:
    loader = SlipstreamLoader(cache, batch_size=8, drop_last=True)
    assert len(loader) == 3 and [len(batch["index"]) for batch in loader] == [8, 8, 8]


def test_indices_choose_samples(cache: Path) -> None:
    loader = SlipstreamLoader(cache, batch_size=2, indices=[5, 3, 9], shuffle=False)
    assert len(loader) == 2 and order(loader) == [5, 3, 9]
    assert sorted(order(SlipstreamLoader(cache, batch_size=2, indices=np.arange(10, 20)))) == list(range(10, 20))
    with pytest.raises(ValueError, match="indices"):
        SlipstreamLoader(cache, indices=[N])


@pytest.mark.parametrize("world_size", [2, 3, 4, 6])
def test_ranks_together_give_the_batches_of_one(cache: Path, world_size: int) -> None:
    alone = list(SlipstreamLoader(cache, STAGES, batch_size=12, drop_last=True))
    ranks = [
        list(
            SlipstreamLoader(
                cache, STAGES, batch_size=12 // world_size, drop_last=True, rank=rank, world_size=world_size
            )
        )
        for rank in range(world_size)
    ]
    for step, batch in enumerate(alone):
        parts = [rank[step] for rank in ranks]
        assert same(torch.cat([part["image"] for part in parts]), batch["image"])
        assert same(torch.cat([part["index"] for part in parts]), batch["index"])


def test_a_global_batch_size_is_divided_among_the_ranks(cache: Path) -> None:
    loader = SlipstreamLoader(cache, global_batch_size=12, rank=1, world_size=3)
    assert loader.batch_size == 4 and len(loader) == 3
    assert order(loader)[:4] == epoch_order(N, 0).tolist()[4:8]
    with pytest.raises(ValueError, match="multiple of the 5 ranks, got 12"):
        len(SlipstreamLoader(cache, global_batch_size=12, rank=1, world_size=5))


@pytest.mark.parametrize("options", [{"prefetch": 0}, {"prefetch": 1}, {"prefetch": 4}, {"num_threads": 3}])
def test_prefetch_and_threads_change_no_bit(cache: Path, options: dict[str, int]) -> None:
    wanted = list(SlipstreamLoader(cache, STAGES, batch_size=8))
    assert same(list(SlipstreamLoader(cache, STAGES, batch_size=8, **options)), wanted)


class Where:
    """Notes the thread and the size of each batch that passes."""

    def __init__(self) -> None:
        self.threads: list[int] = []

    def __call__(self, batch: Any) -> Any:
        self.threads.append(threading.get_ident())
        return batch


def test_prefetch_says_where_and_how_far_ahead_batches_are_made(cache: Path) -> None:
    here, away = Where(), Where()
    batches = iter(SlipstreamLoader(cache, here, batch_size=2, prefetch=0))
    next(batches)
    assert here.threads == [threading.get_ident()]
    batches = iter(SlipstreamLoader(cache, away, batch_size=2, prefetch=3))
    next(batches)
    until = time.monotonic() + 2
    while len(away.threads) < 4 and time.monotonic() < until:
        time.sleep(0.005)
    time.sleep(0.05)
    assert len(away.threads) == 4 and threading.get_ident() not in away.threads


def test_num_threads_reaches_the_decoder(cache: Path) -> None:
    chosen = slipstream.Compose([slipstream.BatchDecode(num_threads=1)])  # type: ignore[arg-type]
    for stages in (STAGES, chosen, slipstream.decode(size=32), slipstream.BatchDecode()):
        loader = SlipstreamLoader(cache, stages, num_threads=3, batch_size=2)
        assert "num_threads=3" in repr(loader.stages) and "num_threads=1" not in repr(loader.stages)
        next(iter(loader))
    with pytest.raises(ValueError, match="num_threads: expected stages with a BatchDecode"):
        SlipstreamLoader(cache, Where(), num_threads=3)


def test_device_moves_every_tensor(cache: Path) -> None:
    batch = next(iter(SlipstreamLoader(cache, STAGES, batch_size=4, device="meta")))
    assert batch["image"].device.type == "meta" and batch["index"].device.type == "meta"
    assert next(iter(SlipstreamLoader(cache, STAGES, batch_size=4, device="cpu")))["image"].device.type == "cpu"


@pytest.mark.parametrize("options", [{}, {"prefetch": 0}, {"drop_last": True}, {"indices": range(3, 19)}])
def test_a_loader_resumes_at_every_batch(cache: Path, options: dict[str, Any]) -> None:
    check_resume(lambda: SlipstreamLoader(cache, STAGES, batch_size=8, seed=11, **options))


@pytest.mark.parametrize("world_size", [1, 2, 3])
def test_a_state_goes_on_with_other_ranks(cache: Path, world_size: int) -> None:
    loader = SlipstreamLoader(cache, STAGES, batch_size=3, rank=0, world_size=2, drop_last=True)
    batches = iter(loader)
    next(batches), next(batches)
    state = loader.state_dict()
    assert state == {"epoch": 0, "samples": 12, "seed": 0}
    rest = list(SlipstreamLoader(cache, STAGES, batch_size=6, drop_last=True))[2:]
    resumed = []
    for rank in range(world_size):
        part = SlipstreamLoader(
            cache, STAGES, batch_size=6 // world_size, rank=rank, world_size=world_size, drop_last=True
        )
        part.load_state_dict(state)
        resumed.append(list(part))
    assert {len(part) for part in resumed} == {len(rest)}
    for step, batch in enumerate(rest):
        assert same(torch.cat([part[step]["image"] for part in resumed]), batch["image"])


def test_set_epoch_to_the_epoch_of_a_loaded_state_keeps_its_place(cache: Path) -> None:
    loader = SlipstreamLoader(cache, batch_size=8)
    state = {"epoch": 2, "samples": 16, "seed": 0}
    loader.load_state_dict(state)
    waiting = iter(loader)
    loader.set_epoch(2)
    assert order(waiting) == epoch_order(N, 2).tolist()[16:]
    loader.load_state_dict(state)
    loader.set_epoch(3)
    assert order(loader) == epoch_order(N, 3).tolist()


def test_a_state_of_a_larger_source_is_refused(cache: Path) -> None:
    with pytest.raises(ValueError, match="expected at most 29 samples, got 30"):
        SlipstreamLoader(cache).load_state_dict({"epoch": 0, "samples": 30, "seed": 0})


@pytest.mark.parametrize("prefetch", [0, 2])
def test_an_error_comes_in_its_place_naming_the_sample(prefetch: int) -> None:
    broken = samples()
    broken[17]["image"] = b"not an image"
    loader = SlipstreamLoader(IterableSource(broken), STAGES, batch_size=5, shuffle=False, prefetch=prefetch)
    batches = iter(loader)
    for _ in range(3):
        next(batches)
    assert loader.state_dict()["samples"] == 15
    with pytest.raises(slipstream.DecodeError, match=r"sample 17, 'k17'") as caught:
        next(batches)
    assert "run_plan" in "".join(traceback.format_tb(caught.value.__traceback__))


def test_skipped_images_shrink_a_batch_and_not_the_number_of_batches() -> None:
    broken = samples()
    for position in (3, 4, 10, 11, 12, 13, 14):
        broken[position]["image"] = b""
    stages = slipstream.Compose([slipstream.BatchDecode(on_error="skip"), slipstream.CenterCrop(20)])  # type: ignore[arg-type]
    loader = SlipstreamLoader(IterableSource(broken), stages, batch_size=5, shuffle=False)
    assert [len(batch["image"]) for batch in loader] == [3, 5, 0, 5, 5, 4] and len(loader) == 6


def test_early_breaks_leave_no_thread(cache: Path) -> None:
    loader = SlipstreamLoader(cache, STAGES, batch_size=2)
    for _ in range(50):
        for _ in loader:
            break
    gc.collect()
    assert [t.name for t in threading.enumerate() if t.name == "slipstream-prefetch"] == []


def test_a_kept_batch_is_never_changed(cache: Path) -> None:
    loader = SlipstreamLoader(cache, STAGES, batch_size=4)
    kept, copies = [], []
    for _ in range(3):
        for batch in loader:
            kept.append(batch["image"])
            copies.append(batch["image"].clone())
    assert all(torch.equal(one, other) for one, other in zip(kept, copies, strict=True))


def test_an_empty_selection_has_no_batches(cache: Path) -> None:
    loader = SlipstreamLoader(cache, STAGES, indices=[])
    assert len(loader) == 0 and list(loader) == [] and list(loader) == []


def test_ctrl_c_ends_a_training_loop_within_two_seconds(cache: Path) -> None:
    body = f"""
        import slipstream_plugins as slipstream
        stages = slipstream.Compose([slipstream.BatchDecode(), slipstream.RRC(512)])
        loader = slipstream.SlipstreamLoader({str(cache)!r}, stages, batch_size=29)
        while True:
            for batch in loader:
                print("ready", flush=True)
    """
    code, out, seconds = run_script(body, interrupt=True)
    assert "KeyboardInterrupt" in out and code != 0
    assert seconds < 2


def test_a_thousand_early_breaks_leave_no_thread_file_or_memory(cache: Path) -> None:
    loader = SlipstreamLoader(cache, STAGES, batch_size=8)

    def held() -> tuple[int, int]:
        gc.collect()
        return len(os.listdir("/proc/self/fd")), threading.active_count()

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    for _ in range(200):
        next(iter(loader))
    before, memory = held(), resident()
    for _ in range(1000):
        next(iter(loader))
    assert held() == before
    assert resident() - memory < 20e6


def _rank(rank: int, world_size: int, cache: Path, folder: Path) -> None:
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=world_size)
    loader = SlipstreamLoader(cache, STAGES, global_batch_size=12)
    batches = [batch["index"].tolist() for batch in loader]
    counts = [torch.zeros(1) for _ in range(world_size)]
    torch.distributed.all_gather(counts, torch.tensor([float(len(batches))]))
    (folder / f"{rank}.json").write_text(json.dumps([batches, [int(count) for count in counts]]))
    torch.distributed.destroy_process_group()


def test_processes_of_torch_distributed_share_an_epoch(cache: Path, tmp_path: Path) -> None:
    world_size = 2
    torch.multiprocessing.spawn(_rank, (world_size, cache, tmp_path), world_size)  # type: ignore[no-untyped-call]
    ranks, counts = zip(*(json.loads((tmp_path / f"{r}.json").read_text()) for r in range(world_size)), strict=True)
    assert [list(count) for count in counts] == [[3] * world_size] * world_size
    flat = [index for step in zip(*ranks, strict=True) for part in step for index in part]
    assert flat[:N] == epoch_order(N, 0).tolist() and len(flat) < N + world_size

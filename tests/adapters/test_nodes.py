"""torchdata.nodes: our pipe and plain nodes give the same batches and resume at every one."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from torchdata import nodes

import slipstream_plugins as slipstream
from slipstream_plugins.loader import SlipstreamLoader
from slipstream_plugins.testing import same

STAGES = slipstream.Compose([slipstream.BatchDecode(), slipstream.RRC(24)], seed=1, epoch=0)  # type: ignore[arg-type]


def by_index(cache: Path) -> Any:
    reader = slipstream.MmapCacheReader(cache)
    stages = slipstream.Compose([reader, slipstream.BatchDecode(), slipstream.RRC(24)], seed=1)  # type: ignore[arg-type]
    order = nodes.SamplerWrapper(reader.sampler(seed=0))
    return slipstream.nodes.pipe(order).batch(8).slip_decode(stages).prefetch(2).loader()


def test_indices_give_the_batches_of_slipstream_loader(small_cache: Path) -> None:
    stages = slipstream.Compose([slipstream.BatchDecode(), slipstream.RRC(24)], seed=1)  # type: ignore[arg-type]
    loader, wanted = by_index(small_cache), SlipstreamLoader(small_cache, stages, batch_size=8)
    for _ in range(2):
        assert same(list(loader), list(wanted))


def test_samples_and_lists_of_samples_go_through_stages(small_samples: list[dict[str, Any]]) -> None:
    lists = list(slipstream.nodes.pipe(small_samples).batch(8).slip_decode(STAGES).loader())
    assert same(lists, [STAGES(small_samples[begin : begin + 8]) for begin in range(0, 26, 8)])
    configured = list(slipstream.nodes.pipe(small_samples).slip_decode(size=32, batch_size=8).loader())
    assert [tuple(batch["image"].shape) for batch in configured] == [(8, 3, 32, 32)] * 3 + [(2, 3, 32, 32)]
    singles = list(slipstream.nodes.pipe(small_samples).slip_decode(STAGES).loader())
    assert same([sample["image"] for sample in singles[:8]], list(lists[0]["image"]))


def test_plain_nodes_take_a_stage_as_their_function(small_samples: list[dict[str, Any]]) -> None:
    batches = nodes.Batcher(nodes.IterableWrapper(small_samples), 8, drop_last=False)
    wanted = list(slipstream.nodes.pipe(small_samples).batch(8).slip_decode(STAGES).loader())
    assert same(list(nodes.Loader(nodes.ParallelMapper(batches, STAGES, num_workers=2))), wanted)
    assert same(list(nodes.Loader(STAGES(batches))), wanted)


@pytest.mark.parametrize("stop", [1, 2, 3, 4])
def test_a_loader_of_nodes_resumes_at_every_batch(small_samples: list[dict[str, Any]], stop: int) -> None:
    def make() -> Any:
        return slipstream.nodes.pipe(small_samples).batch(8).slip_decode(STAGES).prefetch(2).loader()

    wanted = list(make())
    loader = make()
    taken = list(islice(iter(loader), stop))
    state = loader.state_dict()
    resumed = make()
    resumed.load_state_dict(state)
    rest = list(resumed)
    assert same(taken + (rest if stop < 4 else []), wanted)
    assert stop < 4 or same(rest, wanted)


def test_what_is_no_node_is_refused() -> None:
    with pytest.raises(TypeError, match="expected a torchdata node"):
        slipstream.nodes.pipe(3)


@pytest.mark.parametrize("stop", [1, 2, 3])
def test_indices_resume_in_a_later_epoch(small_cache: Path, stop: int) -> None:
    unbroken = by_index(small_cache)
    epochs = [list(unbroken) for _ in range(3)]
    loader = by_index(small_cache)
    list(loader)
    taken = list(islice(iter(loader), stop))
    resumed = by_index(small_cache)
    resumed.load_state_dict(loader.state_dict())
    assert same(taken + list(resumed), epochs[1])
    assert same(list(resumed), epochs[2])

"""The sampler carries the epoch in its indices, in torch's loaders and after a resume."""

from __future__ import annotations

import json
import pickle
from itertools import islice

import pytest
import torch
from torch.utils.data import DataLoader, Dataset, DistributedSampler
from torchdata.stateful_dataloader import StatefulDataLoader

from slipstream_plugins.order import epoch_order
from slipstream_plugins.sampler import EpochSampler

N = 23


class Echo(Dataset[int]):
    """Gives back the index that it is asked for."""

    def __len__(self) -> int:
        return N

    def __getitem__(self, index: int) -> int:
        return index


def flat(batches: object) -> list[int]:
    return [int(i) for batch in batches for i in batch]  # type: ignore[attr-defined]


def expected(epoch: int, seed: int = 0) -> list[int]:
    return (epoch_order(N, epoch, seed) + epoch * N).tolist()


def test_it_is_a_distributed_sampler_without_a_process_group() -> None:
    sampler = EpochSampler(Echo())
    assert isinstance(sampler, DistributedSampler)
    assert (sampler.rank, sampler.num_replicas, len(sampler), sampler.total_size) == (0, 1, N, N)


def test_each_iteration_is_the_next_epoch() -> None:
    sampler = EpochSampler(N, seed=7)
    assert [list(sampler) for _ in range(3)] == [expected(epoch, 7) for epoch in range(3)]


def test_set_epoch_says_which_epoch_is_next() -> None:
    sampler = EpochSampler(N)
    for epoch in (5, 5, 2):
        sampler.set_epoch(epoch)
        assert list(sampler) == expected(epoch)
    assert list(sampler) == expected(3)


def test_an_iterator_that_is_never_used_counts_for_nothing() -> None:
    sampler = EpochSampler(N)
    iter(sampler), iter(sampler)
    assert list(sampler) == expected(0)
    waiting = iter(sampler)
    sampler.set_epoch(4)
    assert list(waiting) == expected(4)


def test_ranks_share_an_epoch_and_global_batches_agree() -> None:
    parts = [EpochSampler(N, batch_size=3, drop_last=True, num_replicas=2, rank=rank) for rank in range(2)]
    one, two = (list(part) for part in parts)
    batches = [one[i : i + 3] + two[i : i + 3] for i in range(0, 9, 3)]
    assert flat(batches) == expected(0)[:18]


def test_a_subset_and_the_datas_own_order() -> None:
    sampler = EpochSampler(N, shuffle=False, indices=[3, 1, 2])
    assert [list(sampler), list(sampler)] == [[3, 1, 2], [N + 3, N + 1, N + 2]]
    assert len(sampler) == 3


@pytest.mark.parametrize("bad", [{"rank": 2, "num_replicas": 2}, {"batch_size": 0}, {"indices": [N]}])
def test_bad_arguments_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected"):
        EpochSampler(N, **bad)  # type: ignore[arg-type]


def test_a_pickle_goes_on_where_it_was() -> None:
    sampler = EpochSampler(N)
    list(sampler)
    assert list(pickle.loads(pickle.dumps(sampler))) == expected(1)


@pytest.mark.parametrize("world_size", [1, 2, 3, 4])
def test_a_state_resumes_on_other_numbers_of_ranks(world_size: int) -> None:
    sampler = EpochSampler(24)
    list(sampler)
    walk = iter(sampler)
    taken = list(islice(walk, 12))
    state = json.loads(json.dumps(sampler.state_dict()))
    parts = []
    for rank in range(world_size):
        part = EpochSampler(24, num_replicas=world_size, rank=rank)
        part.load_state_dict(state)
        parts.append(list(part))
    rest = [index for step in zip(*parts, strict=True) for index in step]
    assert taken + rest == (epoch_order(24, 1) + 24).tolist()


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("loader_class", [DataLoader, StatefulDataLoader])
def test_loaders_walk_epoch_after_epoch(loader_class: type[DataLoader[int]], workers: int) -> None:
    loader = loader_class(Echo(), 4, sampler=EpochSampler(Echo()), num_workers=workers)
    assert [flat(loader) for _ in range(3)] == [expected(epoch) for epoch in range(3)]


def test_persistent_workers_see_every_epoch() -> None:
    sampler = EpochSampler(Echo())
    loader = DataLoader(Echo(), 4, sampler=sampler, num_workers=1, persistent_workers=True)
    assert [flat(loader) for _ in range(2)] == [expected(0), expected(1)]
    sampler.set_epoch(9)
    assert flat(loader) == expected(9)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_stateful_dataloader_resumes_at_every_batch_of_a_later_epoch(workers: int) -> None:
    def make() -> StatefulDataLoader[int]:
        return StatefulDataLoader(Echo(), 4, sampler=EpochSampler(Echo(), seed=3), num_workers=workers)

    for stop in range(1, 6):
        loader = make()
        list(loader)
        batches = iter(loader)
        taken = flat(islice(batches, stop))
        state = loader.state_dict()
        del batches
        resumed = make()
        resumed.load_state_dict(state)
        assert taken + flat(resumed) == expected(1, 3)
        assert flat(resumed) == expected(2, 3)


def test_torch_distributed_gives_the_rank(tmp_path: object) -> None:
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    try:
        sampler = EpochSampler(N)
        assert (sampler.rank, sampler.num_replicas) == (0, 1)
    finally:
        torch.distributed.destroy_process_group()

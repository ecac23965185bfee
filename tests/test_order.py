"""The order of an epoch is a pure function, and dealing it to ranks loses and changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipstream_plugins.order import as_indices, epoch_order, rank_batches, rank_length, rank_order


@given(n=st.integers(0, 300), epoch=st.integers(0, 5), seed=st.integers(-(2**63), 2**63))
def test_every_epoch_visits_each_sample_once(n: int, epoch: int, seed: int) -> None:
    assert sorted(epoch_order(n, epoch, seed)) == list(range(n))


def test_epochs_and_seeds_differ_and_repeat() -> None:
    orders = [tuple(epoch_order(1000, epoch, seed)) for epoch in range(4) for seed in range(4)]
    assert len(set(orders)) == 16
    assert orders == [tuple(epoch_order(1000, epoch, seed)) for epoch in range(4) for seed in range(4)]


def test_shuffled_positions_are_uniform_and_epochs_uncorrelated() -> None:
    n = 20_000
    one, two = epoch_order(n, 0), epoch_order(n, 1)
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.03
    assert abs(np.corrcoef(one, np.arange(n))[0, 1]) < 0.03
    assert abs(np.corrcoef(one[1:], one[:-1])[0, 1]) < 0.03
    assert abs(np.mean(one[: n // 10]) / n - 0.5) < 0.03


def test_without_shuffle_the_order_is_the_datas_own() -> None:
    assert epoch_order(5, epoch=3, shuffle=False).tolist() == [0, 1, 2, 3, 4]
    subset = as_indices([9, 2, 2], 10)
    assert epoch_order(subset, epoch=3, shuffle=False).tolist() == [9, 2, 2]


def test_a_subset_is_visited_in_the_order_of_its_positions() -> None:
    subset = np.arange(100, 150)
    assert sorted(epoch_order(subset, 1)) == subset.tolist()
    assert (epoch_order(subset, 1) == subset[epoch_order(50, 1)]).all()


def global_batches(n: int, world_size: int, global_batch: int, drop_last: bool, start: int = 0) -> list[list[int]]:
    order = epoch_order(n, 0)
    size = global_batch // world_size
    parts = [rank_order(order, rank, world_size, size, drop_last, start) for rank in range(world_size)]
    steps = rank_batches(n - start, world_size, size, drop_last)
    assert {-(-len(part) // size) for part in parts} == {steps}
    return [[int(i) for part in parts for i in part[b * size : (b + 1) * size]] for b in range(steps)]


@pytest.mark.parametrize("n", [0, 1, 11, 12, 13, 24, 145])
@pytest.mark.parametrize("world_size", [2, 3, 4, 6, 12])
def test_global_batches_are_those_of_one_rank(n: int, world_size: int) -> None:
    alone = global_batches(n, 1, 12, drop_last=True)
    assert global_batches(n, world_size, 12, drop_last=True) == alone
    padded, whole = global_batches(n, world_size, 12, drop_last=False), global_batches(n, 1, 12, drop_last=False)
    assert padded[: len(alone)] == alone and len(padded) == len(whole)
    if n % 12:
        missing = -(n % 12) % world_size
        assert padded[-1][: n % 12] == whole[-1]
        assert padded[-1][n % 12 :] == np.resize(epoch_order(n, 0), missing).tolist()


@given(
    n=st.integers(0, 200),
    world_size=st.integers(1, 5),
    batch_size=st.integers(1, 7),
    drop_last=st.booleans(),
    data=st.data(),
)
def test_length_is_exact_and_the_same_on_every_rank(
    n: int, world_size: int, batch_size: int, drop_last: bool, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, n))
    order = epoch_order(n, 0)
    parts = [rank_order(order, rank, world_size, batch_size, drop_last, start) for rank in range(world_size)]
    assert {len(part) for part in parts} == {rank_length(n - start, world_size, batch_size, drop_last)}
    seen = np.concatenate(parts)
    if drop_last:
        assert len(set(seen.tolist())) == len(seen)
    else:
        assert set(order[start:].tolist()) <= set(seen.tolist())
        assert len(seen) - (n - start) < world_size


def test_a_start_continues_with_the_very_batches_that_were_left() -> None:
    for seen in (0, 12, 48, 144):
        for world_size in (1, 2, 3, 4):
            for drop_last in (False, True):
                rest = global_batches(145, world_size, 12, drop_last)[seen // 12 :]
                assert global_batches(145, world_size, 12, drop_last, start=seen) == rest


@pytest.mark.parametrize("bad", [[0, 10], [-1], [0.5], [[1, 2]], ["a"]])
def test_indices_outside_the_source_are_refused(bad: list[object]) -> None:
    with pytest.raises(ValueError, match="indices: expected"):
        as_indices(bad, 10)


@pytest.mark.parametrize(("rank", "world_size", "batch_size"), [(2, 2, 1), (-1, 2, 1), (0, 0, 1), (0, 1, 0)])
def test_an_impossible_place_is_refused(rank: int, world_size: int, batch_size: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        rank_order(np.arange(4), rank, world_size, batch_size)

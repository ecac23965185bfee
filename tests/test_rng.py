"""Random streams: pure functions, uniform, independent; crops by torchvision's law; orders of n things."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from slipstream_plugins import rng

N = 100_000
KEY = rng.stream_key(7, "RandomResizedCrop/0")
SHAPES = [(375, 500), (500, 333), (64, 64), (120, 1000)]  # height, width
SCALE, RATIO = (0.08, 1.0), (3 / 4, 4 / 3)


def everyone(n: int = N, epoch: int = 0) -> rng.Identity:
    return rng.Identity(np.full(n, epoch, np.uint64), np.arange(n, dtype=np.uint64))


def sizes(shape: tuple[int, int], n: int = N) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    return np.full(n, shape[0], np.int32), np.full(n, shape[1], np.int32)


def torchvision_crops(
    generator: np.random.Generator, height: int, width: int, scale: tuple[float, float]
) -> NDArray[np.int32]:
    """torchvision.transforms.RandomResizedCrop.get_params for N images at once, with numpy's generator."""
    ratio = width / height
    w, h = width, height
    if ratio < RATIO[0]:
        h = round(w / RATIO[0])
    elif ratio > RATIO[1]:
        w = round(h * RATIO[1])
    crops = np.tile(np.array([(width - w) // 2, (height - h) // 2, w, h], np.int32), (N, 1))
    trying = np.arange(N)
    for _ in range(10):
        target = height * width * generator.uniform(*scale, len(trying))
        ratios = np.exp(generator.uniform(*np.log(RATIO), len(trying)))
        ws, hs = np.rint(np.sqrt(target * ratios)), np.rint(np.sqrt(target / ratios))
        fits = (ws > 0) & (ws <= width) & (hs > 0) & (hs <= height)
        ws, hs, ours = ws[fits].astype(np.int32), hs[fits].astype(np.int32), trying[fits]
        ys, xs = generator.integers(0, height - hs + 1), generator.integers(0, width - ws + 1)
        crops[ours] = np.stack([xs, ys, ws, hs], 1)
        trying = trying[~fits]
    return crops


@dataclass(frozen=True)
class Law:
    """What of a crop is compared: area, log ratio, position."""

    area: NDArray[np.float64]
    log_ratio: NDArray[np.float64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]

    @classmethod
    def of(cls, crops: NDArray[np.int32]) -> Law:
        x, y, w, h = crops.T.astype(float)
        return cls(w * h, np.log(w / h), x, y)


@pytest.mark.parametrize("scale", [SCALE, (0.5, 0.9)])
@pytest.mark.parametrize("shape", SHAPES)
def test_crops_follow_the_law_of_torchvision(shape: tuple[int, int], scale: tuple[float, float]) -> None:
    generator = np.random.default_rng(11)
    expected = Law.of(torchvision_crops(generator, *shape, scale))
    ours = Law.of(rng.draw_crops(KEY, everyone(), sizes(shape), scale, RATIO))
    for name in ("area", "log_ratio", "x", "y"):
        p = stats.ks_2samp(getattr(ours, name), getattr(expected, name), method="asymp").pvalue
        assert p > 1e-3, f"{name}: p = {p}"


def test_the_direct_law_draws_ratio_then_long_edge_then_corner() -> None:
    shape, scale, ratio = (20_000, 30_000), (0.1, 0.5), (0.4, 3.0)
    x, y, w, h = rng.draw_crops(KEY, everyone(), sizes(shape), scale, ratio, direct=True).T.astype(float)
    area = shape[0] * shape[1]
    drawn = w / h
    log_low, log_high = np.log(ratio)
    fits = np.where(drawn >= 1, np.minimum(shape[1], shape[0] * drawn), np.minimum(shape[0], shape[1] / drawn))
    elongation = np.maximum(drawn, 1 / drawn)
    most = np.minimum(np.sqrt(scale[1] * area * elongation), fits)
    least = np.sqrt(scale[0] * area * elongation)
    uniform = {
        "log ratio": (np.log(drawn) - log_low) / (log_high - log_low),
        "long edge": (np.maximum(w, h) - least) / (most - least),
        "x": x / np.maximum(shape[1] - w, 1),
        "y": y / np.maximum(shape[0] - h, 1),
    }
    for name, values in uniform.items():
        p = stats.kstest(values[(shape[1] > w) & (shape[0] > h)], "uniform").pvalue
        if name == "log ratio":  # crops that touch an edge are not left out at random from this one
            p = stats.kstest(values, "uniform").pvalue
        assert p > 1e-3, f"{name}: p = {p}"


@pytest.mark.parametrize("direct", [False, True])
def test_crops_lie_inside_their_images(direct: bool) -> None:
    generator = np.random.default_rng(3)
    height, width = generator.integers(1, 700, (2, N), np.int32)
    x, y, w, h = rng.draw_crops(KEY, everyone(), (height, width), SCALE, RATIO, direct).T
    assert (x >= 0).all() and (y >= 0).all() and (w >= 1).all() and (h >= 1).all()
    assert (x + w <= width).all() and (y + h <= height).all()


def test_draws_depend_on_the_sample_and_not_on_its_batch() -> None:
    who = everyone(1000, epoch=3)
    whole = rng.uniform(KEY, who, 5)
    some = np.array([999, 0, 17])
    np.testing.assert_array_equal(rng.uniform(KEY, rng.Identity(who.epoch[some], who.identity[some]), 5), whole[some])
    np.testing.assert_array_equal(rng.uniform(KEY, who, 3), whole[:, :3])
    crops = rng.draw_crops(KEY, who, sizes((375, 500), 1000), SCALE, RATIO)
    alone = rng.Identity(who.epoch[17:18], who.identity[17:18])
    np.testing.assert_array_equal(rng.draw_crops(KEY, alone, sizes((375, 500), 1), SCALE, RATIO), crops[17:18])


def test_draws_are_uniform() -> None:
    draws = rng.uniform(KEY, everyone(), 4)
    assert draws.min() >= 0 and draws.max() < 1
    for column in draws.T:
        assert stats.kstest(column, "uniform").pvalue > 1e-3


def test_draws_of_samples_epochs_draws_and_streams_are_independent() -> None:
    base = rng.uniform(KEY, everyone(), 2)
    others = {
        "next sample": np.roll(base[:, 0], 1),
        "next draw": base[:, 1],
        "next epoch": rng.uniform(KEY, everyone(epoch=1), 1)[:, 0],
        "next stage": rng.uniform(rng.stream_key(7, "RandomResizedCrop/1"), everyone(), 1)[:, 0],
        "next seed": rng.uniform(rng.stream_key(8, "RandomResizedCrop/0"), everyone(), 1)[:, 0],
        "next key": rng.uniform(KEY + 1, everyone(), 1)[:, 0],
    }
    for name, other in others.items():
        assert not np.array_equal(other, base[:, 0])
        correlation = np.corrcoef(base[:, 0], other)[0, 1]
        assert abs(correlation) < 4.5 / math.sqrt(N), f"{name}: correlation {correlation}"
        cells = np.histogram2d(base[:, 0], other, bins=20)[0]
        assert stats.chisquare(cells.ravel()).pvalue > 1e-4, name


def test_keys_tell_all_words_apart() -> None:
    words = [(0, "a", ""), (0, "", "a"), (1, "a", ""), (-1, "a", ""), (0, "ab", "c"), (0, "a", "bc"), (2**70, "a", "")]
    keys = {rng.stream_key(*each) for each in words}
    assert len(keys) == len(words)
    assert all(0 <= key < 2**64 for key in keys)


def test_keys_and_identities_are_the_same_in_every_process() -> None:
    code = (
        "from slipstream_plugins import rng;"
        "print(rng.stream_key(0, 'RandomResizedCrop/0', 'global_0'), rng.sample_identity('n01/x', 'a/train-7.tar'))"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert printed == {"215013689435891280 4803323850272648960\n"}


def test_identity_follows_the_shards_name_and_the_key() -> None:
    base = rng.sample_identity("x", "/data/train-000.tar")
    assert rng.sample_identity("x", "s3://elsewhere/train-000.tar") == base
    assert rng.sample_identity("x", "/data/train-001.tar") != base
    assert rng.sample_identity("y", "/data/train-000.tar") != base


def test_one_epoch_may_stand_for_all_samples() -> None:
    who = rng.Identity(np.array([5], np.uint64), np.arange(4))
    assert who.epoch.tolist() == [5] * 4 and len(who) == 4


def test_nonsense_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match=r"identity: expected .* integers, got float64"):
        rng.Identity(np.zeros(2, np.uint64), np.zeros(2))
    with pytest.raises(ValueError, match="epoch: expected numbers of at least 0, got -1"):
        rng.Identity(np.array([-1, 0]), np.arange(2))
    with pytest.raises(ValueError, match=r"epoch: expected numbers below 2\*\*32"):
        rng.uniform(KEY, rng.Identity(np.array([2**32]), np.arange(1)), 1)
    with pytest.raises(ValueError, match="scale: expected 0 < low <= high"):
        rng.draw_crops(KEY, everyone(1), sizes((4, 4), 1), (0.5, 0.1), RATIO)
    with pytest.raises(ValueError, match="ratio: expected 0 < low <= high"):
        rng.draw_crops(KEY, everyone(1), sizes((4, 4), 1), SCALE, (0.0, math.inf))
    with pytest.raises(ValueError, match=r"at least 1, got 0 and 4 \(row 0\)"):
        rng.draw_crops(KEY, everyone(1), sizes((0, 4), 1), SCALE, RATIO)
    with pytest.raises(ValueError, match=r"height: expected \[1\]"):
        rng.draw_crops(KEY, everyone(1), sizes((4, 4), 2), SCALE, RATIO)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 255, 256, 257, 1000, 16384, 16385, 123_457])
def test_a_permutation_holds_every_index_once(n: int) -> None:
    order = rng.permutation(n, KEY)
    assert order.dtype == np.int64
    np.testing.assert_array_equal(np.sort(order), np.arange(n))


def test_every_place_of_a_permutation_is_uniform() -> None:
    n, keys = 20, 20_000
    orders = np.stack([rng.permutation(n, key) for key in range(keys)])
    for place in orders.T:
        assert stats.chisquare(np.bincount(place, minlength=n)).pvalue > 1e-4


def test_permutations_of_neighbouring_keys_are_unrelated() -> None:
    n = 50_000
    for key in range(10):
        ours, theirs = rng.permutation(n, key), rng.permutation(n, key + 1)
        assert (ours == theirs).sum() <= 8  # a Poisson number of mean 1
        assert abs(np.corrcoef(ours, theirs)[0, 1]) < 4.5 / math.sqrt(n)
        assert abs(np.corrcoef(ours[1:], ours[:-1])[0, 1]) < 4.5 / math.sqrt(n)

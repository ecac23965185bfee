"""Draws are a pure function of seed, epoch, sample and stage; without a seed nothing repeats."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np
import pytest
import torch

import slipstream_plugins as slipstream
from tests import images

DATA = [images.jpeg(100 + 9 * i, 90, seed=i) for i in range(8)]
STAGES = [slipstream.BatchDecode(), slipstream.RRC(16), slipstream.HorizontalFlip()]
SEEDED = slipstream.Compose(STAGES, seed=7)


def batch(rows: Any = range(8), epoch: int | None = 0) -> dict[str, Any]:
    columns: dict[str, Any] = {"image": [DATA[i] for i in rows], "index": list(rows)}
    return columns if epoch is None else {**columns, "epoch": [epoch] * len(columns["index"])}


def test_the_same_sample_draws_the_same_wherever_it_stands() -> None:
    whole = SEEDED(batch())["image"]
    assert torch.equal(SEEDED(batch([5, 2, 7]))["image"], whole[[5, 2, 7]])
    assert torch.equal(torch.cat([SEEDED(batch([i]))["image"] for i in range(8)]), whole)


def test_epochs_and_seeds_draw_differently_and_restarts_repeat() -> None:
    first = SEEDED(batch(epoch=0))["image"]
    assert not torch.equal(SEEDED(batch(epoch=1))["image"], first)
    assert not torch.equal(slipstream.Compose(STAGES, seed=8)(batch())["image"], first)
    assert torch.equal(slipstream.Compose(STAGES, seed=7)(batch())["image"], first)


def test_samples_of_one_batch_draw_differently() -> None:
    params = SEEDED.sample({"image": DATA[:1] * 200, "index": list(range(200)), "epoch": [0] * 200})
    assert len({tuple(box) for box in params["RandomResizedCrop/0"].tolist()}) > 150
    assert 60 < params["HorizontalFlip/0"].sum() < 140


def test_two_stages_of_a_class_draw_differently() -> None:
    flips = slipstream.Compose([slipstream.HorizontalFlip(), slipstream.HorizontalFlip()], seed=0, epoch=0)
    params = flips.sample({"image": torch.zeros(64, 3, 2, 2), "index": list(range(64))})
    assert (params["HorizontalFlip/0"] != params["HorizontalFlip/1"]).any()


def test_a_stream_draws_by_shard_and_key() -> None:
    def draw(keys: list[str], url: str) -> torch.Tensor:
        samples = [{"jpg": DATA[0], "__key__": key, "__url__": url} for key in keys]
        pixels: torch.Tensor = slipstream.Compose(STAGES, seed=7, epoch=0)(samples)["jpg"]
        return pixels

    one = draw(["a", "b", "c"], "/here/shard-1.tar")
    assert torch.equal(draw(["c", "a"], "s3://there/shard-1.tar"), one[[2, 0]])
    assert not torch.equal(draw(["a", "b", "c"], "/here/shard-2.tar"), one)


def test_a_seed_without_an_epoch_warns_and_takes_epoch_0() -> None:
    with pytest.warns(UserWarning, match="expected an epoch beside seed=int"):
        pixels = SEEDED(batch(epoch=None))["image"]
    assert torch.equal(pixels, SEEDED(batch(epoch=0))["image"])


def test_no_warning_where_nothing_is_random_or_the_epoch_is_known() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        slipstream.Compose([slipstream.BatchDecode(), slipstream.ResizeCrop(20, 16)], seed=0)(batch(epoch=None))
        slipstream.Compose(STAGES, seed=0, epoch=3)(batch(epoch=None))
        slipstream.Compose(STAGES)(batch(epoch=None))


def test_a_shared_epoch_is_followed_and_copied_by_reference() -> None:
    epoch = slipstream.SharedEpoch()
    stages = copy.deepcopy(slipstream.Compose(STAGES, seed=7, epoch=epoch))
    for number in (0, 5):
        epoch.set(number)
        assert torch.equal(stages(batch(epoch=None))["image"], SEEDED(batch(epoch=number))["image"])


def test_the_batchs_own_epoch_counts_more() -> None:
    stages = slipstream.Compose(STAGES, seed=7, epoch=3)
    assert torch.equal(stages(batch(epoch=1))["image"], SEEDED(batch(epoch=1))["image"])


def test_without_a_seed_calls_differ_and_follow_torchs_generator() -> None:
    stages = slipstream.Compose(STAGES)
    torch.manual_seed(0)
    one, two = stages(batch())["image"], stages(batch())["image"]
    assert not torch.equal(one, two)
    torch.manual_seed(0)
    assert torch.equal(stages(batch())["image"], one)
    torch.manual_seed(0)
    assert torch.equal(stages(DATA), one), "identity is the position then"


def test_an_unseeded_call_takes_one_number_and_a_fixed_one_none() -> None:
    torch.manual_seed(0)
    slipstream.Compose(STAGES)(DATA)
    after = torch.random.get_rng_state()
    torch.manual_seed(0)
    torch.empty((), dtype=torch.int64).random_(-(2**63), None)
    assert torch.equal(torch.random.get_rng_state(), after)
    slipstream.Compose([slipstream.BatchDecode(), slipstream.CenterCrop(8)])(DATA)
    SEEDED(batch())
    assert torch.equal(torch.random.get_rng_state(), after)


def test_a_seed_without_identity_is_salted() -> None:
    assert not torch.equal(SEEDED(DATA), SEEDED(DATA))


@pytest.mark.parametrize("stages", [slipstream.Compose(STAGES), SEEDED])
def test_apply_replays_what_sample_drew(stages: Any) -> None:
    params = stages.sample(batch())
    assert set(params) == {"RandomResizedCrop/0", "HorizontalFlip/0"}
    one = stages.apply(batch(), params)
    assert torch.equal(one["image"], stages.apply(batch(), params)["image"])
    inverted = [images.encode(255 - images.photo(100 + 9 * i, 90, i), quality=92) for i in range(8)]
    second = stages.apply({**batch(), "image": inverted}, params)["image"]
    assert (one["image"].float() + second.float() - 255).abs().mean() < 6


def test_sample_draws_what_the_call_draws() -> None:
    assert torch.equal(SEEDED.apply(batch(), SEEDED.sample(batch()))["image"], SEEDED(batch())["image"])


def test_sample_follows_sizes_through_the_stages() -> None:
    twice = slipstream.Compose([slipstream.BatchDecode(), slipstream.RRC((40, 24)), slipstream.RRC(8)], seed=0)
    params = twice.sample(batch())
    boxes = params["RandomResizedCrop/1"]
    assert (boxes[:, 0] + boxes[:, 2] <= 24).all() and (boxes[:, 1] + boxes[:, 3] <= 40).all()
    assert torch.equal(twice.apply(batch(), params)["image"], twice(batch())["image"])


def test_stages_alone_replay_on_tensors() -> None:
    pixels = torch.randint(0, 256, (8, 3, 40, 50), dtype=torch.uint8)
    for stage in (slipstream.RRC(16), slipstream.HorizontalFlip()):
        params = stage.sample(pixels)
        assert torch.equal(stage.apply(pixels, params), stage.apply(pixels, params))


def test_replay_with_the_wrong_params_is_explained() -> None:
    with pytest.raises(ValueError, match=r"expected params of 'RandomResizedCrop/0', got \['x'\]"):
        SEEDED.apply(batch(), {"x": np.zeros(8)})
    with pytest.raises(ValueError, match="expected params of 8 samples, got 2"):
        SEEDED.apply(batch(), SEEDED.sample(batch([0, 1])))


def test_replay_keeps_to_the_samples_when_some_are_skipped() -> None:
    skipping = slipstream.BatchDecode(on_error="skip")
    stages = slipstream.Compose([skipping, *STAGES[1:], slipstream.HorizontalFlip()], seed=0)
    good = batch()
    params = stages.sample(good)
    whole = stages.apply(good, params)["image"]
    damaged = {**good, "image": [b"" if i == 3 else data for i, data in enumerate(DATA)]}
    assert torch.equal(stages.apply(damaged, params)["image"], whole[[0, 1, 2, 4, 5, 6, 7]])

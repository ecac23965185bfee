"""Compose: what is fused, what it prints, how it is split, saved and loaded."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import numpy as np
import pytest
import torch

import slipstream_plugins as slipstream
from slipstream_plugins.stages.base import Stage
from slipstream_plugins.stages.composing import Fused
from tests import images

BatchDecode, RRC, HorizontalFlip = slipstream.BatchDecode, slipstream.RRC, slipstream.HorizontalFlip
Normalize, ToLayout, ToTuple, ToDevice = (
    slipstream.Normalize,
    slipstream.ToLayout,
    slipstream.ToTuple,
    slipstream.ToDevice,
)
DATA = [images.jpeg(100 + 9 * i, 90, seed=i) for i in range(4)]
TRAIN = slipstream.Compose([BatchDecode(), RRC(32), HorizontalFlip(), Normalize()], seed=0, epoch=0)

EVERY = [
    BatchDecode(on_error="skip", fidelity="exact"),
    RRC(32, scale=(0.2, 1.0), method="direct"),
    slipstream.CenterCrop((24, 32)),
    slipstream.ResizeCrop(40, 32),
    HorizontalFlip(0.25),
    Normalize((0.1, 0.2, 0.3), (1, 2, 3)),
    Normalize("clip"),
    ToLayout("channels_last", "float16"),
    ToDevice("cpu", non_blocking=True),
    ToTuple("image", "label"),
    slipstream.Compose([BatchDecode(), RRC(8)], seed=3, field="jpg"),
    slipstream.decode(size=64, batch_size=8),
]


def test_native_stages_become_one_plan() -> None:
    parts = [BatchDecode(), HorizontalFlip(), RRC(32), ToLayout("channels_last"), Normalize("clip")]
    stages = slipstream.Compose(parts)
    (step,) = stages._steps
    assert isinstance(step, Fused)
    assert repr(stages) == (
        "Compose([\n  fused DecodePlan(BatchDecode() + HorizontalFlip() + RandomResizedCrop(size=32) + "
        "ToLayout(memory_format='channels_last') + Normalize(mean='clip') -> [N, 3, 32, 32] float32 channels_last),\n])"
    )


def test_what_cannot_be_fused_runs_alone_and_is_shown() -> None:
    stages = slipstream.Compose([BatchDecode(), RRC(32), slipstream.CenterCrop(16), ToDevice("cpu"), HorizontalFlip()])
    assert [type(step).__name__ for step in stages._steps] == ["Fused", "Single", "Single", "Single"]
    assert "  CenterCrop(size=16),\n  ToDevice(device='cpu'),\n  HorizontalFlip(),\n" in repr(stages)
    assert stages(DATA).shape == (4, 3, 16, 16)


@pytest.mark.parametrize(
    "tail",
    [
        [RRC(32)],
        [slipstream.CenterCrop(32)],
        [slipstream.CenterCrop(120)],
        [slipstream.ResizeCrop(40, 32)],
        [HorizontalFlip(), slipstream.CenterCrop(32)],
        [HorizontalFlip(), RRC(32)],
        [RRC(32), HorizontalFlip(), Normalize()],
        [RRC(32), Normalize(), HorizontalFlip()],
        [RRC(32), ToLayout("channels_last", "float16")],
        [RRC(32), ToLayout(dtype="bfloat16"), Normalize("[-1,1]")],
        [RRC(32), Normalize("clip"), ToLayout(dtype="float16")],
        [slipstream.CenterCrop(32), slipstream.CenterCrop(16)],
    ],
    ids=repr,
)
def test_fused_and_eager_agree(tail: list[Any]) -> None:
    data = [images.jpeg(110, 90, seed=i) for i in range(6)]
    fused = slipstream.Compose([BatchDecode(fidelity="exact"), *tail], seed=1, epoch=2)
    eager = slipstream.Compose(tail, seed=1, epoch=2)
    decoded = BatchDecode()({"image": data, "index": list(range(6))})
    before = decoded["image"].clone()
    one, other = fused({"image": data, "index": list(range(6))})["image"], eager(decoded)["image"]
    assert torch.equal(decoded["image"], before), "input is never mutated"
    assert (one.dtype, one.shape) == (other.dtype, other.shape)
    assert one.stride() == other.stride()
    step = 1.0 if one.dtype == torch.uint8 else 1 / 255 / 0.2 + 0.03
    assert (one.float() - other.float()).abs().max() <= step
    assert (one.float() - other.float()).abs().mean() <= 0.25 * step


def test_a_stage_added_in_between_changes_no_draw() -> None:
    batch = {"image": DATA, "index": [0, 1, 2, 3]}
    plain = slipstream.Compose([BatchDecode(), RRC(32), HorizontalFlip()], seed=0, epoch=0)
    more = slipstream.Compose([BatchDecode(), RRC(32), ToLayout("channels_last"), HorizontalFlip()], seed=0, epoch=0)
    assert torch.equal(plain(batch)["image"], more(batch)["image"])


def test_a_nested_compose_is_flattened_and_its_seed_refused() -> None:
    inner = slipstream.Compose([RRC(32), HorizontalFlip()])
    outer = slipstream.Compose([BatchDecode(), inner, Normalize()], seed=0, epoch=0)
    assert len(outer._steps) == 1
    batch = {"image": DATA, "index": [0, 1, 2, 3]}
    assert torch.equal(outer(batch)["image"], TRAIN(batch)["image"])
    with pytest.raises(ValueError, match="on the outer one"):
        slipstream.Compose([BatchDecode(), slipstream.Compose([RRC(32)], seed=1)])


@pytest.mark.parametrize(
    ("stages", "error", "message"),
    [
        ([RRC], TypeError, "give an instance"),
        ([3], TypeError, "expected a stage, got 3"),
        ([ToTuple("image"), RRC(2)], ValueError, "ToTuple last"),
        (RRC(2), TypeError, "put it in a list"),
    ],
)
def test_what_is_no_list_of_stages_is_refused(stages: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        slipstream.Compose(stages)


@pytest.mark.parametrize("stage", EVERY, ids=lambda stage: type(stage).__name__)
def test_stages_travel_as_dicts_and_pickles_and_copies(stage: Any) -> None:
    again = Stage.from_dict(json.loads(json.dumps(stage.to_dict())))
    assert again == stage and type(again) is type(stage) and repr(again) == repr(stage)
    for copied in (pickle.loads(pickle.dumps(stage)), copy.deepcopy(stage)):
        assert copied == stage and repr(copied) == repr(stage)


def test_a_dict_is_in_the_form_of_lightning_and_hydra() -> None:
    assert RRC(32, scale=(0.5, 1.0)).to_dict() == {
        "class_path": "slipstream_plugins.RandomResizedCrop",
        "init_args": {"size": 32, "scale": [0.5, 1.0]},
    }


@pytest.mark.parametrize(
    "path", ["os.system", "slipstream_plugins.decode", "slipstream_plugins.DecodeError", "nothing"]
)
def test_from_dict_makes_stages_only(path: str) -> None:
    with pytest.raises(ValueError, match="expected the path of a stage"):
        Stage.from_dict({"class_path": path, "init_args": {}})
    with pytest.raises(ValueError, match="from_dict: expected"):
        Stage.from_dict({"name": "RRC"})


def test_a_foreign_callable_cannot_be_a_dict() -> None:
    with pytest.raises(TypeError, match="give it a to_dict"):
        slipstream.Compose([BatchDecode(), np.sort]).to_dict()


def test_stages_hold_no_state() -> None:
    before = pickle.dumps(TRAIN)
    TRAIN(DATA)
    assert pickle.dumps(TRAIN) == before
    with pytest.raises(AttributeError):
        TRAIN.seed = 3  # type: ignore[misc]


def test_reprs_show_what_differs_from_the_defaults() -> None:
    assert repr(RRC(224)) == "RandomResizedCrop(size=224)"
    assert repr(RRC(224, scale=(0.2, 1))) == "RandomResizedCrop(size=224, scale=(0.2, 1.0))"
    assert repr(BatchDecode()) == "BatchDecode()"
    assert repr(ToTuple("a", "b")) == "ToTuple('a', 'b')"
    assert repr(slipstream.Compose([], seed=3)) == "Compose([\n], seed=3)"


def test_split_gives_a_host_and_a_device_part_that_agree_with_the_whole() -> None:
    host_side = [BatchDecode(), RRC(32), HorizontalFlip()]
    device_side = [ToDevice("cpu"), HorizontalFlip(), Normalize(), ToTuple("image")]
    whole = slipstream.Compose([*host_side, *device_side], seed=4)
    host, device = whole.split()
    batch = {"image": DATA * 4, "index": list(range(16)), "epoch": [2] * 16}
    halfway = host(batch)
    assert halfway["image"].dtype == torch.uint8 and "epoch" in halfway
    assert torch.equal(device(halfway)[0], whole(batch)[0])
    assert pickle.loads(pickle.dumps(device)).parts() == device.parts()


def test_split_without_a_device_leaves_an_empty_part() -> None:
    host, device = TRAIN.split()
    assert host == TRAIN
    batch = host(DATA)
    assert torch.equal(device(batch), batch)


def test_the_epoch_column_is_dropped_unless_asked_for() -> None:
    batch = {"image": DATA, "index": [0, 1, 2, 3], "epoch": [1] * 4}
    assert list(TRAIN(batch)) == ["image", "index"]
    _, epoch = slipstream.Compose([BatchDecode(), RRC(8), ToTuple("image", "epoch")], seed=0)(batch)
    assert epoch.tolist() == [1, 1, 1, 1]


def test_a_decode_in_the_wrong_place_is_explained() -> None:
    with pytest.raises(TypeError, match=r"put BatchDecode\(\) before RandomResizedCrop"):
        RRC(8)(DATA)
    with pytest.raises(TypeError, match="expected encoded images, got tensors"):
        slipstream.Compose([BatchDecode(), BatchDecode()])(DATA)


def test_a_seed_is_any_integer_and_nothing_else() -> None:
    assert slipstream.Compose([], seed=np.int64(3)) == slipstream.Compose([], seed=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="seed: expected an integer"):
        slipstream.Compose([], seed=0.5)  # type: ignore[arg-type]

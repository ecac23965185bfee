"""ToDevice moves every tensor, never from a worker; ToTuple takes columns by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import slipstream_plugins as slipstream
from tests import images

DATA = [images.jpeg(64, 48, seed=i) for i in range(4)]


def test_every_tensor_moves_and_the_rest_stays() -> None:
    stages = slipstream.Compose([slipstream.BatchDecode(), slipstream.CenterCrop(8), slipstream.ToDevice("meta")])
    batch = stages({"image": DATA, "label": np.arange(4), "weight": [0.5] * 4, "key": list("abcd")})
    assert {name: batch[name].device.type for name in ("image", "label", "weight")} == dict.fromkeys(
        ("image", "label", "weight"), "meta"
    )
    assert batch["label"].dtype == torch.int64 and batch["key"] == list("abcd")


def test_images_of_several_sizes_move_one_by_one() -> None:
    several = [images.jpeg(64, 48), images.jpeg(48, 64)]
    out = slipstream.Compose([slipstream.BatchDecode(), slipstream.ToDevice("meta")])(several)
    assert [image.device.type for image in out] == ["meta", "meta"]


def test_an_unknown_device_is_refused_when_it_is_made() -> None:
    with pytest.raises(RuntimeError):
        slipstream.ToDevice("gpu")


class Encoded(torch.utils.data.Dataset[Any]):
    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"image": DATA[index], "label": index}


def test_a_worker_may_not_start_the_device() -> None:
    stages = slipstream.Compose([slipstream.BatchDecode(), slipstream.CenterCrop(8), slipstream.ToDevice("cuda")])
    with pytest.raises(RuntimeError, match=r"got a DataLoader worker; .*stages.split\(\)"):
        list(DataLoader(Encoded(), 2, num_workers=1, collate_fn=stages))
    host, _ = stages.split()
    assert len(list(DataLoader(Encoded(), 2, num_workers=1, collate_fn=host))) == 2


def test_to_tuple_gives_the_columns_in_order() -> None:
    stages = slipstream.Compose(
        [slipstream.BatchDecode(), slipstream.CenterCrop(8), slipstream.ToTuple("label", "jpg")]
    )
    label, pixels = stages({"jpg": DATA, "label": [3, 2, 1, 0], "key": list("abcd")})
    assert label.tolist() == [3, 2, 1, 0] and pixels.shape == (4, 3, 8, 8)
    assert stages({"jpg": DATA[0], "label": 5})[0] == 5
    assert slipstream.ToTuple("image")({"image": torch.zeros(2, 3, 4, 4)})[0].shape == (2, 3, 4, 4)


def test_to_tuple_names_what_is_missing() -> None:
    stages = slipstream.Compose([slipstream.BatchDecode(), slipstream.ToTuple("image", "lable")])
    with pytest.raises(ValueError, match=r"expected the column 'lable', got \['image', 'label'\]"):
        stages({"image": DATA, "label": [0] * 4})
    with pytest.raises(TypeError, match="pass a dict of columns"):
        stages(DATA)
    with pytest.raises(TypeError, match="expected names of columns"):
        slipstream.ToTuple()

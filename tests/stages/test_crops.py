"""Crops and flips on decoded batches: torchvision's law, dtype and layout kept, nothing mutated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import slipstream_plugins as slipstream
from tests import images

PHOTO = images.photo(90, 70)
PIXELS = torch.from_numpy(np.stack([images.photo(90, 70, seed=i) for i in range(4)])).permute(0, 3, 1, 2).contiguous()


def pillow(box: list[float], size: int) -> Any:
    cropped = Image.fromarray(PHOTO).resize((size, size), Image.Resampling.BILINEAR, tuple(box))
    return np.asarray(cropped).transpose(2, 0, 1).astype(int)


def test_rrc_resizes_the_crop_as_pillow_does() -> None:
    stage = slipstream.RRC(24)
    params = stage.sample(PIXELS)
    out = stage.apply(PIXELS, params)
    x, y, width, height = params["RandomResizedCrop/0"][0].tolist()
    crop = Image.fromarray(PHOTO).crop((x, y, x + width, y + height)).resize((24, 24), Image.Resampling.BILINEAR)
    assert np.abs(out[0].numpy().astype(int) - np.asarray(crop).transpose(2, 0, 1)).max() <= 1


def test_resize_crop_is_torchvisions_two_steps() -> None:
    out = slipstream.ResizeCrop(40, 32)(PIXELS)[0].numpy().astype(int)
    height, width = 40, int(40 * 90 / 70)
    whole = Image.fromarray(PHOTO).resize((width, height), Image.Resampling.BILINEAR)
    left, top = round((width - 32) / 2.0), round((height - 32) / 2.0)
    assert np.abs(out - np.asarray(whole.crop((left, top, left + 32, top + 32))).transpose(2, 0, 1)).max() <= 1


@pytest.mark.parametrize("size", [32, (70, 90), (80, 60), 120])
def test_center_crop_pads_and_cuts(size: Any) -> None:
    height, width = (size, size) if isinstance(size, int) else size
    out = slipstream.CenterCrop(size)(PIXELS)
    tall, wide = max(height - 70, 0), max(width - 90, 0)
    padded = torch.nn.functional.pad(PIXELS, (wide // 2, (wide + 1) // 2, tall // 2, (tall + 1) // 2))
    top, left = round((padded.shape[2] - height) / 2.0), round((padded.shape[3] - width) / 2.0)
    assert torch.equal(out, padded[:, :, top : top + height, left : left + width])


STAGES = [slipstream.RRC(24), slipstream.CenterCrop(24), slipstream.ResizeCrop(30, 24), slipstream.HorizontalFlip()]


@pytest.mark.parametrize("stage", STAGES, ids=repr)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("channels_last", [False, True])
def test_dtype_layout_and_input_are_kept(stage: Any, dtype: torch.dtype, channels_last: bool) -> None:
    layout = torch.channels_last if channels_last else torch.contiguous_format
    given = PIXELS.to(dtype).contiguous(memory_format=layout)
    before = given.clone()
    out = stage(given)
    assert out.dtype == dtype and out.is_contiguous(memory_format=layout)
    assert torch.equal(given, before)
    assert out.data_ptr() != given.data_ptr()


@pytest.mark.parametrize("stage", STAGES, ids=repr)
def test_images_of_several_sizes(stage: Any) -> None:
    several = [torch.from_numpy(images.photo(w, h).transpose(2, 0, 1).copy()) for w, h in ((50, 40), (40, 60))]
    out = stage({"image": several, "label": [1, 2]})
    if isinstance(stage, slipstream.HorizontalFlip):
        assert [image.shape for image in out["image"]] == [image.shape for image in several]
    else:
        assert out["image"].shape == (2, 3, 24, 24)


def test_a_flip_mirrors_those_it_chose_and_no_others() -> None:
    stage = slipstream.HorizontalFlip()
    params = {"HorizontalFlip/0": np.array([True, False, True, False])}
    out = stage.apply(PIXELS, params)
    assert torch.equal(out[[0, 2]], PIXELS[[0, 2]].flip(-1)) and torch.equal(out[[1, 3]], PIXELS[[1, 3]])


@pytest.mark.parametrize("p", [0.0, 1.0, 0.3])
def test_a_flips_probability(p: float) -> None:
    flips = slipstream.HorizontalFlip(p).sample(torch.zeros(4000, 3, 1, 1))["HorizontalFlip/0"]
    assert abs(flips.mean() - p) < 0.03
    assert p not in (0.0, 1.0) or (flips == bool(p)).all()


def test_an_empty_tensor_is_cropped_to_an_empty_tensor() -> None:
    assert slipstream.RRC(8)(PIXELS[:0]).shape == (0, 3, 8, 8)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: slipstream.RRC(0), "size: expected pixels"),
        (lambda: slipstream.RRC(8, scale=(0.5, 0.1)), "scale: expected 0 < low <= high"),
        (lambda: slipstream.RRC(8, scale=(0.5, 1.5)), "scale: expected parts of the area up to 1"),
        (lambda: slipstream.RRC(8, ratio=(0, 1)), "ratio: expected 0 < low"),
        (lambda: slipstream.RRC(8, method="fast"), "method: expected one of"),
        (lambda: slipstream.ResizeCrop(100, 224), "resize: expected at least"),
        (lambda: slipstream.HorizontalFlip(1.5), "p: expected a probability"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()

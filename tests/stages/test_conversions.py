"""Normalize and ToLayout: every level, dtype and layout by the same table, fused or not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import slipstream_plugins as slipstream
from slipstream_plugins import _core
from slipstream_plugins.stages.conversions import STATISTICS
from tests import images

RAMP = torch.arange(256, dtype=torch.uint8).expand(1, 3, 2, 256).contiguous()
RECORD = _core.to_rgb(np.ascontiguousarray(RAMP[0].permute(1, 2, 0).numpy()))
DTYPES = ["float32", "float16", "bfloat16"]
MEANS = [*STATISTICS, (0.1, 0.2, 0.3)]


def normalize(mean: Any) -> slipstream.Normalize:
    return slipstream.Normalize(mean, None if isinstance(mean, str) else (0.5, 0.25, 1.5))


def truth(mean: Any) -> torch.Tensor:
    """float64 [1, 3, 2, 256]."""
    numbers = STATISTICS[mean] if isinstance(mean, str) else (mean, (0.5, 0.25, 1.5))
    shift, scale = (torch.tensor(values, dtype=torch.float64)[None, :, None, None] for values in numbers)
    return (RAMP.double() / 255 - shift) / scale


@pytest.mark.parametrize("mean", MEANS, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", ["channels_first", "channels_last"])
def test_every_level_is_the_nearest_value(mean: Any, dtype: str, layout: str) -> None:
    tail = [slipstream.ToLayout(layout, dtype), normalize(mean)]
    (out,) = slipstream.Compose([slipstream.BatchDecode(), *tail])([RECORD])[None]
    expected = truth(mean)
    kind = getattr(torch, dtype)
    assert out.dtype == kind and out.shape == (1, 3, 2, 256)
    memory_format = torch.channels_last if layout == "channels_last" else torch.contiguous_format
    assert out.is_contiguous(memory_format=memory_format)
    # Rounded to nearest: no neighbour of the value is closer to the truth.
    error = (out.double() - expected).abs()
    if dtype != "float16":
        for direction in (-torch.inf, torch.inf):
            neighbour = torch.nextafter(out, torch.full_like(out, direction))
            assert (error <= (neighbour.double() - expected).abs()).all()
    if dtype != "bfloat16":
        assert np.array_equal(out.numpy(), expected.numpy().astype(dtype))


@pytest.mark.parametrize("mean", MEANS, ids=str)
def test_alone_it_gives_the_same_bits_as_fused(mean: Any) -> None:
    fused = slipstream.Compose([slipstream.BatchDecode(), normalize(mean)])([RECORD])
    assert torch.equal(normalize(mean)(RAMP), fused)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", ["channels_first", "channels_last"])
def test_layout_alone_gives_the_same_bits_as_fused(dtype: str, layout: str) -> None:
    stage = slipstream.ToLayout(layout, dtype)
    fused = slipstream.Compose([slipstream.BatchDecode(), stage])([RECORD])
    alone = stage(RAMP)
    assert torch.equal(alone, fused) and alone.stride() == fused.stride() and alone.dtype == fused.dtype
    assert alone.min() == 0 and alone.max() == 1


def test_floats_are_taken_to_be_in_0_to_1() -> None:
    out = slipstream.Normalize("[-1,1]")(torch.tensor([0.0, 0.5, 1.0]).expand(1, 3, 1, 3).half())
    assert out.dtype == torch.float16 and out[0, 0, 0].tolist() == [-1, 0, 1]


def test_lists_and_single_images() -> None:
    several = [RAMP[0], RAMP[0, :, :1]]
    one, two = slipstream.Normalize()(several)
    assert one.shape == (3, 2, 256) and torch.equal(one[:, :1], two)
    assert slipstream.ToLayout("channels_last")(RAMP[0]).shape == (3, 2, 256)


def test_torch_dtypes_are_understood() -> None:
    assert slipstream.ToLayout(dtype=torch.float16) == slipstream.ToLayout(dtype="float16")  # type: ignore[arg-type]


def test_uint8_after_normalisation_is_refused() -> None:
    with pytest.raises(ValueError, match="expected uint8 images for dtype='uint8', got float32"):
        slipstream.Compose([slipstream.BatchDecode(), slipstream.Normalize(), slipstream.ToLayout(dtype="uint8")])
    with pytest.raises(ValueError, match="expected uint8 images"):
        slipstream.ToLayout(dtype="uint8")(RAMP.float())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: slipstream.Normalize("coco"), "mean: expected one of 'imagenet'"),
        (lambda: slipstream.Normalize("clip", (1, 1, 1)), "std: expected None beside"),
        (lambda: slipstream.Normalize((1, 2)), "mean: expected three numbers"),  # type: ignore[arg-type]
        (lambda: slipstream.Normalize((1, 2, 3)), "std: expected three numbers"),
        (lambda: slipstream.Normalize((1, 2, 3), (1, 0, 1)), "std: expected three numbers"),
        (lambda: slipstream.ToLayout("NHWC"), "memory_format: expected one of"),
        (lambda: slipstream.ToLayout(dtype="int8"), "dtype: expected one of"),
    ],
)
def test_unknown_words_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_fused_normalisation_in_every_dtype_on_a_photo() -> None:
    data = [images.jpeg(64, 48)]
    levels = slipstream.decode(data)
    for dtype in DTYPES:
        tail = [slipstream.ToLayout(dtype=dtype), slipstream.Normalize()]
        stages = slipstream.Compose([slipstream.BatchDecode(), *tail])
        expected = truth("imagenet").to(torch.float32)[0, :, 0]
        picked = torch.stack([expected[c][levels[:, c].long()] for c in range(3)], 1)
        torch.testing.assert_close(stages(data).float(), picked, rtol=2**-8, atol=2**-9)

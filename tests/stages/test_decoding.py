"""BatchDecode: orientation, limits, failures, and the reference decoder."""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

import slipstream_plugins as slipstream
from tests import images

GOOD = images.jpeg(64, 48)
BAD = images.truncated(GOOD)
KINDS = images.good_images()


def pillow(data: bytes) -> np.ndarray[Any, np.dtype[np.uint8]]:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB")).transpose(2, 0, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_image_is_what_pillow_sees(kind: str) -> None:
    data = KINDS[kind]
    difference = np.abs(slipstream.decode(data).numpy().astype(int) - pillow(data))
    assert difference.max() <= 1
    assert difference.mean() < 0.01


@pytest.mark.parametrize("orientation", images.ORIENTATIONS)
def test_orientation_is_applied_unless_asked_otherwise(orientation: int) -> None:
    data = images.oriented_jpeg(orientation, 61, 35)
    np.testing.assert_array_equal(slipstream.decode(data).numpy(), pillow(data))
    stored = slipstream.BatchDecode(orient=False)(data).numpy()
    np.testing.assert_array_equal(stored, images.decode(data).transpose(2, 0, 1))


@pytest.mark.parametrize("orientation", images.ORIENTATIONS)
@pytest.mark.parametrize("fidelity", ["fast", "exact"])
def test_crops_lie_in_the_oriented_image(orientation: int, fidelity: str) -> None:
    data = images.oriented_jpeg(orientation, 160, 100, sampling="4:4:4")
    stages = slipstream.Compose([slipstream.BatchDecode(fidelity=fidelity), slipstream.RRC(32)])
    params = stages.sample([data])
    x, y, width, height = params["RandomResizedCrop/0"][0].tolist()
    upright = Image.fromarray(pillow(data).transpose(1, 2, 0))
    expected = np.asarray(upright.crop((x, y, x + width, y + height)).resize((32, 32), Image.Resampling.BILINEAR))
    difference = np.abs(stages.apply([data], params)[0].numpy().transpose(1, 2, 0).astype(int) - expected)
    assert difference.max() <= (1 if fidelity == "exact" else 8)


def test_a_bad_image_is_named_by_position_index_and_key() -> None:
    with pytest.raises(slipstream.DecodeError, match="sample 1") as caught:
        slipstream.decode([GOOD, BAD, GOOD])
    assert (caught.value.index, caught.value.key, caught.value.code) == (1, None, "truncated")
    with pytest.raises(slipstream.DecodeError, match=r"sample 71, 'n0144/x.jpg'") as caught:
        slipstream.decode({"image": [GOOD, BAD], "index": [70, 71], "key": ["n0144/a.jpg", "n0144/x.jpg"]})
    assert (caught.value.index, caught.value.key) == (71, "n0144/x.jpg")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.index, again.key, again.reason) == (71, "n0144/x.jpg", caught.value.reason)
    assert str(again) == str(caught.value)


def test_several_bad_images_are_counted() -> None:
    with pytest.raises(slipstream.DecodeError, match="the first of 2 bad images among 4") as caught:
        slipstream.decode([GOOD, b"", GOOD, b"text"])
    assert caught.value.index == 1


def test_skip_shrinks_every_column_alike() -> None:
    stages = slipstream.Compose([slipstream.BatchDecode(on_error="skip"), slipstream.RRC(16), slipstream.Normalize()])
    batch = stages(
        {
            "image": [b"", GOOD, BAD, GOOD],
            "label": [0, 1, 2, 3],
            "vector": np.arange(8).reshape(4, 2),
            "key": ["a", "b", "c", "d"],
        }
    )
    assert batch["image"].shape == (2, 3, 16, 16)
    assert batch["label"].tolist() == [1, 3] and batch["key"] == ["b", "d"]
    assert batch["vector"].tolist() == [[2, 3], [6, 7]]


@pytest.mark.parametrize("bad", [b"", BAD])
def test_skipping_every_image_leaves_an_empty_batch_of_the_right_shape(bad: bytes) -> None:
    tail = [slipstream.CenterCrop(16), slipstream.Normalize(), slipstream.ToLayout(dtype="bfloat16")]
    stages = slipstream.Compose([slipstream.BatchDecode(on_error="skip"), *tail])
    batch = stages({"image": [bad, bad], "label": [1, 2]})
    assert batch["image"].shape == (0, 3, 16, 16) and batch["image"].dtype == torch.bfloat16
    assert len(batch["label"]) == 0
    assert slipstream.decode([bad], on_error="skip").shape[0] == 0


def test_a_skipped_sample_leaves_a_stream_and_raises_when_it_was_asked_for_alone() -> None:
    decode = slipstream.BatchDecode(on_error="skip")
    samples = [{"image": data, "label": i} for i, data in enumerate([GOOD, BAD, GOOD])]
    assert [sample["label"] for sample in decode(iter(samples))] == [0, 2]
    with pytest.raises(slipstream.DecodeError):
        decode(samples[1])


def test_skipping_changes_no_other_images_draws() -> None:
    stages = slipstream.Compose([slipstream.BatchDecode(on_error="skip"), slipstream.RRC(16)], seed=3, epoch=0)
    good = [images.jpeg(64, 48, seed=i) for i in range(3)]
    whole = stages({"image": good, "index": [0, 1, 2]})["image"]
    assert torch.equal(stages({"image": [good[0], BAD, good[2]], "index": [0, 1, 2]})["image"], whole[[0, 2]])


def test_fill_is_black_and_says_so() -> None:
    stages = slipstream.Compose([slipstream.BatchDecode(on_error="fill"), slipstream.RRC(16), slipstream.Normalize()])
    batch = stages({"image": [GOOD, b"", BAD], "label": [1, 2, 3]})
    assert batch["valid"].tolist() == [True, False, False] and batch["valid"].dtype == torch.bool
    black = slipstream.Normalize()(torch.zeros(2, 3, 16, 16, dtype=torch.uint8))
    assert torch.equal(batch["image"][1:], black)
    assert stages({"image": [GOOD], "label": [1]})["valid"].tolist() == [True], "the column is always there"
    sample = stages({"image": b"", "label": 1})
    assert not sample["valid"] and torch.equal(sample["image"], black[0])


def test_fill_needs_a_place_for_its_column() -> None:
    with pytest.raises(ValueError, match="expected a dict of columns, got only buffers"):
        slipstream.decode([GOOD], on_error="fill")


def test_without_a_crop_black_has_the_size_of_the_others() -> None:
    batch = slipstream.decode({"image": [GOOD, b"", images.jpeg(64, 48, seed=1)]}, on_error="fill")
    assert batch["image"].shape == (3, 3, 48, 64) and not batch["image"][1].any()


def test_max_pixels_refuses_by_the_header() -> None:
    with pytest.raises(slipstream.DecodeError, match="expected at most 3071 pixels, got 64x48") as caught:
        slipstream.decode(GOOD, max_pixels=64 * 48 - 1)
    assert caught.value.code == "too_large"
    assert slipstream.decode(GOOD, max_pixels=64 * 48).shape == (3, 48, 64)


@pytest.mark.parametrize(
    "crop", [None, slipstream.ResizeCrop(40, 32), slipstream.CenterCrop(50), slipstream.RRC(32)], ids=repr
)
@pytest.mark.parametrize("tail", [(), (slipstream.HorizontalFlip(),), (slipstream.Normalize(),)], ids=repr)
def test_the_reference_decoder_agrees_with_exact(crop: Any, tail: Any) -> None:
    pytest.importorskip("turbojpeg")
    kinds = [k for k in KINDS if not k.startswith(("cmyk", "ycck"))]
    data = [KINDS[kind] for kind in kinds]
    stages = [crop, *tail] if crop else [*tail]
    exact = slipstream.Compose([slipstream.BatchDecode(fidelity="exact"), *stages], seed=1, epoch=0)
    reference = slipstream.Compose([slipstream.BatchDecode(decoder="turbojpeg"), *stages], seed=1, epoch=0)
    step = 1 / 255 / 0.224 + 1e-5 if tail and isinstance(tail[0], slipstream.Normalize) else 1
    # Pillow keeps a fractional box in float32, so that a tie may fall the other way in either pass.
    most = 2 if isinstance(crop, slipstream.ResizeCrop) else 1
    index = list(range(len(data)))
    one, other = (s({"image": data, "index": index})["image"] for s in (exact, reference))
    for kind, a, b in zip(kinds, one, other, strict=True):
        difference = (a.float() - b.float()).abs()
        assert a.dtype == b.dtype and difference.max() <= most * step, kind
        assert (difference > step).float().mean() <= 0.005, kind


def test_decoded_images_are_not_decoded_again() -> None:
    with pytest.raises(TypeError, match="leave BatchDecode"):
        slipstream.decode(torch.zeros(2, 3, 8, 8, dtype=torch.uint8))

"""contact_sheet: every image of a batch in one PNG."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from slipstream_plugins.view import contact_sheet
from tests.images import photo


def tiles(count: int) -> torch.Tensor:
    return torch.stack([torch.from_numpy(photo(48, 40, seed).copy()).permute(2, 0, 1) for seed in range(count)])


def opened(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)))


def test_every_image_is_on_the_sheet_at_its_place() -> None:
    batch = tiles(5)
    sheet = opened(contact_sheet({"image": batch, "label": torch.arange(5)}, width=3))
    assert sheet.shape == (2 * 44 + 4, 3 * 52 + 4, 3)
    for place in range(5):
        x, y = 4 + place % 3 * 52, 4 + place // 3 * 44
        np.testing.assert_array_equal(sheet[y : y + 40, x : x + 48], batch[place].permute(1, 2, 0).numpy())


def test_captions_write_below_the_images() -> None:
    plain = opened(contact_sheet({"image": tiles(2)}))
    captioned = opened(contact_sheet({"image": tiles(2), "label": torch.tensor([3, 4])}, captions="label"))
    assert captioned.shape[0] > plain.shape[0]
    assert (captioned[44:] < 128).any()


def test_floats_in_the_unit_range_are_levels_and_normalised_ones_are_stretched() -> None:
    batch = tiles(1)
    same = opened(contact_sheet(batch.to(torch.float32) / 255))
    np.testing.assert_array_equal(same, opened(contact_sheet(batch)))
    normalised = opened(contact_sheet((batch.to(torch.float32) / 255 - 0.5) / 0.25))
    inside = normalised[4:44, 4:52]
    assert inside.min() == 0 and inside.max() == 255


def test_images_of_different_sizes_share_a_sheet() -> None:
    images = [torch.zeros(3, 10, 20, dtype=torch.uint8), torch.zeros(3, 30, 5, dtype=torch.uint8)]
    assert opened(contact_sheet(images)).shape == (38, 52, 3)


def test_what_is_not_decoded_is_refused() -> None:
    with pytest.raises(ValueError, match="decode the batch first"):
        contact_sheet({"image": [b"jpeg", b"jpeg"]})
    with pytest.raises(ValueError, match="expected an image column"):
        contact_sheet({"label": torch.arange(3)})
    with pytest.raises(ValueError, match="empty batch"):
        contact_sheet([])

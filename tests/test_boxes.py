"""Crop geometry against torchvision's published formulas."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipstream_plugins import boxes

EDGE = st.integers(1, 3000)


def torchvision_resize(height: int, width: int, size: int) -> tuple[int, int]:
    """_compute_resized_output_size of torchvision: the short side becomes `size`, the long one is truncated."""
    short, long = (width, height) if width <= height else (height, width)
    new_short, new_long = size, int(size * long / short)
    return (new_long, new_short) if width <= height else (new_short, new_long)


def torchvision_centre(height: int, width: int, size: tuple[int, int]) -> tuple[int, int]:
    """(top, left) of center_crop in the unpadded image; negative where it pads first."""
    crop_height, crop_width = size
    left_pad = (crop_width - width) // 2 if crop_width > width else 0
    top_pad = (crop_height - height) // 2 if crop_height > height else 0
    padded_height, padded_width = max(height, crop_height), max(width, crop_width)
    top = round((padded_height - crop_height) / 2.0)
    left = round((padded_width - crop_width) / 2.0)
    return top - top_pad, left - left_pad


@given(EDGE, EDGE, st.integers(1, 500), st.integers(1, 500))
def test_center_is_torchvisions(height: int, width: int, crop_height: int, crop_width: int) -> None:
    view = boxes.Center((crop_height, crop_width)).views(np.array([[height, width]], np.int32))[0]
    top, left = torchvision_centre(height, width, (crop_height, crop_width))
    assert view["box"].tolist() == [left, top, crop_width, crop_height]
    assert view["size"].tolist() == [crop_height, crop_width]


@given(EDGE, EDGE, st.integers(1, 400), st.integers(0, 100))
def test_resize_center_is_torchvisions(height: int, width: int, size: int, margin: int) -> None:
    resize = size + margin
    view = boxes.ResizeCenter(resize, (size, size)).views(np.array([[height, width]], np.int32))[0]
    new_height, new_width = torchvision_resize(height, width, resize)
    top, left = torchvision_centre(new_height, new_width, (size, size))
    x, y, wide, high = view["box"]
    np.testing.assert_allclose([y, high], np.array([top, size]) * height / new_height, rtol=1e-12)
    np.testing.assert_allclose([x, wide], np.array([left, size]) * width / new_width, rtol=1e-12)
    assert view["bounds"].tolist() == [0, 0, width, height]


def test_full_views_are_the_images() -> None:
    views = boxes.full_views(np.array([[3, 5], [7, 2]], np.int32))
    assert views["box"].tolist() == [[0, 0, 5, 3], [0, 0, 2, 7]]
    assert views["size"].tolist() == [[3, 5], [7, 2]]


@given(EDGE, EDGE, st.integers(1, 400))
def test_a_mirror_before_the_crop_moves_the_box_to_the_other_side(height: int, width: int, size: int) -> None:
    sizes = np.array([[height, width]], np.int32)
    views = boxes.Center((size, size)).views(sizes)
    moved = boxes.mirror(views, sizes, np.array([True]), before_crop=True)
    assert moved["box"][0, 0] == width - views["box"][0, 0] - size
    assert moved["flip"][0]
    twice = boxes.mirror(moved, sizes, np.array([True]), before_crop=True)
    assert twice["box"].tolist() == views["box"].tolist()


def test_a_mirror_after_the_crop_keeps_the_box() -> None:
    sizes = np.array([[50, 90]], np.int32)
    views = boxes.Center((11, 11)).views(sizes)
    flipped = boxes.mirror(views, sizes, np.array([True]), before_crop=False)
    assert flipped["box"].tolist() == views["box"].tolist()
    assert not views["flip"][0], "the views that came in stay as they were"


@pytest.mark.parametrize("size", [0, -1, (0, 3), (1, 2, 3), (1.5, 2)])
def test_sizes_that_are_no_pixels_are_refused(size: object) -> None:
    with pytest.raises(ValueError, match="size: expected pixels"):
        boxes.pair(size)  # type: ignore[arg-type]


def test_a_crop_larger_than_the_resized_image_is_refused() -> None:
    with pytest.raises(ValueError, match="resize: expected at least"):
        boxes.ResizeCenter(200, (224, 100))

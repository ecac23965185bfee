"""The native decode through its Python door: pixels, failures, and requests that are refused."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from slipstream_plugins import _core
from tests import images
from tests.native import SIZE, crops, pixels, some


def pillow(data: bytes, view: np.void) -> NDArray[np.uint8]:
    x, y, w, h = view["bounds"].tolist()
    image = Image.open(io.BytesIO(data)).convert("RGB").crop((x, y, x + w, y + h))
    return np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BILINEAR)).transpose(2, 0, 1)


def test_exact_pixels_are_those_of_pillow(photo_bytes: list[bytes]) -> None:
    data = photo_bytes[:24]
    infos, _ = _core.Encoded.from_buffers(data).probe()
    views = crops(infos, seed=5)
    ours, failures = pixels(data, views)
    assert not failures
    for image, view, got in zip(data, views, ours, strict=True):
        assert np.abs(got.astype(int) - pillow(image, view)).max() <= 1


@pytest.mark.parametrize("exact", [False, True])
def test_pixels_are_the_same_for_any_number_of_threads(exact: bool) -> None:
    data = some(16)
    one, _ = pixels(data, threads=1, exact=exact)
    for threads in (2, 4, 8):
        np.testing.assert_array_equal(pixels(data, threads=threads, exact=exact)[0], one)


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_float_pixels_are_the_levels_normalised(dtype: str, channels_last: bool) -> None:
    mean, std = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)
    levels, _ = pixels(some(), channels_last=channels_last)
    got, _ = pixels(some(), dtype=dtype, channels_last=channels_last, mean=mean, std=std)
    channel = (3, 1, 1)
    expected = (levels / 255 - np.reshape(mean, channel)) / np.reshape(std, channel)
    np.testing.assert_array_equal(got, expected.astype(dtype))


def test_several_views_are_each_what_they_are_alone() -> None:
    data = some()
    encoded = _core.Encoded.from_buffers(data)
    infos, _ = encoded.probe()
    views = [crops(infos, seed=seed) for seed in range(3)]
    together = [_core.PooledArray((len(data), 3, SIZE, SIZE), "uint8") for _ in views]
    assert not _core.decode(encoded, infos, np.arange(len(data)), views, [_core.Output()] * 3, together, True)
    for view, out in zip(views, together, strict=True):
        np.testing.assert_array_equal(np.asarray(out), pixels(data, view)[0])


def test_images_of_different_sizes_go_to_arrays_of_their_own() -> None:
    data = some()
    encoded = _core.Encoded.from_buffers(data)
    infos, _ = encoded.probe()
    rows = np.array([5, 0, 3])
    views = np.zeros(3, _core.VIEW_DTYPE)
    for view, info in zip(views, infos[rows], strict=True):
        view["bounds"] = view["box"] = (0, 0, info["width"], info["height"])
        view["size"] = info["height"], info["width"]
    out = [_core.PooledArray((3, *view["size"].tolist()), "uint8") for view in views]
    assert not _core.decode(encoded, infos, rows, [views], [_core.Output()], [out])
    for row, array_ in zip(rows, out, strict=True):
        expected = np.asarray(Image.open(io.BytesIO(data[row])).convert("RGB")).transpose(2, 0, 1)
        assert np.abs(np.asarray(array_).astype(int) - expected).max() <= 1


def test_a_damaged_image_is_named_and_black_and_harms_no_other() -> None:
    data = some()
    good, _ = pixels(data)
    infos, _ = _core.Encoded.from_buffers(data).probe()
    views = crops(infos)
    views["bounds"][3] = views["box"][3] = (0, 0, infos["width"][3], infos["height"][3])
    got, failures = pixels([*data[:3], images.truncated(data[3]), *data[4:]], views)
    (row, code, reason), *others = failures
    assert (row, others) == (3, []) and _core.CODES[code] in ("truncated", "corrupt") and reason
    assert not got[3].any()
    np.testing.assert_array_equal(np.delete(got, 3, 0), np.delete(good, 3, 0))


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("bounds", (0, 0, 10_000, 5), "bounds inside the image"),
        ("bounds", (-1, 0, 5, 5), "bounds inside the image"),
        ("bounds", (2**31 - 1, 0, 2**31 - 1, 5), "bounds inside the image"),
        ("bounds", (0, 0, 0, 5), "bounds inside the image"),
        ("box", (0, 0, np.nan, 5), "a box inside its bounds"),
        ("box", (-5, 0, 10, 10), "a box inside its bounds"),
        ("box", (0, 0, np.inf, 5), "a box inside its bounds"),
        ("box", (0, 0, -1, 5), "a box inside its bounds"),
        ("size", (SIZE, SIZE + 1), "room for 3x64x65"),
        ("size", (-1, SIZE), "room for"),
    ],
)
def test_views_that_do_not_fit_are_refused_before_memory_is_touched(field: str, value: Any, error: str) -> None:
    data = some(3)
    infos, _ = _core.Encoded.from_buffers(data).probe()
    views = crops(infos)
    views["bounds"] = views["box"] = (0, 0, 20, 20)
    views[field][2] = value
    with pytest.raises(ValueError, match=rf"{error}.*\(row 2\)"):
        pixels(data, views)


def test_requests_that_contradict_themselves_are_refused() -> None:
    encoded = _core.Encoded.from_buffers(some(3))
    infos, _ = encoded.probe()
    views, spec, rows = crops(infos), _core.Output(), np.arange(3)
    out = _core.PooledArray((3, 3, SIZE, SIZE), "uint8")
    wrong: list[tuple[str, tuple[Any, ...]]] = [
        ("same number of each", (infos, rows, [views], [spec], [])),
        ("positions from 0 to 3, got 3", (infos, rows + 1, [views], [spec], [out])),
        ("positions from 0 to 3, got -1", (infos, rows - 1, [views], [spec], [out])),
        (r"views\[0\]: expected a contiguous \[2\]", (infos, rows[:2], [views], [spec], [out])),
        (r"expected a \[2, 3, H, W\]", (infos, rows[:2], [views[:2]], [spec], [out])),
        ("infos: expected", (infos[:2], rows, [views], [spec], [out])),
        ("infos: expected", (infos["width"], rows, [views], [spec], [out])),
        (r"views\[0\]: expected", (infos, rows, [views["box"]], [spec], [out])),
        ("dtype and layout", (infos, rows, [views], [_core.Output("float32")], [out])),
        ("dtype and layout", (infos, rows, [views], [_core.Output(channels_last=True)], [out])),
        ("expected 3 arrays, one per row, got 1", (infos, rows, [views], [spec], [[out]])),
        ("room for", (infos, rows, [views], [spec], [[out, out, out]])),
    ]
    for error, arguments in wrong:
        with pytest.raises(ValueError, match=error):
            _core.decode(encoded, *arguments)
    lying = infos.copy()
    lying["orientation"][1] = 9
    with pytest.raises(ValueError, match=r"orientation from 1 to 8.*\(row 1\)"):
        _core.decode(encoded, lying, rows, [views], [spec], [out])
    with pytest.raises(ValueError, match="num_threads: expected at least 0, got -1"):
        _core.decode(encoded, infos, rows, [views], [spec], [out], False, -1)


def test_infos_that_lie_are_failures_and_not_crashes() -> None:
    encoded = _core.Encoded.from_buffers(some(3))
    infos, _ = encoded.probe()
    infos["width"][1] = 60_000
    views = crops(infos)
    views["bounds"][1] = views["box"][1] = (50_000, 0, 100, 50)
    out = _core.PooledArray((3, 3, SIZE, SIZE), "uint8")
    failures = _core.decode(encoded, infos, np.arange(3), [views], [_core.Output()], [out])
    assert [row for row, _, _ in failures] == [1]
    assert not np.asarray(out)[1].any()


def test_an_empty_batch_is_fine() -> None:
    encoded = _core.Encoded.from_buffers([])
    infos, failures = encoded.probe()
    out = _core.PooledArray((0, 3, SIZE, SIZE), "uint8")
    nothing = np.zeros(0, _core.VIEW_DTYPE)
    assert len(infos) == 0 and not failures
    assert _core.decode(encoded, infos, np.arange(0), [nothing], [_core.Output()], [out]) == []


def test_outputs_that_make_no_sense_are_refused() -> None:
    for error, arguments in [
        ('dtype: expected "uint8"', {"dtype": "int8"}),
        ("mean, std: expected None", {"mean": (0.5, 0.5, 0.5)}),
        ("mean, std: expected None", {"dtype": "float32", "scale": False, "std": (1, 1, 1)}),
        ("std: expected three finite numbers above 0", {"dtype": "float32", "std": (1, 0, 1)}),
        ("mean: expected three finite numbers", {"dtype": "float32", "mean": (1, float("nan"), 1)}),
    ]:
        with pytest.raises(ValueError, match=error):
            _core.Output(**arguments)  # type: ignore[arg-type]


def test_kernels_are_named_and_unknown_ones_refused() -> None:
    assert _core.simd_level() in ("avx2", "portable")
    with pytest.raises(ValueError, match='expected "portable" or "avx2", got "mmx"'):
        _core.force_simd_level("mmx")
    assert _core.libjpeg_version().count(".") >= 1

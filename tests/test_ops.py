"""One native call per batch: limits before memory, failures by name, black where asked, the same pixels always."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from slipstream_plugins import _core, boxes, ops
from slipstream_plugins.plan import DecodePlan, OutputSpec
from tests import images

CENTER = boxes.Center((32, 32))
BAD = images.bad_images()


def run(column: Any, plan: DecodePlan) -> tuple[list[NDArray[Any]], ops.Opened]:
    opened = ops.open_images(column, plan)
    pixels, after = ops.render(opened, ops.make_views(plan, opened.sizes, None, None), plan)
    return [np.asarray(image) for image in pixels] if isinstance(pixels, list) else list(np.asarray(pixels)), after


class Column:
    """An EncodedColumn that counts how often it is asked."""

    def __init__(self, buffers: list[bytes]) -> None:
        self._encoded = _core.Encoded.from_buffers(buffers)
        self._infos, _ = self._encoded.probe()
        self.asked = 0

    def encoded(self) -> _core.Encoded:
        self.asked += 1
        return self._encoded

    def infos(self) -> NDArray[np.void]:
        return self._infos

    def __len__(self) -> int:
        return len(self._encoded)

    def __getitem__(self, index: int) -> memoryview:
        return self._encoded[index]


def test_a_column_with_known_headers_gives_the_same_pixels() -> None:
    buffers = [images.oriented_jpeg(6, 70, 50), images.other_format("PNG", 60, 40), images.jpeg(80, 50)]
    column = Column(buffers)
    for one, other in zip(run(column, DecodePlan())[0], run(buffers, DecodePlan())[0], strict=True):
        np.testing.assert_array_equal(one, other)
    assert column.asked == 1


def test_sizes_that_agree_give_one_array_and_others_a_list() -> None:
    alike = ops.open_images([images.jpeg(40, 30), images.jpeg(40, 30, seed=1)], DecodePlan())
    views = ops.make_views(DecodePlan(), alike.sizes, None, None)
    assert ops.render(alike, views, DecodePlan())[0].shape == (2, 3, 30, 40)  # type: ignore[union-attr]
    differing = run([images.jpeg(40, 30), images.jpeg(30, 40)], DecodePlan())[0]
    assert [image.shape for image in differing] == [(3, 30, 40), (3, 40, 30)]


def test_max_pixels_is_checked_from_the_header_and_counts_pixels() -> None:
    column = [images.jpeg(40, 30), images.jpeg(40, 31), images.other_format("PNG", 40, 31), images.huge_jpeg()]
    opened = ops.open_images(column, DecodePlan(max_pixels=40 * 30, on_error="skip"))
    assert opened.rows.tolist() == [0]
    assert [(f.row, f.code) for f in opened.failures] == [(1, "too_large"), (2, "too_large"), (3, "too_large")]
    assert "65535x65535" in opened.failures[2].reason


def test_the_default_limit_refuses_the_largest_header() -> None:
    assert ops.open_images([images.huge_jpeg()], DecodePlan(on_error="skip")).failures[0].code == "too_large"


@pytest.mark.parametrize("kind", BAD)
def test_bad_images_fail_alone(kind: str) -> None:
    plan = DecodePlan(on_error="skip", crop=CENTER)
    good = images.jpeg(64, 48)
    alone = run([good], plan)[0][0]
    pixels, after = run([good, BAD[kind], good], plan)
    assert after.rows.tolist() == [0, 2]
    assert [failure.row for failure in after.failures] == [1]
    assert after.failures[0].reason and after.failures[0].code in _core.CODES
    np.testing.assert_array_equal(pixels[0], alone)
    np.testing.assert_array_equal(pixels[-1], alone)


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("crop", [CENTER, None])
def test_fill_writes_black_after_normalisation_too(kind: str, crop: boxes.Center | None) -> None:
    output = OutputSpec("float32", mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    plan = DecodePlan(on_error="fill", crop=crop, output=output)
    pixels, after = run([images.jpeg(64, 48), BAD[kind]], plan)
    assert after.rows.tolist() == [0, 1] and [failure.row for failure in after.failures] == [1]
    assert (pixels[1] == -1).all() and not (pixels[0] == -1).all()


def test_an_image_smaller_than_its_crop_is_padded_as_torchvision_does() -> None:
    for buffer in (images.jpeg(21, 50), images.jpeg(50, 21), images.jpeg(20, 20), images.oriented_jpeg(6, 50, 21)):
        whole = run([buffer], DecodePlan())[0][0]
        pixels = run([buffer, images.jpeg(64, 64)], DecodePlan(crop=CENTER))[0][0]
        height, width = whole.shape[1:]
        left, top = max(32 - width, 0) // 2, max(32 - height, 0) // 2
        right, bottom = (max(32 - width, 0) + 1) // 2, (max(32 - height, 0) + 1) // 2
        padded = np.pad(whole, ((0, 0), (top, bottom), (left, right)))
        y, x = round((padded.shape[1] - 32) / 2.0), round((padded.shape[2] - 32) / 2.0)
        np.testing.assert_array_equal(pixels, padded[:, y : y + 32, x : x + 32])


def test_a_damaged_image_that_needs_padding_is_named_too() -> None:
    bad = images.truncated(images.jpeg(20, 500), 0.3)
    _, after = run([images.jpeg(64, 64), bad], DecodePlan(crop=CENTER, on_error="skip"))
    assert [failure.row for failure in after.failures] == [1]


@pytest.mark.parametrize("decoder", ["native", "turbojpeg"])
@pytest.mark.parametrize("on_error", ["skip", "fill"])
def test_both_decoders_report_the_same_rows(decoder: str, on_error: str) -> None:
    pytest.importorskip("turbojpeg")
    column = [images.jpeg(64, 48), images.truncated(images.jpeg(64, 48)), b"", images.other_format("BMP", 50, 60)]
    pixels, after = run(column, DecodePlan(crop=CENTER, decoder=decoder, on_error=on_error))
    assert [failure.row for failure in after.failures] == [1, 2]
    assert after.rows.tolist() == ([0, 3] if on_error == "skip" else [0, 1, 2, 3])
    exact = run([column[0], column[3]], DecodePlan(crop=CENTER))[0]
    np.testing.assert_array_equal(pixels[0], exact[0])
    np.testing.assert_array_equal(pixels[-1], exact[1])


def test_the_reference_refuses_cache_records_by_name() -> None:
    pytest.importorskip("turbojpeg")
    records, _ = _core.to_yuv420(_core.Encoded.from_buffers([images.jpeg(64, 48)]), np.arange(1))
    _, after = run(records, DecodePlan(decoder="turbojpeg", on_error="skip"))
    assert after.failures[0].code == "unsupported" and "plain JPEG" in after.failures[0].reason


def test_errors_name_index_key_and_the_count() -> None:
    failures = [ops.Failure(1, "corrupt", "bad"), ops.Failure(3, "empty", "none")]
    errors = ops.decode_errors(failures, np.arange(10, 20), list("abcdefghij"), 10)
    assert (errors[0].index, errors[0].key, errors[0].code) == (11, "b", "corrupt")
    assert "the first of 2 bad images among 10" in str(errors[0])
    assert (errors[1].index, errors[1].key, errors[1].reason) == (13, "d", "none")
    assert ops.decode_errors(failures[:1], None, None, 10)[0].index == 1


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("mean", [None, (0.485, 0.456, 0.406)])
def test_the_table_is_rounded_once_from_double(dtype: str, mean: tuple[float, float, float] | None) -> None:
    spec = OutputSpec(dtype, mean=mean, std=(0.229, 0.224, 0.225) if mean else None)
    levels = np.arange(256, dtype=np.float64)[None] / 255
    exact = (levels - np.array(mean)[:, None]) / np.array(spec.std)[:, None] if mean else np.repeat(levels, 3, 0)
    np.testing.assert_array_equal(np.asarray(ops.table(spec))[:, 0], exact.astype(dtype))


def test_one_image_that_is_opened_twice_is_the_same_without_orientation() -> None:
    data = images.oriented_jpeg(6, 50, 30)
    column = Column([data])
    assert run(column, DecodePlan(orient=False))[0][0].shape == (3, 30, 50)
    assert run(column, DecodePlan())[0][0].shape == (3, 50, 30), "the column's own headers are left alone"

"""Encoded batches: buffers that are read in place, headers, checksums, records."""

from __future__ import annotations

import array
import mmap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slipstream_plugins import _core
from tests import images
from tests.native import pixels, some


def test_headers_are_read_and_failures_named() -> None:
    data = [
        images.jpeg(97, 61),
        b"",
        b"hello, this is text",
        images.oriented_jpeg(6, 97, 61),
        images.other_format("PNG"),
    ]
    infos, failures = _core.Encoded.from_buffers(data).probe()
    assert infos.dtype == _core.INFO_DTYPE and infos.dtype.itemsize == 12
    assert [(row, _core.CODES[code]) for row, code, _ in failures] == [(1, "empty"), (2, "not_an_image")]
    assert infos[0].tolist() == (0, 1, 97, 61)
    assert infos[3].tolist() == (0, 6, 97, 61)
    assert infos[4]["encoding"] == 5


def test_all_kinds_of_buffers_are_read_in_place(tmp_path: Path) -> None:
    data = images.jpeg(40, 30)
    (tmp_path / "x.jpg").write_bytes(data)
    with open(tmp_path / "x.jpg", "rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    kinds = [data, bytearray(data), memoryview(data), np.frombuffer(data, np.uint8), mapped, array.array("b", data)]
    encoded = _core.Encoded.from_buffers(kinds)
    assert len(encoded) == len(kinds)
    for i, kind in enumerate(kinds):
        view = encoded[i]
        assert view.readonly and view.format == "B" and bytes(view) == data
        assert np.frombuffer(view, np.uint8).ctypes.data == np.frombuffer(kind, np.uint8).ctypes.data
    assert bytes(encoded[-1]) == data
    with pytest.raises(IndexError):
        encoded[len(kinds)]


def test_a_buffer_is_held_until_the_batch_and_its_views_are_gone() -> None:
    owner = bytearray(images.jpeg(40, 30))
    encoded = _core.Encoded.from_buffers([owner])
    view = encoded[0]
    del encoded
    with pytest.raises(BufferError):
        owner.append(0)
    assert bytes(view) == bytes(owner)
    del view
    owner.append(0)


@pytest.mark.parametrize("wrong", ["text", 5, None, np.zeros((4, 4), np.uint8)[:, ::2]])
def test_what_is_no_buffer_is_named_by_its_position(wrong: object) -> None:
    with pytest.raises(TypeError, match=r"buffers\[1\]: expected a contiguous buffer such as bytes, got "):
        _core.Encoded.from_buffers([b"fine", wrong])


def from_shards(shards: list[Any], *records: tuple[int, int, int]) -> _core.Encoded:
    shard, offset, size = np.array(records, np.uint64).reshape(-1, 3).T
    return _core.Encoded.from_shards(shards, shard.astype(np.uint32), offset, size)


def test_records_of_shards_are_read_in_place() -> None:
    shards = [b"0123456789", np.frombuffer(b"abcdef", np.uint8)]
    encoded = from_shards(shards, (1, 2, 3), (0, 0, 10), (0, 10, 0), (1, 5, 1))
    assert [bytes(encoded[i]) for i in range(4)] == [b"cde", b"0123456789", b"", b"f"]
    assert np.frombuffer(encoded[0], np.uint8).ctypes.data == shards[1].ctypes.data + 2
    assert encoded.crc32c().tolist() == [_core.crc32c(bytes(encoded[i])) for i in range(4)]


def test_a_shard_that_is_no_buffer_is_named_by_its_position() -> None:
    with pytest.raises(TypeError, match=r"shards\[1\]: expected a contiguous buffer such as bytes, got str"):
        from_shards([b"fine", "text"], (0, 0, 1))


@pytest.mark.parametrize("record", [(0, 0, 11), (0, 11, 0), (0, 5, 6), (2, 0, 1), (0, 2**64 - 1, 2), (1, 1, 2**64 - 1)])
def test_records_outside_their_shard_are_refused(record: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="record 1: expected"):
        from_shards([b"0123456789", b"abc"], (0, 0, 10), record)


@pytest.mark.parametrize("convert", [_core.to_yuv420, _core.to_yuv444])
def test_records_of_planes_show_the_same_picture(convert: Any) -> None:
    data = [*some(3), images.jpeg(97, 61, sampling="gray"), images.oriented_jpeg(3, 97, 61)]
    encoded = _core.Encoded.from_buffers([*data, b"no image"])
    records, failures = convert(encoded, np.arange(len(data) + 1))
    assert [(row, _core.CODES[code]) for row, code, _ in failures] == [(len(data), "not_an_image")]
    assert records[-1] == b""
    ours, failures = pixels(records[:-1])
    expected, _ = pixels(data)
    assert not failures
    if convert is _core.to_yuv420:  # the sampling of these sources, so that nothing is lost
        np.testing.assert_array_equal(ours, expected)
    else:
        assert np.abs(ours.astype(int) - expected).mean() < 2


def test_rgb_records_keep_every_pixel() -> None:
    picture = images.photo(97, 61)
    record = _core.to_rgb(picture, 1)
    encoded = _core.Encoded.from_buffers([record])
    infos, _ = encoded.probe()
    assert infos[0].tolist() == (4, 1, 97, 61)
    views = np.zeros(1, _core.VIEW_DTYPE)
    views["bounds"] = views["box"] = (0, 0, 97, 61)
    views["size"] = 61, 97
    out = _core.PooledArray((1, 3, 61, 97), "uint8")
    assert not _core.decode(encoded, infos, np.arange(1), [views], [_core.Output()], [out])
    np.testing.assert_array_equal(np.asarray(out)[0], picture.transpose(2, 0, 1))
    with pytest.raises(ValueError, match="orientation: expected 1 to 8, got 9"):
        _core.to_rgb(picture, 9)
    with pytest.raises(ValueError, match="pixels: expected"):
        _core.to_rgb(picture[..., 0])


def test_checksums_are_crc32c() -> None:
    assert _core.crc32c(b"123456789") == 0xE3069283
    assert _core.crc32c(b"6789", _core.crc32c(b"12345")) == 0xE3069283
    with pytest.raises(TypeError):
        _core.crc32c("text")

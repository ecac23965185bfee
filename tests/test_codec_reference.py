"""dct records read by a second decoder, reference_dct.py, which knows nothing but the format's text."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

import numpy as np
import pytest
import turbojpeg
from numpy.typing import NDArray
from PIL import Image

from slipstream_plugins import BatchDecode, _core, codec, transcode
from tests import images, reference_dct
from tests.reference_dct import crc32c, parse_tables, planes

BUILT_IN = {"compact": 0x1E134E8B96FC173B, "wide": 0xB367470E9222EC5A}
SIZE_BUILT_IN = {"compact": 45392, "wide": 16394}
SIZES = ((1, 1), (2, 3), (7, 8), (9, 17), (16, 16), (33, 31), (50, 50))
PACKINGS: tuple[codec.Packing, ...] = ("compact", "wide")
Encode = Callable[[list[bytes], codec.Packing], tuple[list[bytes], bytes]]


@pytest.fixture(scope="module")
def jpegs() -> dict[str, bytes]:
    """Small JPEGs by name: every sampling, odd sizes, low and high qualities, and the other kinds a record holds."""
    kinds = {
        f"{sampling} {width}x{height} quality {quality}": images.jpeg(width, height, sampling=sampling, quality=quality)
        for sampling in ("4:4:4", "4:2:2", "4:2:0", "gray")
        for width, height in SIZES
        for quality in ((10, 50, 90, 100) if width > 16 else (50, 90))
    }
    kinds |= {f"progressive {s}": images.jpeg(41, 35, sampling=s, progressive=True) for s in images.SAMPLINGS}
    kinds |= {f"{s} 43x37": images.jpeg(43, 37, sampling=s) for s in ("4:4:0", "4:1:1")}
    noise = np.random.default_rng(0).integers(0, 2, (48, 48, 3), np.uint8) * np.uint8(255)
    return kinds | {
        "rgb": images.rgb_jpeg(29, 23),
        "many tiles": images.jpeg(700, 9),
        "orientation 6": images.oriented_jpeg(6, 40, 30),
        "restart markers": images.jpeg(50, 40, restart_marker_blocks=3),
        "noise": images.encode(noise, quality=100, subsampling="4:4:4"),
        "profile": images.jpeg(16, 16, icc_profile=b"a profile"),
    }


def with_trained_tables(jpegs: list[bytes], packing: codec.Packing) -> tuple[list[bytes], bytes]:
    """Records of all, and their tables, which come from every third image, so that rare symbols are escaped."""
    tables = _core.train_tables(_core.Encoded.from_buffers(jpegs[::3]), packing)
    encoded, rows = _core.Encoded.from_buffers(jpegs), np.arange(len(jpegs))
    records, failures = _core.to_dct(encoded, rows, packing, _core.register_tables(tables))
    assert not failures
    return records, tables


def with_built_in_tables(jpegs: list[bytes], packing: codec.Packing) -> tuple[list[bytes], bytes]:
    return [transcode(data, packing=packing) for data in jpegs], _core.builtin_tables(packing)


def libjpeg_planes(data: bytes) -> list[NDArray[np.uint8]]:
    """The samples of every component as libjpeg-turbo decodes them, padded to whole MCUs or not."""
    image = Image.open(io.BytesIO(data))
    if image.mode == "L":
        return [np.asarray(image)]
    if "adobe_transform" in image.info and image.info["adobe_transform"] == 0:
        return list(np.asarray(image).transpose(2, 0, 1))
    return list(turbojpeg.TurboJPEG().decode_to_yuv_planes(data))


@pytest.mark.parametrize("encode", [with_trained_tables, with_built_in_tables])
@pytest.mark.parametrize("packing", PACKINGS)
def test_text_of_the_format_suffices_to_decode(packing: codec.Packing, encode: Encode, jpegs: dict[str, bytes]) -> None:
    records, tables = encode(list(jpegs.values()), packing)
    for (name, data), record in zip(jpegs.items(), records, strict=True):
        decoded = reference_dct.decode(record, tables)
        image = Image.open(io.BytesIO(data))
        assert (decoded.width, decoded.height) == image.size, name
        assert decoded.orientation == image.getexif().get(0x0112, 1), name
        sampling = [(layer[1], layer[2]) for layer in image.layer]  # type: ignore[attr-defined]
        assert [component.sampling for component in decoded.components] == sampling, name
        expected = libjpeg_planes(data)
        for ours, theirs in zip(planes(decoded), expected, strict=True):
            height, width = ours.shape
            np.testing.assert_array_equal(ours, theirs[:height, :width], name)


@pytest.mark.parametrize("packing", PACKINGS)
def test_native_decode_of_a_record_is_pillows_of_its_jpeg(packing: codec.Packing, jpegs: dict[str, bytes]) -> None:
    trained, _ = with_trained_tables(list(jpegs.values()), packing)
    stage = BatchDecode(fidelity="exact", orient=False)
    for (name, data), record in zip(jpegs.items(), trained, strict=True):
        for form in (record, transcode(data, packing=packing)):
            np.testing.assert_array_equal(np.asarray(stage([form])[0]).transpose(1, 2, 0), images.decode(data), name)


@pytest.mark.parametrize("packing", PACKINGS)
def test_headers_name_the_frozen_tables(packing: codec.Packing) -> None:
    record = transcode(images.jpeg(16, 16), packing=packing)
    assert struct.unpack_from("<Q", record, 24) == (BUILT_IN[packing],)
    tables = _core.builtin_tables(packing)
    assert (parse_tables(tables).identity, len(tables)) == (BUILT_IN[packing], SIZE_BUILT_IN[packing])


@pytest.mark.parametrize("packing", PACKINGS)
def test_id_of_tables_is_the_hash_of_their_bytes(packing: codec.Packing) -> None:
    tables = _core.train_tables(_core.Encoded.from_buffers([images.jpeg(64, 48)]), packing)
    assert parse_tables(tables).identity == _core.register_tables(tables)


def test_segments_are_kept_as_they_were() -> None:
    data = images.jpeg(16, 16, icc_profile=b"a profile", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0")
    tables = _core.train_tables(_core.Encoded.from_buffers([data]))
    for keep_exif in (False, True):
        (record,), _ = _core.to_dct(
            _core.Encoded.from_buffers([data]), np.arange(1), tables=_core.register_tables(tables), keep_exif=keep_exif
        )
        segments = reference_dct.decode(record, tables).segments
        assert [marker for marker, _ in segments] == [0xE0] + [0xE1] * keep_exif + [0xE2]
        for marker, content in segments:
            assert bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content in data


def sealed(record: bytearray) -> bytes:
    """The record with its size and checksum made right."""
    struct.pack_into("<I", record, 16, len(record))
    struct.pack_into("<I", record, 20, crc32c(bytes(record[:20] + record[24:])))
    return bytes(record)


def natively_accepted(record: bytes) -> bool:
    return not _core.from_dct(_core.Encoded.from_buffers([record]), np.arange(1))[1]


Change = Callable[[bytearray], object]

BREACHES: dict[str, tuple[str, Change]] = {
    "version": ("version", lambda r: r.__setitem__(4, 2)),
    "bytes after the end": ("end", lambda r: r.extend(b"\0")),
    "orientation": ("orientation", lambda r: r.__setitem__(7, 9)),
    "width 0": ("size", lambda r: struct.pack_into("<I", r, 8, 0)),
    "width beyond": ("size", lambda r: struct.pack_into("<I", r, 8, 65501)),
    "other tables": ("tables", lambda r: r.__setitem__(24, r[24] ^ 1)),
    "two components": ("components", lambda r: r.__setitem__(32, 2)),
    "RGB of 4:2:0": ("sampling", lambda r: r.__setitem__(33, 2)),
    "tile width 0": ("tile", lambda r: r.__setitem__(35, 0)),
    "index of 33 bits": ("index", lambda r: r.__setitem__(36, 33)),
    "no quantisation": ("tables", lambda r: r.__setitem__(37, 0)),
    "payload": ("index", lambda r: struct.pack_into("<I", r, 44, 1)),
    "sampling 3x1": ("sampling", lambda r: r.__setitem__(49, 0x31)),
    "quantisation table 3": ("quantisation", lambda r: r.__setitem__(50, 3)),
    "step of 0": ("step", lambda r: r.__setitem__(60, 0)),
}


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("name", BREACHES)
def test_both_decoders_refuse_a_breach(name: str, packing: codec.Packing) -> None:
    (record,), tables = with_trained_tables([images.jpeg(40, 30)], packing)
    reason, change = BREACHES[name]
    reference_dct.decode(sealed(bytearray(record)), tables)
    assert natively_accepted(record)
    broken = bytearray(record)
    change(broken)
    with pytest.raises(ValueError, match=reason):
        reference_dct.decode(sealed(broken), tables)
    assert not natively_accepted(sealed(broken))


ZEROS: dict[str, Change] = {
    "u16 at 38": lambda r: struct.pack_into("<H", r, 38, 0xFFFF),
    "last byte of a component": lambda r: r.__setitem__(51, 0xFF),
    "components that are not there": lambda r: r.__setitem__(slice(52, 60), b"\xff" * 8),
    "end": lambda r: r.__setitem__(slice(len(r) - 64, len(r)), b"\xff" * 64),
}


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("name", ZEROS)
def test_both_decoders_ignore_what_stands_in_place_of_zeros(name: str, packing: codec.Packing) -> None:
    (record,), tables = with_trained_tables([images.jpeg(40, 30, sampling="gray")], packing)
    other = bytearray(record)
    ZEROS[name](other)
    (ours,) = reference_dct.decode(record, tables).components
    (theirs,) = reference_dct.decode(sealed(other), tables).components
    np.testing.assert_array_equal(ours.coefficients, theirs.coefficients)
    jpegs, failures = _core.from_dct(_core.Encoded.from_buffers([record, sealed(other)]), np.arange(2))
    assert not failures
    assert jpegs[0] == jpegs[1]


@pytest.mark.parametrize("packing", PACKINGS)
def test_dc_differences_of_blocks_outside_their_component_count(packing: codec.Packing) -> None:
    (record,), tables = with_trained_tables([images.jpeg(16, 16, sampling="4:2:0")], packing)
    narrower = bytearray(record)
    struct.pack_into("<I", narrower, 8, 8)  # now the right half of the luma blocks lies outside
    (jpeg,), failures = _core.from_dct(_core.Encoded.from_buffers([sealed(narrower)]), np.arange(1))
    assert not failures
    rewritten, _ = _core.to_dct(
        _core.Encoded.from_buffers([jpeg]), np.arange(1), packing, parse_tables(tables).identity
    )
    whole = reference_dct.decode(record, tables).components[0].coefficients
    assert whole[0, 1, 0, 0] != whole[0, 0, 0, 0]
    for narrow in (sealed(narrower), *rewritten):
        luma = reference_dct.decode(narrow, tables).components[0].coefficients
        np.testing.assert_array_equal(luma, whole[:, :1])


@pytest.mark.parametrize("size", [(40, 30), (8, 16)])
@pytest.mark.parametrize("packing", PACKINGS)
def test_damaged_tiles_that_decode_mean_the_same_to_both(packing: codec.Packing, size: tuple[int, int]) -> None:
    (record,), tables = with_trained_tables([images.jpeg(*size, sampling="4:2:0", quality=60)], packing)
    rng, payload = np.random.default_rng(0), struct.unpack_from("<I", record, 44)[0]
    equal = refused = 0
    for bit in rng.permutation(8 * payload)[:400].tolist():
        at = len(record) - 64 - payload + bit // 8
        damaged = bytearray(record)
        damaged[at] ^= 1 << bit % 8
        data = sealed(damaged)
        (jpeg,), failures = _core.from_dct(_core.Encoded.from_buffers([data]), np.arange(1))
        try:
            decoded = reference_dct.decode(data, tables)
        except ValueError:
            assert failures, f"byte {at}"
            refused += 1
            continue
        if failures:
            assert "no JPEG can hold it" in failures[0][2], at
            continue
        tables_id = parse_tables(tables).identity
        (again,), _ = _core.to_dct(_core.Encoded.from_buffers([jpeg]), np.arange(1), packing, tables_id)
        if again:  # else a coefficient lies beyond what writers accept
            back = reference_dct.decode(again, tables)
            for ours, theirs in zip(decoded.components, back.components, strict=True):
                np.testing.assert_array_equal(ours.coefficients, theirs.coefficients, f"byte {at}")
            equal += 1
    assert equal >= 20
    assert refused >= 5


def test_tables_with_a_breach_are_refused() -> None:
    wide = _core.train_tables(_core.Encoded.from_buffers([images.jpeg(64, 48)]), "wide")
    compact = _core.train_tables(_core.Encoded.from_buffers([images.jpeg(64, 48)]), "compact")
    beyond = wide[:14] + b"\x0d" + wide[15:]
    for bad in (b"", compact[:-1], compact + b"\0", wide[:4] + b"\2" + wide[5:], beyond, compact[:-2] + b"\0\1"):
        with pytest.raises(ValueError, match="record"):
            parse_tables(bad)
        with pytest.raises(ValueError, match="tables"):
            _core.register_tables(bad)

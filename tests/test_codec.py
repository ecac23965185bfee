"""dct records against Pillow: the same image before, inside and after the record."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pytest
from PIL import Image

from slipstream_plugins import BatchDecode, _core, codec
from slipstream_plugins.errors import TranscodeError
from tests import images
from tests.images import full_run


def transcodable() -> dict[str, bytes]:
    """Every kind of JPEG that a record holds, by name."""
    left_out = ("png", "webp", "gif", "bmp", "cmyk", "ycck")
    return {name: data for name, data in images.good_images().items() if name not in left_out}


@pytest.mark.parametrize("packing", codec.PACKINGS)
def test_jpeg_of_record_is_the_same_image(packing: codec.Packing) -> None:
    for name, data in transcodable().items():
        back = codec.to_jpeg(codec.transcode(data, packing))
        before, after = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(back))
        assert np.array_equal(np.asarray(before), np.asarray(after)), name
        steps = before.quantization  # type: ignore[attr-defined]
        written = after.quantization  # type: ignore[attr-defined]
        assert {tuple(table) for table in written.values()} == {tuple(table) for table in steps.values()}, name
        assert before.getexif().get(0x0112, 1) == after.getexif().get(0x0112, 1), name


@pytest.mark.parametrize("packing", codec.PACKINGS)
def test_record_decodes_to_the_pixels_of_its_jpeg(packing: codec.Packing) -> None:
    kinds = transcodable()
    records = codec.transcode_batch(list(kinds.values()), packing)
    stage = BatchDecode(fidelity="exact")
    for name, jpeg, record in zip(kinds, kinds.values(), records, strict=True):
        assert np.array_equal(np.asarray(stage([record])[0]), np.asarray(stage([jpeg])[0])), name


def test_transcoding_twice_gives_the_same_bytes() -> None:
    data = images.jpeg(200, 150, progressive=True)
    record = codec.transcode(data)
    assert codec.transcode(codec.to_jpeg(record)) == record


def test_batch_equals_one_by_one_for_any_number_of_threads() -> None:
    kinds = list(transcodable().values())
    alone = [codec.transcode(data) for data in kinds]
    for threads in (1, 2, 3):
        assert codec.transcode_batch(kinds, num_threads=threads) == alone
        assert codec.to_jpeg_batch(alone, num_threads=threads) == [codec.to_jpeg(record) for record in alone]


@pytest.mark.parametrize("data", [images.cmyk_jpeg(), images.ycck_jpeg(), images.arithmetic_jpeg()])
def test_image_that_does_not_fit_is_named_or_kept(data: bytes) -> None:
    good = images.jpeg(64, 48)
    with pytest.raises(TranscodeError, match=r"sample 1") as caught:
        codec.transcode_batch([good, data])
    assert caught.value.index == 1
    assert caught.value.code == "unsupported"
    assert codec.transcode_batch([good, data], fallback=True) == [codec.transcode(good), data]


def test_damaged_jpeg_is_an_error_even_with_fallback() -> None:
    data = images.truncated(images.jpeg(160, 120))
    with pytest.raises(TranscodeError) as caught:
        codec.transcode_batch([images.jpeg(64, 48), data], fallback=True)
    assert caught.value.code == "truncated"


@pytest.mark.parametrize("data", [b"", b"no image", images.other_format("PNG")])
def test_bytes_that_are_no_jpeg_are_refused(data: bytes) -> None:
    with pytest.raises(TranscodeError, match=r"sample 0"):
        codec.transcode(data)


def test_error_survives_pickling() -> None:
    error = TranscodeError("why", 3, "corrupt")
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.reason, copy.index, copy.code, str(copy)) == ("why", 3, "corrupt", str(error))


def test_unknown_packing_is_refused() -> None:
    with pytest.raises(ValueError, match="packing: expected one of compact, wide, got 'loose'"):
        codec.transcode(images.jpeg(16, 16), "loose")  # type: ignore[arg-type]


def test_flipped_bits_are_noticed() -> None:
    record = codec.transcode(images.jpeg(64, 48))
    generator = np.random.default_rng(0)
    for _ in range(200):
        damaged = bytearray(record)
        damaged[generator.integers(len(record))] ^= 1 << int(generator.integers(8))
        with pytest.raises(TranscodeError):
            codec.to_jpeg(damaged)


def test_icc_is_kept_unless_refused_and_exif_on_request() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a description"
    data = images.jpeg(64, 48, icc_profile=b"profile " * 9000, exif=exif.tobytes())

    def kept(**options: bool) -> tuple[bool, str | None, int]:
        image = Image.open(io.BytesIO(codec.to_jpeg(codec.transcode(data, **options))))  # type: ignore[arg-type]
        return "icc_profile" in image.info, image.getexif().get(0x010E), image.getexif().get(0x0112, 1)

    assert kept() == (True, None, 6)
    assert kept(keep_icc=False) == (False, None, 6)
    assert kept(keep_exif=True) == (True, "a description", 6)


def test_trained_tables_decode_the_same_and_are_smaller(photo_bytes: list[bytes]) -> None:
    sample, other = photo_bytes[:24:2], photo_bytes[1:24:2]
    stage = BatchDecode(fidelity="exact")
    for packing in codec.PACKINGS:
        tables = codec.train_tables(sample, packing)
        identity = _core.register_tables(tables)
        assert _core.register_tables(tables) == identity
        trained = codec.transcode_batch(sample, packing, fallback=True, tables=identity)
        builtin = codec.transcode_batch(sample, packing, fallback=True)
        assert sum(map(len, trained)) < sum(map(len, builtin))
        for jpeg, record in zip(
            other, codec.transcode_batch(other, packing, fallback=True, tables=identity), strict=True
        ):
            assert np.array_equal(np.asarray(stage([record])[0]), np.asarray(stage([jpeg])[0]))


def test_damaged_tables_are_refused() -> None:
    tables = codec.train_tables([images.jpeg(64, 48)], "compact")
    for bad in (b"", tables[:-1], tables + b"\0", b"x" + tables[1:]):
        with pytest.raises(ValueError, match="tables"):
            _core.register_tables(bad)


def test_tables_of_another_packing_are_refused() -> None:
    with pytest.raises(ValueError, match="tables"):
        codec.transcode_batch([images.jpeg(16, 16)], "wide", tables=_core.builtin_tables_id("compact"))


def resized(data: bytes, quality: int) -> bytes:
    """Short side 256, 4:2:0."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    factor = 256 / min(image.size)
    out = io.BytesIO()
    size = (round(image.width * factor), round(image.height * factor))
    image.resize(size).save(out, "JPEG", quality=quality, subsampling="4:2:0")
    return out.getvalue()


LIMITS = {
    "originals": {"compact": 1.09, "wide": 1.25},
    "256/q100": {"compact": 0.92, "wide": 0.98},
    "256/q90": {"compact": 1.05, "wide": 1.18},
}


@pytest.mark.skipif(not full_run(), reason="needs real photos")
@pytest.mark.parametrize("name", LIMITS)
def test_records_stay_below_their_size_limits(name: str, photo_bytes: list[bytes]) -> None:
    """Tables trained on half of the images, measured on the other half."""
    jpegs = (
        photo_bytes if name == "originals" else [resized(data, 100 if "q100" in name else 90) for data in photo_bytes]
    )
    for packing in codec.PACKINGS:
        identity = _core.register_tables(codec.train_tables(jpegs[::2], packing))
        held = jpegs[1::2]
        size = sum(map(len, held))
        trained = sum(map(len, codec.transcode_batch(held, packing, fallback=True, tables=identity))) / size
        builtin = sum(map(len, codec.transcode_batch(held, packing, fallback=True))) / size
        print(f"{name} {packing}: trained {trained:.4f}, built-in {builtin:.4f}")
        assert trained <= LIMITS[name][packing]

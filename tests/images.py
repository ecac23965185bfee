"""Images of every kind that the tests need, as bytes. The pictures come from examples/photos.py."""

from __future__ import annotations

import functools
import io
import os
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from examples.photos import photo as make_photo

Pixels = NDArray[np.uint8]

SAMPLINGS = ("4:4:4", "4:2:2", "4:4:0", "4:2:0", "4:1:1", "gray")
ORIENTATIONS = tuple(range(1, 9))
OTHER_FORMATS = ("PNG", "WEBP", "GIF", "BMP")


@functools.lru_cache(maxsize=64)
def photo(width: int = 500, height: int = 375, seed: int = 0) -> Pixels:
    """[height, width, 3] uint8, photo-like and read-only; the same arguments give the same picture."""
    pixels = make_photo(seed, width, height)
    pixels.flags.writeable = False
    return pixels


def encode(pixels: Pixels, format: str = "JPEG", **options: Any) -> bytes:
    """Any format that Pillow writes; [H, W] pixels are gray. Options are Pillow's."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format, **options)
    return out.getvalue()


def decode(data: bytes) -> Pixels:
    """Pillow's pixels, as stored (orientation not applied), [H, W, 3] RGB."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def jpeg(
    width: int = 500, height: int = 375, *, sampling: str = "4:2:0", quality: int = 92, seed: int = 0, **options: Any
) -> bytes:
    """A JPEG of a photo-like picture. `sampling` is one of SAMPLINGS; options such as progressive=True, optimize=True
    and restart_marker_blocks=5 are Pillow's."""
    pixels = photo(width, height, seed)
    if sampling == "gray":
        return encode(gray(pixels), quality=quality, **options)
    if sampling in ("4:4:4", "4:2:2", "4:2:0"):
        return encode(pixels, quality=quality, subsampling=sampling, **options)
    if options.pop("progressive", False):
        options["progressive"] = True
    return jpeg_of_factors(pixels, {"4:4:0": (1, 2), "4:1:1": (4, 1)}[sampling], quality, **options)


def jpeg_of_factors(pixels: Pixels, factors: tuple[int, int], quality: int = 92, progressive: bool = False) -> bytes:
    """A JPEG whose luma has sampling factors (horizontal, vertical) that Pillow does not write, by PyTurboJPEG."""
    import turbojpeg

    sampling = {(1, 2): turbojpeg.TJSAMP_440, (4, 1): turbojpeg.TJSAMP_411}[factors]
    flags = turbojpeg.TJFLAG_PROGRESSIVE if progressive else 0
    data = turbojpeg.TurboJPEG().encode(
        np.ascontiguousarray(pixels), quality, turbojpeg.TJPF_RGB, jpeg_subsample=sampling, flags=flags
    )
    return bytes(data)


def gray(pixels: Pixels) -> Pixels:
    """[H, W] luma of [H, W, 3] pixels."""
    return np.asarray(Image.fromarray(pixels).convert("L"))


def rgb_jpeg(width: int = 200, height: int = 150, *, seed: int = 0, **options: Any) -> bytes:
    """A JPEG whose components are R, G and B themselves (Adobe transform 0)."""
    return encode(photo(width, height, seed), keep_rgb=True, **options)


def cmyk_jpeg(width: int = 200, height: int = 150, *, seed: int = 0, quality: int = 92) -> bytes:
    """A four-component JPEG with the Adobe marker, stored inverted, as Photoshop and Pillow write it."""
    out = io.BytesIO()
    Image.fromarray(photo(width, height, seed)).convert("CMYK").save(out, "JPEG", quality=quality)
    return out.getvalue()


def ycck_jpeg(width: int = 200, height: int = 150, *, seed: int = 0, quality: int = 92) -> bytes:
    """cmyk_jpeg with its Adobe marker saying YCCK: the same coefficients, read as Y, Cb, Cr and K."""
    data = bytearray(cmyk_jpeg(width, height, seed=seed, quality=quality))
    data[adobe_marker(data) + 15] = 2
    return bytes(data)


def adobe_marker(data: bytes | bytearray) -> int:
    """Where the APP14 Adobe marker begins."""
    at = bytes(data).find(b"\xff\xee\x00\x0eAdobe")
    assert at >= 0
    return at


def oriented_jpeg(orientation: int, width: int = 160, height: int = 120, *, seed: int = 0, **options: Any) -> bytes:
    """A JPEG whose EXIF says that it is shown as `orientation` (1-8)."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return jpeg(width, height, seed=seed, exif=exif.tobytes(), **options)


def insert_exif(data: bytes, tiff: bytes) -> bytes:
    """`data` with an APP1 EXIF segment holding the TIFF bytes, well-formed or not, after SOI."""
    body = b"Exif\0\0" + tiff
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]


def frame_header(data: bytes | bytearray) -> int:
    """Where the SOF marker begins."""
    at = 2
    while at + 4 <= len(data):
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return at
        at += 2 + length
    raise ValueError("no frame header")


def scan_start(data: bytes) -> int:
    """Where the entropy-coded bytes of the first scan begin."""
    at = 2
    while data[at + 1] != 0xDA:
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")


def with_size(data: bytes, width: int, height: int) -> bytes:
    """`data` whose frame header lies about its size."""
    at = frame_header(data)
    return data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :]


def with_frame_marker(data: bytes, marker: int) -> bytes:
    """`data` whose SOF marker is another, such as 0xC9 for arithmetic coding."""
    at = frame_header(data)
    return data[: at + 1] + bytes([marker]) + data[at + 2 :]


def arithmetic_jpeg() -> bytes:
    """A header that announces arithmetic coding."""
    return with_frame_marker(jpeg(64, 48), 0xC9)


def twelve_bit_jpeg() -> bytes:
    """A header that announces 12 bits a sample."""
    data = bytearray(with_frame_marker(jpeg(64, 48), 0xC1))
    data[frame_header(data) + 4] = 12
    return bytes(data)


def lossless_jpeg() -> bytes:
    """A header that announces lossless coding."""
    return with_frame_marker(jpeg(64, 48), 0xC3)


def huge_jpeg() -> bytes:
    """A small file whose header claims 65535 x 65535 pixels."""
    return with_size(jpeg(64, 48), 65535, 65535)


def truncated(data: bytes, keep: float = 0.5) -> bytes:
    """The header and `keep` of the entropy-coded bytes."""
    start = scan_start(data)
    return data[: start + int((len(data) - start) * keep)]


def damaged(data: bytes, seed: int = 0, count: int = 20) -> bytes:
    """`data` with `count` bytes of its scan overwritten at random."""
    rng = np.random.default_rng(seed)
    out = bytearray(data)
    for at in rng.integers(scan_start(data), len(data), count):
        out[at] = int(rng.integers(0, 256))
    return bytes(out)


def other_format(name: str, width: int = 160, height: int = 120, seed: int = 0) -> bytes:
    """One of OTHER_FORMATS; WebP is lossless here."""
    return encode(photo(width, height, seed), name, **({"lossless": True} if name == "WEBP" else {}))


def good_images() -> dict[str, bytes]:
    """Every kind of file that must decode, by name."""
    kinds = {f"{s} {w}x{h}": jpeg(w, h, sampling=s) for s in SAMPLINGS for w, h in ((160, 120), (97, 61))}
    kinds |= {f"progressive {s}": jpeg(161, 121, sampling=s, progressive=True) for s in SAMPLINGS}
    kinds |= {f"{w}x{h}": jpeg(w, h) for w, h in ((1, 1), (2, 3), (7, 5), (16, 16), (17, 33), (300, 9), (9, 300))}
    kinds |= {f"orientation {o}": oriented_jpeg(o, 97, 61) for o in ORIENTATIONS}
    kinds |= {name.lower(): other_format(name) for name in OTHER_FORMATS}
    return kinds | {
        "restart markers": jpeg(160, 120, restart_marker_blocks=3),
        "optimised": jpeg(160, 120, optimize=True),
        "rgb": rgb_jpeg(),
        "cmyk": cmyk_jpeg(),
        "ycck": ycck_jpeg(),
        "quality 100": jpeg(160, 120, quality=100, sampling="4:4:4"),
        "quality 5": jpeg(160, 120, quality=5),
    }


def bad_images() -> dict[str, bytes]:
    """Every kind of file that must be refused with an error, by name."""
    whole = jpeg(160, 120)
    return {
        "empty": b"",
        "one byte": b"\xff",
        "text": b"this is no image, whatever its name says\n" * 20,
        "html": b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
        "zeros": bytes(4096),
        "header only": whole[: scan_start(whole)],
        "start of a header": whole[:20],
        "truncated early": truncated(whole, 0.1),
        "truncated": truncated(whole, 0.5),
        "lies: taller": with_size(whole, 160, 480),
        "lies: zero wide": with_size(whole, 0, 120),
        "arithmetic": arithmetic_jpeg(),
        "12 bits": twelve_bit_jpeg(),
        "lossless": lossless_jpeg(),
        "65535 x 65535": huge_jpeg(),
        "truncated png": other_format("PNG")[:300],
    }


def full_run() -> bool:
    """Whether SLIPSTREAM_FULL asks for every image and every box instead of a sample of them."""
    return os.environ.get("SLIPSTREAM_FULL", "") not in ("", "0")

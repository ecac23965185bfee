"""Images decoded in plain Python: other formats than JPEG through Pillow, and the PyTurboJPEG reference decoder.

Both end as rgb records, which the native core then crops, resizes and writes like any other image.
"""

from __future__ import annotations

import io
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from slipstream_plugins import _core
from slipstream_plugins.errors import missing_extra

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["UnreadableError", "pillow_pixels", "reference_pixels", "render_pixels"]

Pixels = NDArray[np.uint8]


class UnreadableError(Exception):
    """An image that cannot be decoded, with one of _core.CODES and the reason."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def pillow_pixels(data: Any, max_pixels: int, orient: bool) -> Pixels:
    """The first frame of an image in any format that Pillow reads.

    Args:
        data: The encoded image, any buffer.
        max_pixels: Images with more are refused from their header.
        orient: Apply the EXIF orientation.

    Returns:
        [H, W, 3] uint8; transparency is dropped, 16-bit levels keep their high byte.

    Raises:
        UnreadableError: With the code and the reason.

    Source: Pillow's `convert("RGB")` and `ImageOps.exif_transpose`.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # Pillow warns from half of its limit on; max_pixels is the limit here.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            opened = Image.open(io.BytesIO(data))
        with opened as image:
            check_size(image.size, max_pixels)
            upright = ImageOps.exif_transpose(image) if orient else image
            return np.asarray(_to_rgb(upright))
    except UnidentifiedImageError:
        raise UnreadableError("not_an_image", "expected an image, got bytes that Pillow does not know") from None
    except Image.DecompressionBombError as error:
        raise UnreadableError("too_large", f"Pillow refuses its size: {error}") from None
    except MemoryError:
        raise UnreadableError("out_of_memory", "not enough memory for its pixels") from None
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, OverflowError) as error:
        code = "truncated" if "truncated" in str(error) else "corrupt"
        raise UnreadableError(code, f"Pillow cannot read it: {error}") from None


def check_size(size: tuple[int, int], max_pixels: int) -> None:
    """Refuses an image of (width, height) by its header."""
    if size[0] * size[1] > max_pixels:
        reason = f"expected at most {max_pixels} pixels, got {size[0]}x{size[1]}; raise max_pixels"
        raise UnreadableError("too_large", reason)


def _to_rgb(image: Image.Image) -> Image.Image:
    """RGB of 8 bits. Pillow's own conversion clips 16-bit gray to white, and warns about palettes with alpha."""
    from PIL import Image

    if image.mode.startswith("I"):
        levels = np.asarray(image).astype(np.int64) >> 8
        return Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8)).convert("RGB")
    if image.mode == "P" and "transparency" in image.info:
        return image.convert("RGBA").convert("RGB")
    return image.convert("RGB")


@lru_cache(maxsize=1)
def _turbojpeg() -> Any:
    try:
        import turbojpeg
    except ImportError:
        raise missing_extra("PyTurboJPEG", "turbojpeg") from None
    return turbojpeg.TurboJPEG()


def reference_pixels(data: Any, orientation: int) -> Pixels:
    """A JPEG through PyTurboJPEG: whole, ISLOW, fancy upsampling, then upright.

    Args:
        data: The encoded JPEG, any buffer.
        orientation: EXIF orientation to apply, 1-8.

    Returns:
        [H, W, 3] uint8.

    Raises:
        UnreadableError: With the code and the reason.

    Source: libjpeg-turbo's TurboJPEG API.
    """
    decoder = _turbojpeg()
    from turbojpeg import TJCS_CMYK, TJCS_YCCK, TJPF_CMYK, TJPF_RGB

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            colorspace = decoder.decode_header(data)[3]
            if colorspace in (TJCS_CMYK, TJCS_YCCK):
                return _upright(_inverted_cmyk(decoder.decode(data, TJPF_CMYK)), orientation)
            return _upright(decoder.decode(data, TJPF_RGB), orientation)
    except (OSError, ValueError, UserWarning) as error:
        code = "truncated" if "premature end" in str(error).lower() else "corrupt"
        raise UnreadableError(code, f"TurboJPEG cannot read it: {error}") from None


def _inverted_cmyk(ink: Pixels) -> Pixels:
    """RGB of Adobe's inverted CMYK, each channel times black, rounded."""
    product = ink[..., :3].astype(np.int32) * ink[..., 3:] + 128
    return ((product + (product >> 8)) >> 8).astype(np.uint8)


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    """EXIF orientation as mirrors and a transposition of [H, W, 3]."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels


def render_pixels(pixels: Pixels, view: np.void) -> Pixels:
    """Crop, antialiased bilinear resize and flip by Pillow.

    Args:
        pixels: [H, W, 3] uint8, upright.
        view: One of _core.VIEW_DTYPE.

    Returns:
        [h, w, 3] uint8 of the view's size.

    Source: Pillow's `crop` and `resize`.
    """
    from PIL import Image, ImageOps

    x, y, width, height = (int(edge) for edge in view["bounds"])
    cropped = Image.fromarray(np.ascontiguousarray(pixels)).crop((x, y, x + width, y + height))
    left, top, wide, high = (float(edge) for edge in view["box"])
    box = (left - x, top - y, min(left - x + wide, width), min(top - y + high, height))
    size = (int(view["size"][1]), int(view["size"][0]))
    image = cropped if box == (0, 0, *size) else cropped.resize(size, Image.Resampling.BILINEAR, box)
    return np.asarray(ImageOps.mirror(image) if view["flip"] else image)


def record(pixels: Pixels) -> bytes:
    """An upright rgb record of [H, W, 3] pixels."""
    return _core.to_rgb(np.ascontiguousarray(pixels))


def record_pixels(data: Any, orientation: int) -> Pixels:
    """[H, W, 3] of an rgb record, upright."""
    header = np.frombuffer(data, np.uint8, 16)
    width, height = header[8:16].view("<u4").tolist()
    planes = np.frombuffer(data, np.uint8, 3 * width * height, 16).reshape(3, height, width)
    return _upright(planes.transpose(1, 2, 0), orientation)

"""Trains the built-in entropy tables and writes them as C string literals.

Every second image of a folder, as it is and with a short side of 256 pixels at JPEG qualities 100 and 90 (4:2:0), so
that the other half of the folder can measure them. The tables are frozen: new ones would be a new format.

    python csrc/slip/dct/tools/make_builtin_tables.py FOLDER [OUT]
"""

from __future__ import annotations

import base64
import io
import sys
from pathlib import Path

from PIL import Image

from slipstream_plugins import _core, codec

SHORT = 256
QUALITIES = (100, 90)
LINE = 100


def shrunk(path: Path, quality: int) -> bytes:
    """The image with a short side of SHORT pixels, as JPEG."""
    image = Image.open(path).convert("RGB")
    factor = SHORT / min(image.size)
    size = (round(image.width * factor), round(image.height * factor))
    out = io.BytesIO()
    image.resize(size, Image.Resampling.BICUBIC).save(out, "JPEG", quality=quality, subsampling="4:2:0")
    return out.getvalue()


def training_set(folder: Path) -> list[bytes]:
    """JPEGs of half of the folder."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))[::2]
    return [path.read_bytes() for path in paths] + [shrunk(path, quality) for quality in QUALITIES for path in paths]


def main(folder: Path, out: Path) -> None:
    """Writes builtin_compact.inc and builtin_wide.inc into `out`."""
    jpegs = training_set(folder)
    for packing in codec.PACKINGS:
        tables = codec.train_tables(jpegs, packing)
        text = base64.b64encode(tables).decode().rstrip("=")
        lines = [f'"{text[at : at + LINE]}"\n' for at in range(0, len(text), LINE)]
        (out / f"builtin_{packing}.inc").write_text("".join(lines))
        print(f"{packing}: {len(tables)} bytes, id {_core.register_tables(tables):016x}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parents[1])

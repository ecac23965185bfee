"""Makes photo-like JPEGs: overlapping shapes, 1/f shading and patchy texture, in the sizes that ImageNet has.

    python examples/photos.py out/photos --count 320 --classes 4

The pictures are synthetic, but cost a decoder about what photographs cost: half a byte a pixel, not noise.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Pixels = NDArray[np.uint8]

# (width, height) and how often, after the sizes that are common in ImageNet: mean about 500 x 400.
SIZES = {(500, 375): 26, (500, 333): 20, (375, 500): 9, (333, 500): 4, (500, 334): 5, (800, 600): 4, (640, 480): 6,
         (600, 450): 3, (400, 300): 5, (320, 240): 5, (250, 188): 4, (180, 240): 3, (500, 500): 3, (120, 90): 2,
         (1024, 768): 1}  # fmt: skip
# Pillow's names of the samplings, by share: four fifths of ImageNet are 4:4:4.
SAMPLINGS = {"4:4:4": 7, "4:2:0": 3}


def shading(rng: np.random.Generator, width: int, height: int, exponent: float) -> NDArray[np.float32]:
    """[height, width] noise of unit variance whose amplitude falls as frequency ** -exponent."""
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
    frequency[0, 0] = np.inf
    spectrum = rng.standard_normal((2, *frequency.shape)) * frequency**-exponent
    noise = np.fft.irfft2(spectrum[0] + 1j * spectrum[1], s=(height, width))
    return np.asarray(noise / max(noise.std(), 1e-9), np.float32)


def shapes(rng: np.random.Generator, width: int, height: int, count: int, hue: float) -> tuple[Pixels, Pixels]:
    """Opaque ellipses and polygons of all scales over each other: [height, width, 3] colours and [height, width]
    amounts of texture."""
    colours, texture = Image.new("RGB", (width, height)), Image.new("L", (width, height))
    palette, roughness = ImageDraw.Draw(colours), ImageDraw.Draw(texture)
    for k in range(count):
        # The first shape covers everything; sizes follow a power law, as those of things in a scene do.
        radius = 2.0 * max(width, height) if k == 0 else 0.5 * max(width, height) * rng.uniform(0.02, 1) ** 2
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        tone = np.clip(rng.normal(hue, 0.08), 0, 1) * 255
        colour = (int(tone), int(rng.integers(0, 140)), int(rng.integers(30, 240)))
        fill = tuple(int(c) for c in np.asarray(Image.new("HSV", (1, 1), colour).convert("RGB"))[0, 0])
        angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 8)))) if rng.random() < 0.5 else None
        if k == 0 or angles is None:
            outline = np.linspace(0, 2 * np.pi, 40)
            points = [(x + radius * np.cos(a), y + radius * rng.uniform(0.98, 1.02) * np.sin(a)) for a in outline]
        else:
            points = [(x + radius * np.cos(a), y + radius * np.sin(a)) for a in angles]
        palette.polygon(points, fill=fill)
        roughness.polygon(points, fill=int(50 + 205 * rng.random() ** 2))
    return np.asarray(colours), np.asarray(texture)


def photo(seed: int, width: int, height: int, label: int | None = None) -> Pixels:
    """One photo-like picture, a pure function of its arguments.

    Args:
        seed: Any whole number >= 0.
        width: In pixels.
        height: In pixels.
        label: Gives the picture a hue of its own, so that a model has something to learn; None draws one.

    Returns:
        [height, width, 3] uint8 RGB.
    """
    rng = np.random.default_rng([seed, width, height])
    hue = rng.random() if label is None else (label * 0.382) % 1.0
    colours, texture = shapes(rng, width, height, count=int(rng.integers(10, 50)), hue=hue)
    light = 28 * shading(rng, width, height, 1.6)
    grain = shading(rng, width, height, 0.75)
    detail = rng.uniform(8, 38) * grain * (texture.astype(np.float32) / 255)
    tint = 4 * np.stack([shading(rng, width, height, 1.2) for _ in range(3)], axis=-1)
    return np.clip(colours + (light + detail)[..., None] + tint + 2, 0, 255).astype(np.uint8)


def encode(pixels: Pixels, quality: int = 92, sampling: str = "4:2:0") -> bytes:
    """A baseline JPEG of [H, W, 3] pixels; `sampling` is "4:4:4", "4:2:2" or "4:2:0"."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=quality, subsampling=sampling)
    return out.getvalue()


def write_folder(folder: Path, count: int = 320, classes: int = 4, seed: int = 0) -> list[Path]:
    """Writes `count` JPEGs as folder/class_00/00000.jpg ..., in ImageNet's sizes, and returns their paths in order.

    Files that are there already are kept: the same arguments give the same files.
    """
    rng = np.random.default_rng(seed)
    sizes = rng.choice(np.array(list(SIZES)), count, p=np.array(list(SIZES.values())) / sum(SIZES.values()))
    samplings = rng.choice(list(SAMPLINGS), count, p=np.array(list(SAMPLINGS.values())) / sum(SAMPLINGS.values()))
    qualities = rng.integers(85, 97, count)
    paths = []
    for i in range(count):
        label = i % classes
        path = folder / f"class_{label:02d}" / f"{i:05d}.jpg"
        paths.append(path)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            width, height = (int(side) for side in sizes[i])
            data = encode(photo(seed * 1_000_003 + i, width, height, label), int(qualities[i]), str(samplings[i]))
            partial = path.with_suffix(".part")
            partial.write_bytes(data)
            partial.replace(path)
    return sorted(paths)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=320)
    parser.add_argument("--classes", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    paths = write_folder(options.folder, options.count, options.classes, options.seed)
    print(f"{len(paths)} pictures, {sum(p.stat().st_size for p in paths) / 1e6:.1f} MB, in {options.folder}")


if __name__ == "__main__":
    main()

"""The sets of images and the crops, made once and kept under out/."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.job import CASES, RESIZE, SIZE, Job
from examples.photos import write_folder
from examples.pil_loader import random_box

OUT = Path("out/benchmarks")
SETS = ("originals", "s256q100", "s256q90", "photos12mp")
PHOTOS = 12
PASSES = 4


def make_job(case: str, name: str, data: str | None, batch_size: int, threads: int) -> Job:
    """Prepares a set and its crops.

    Args:
        case: One of CASES.
        name: One of SETS; "originals" are the files as they are, "photos12mp" a dozen of them
            enlarged to 12 megapixels, the others have a short side of 256, 4:2:0.
        data: A folder of class folders, or None to make photo-like pictures.
        batch_size: Images in a batch.
        threads: Threads per contender.
    """
    folder = Path(data).resolve() if data else (OUT / "pictures").resolve()
    if not data:
        write_folder(folder, count=240)
    # The set made from a folder is found again by the folder's own name.
    work = (OUT / f"{folder.name}-{name}").resolve()
    work.mkdir(parents=True, exist_ok=True)
    if name == "photos12mp":
        folder = enlarged(folder, work / "images")
    elif name != "originals":
        folder = resized(folder, work / "images", quality=int(name.rsplit("q", 1)[1]))
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg"))
    if not paths:
        raise SystemExit(f"{folder}: expected JPEGs in class folders, got none; give another --data")
    (work / "paths.txt").write_text("\n".join(map(str, paths)))
    sizes = np.array([Image.open(path).size for path in paths])
    for drawn in CASES:
        np.save(work / f"boxes-{drawn}.npy", draw(drawn, sizes))
    return Job(case, str(folder), str(work), batch_size, threads)


def resized(source: Path, folder: Path, quality: int) -> Path:
    """The same pictures with short side 256, 4:2:0, as FFCV's ImageNet recipes write them."""
    for path in sorted(p for p in source.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg")):
        target = folder / path.relative_to(source).with_suffix(".jpg")
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        image = Image.open(path).convert("RGB")
        scale = RESIZE / min(image.size)
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality, subsampling="4:2:0")
        partial = target.with_suffix(".part")
        partial.write_bytes(out.getvalue())
        partial.replace(target)
    return folder


def enlarged(source: Path, folder: Path) -> Path:
    """PHOTOS pictures as a camera of 12 megapixels writes them: with grain, quality 90, every third one 4:4:4."""
    found = sorted(p for p in source.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg"))
    for number, path in enumerate(found[:: max(1, len(found) // PHOTOS)][:PHOTOS]):
        target = folder / path.relative_to(source).with_suffix(".jpg")
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        large = Image.open(path).convert("RGB").resize((4000, 3000), Image.Resampling.BICUBIC)
        grain = np.random.default_rng(number).normal(0, 3, (3000, 4000, 1)).astype(np.float32)
        pixels = np.clip(np.asarray(large, np.float32) + grain, 0, 255).astype(np.uint8)
        partial = target.with_suffix(".part")
        sampling = "4:2:0" if number % 3 else "4:4:4"
        Image.fromarray(pixels).save(partial, "JPEG", quality=90, subsampling=sampling)
        partial.replace(target)
    return folder


def draw(case: str, sizes: NDArray[np.int64], seed: int = 0) -> NDArray[np.int32]:
    """[PASSES, n, 4] int32 crops (x, y, width, height) for images of (width, height) `sizes`."""
    rng = np.random.default_rng(seed)
    boxes = np.empty((PASSES, len(sizes), 4), np.int32)
    for number in range(PASSES):
        for i, (width, height) in enumerate(sizes.tolist()):
            boxes[number, i] = random_box(rng, width, height) if case == "rrc" else centre_box(width, height)
    return boxes


def centre_box(width: int, height: int) -> tuple[int, int, int, int]:
    """The centre that Resize(256) and CenterCrop(224) keep, in whole pixels."""
    side = max(1, round(min(width, height) * SIZE / RESIZE))
    return (width - side) // 2, (height - side) // 2, side, side

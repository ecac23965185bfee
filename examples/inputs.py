"""Where the examples get their images from."""

from __future__ import annotations

import sys
from pathlib import Path

from examples.photos import write_folder

OUT = Path("out/examples")


def image_folder() -> Path:
    """The folder of class folders on the command line, else one with made pictures."""
    if len(sys.argv) > 1:
        return Path(sys.argv[1])
    write_folder(OUT / "photos", count=64)
    return OUT / "photos"


def cache_path(folder: Path) -> Path:
    """Where the examples keep the cache of a folder."""
    return OUT / f"{folder.resolve().name}.slip"

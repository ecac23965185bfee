"""A folder of images, one folder per class."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from slipstream_plugins.errors import SourceError
from slipstream_plugins.sources.indices import checked
from slipstream_plugins.types import Sample

__all__ = ["EXTENSIONS", "ImageFolderSource"]

EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp", ".dct")


class ImageFolderSource:
    """Images in folders named by class; fields `image`, `label` and `key`, the path relative to the folder.

    Args:
        root: The folder. Folders in it are classes; labels number them in sorted order.

    Raises:
        SourceError: There is no such folder, no class, or a class without images.

    Source: torchvision.datasets.ImageFolder, whose order, extensions (and .dct) and labels it has.
    """

    fields = {"image": "image", "label": "int", "key": "text"}  # noqa: RUF012

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).expanduser().absolute()
        self.name = self.root.name
        self.classes = self._find_classes()
        self._keys: list[str] = []
        self._labels: list[int] = []
        for label, name in enumerate(self.classes):
            keys = self._find_images(name)
            if not keys:
                raise SourceError(
                    f"{self.root / name}: expected images ({', '.join(EXTENSIONS)}), got none; fill or remove it"
                )
            self._keys += keys
            self._labels += [label] * len(keys)

    def _find_classes(self) -> list[str]:
        try:
            classes = sorted(entry.name for entry in os.scandir(self.root) if entry.is_dir())
        except OSError as error:
            raise SourceError(f"{self.root}: expected a folder of images, got: {error.strerror}") from error
        if not classes:
            raise SourceError(f"{self.root}: expected one folder per class (class/image.jpg), got no folder in it")
        return classes

    def _find_images(self, name: str) -> list[str]:
        found = []
        for folder, _, files in sorted(os.walk(self.root / name, followlinks=True)):
            relative = os.path.relpath(folder, self.root)
            found += [f"{relative}/{file}" for file in sorted(files) if file.lower().endswith(EXTENSIONS)]
        return found

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, index: int) -> Sample:
        index = checked(index, len(self))
        key = self._keys[index]
        try:
            with open(self.root / key, "rb", buffering=0) as file:
                image = file.read()
        except OSError as error:
            raise SourceError(f'{self.root / key}: {error.strerror} (sample {index}, "{key}")') from error
        return {"image": image, "label": self._labels[index], "key": key}

    def fingerprint(self) -> str:
        """A hash of every path, size and time of change."""
        digest = hashlib.blake2b(digest_size=16)
        for key in self._keys:
            status = os.stat(self.root / key)
            digest.update(f"{key}\0{status.st_size}\0{status.st_mtime_ns}\n".encode(errors="surrogateescape"))
        return f"folder:{digest.hexdigest()}"

    def __repr__(self) -> str:
        return f"ImageFolderSource({str(self.root)!r}, {len(self)} images, {len(self.classes)} classes)"

"""Fixtures that several test files share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from examples.photos import write_folder


@pytest.fixture(scope="session")
def photo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of class folders with JPEGs: SLIPSTREAM_TEST_DATA where it is set, else made in ImageNet's sizes."""
    given = os.environ.get("SLIPSTREAM_TEST_DATA")
    if given:
        return Path(given)
    folder = tmp_path_factory.mktemp("photos")
    write_folder(folder, count=48, classes=6)
    return folder


@pytest.fixture(scope="session")
def photos(photo_folder: Path) -> list[Path]:
    """The JPEGs of `photo_folder`, sorted by path."""
    paths = sorted(path for path in photo_folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    assert paths, f"{photo_folder} holds no JPEG; SLIPSTREAM_TEST_DATA names a folder of class folders"
    return paths


@pytest.fixture(scope="session")
def photo_bytes(photos: list[Path]) -> list[bytes]:
    """The encoded bytes of `photos`."""
    return [path.read_bytes() for path in photos]

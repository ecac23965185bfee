"""Folders of images, in torchvision's order."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from slipstream_plugins.errors import SourceError
from slipstream_plugins.sources import ImageFolderSource
from slipstream_plugins.testing import check_source
from tests import images

TREE = [
    "b/2.jpg",
    "b/10.JPEG",
    "b/deeper/1.png",
    "b/deeper/.hidden.jpg",
    "b/Upper.jpg",
    "b/notes.txt",
    "a class/x.webp",
    "a class/z/y/1.tiff",
    "a class/z2/1.ppm",
    "C/1.bmp",
    "ä/1.pgm",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, name in enumerate(TREE):
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(images.jpeg(16, 16, seed=number))
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    (outside / "linked.jpg").write_bytes(images.jpeg(16, 16))
    os.symlink(outside, tmp_path / "root" / "b" / "link")
    (tmp_path / "root" / "file-beside.jpg").write_bytes(b"not in a class")
    return tmp_path / "root"


def published_order(root: str) -> tuple[list[str], list[tuple[str, int]]]:
    """torchvision.datasets.folder's find_classes and make_dataset, as published."""
    extensions = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
    classes = sorted(entry.name for entry in os.scandir(root) if entry.is_dir())
    instances = []
    for target, name in enumerate(classes):
        for folder, _, files in sorted(os.walk(os.path.join(root, name), followlinks=True)):
            for file in sorted(files):
                if file.lower().endswith(extensions):
                    instances.append((os.path.join(folder, file), target))
    return classes, instances


def test_order_labels_and_classes_are_torchvisions(folder: Path) -> None:
    source = ImageFolderSource(folder)
    classes, instances = published_order(str(folder))
    assert source.classes == classes == ["C", "a class", "b", "ä"]
    assert [(str(folder / source[i]["key"]), source[i]["label"]) for i in range(len(source))] == instances
    assert any("link/linked.jpg" in path for path, _ in instances)
    for index, (path, _) in enumerate(instances):
        assert source[index]["image"] == Path(path).read_bytes()


def test_it_keeps_the_protocol_and_pickles(folder: Path) -> None:
    source = ImageFolderSource(folder)
    check_source(source)
    assert pickle.loads(pickle.dumps(source))[3] == source[3]
    assert source.fields == {"image": "image", "label": "int", "key": "text"} and source.name == "root"


def test_the_fingerprint_changes_with_any_file(folder: Path) -> None:
    marks = {ImageFolderSource(folder).fingerprint()}
    assert ImageFolderSource(folder).fingerprint() in marks
    (folder / "b" / "2.jpg").write_bytes(images.jpeg(17, 16))
    marks.add(ImageFolderSource(folder).fingerprint())
    (folder / "b" / "3.jpg").write_bytes(images.jpeg(17, 16))
    marks.add(ImageFolderSource(folder).fingerprint())
    os.utime(folder / "b" / "3.jpg", ns=(1, 1))
    marks.add(ImageFolderSource(folder).fingerprint())
    os.rename(folder / "b" / "3.jpg", folder / "b" / "33.jpg")
    marks.add(ImageFolderSource(folder).fingerprint())
    assert len(marks) == 5


def test_what_is_no_image_folder_is_named(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(SourceError, match=r"nowhere: expected a folder of images"):
        ImageFolderSource(tmp_path / "nowhere")
    (tmp_path / "flat").mkdir()
    (tmp_path / "flat" / "1.jpg").write_bytes(b"")
    with pytest.raises(SourceError, match=r"one folder per class"):
        ImageFolderSource(tmp_path / "flat")
    (folder / "empty").mkdir()
    with pytest.raises(SourceError, match=r"empty: expected images .* got none"):
        ImageFolderSource(folder)


def test_a_file_that_vanished_is_named(folder: Path) -> None:
    source = ImageFolderSource(folder)
    (folder / source[2]["key"]).unlink()
    with pytest.raises(SourceError, match=r"No such file.*sample 2"):
        source[2]
    with pytest.raises(IndexError, match="expected 0 to"):
        source[-1]

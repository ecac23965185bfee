"""What a path, a pattern or an object is taken for."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from slipstream_plugins.cache.reader import Reader
from slipstream_plugins.cache.writer import build
from slipstream_plugins.errors import CacheError, SourceError
from slipstream_plugins.sources import ImageFolderSource, IterableSource, WebDatasetSource, open_source
from tests import images


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "folder" / "a").mkdir(parents=True)
    picture = tmp_path / "folder" / "a" / "1.jpg"
    picture.write_bytes(images.jpeg(16, 16))
    (tmp_path / "tars").mkdir()
    with tarfile.open(tmp_path / "tars" / "a-0.tar", "w") as tar:
        tar.add(picture, "1.jpg")
    (tmp_path / "tarlike").write_bytes((tmp_path / "tars" / "a-0.tar").read_bytes())
    build(ImageFolderSource(tmp_path / "folder"), tmp_path / "c.slip")
    (tmp_path / "c.slip").rename(tmp_path / "renamed")
    build(ImageFolderSource(tmp_path / "folder"), tmp_path / "c.slip")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("folder", ImageFolderSource),
        ("tars", WebDatasetSource),
        ("tars/a-0.tar", WebDatasetSource),
        ("tars/a-{0..0}.tar", WebDatasetSource),
        ("tars/*.tar", WebDatasetSource),
        ("tarlike", WebDatasetSource),
        ("c.slip", Reader),
        ("renamed", Reader),
    ],
)
def test_paths_are_opened_by_what_is_there(place: Path, name: str, kind: type) -> None:
    for spec in (str(place / name), place / name, f"file://{place / name}"):
        source = open_source(spec)
        assert type(source) is kind and len(source) == 1
        assert bytes(source[0]["image"]) == images.jpeg(16, 16)


def test_objects_are_opened_by_what_they_are(place: Path) -> None:
    assert isinstance(open_source([place / "tars" / "a-0.tar"]), WebDatasetSource)
    assert isinstance(open_source([{"image": b""}]), IterableSource)
    assert isinstance(open_source(iter([(b"", 1)]), fields=("image", "label")), IterableSource)
    source = ImageFolderSource(place / "folder")
    assert open_source(source) is source


def test_what_is_not_understood_lists_what_is(place: Path) -> None:
    (place / "notes.txt").write_text("hello")
    for spec, got in (
        (place / "nowhere", "where nothing is"),
        (place / "notes.txt", "a file of another kind"),
        ("s4://bucket/x", "the scheme 's4'"),
        (42, "int"),
    ):
        with pytest.raises(SourceError, match=r"a folder of class folders.*\.slip cache.*iterable") as caught:
            open_source(spec)
        assert got in str(caught.value)
    with pytest.raises(CacheError, match="there is no such cache"):
        open_source(place / "nowhere.slip")

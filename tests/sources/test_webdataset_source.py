"""Tars of WebDataset, read as WebDataset reads them."""

from __future__ import annotations

import gzip
import io
import json
import multiprocessing
import pickle
import tarfile
from pathlib import Path
from typing import Any

import pytest
import webdataset as wds
from hypothesis import given, settings
from hypothesis import strategies as st

from slipstream_plugins.errors import SourceError
from slipstream_plugins.sources import WebDatasetSource
from slipstream_plugins.sources.tar_members import Member, tar_members
from slipstream_plugins.testing import check_source
from tests import images

COUNT = 25


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three shards by webdataset's own writer."""
    folder = tmp_path_factory.mktemp("shards")
    with wds.ShardWriter(str(folder / "part-%03d.tar"), maxcount=10, verbose=0) as writer:
        for number in range(COUNT):
            sample = {
                "__key__": f"n{number % 3}/größe {number:04d}",
                "jpg": images.jpeg(24 + number, 20, seed=number),
                "cls": number % 7,
                "json": {"number": number},
                "mask.png": images.other_format("PNG", 24, 20),
                "emb.npy": bytes([number]) * number,
            }
            writer.write(sample)
    return folder


def with_webdataset(folder: Path) -> list[dict[str, Any]]:
    """The samples, by webdataset."""
    return list(wds.WebDataset([str(tar) for tar in sorted(folder.glob("*.tar"))], shardshuffle=False))


def test_samples_are_webdatasets(shards: Path) -> None:
    source = WebDatasetSource(str(shards / "part-{000..002}.tar"))
    expected = with_webdataset(shards)
    assert len(source) == len(expected) == COUNT
    assert source.fields == {
        "image": "image",
        "label": "int",
        "key": "text",
        "emb.npy": "bytes",
        "json": "text",
        "mask.png": "image",
    }
    for index, theirs in enumerate(expected):
        mine = source[index]
        assert mine["key"] == theirs["__key__"] and mine["label"] == int(theirs["cls"])
        assert bytes(mine["image"]) == theirs["jpg"] and bytes(mine["mask.png"]) == theirs["mask.png"]
        assert json.loads(mine["json"]) == {"number": index} and bytes(mine["emb.npy"]) == theirs["emb.npy"]
    check_source(source)


def test_images_are_views_of_the_tar(shards: Path) -> None:
    image = WebDatasetSource(shards / "part-000.tar")[0]["image"]
    assert isinstance(image, memoryview) and image.readonly


@pytest.mark.parametrize("form", ["list", "wildcard", "folder"])
def test_shards_are_found_in_order(shards: Path, form: str) -> None:
    given: Any = {
        "list": [shards / f"part-{number:03d}.tar" for number in range(3)],
        "wildcard": str(shards / "*.tar"),
        "folder": f"file:{shards}/part-{{000..002}}.tar",
    }[form]
    source = WebDatasetSource(given)
    assert [source[index]["key"] for index in range(COUNT)] == [each["__key__"] for each in with_webdataset(shards)]


def read_in_child(source: WebDatasetSource, queue: Any) -> None:
    queue.put(bytes(source[24]["image"]))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_it_works_in_child_processes(shards: Path, method: str) -> None:
    source = WebDatasetSource(str(shards / "*.tar"))
    expected = bytes(source[24]["image"])
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    child = context.Process(target=read_in_child, args=(source, queue))
    child.start()
    assert queue.get(timeout=60) == expected
    child.join(60)
    assert b"JFIF" not in pickle.dumps(source)


def write_tar(path: Path, members: list[tuple[str, bytes]], format: int = tarfile.USTAR_FORMAT) -> Path:
    with tarfile.open(path, "w", format=format) as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=120).filter(
    lambda name: name not in (".", "..")
)


@given(
    st.lists(st.tuples(st.lists(NAMES, min_size=1, max_size=3).map("/".join), st.binary(max_size=1500)), max_size=5),
    st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
)
@settings(max_examples=100, deadline=None)
def test_the_walk_finds_what_tarfile_finds(members: list[tuple[str, bytes]], format: int) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    data = out.getvalue()
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        expected = [Member(info.name, info.offset_data, info.size) for info in tar if info.isreg()]
    assert list(tar_members(Path("a.tar"), memoryview(data))) == expected


def test_links_folders_and_long_ustar_names_are_as_in_tarfile(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, kind in (("d", tarfile.DIRTYPE), ("l", tarfile.SYMTYPE), ("h", tarfile.LNKTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = kind, "x", 77
            tar.addfile(info)
        info = tarfile.TarInfo("p" * 120 + "/" + "q" * 80)
        info.size = 3
        tar.addfile(info, io.BytesIO(b"abc"))
    data = path.read_bytes()
    with tarfile.open(path) as tar:
        expected = [Member(info.name, info.offset_data, info.size) for info in tar if info.isreg()]
    assert len(expected) == 1 and list(tar_members(path, memoryview(data))) == expected


def test_the_first_image_by_name_is_the_image(tmp_path: Path) -> None:
    jpeg, png = images.jpeg(16, 16), images.other_format("PNG")
    source = WebDatasetSource(
        write_tar(tmp_path / "a.tar", [("1.png", png), ("1.JPG", jpeg), ("2.PNG", png), ("__meta__/x.json", b"{}")])
    )
    assert list(source.fields) == ["image", "key", "png"]
    assert bytes(source[0]["image"]) == jpeg and bytes(source[0]["png"]) == png
    assert bytes(source[1]["image"]) == png


def test_missing_members(tmp_path: Path) -> None:
    jpeg = images.jpeg(16, 16)
    source = WebDatasetSource(
        write_tar(
            tmp_path / "a.tar",
            [("a.jpg", jpeg), ("a.cls", b"1\n"), ("a.txt", b"hi"), ("b.jpg", jpeg), ("b.cls", b"two"), ("c.cls", b"3")],
        )
    )
    assert source[0]["label"] == 1 and source[0]["txt"] == "hi"
    with pytest.raises(
        SourceError, match=r"a\.tar: field 'label': expected a whole number, got b'two' \(sample 1, \"b\"\)"
    ):
        source[1]
    with pytest.raises(SourceError, match=r"expected a member \.jpg, got none \(sample 2, \"c\"\)"):
        source[2]


def test_damaged_tars_are_named_with_the_byte(shards: Path, tmp_path: Path) -> None:
    good = (shards / "part-001.tar").read_bytes()
    with tarfile.open(shards / "part-001.tar") as tar:
        third = [info.offset for info in tar][2]
    path = tmp_path / "bad.tar"
    path.write_bytes(good[:third] + b"\xff" * 512 + good[third + 512 :])
    with pytest.raises(SourceError, match=rf"bad\.tar: .*\(at byte {third}\)"):
        WebDatasetSource(path)
    path.write_bytes(good[: third + 700])
    with pytest.raises(SourceError, match=rf"bad\.tar: .*it ends early \(at byte {third}\)"):
        WebDatasetSource(path)
    path.write_bytes(good[: third + 100])
    with pytest.raises(SourceError, match=r"ends early"):
        WebDatasetSource(path)


@given(st.integers(0, 30_000), st.integers(0, 255))
@settings(max_examples=300, deadline=None)
def test_any_flipped_byte_is_survived(shards: Path, at: int, value: int) -> None:
    data = bytearray((shards / "part-000.tar").read_bytes())
    data[at % len(data)] = value
    try:
        for member in tar_members(Path("a.tar"), memoryview(data)):
            assert member.offset + member.size <= len(data)
    except SourceError as error:
        assert "at byte" in str(error)


def test_what_is_no_tar_is_named(tmp_path: Path, shards: Path) -> None:
    with pytest.raises(SourceError, match=r"gone\.tar: No such file"):
        WebDatasetSource(tmp_path / "gone.tar")
    with pytest.raises(SourceError, match=r"expected files that match"):
        WebDatasetSource(str(tmp_path / "*.tar"))
    (tmp_path / "empty.tar").write_bytes(b"")
    with pytest.raises(SourceError, match=r"empty\.tar: expected a tar, got an empty file"):
        WebDatasetSource(tmp_path / "empty.tar")
    (tmp_path / "text.tar").write_bytes(b"hello " * 500)
    with pytest.raises(SourceError, match=r"text\.tar: .*at byte 0"):
        WebDatasetSource(tmp_path / "text.tar")
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress((shards / "part-000.tar").read_bytes()))
    with pytest.raises(SourceError, match=r"uncompressed"):
        WebDatasetSource(tmp_path / "a.tar.gz")
    with pytest.raises(SourceError, match=r"expected images"):
        WebDatasetSource(write_tar(tmp_path / "noimage.tar", [("a.txt", b"x")]))
    with pytest.raises(SourceError, match=r"two named 'a\.jpg'"):
        WebDatasetSource(write_tar(tmp_path / "twice.tar", [("a.jpg", b"x"), ("a.jpg", b"y")]))


def test_a_tar_that_changed_after_indexing_is_noticed(shards: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes((shards / "part-000.tar").read_bytes())
    source = WebDatasetSource(path)
    assert bytes(source[0]["image"])
    mark = source.fingerprint()
    path.write_bytes((shards / "part-001.tar").read_bytes()[:5000])
    with pytest.raises(SourceError, match="another size"):
        source[0]
    path.write_bytes((shards / "part-001.tar").read_bytes())
    assert WebDatasetSource(path).fingerprint() != mark

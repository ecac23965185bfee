"""`slipstream-plugins export`: caches, tars and folders back to image files."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import slipstream_plugins as slipstream
from slipstream_plugins.cache.reader import Reader
from slipstream_plugins.cache.writer import BuildOptions, build
from slipstream_plugins.cli import main
from slipstream_plugins.sources import IterableSource, open_source
from tests import images

KINDS = {
    "cats/0.jpg": images.jpeg(160, 120),
    "cats/1.JPEG": images.jpeg(97, 61, progressive=True),
    "dogs/2.jpg": images.jpeg(64, 48, sampling="gray"),
    "dogs/3.jpg": images.oriented_jpeg(6, 97, 61),
    "dogs/4.jpg": images.cmyk_jpeg(64, 48),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, data in KINDS.items():
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "photos"


def make_cache(source: Any, path: Path, encoding: str) -> Path:
    return build(open_source(source), path, BuildOptions(encoding=encoding, workers=0, progress=False))


def same_image(exported: bytes, original: bytes) -> bool:
    """Pixels as stored, and the orientation."""
    new, old = Image.open(io.BytesIO(exported)), Image.open(io.BytesIO(original))
    turned = new.getexif().get(0x0112, 1) == old.getexif().get(0x0112, 1)
    return turned and new.format == old.format and np.array_equal(np.asarray(new), np.asarray(old))


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    capsys.readouterr()
    return main([*map(str, arguments)]), *capsys.readouterr()


@pytest.mark.parametrize("encoding", ["dct", "jpeg"])
def test_cache_goes_back_to_the_folder_that_it_came_from(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], encoding: str
) -> None:
    cache, out = make_cache(folder, tmp_path / "a.slip", encoding), tmp_path / "out"
    code, text, errors = run(capsys, "export", cache, out, "--json")
    assert code == 0, errors
    assert json.loads(text)["converted"] == len(KINDS)
    assert {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()} == set(KINDS)
    for name, data in KINDS.items():
        exported = (out / name).read_bytes()
        assert exported == data if encoding == "jpeg" or "4" in name else same_image(exported, data), name


def test_cache_becomes_webdataset_tars(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache, out = make_cache(folder, tmp_path / "a.slip", "dct"), tmp_path / "out"
    code, _, errors = run(capsys, "export", cache, out, "--tar", "--tar-samples", 3)
    assert code == 0, errors
    assert sorted(path.name for path in out.iterdir()) == ["a-000000.tar", "a-000001.tar"]
    source, before = open_source(out), open_source(folder)
    assert len(source) == len(before)
    for index in range(len(source)):
        old, new = before[index], source[index]
        assert new["label"] == old["label"] and new["key"] == old["key"].rsplit(".", 1)[0]
        assert same_image(bytes(new["image"]), old["image"])


def test_fields_of_every_type_become_members(tmp_path: Path) -> None:
    sample = {
        "image": images.jpeg(48, 40),
        "png": images.other_format("PNG"),
        "blob": b"\0\1",
        "score": 0.25,
        "caption": "größer",
    }
    samples = [{**sample, "key": f"a/b.{number}"} for number in range(2)]
    cache = build(IterableSource(samples), tmp_path / "a.slip", BuildOptions(workers=0, progress=False))
    assert Reader(cache).fields["png"] == "image"
    assert main(["export", str(cache), str(tmp_path / "out"), "--tar"]) == 0
    with tarfile.open(tmp_path / "out" / "a-000000.tar") as tar:
        found = {info.name: tar.extractfile(info).read() for info in tar}  # type: ignore[union-attr]
    assert set(found) == {f"a/b_{n}.{suffix}" for n in (0, 1) for suffix in ("jpg", "png", "blob", "score", "caption")}
    assert (
        found["a/b_1.png"] == sample["png"] and found["a/b_1.blob"] == b"\0\1" and found["a/b_0.jpg"] == sample["image"]
    )
    assert found["a/b_0.score"] == b"0.25" and found["a/b_0.caption"].decode() == "größer"


def test_without_keys_labels_are_folders(tmp_path: Path) -> None:
    samples = [{"image": images.jpeg(48, 40, seed=n), "label": n * 5} for n in range(3)]
    cache = build(IterableSource(samples), tmp_path / "a.slip", BuildOptions(workers=0, progress=False))
    assert main(["export", str(cache), str(tmp_path / "out")]) == 0
    for number, label in enumerate(("00", "05", "10")):
        assert (tmp_path / "out" / label / f"{number:08d}.jpg").read_bytes() == samples[number]["image"]


@pytest.mark.parametrize("encoding", ["yuv420", "rgb"])
def test_records_of_pixels_are_refused_or_encoded_anew(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], encoding: str
) -> None:
    cache, out = make_cache(folder, tmp_path / "a.slip", encoding), tmp_path / "out"
    code, _, errors = run(capsys, "export", cache, out)
    assert code == 2 and f"({encoding})" in errors and "cats/0.jpg" in errors and "--reencode" in errors
    assert not [path for path in out.rglob("*") if path.is_file()]
    code, _, errors = run(capsys, "export", cache, out, "--reencode", 98)
    assert code == 0, errors
    for sample in map(Reader(cache).__getitem__, range(len(KINDS))):
        new, stored = (out / sample["key"]).read_bytes(), slipstream.decode([bytes(sample["image"])])[0]
        assert np.abs(images.decode(new).astype(int) - stored.permute(1, 2, 0).numpy()).mean() < 2, sample["key"]


def test_going_on_leaves_out_whole_samples(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache = make_cache(folder, tmp_path / "a.slip", "yuv420")
    mixed = [dict(Reader(cache)[0], image=bytes(Reader(cache)[0]["image"])), dict(open_source(folder)[1])]
    cache = make_cache(mixed, tmp_path / "b.slip", "jpeg")
    code, _, errors = run(capsys, "export", cache, tmp_path / "out", "--tar", "--keep-going")
    assert code == 0 and "cats/0" in errors and "yuv420" in errors
    with tarfile.open(tmp_path / "out" / "b-000000.tar") as tar:
        assert tar.getnames() == ["cats/1.jpg", "cats/1.cls"]
    assert run(capsys, "export", cache, tmp_path / "out", "--keep-going")[0] == 0
    assert (tmp_path / "out" / "cats" / "1.JPEG").exists() and not (tmp_path / "out" / "cats" / "0.jpg").exists()


def test_damaged_record_of_a_cache_is_named(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache, out = make_cache(folder, tmp_path / "a.slip", "dct"), tmp_path / "out"
    (file,) = cache.glob("*/image.bin")
    data = bytearray(file.read_bytes())
    data[700] ^= 1
    file.write_bytes(data)
    code, _, errors = run(capsys, "export", cache, out)
    assert code == 2 and "sample 0" in errors and errors.count("\n") == 1
    assert not [path for path in out.rglob("*") if path.is_file()]


@pytest.mark.parametrize("key", ["../outside", "/etc/passwd", "a/../../b", ".."])
def test_keys_cannot_leave_the_folder(key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = IterableSource([{"image": images.jpeg(48, 40), "key": key}])
    cache = build(source, tmp_path / "a.slip", BuildOptions(workers=0, progress=False))
    for option in ([], ["--tar"]):
        code, _, errors = run(capsys, "export", cache, tmp_path / "out", *option)
        assert code == 2 and "below the folder" in errors


def test_files_are_never_replaced(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache, out = make_cache(folder, tmp_path / "a.slip", "jpeg"), tmp_path / "out"
    for option in ([], ["--tar"]):
        assert run(capsys, "export", cache, out, *option)[0] == 0
        code, _, errors = run(capsys, "export", cache, out, *option)
        assert code == 2 and "there already" in errors


def test_tars_and_folders_of_records_go_back(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wds = pytest.importorskip("webdataset")
    with wds.TarWriter(str(tmp_path / "a.tar")) as tar:
        for number, data in enumerate(KINDS.values()):
            tar.write({"__key__": f"{number}", "jpg": data, "cls": number})
    for original in (tmp_path / "a.tar", folder):
        records, back = tmp_path / "records" / original.stem, tmp_path / "back" / original.stem
        assert main(["transcode", str(original), str(records), "--quiet"]) == 0
        inputs = records / "a.tar" if original.suffix else records
        code, _, errors = run(capsys, "export", inputs, back)
        assert code == 0, errors
    with tarfile.open(tmp_path / "back" / "a" / "a.tar") as tar:
        for number, data in enumerate(KINDS.values()):
            assert same_image(tar.extractfile(f"{number}.jpg").read(), data)  # type: ignore[union-attr]
    for name, data in KINDS.items():
        assert same_image((tmp_path / "back" / "photos" / name.replace(".JPEG", ".jpg")).read_bytes(), data)


def test_damaged_record_of_a_folder_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = bytearray(slipstream.transcode(images.jpeg(64, 48)))
    record[-200] ^= 1
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "bad.dct").write_bytes(record)
    code, _, errors = run(capsys, "export", tmp_path / "in", tmp_path / "out")
    assert code == 2 and "bad.dct" in errors and not (tmp_path / "out").exists()
    code, _, errors = run(capsys, "export", tmp_path / "in", tmp_path / "out", "--keep-going")
    assert code == 0 and "went on past" in errors and (tmp_path / "out" / "bad.dct").read_bytes() == record


def test_repeated_keys_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache = make_cache(
        [{"image": images.jpeg(48, 40, seed=n), "key": "same"} for n in range(2)], tmp_path / "a.slip", "dct"
    )
    for option, message in (([], "two of that name"), (["--tar"], '"same" twice')):
        code, _, errors = run(capsys, "export", cache, tmp_path / "out", *option)
        assert code == 2 and message in errors and "sample 1" in errors

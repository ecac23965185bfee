"""`slipstream-plugins transcode`: JPEGs of tars and folders become dct records, all else stays."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import slipstream_plugins as slipstream
from slipstream_plugins.cli import main
from slipstream_plugins.codec import PACKINGS, Packing
from slipstream_plugins.sources import open_source
from tests import images

wds = pytest.importorskip("webdataset")


def kinds() -> dict[str, bytes]:
    """JPEGs by key; "cmyk" and "png" do not fit a record."""
    profile = Image.open(io.BytesIO(images.jpeg(48, 40))).convert("RGB")
    with_icc = io.BytesIO()
    profile.save(with_icc, "JPEG", icc_profile=b"a profile of a colour space" * 9)
    return {
        "baseline": images.jpeg(160, 120),
        "progressive": images.jpeg(97, 61, progressive=True),
        "gray": images.jpeg(64, 48, sampling="gray"),
        "oriented": images.oriented_jpeg(6, 97, 61),
        "icc": with_icc.getvalue(),
        "cmyk": images.cmyk_jpeg(64, 48),
        "png": images.other_format("PNG", 64, 48),
    }


FITTING = ("baseline", "progressive", "gray", "oriented", "icc")


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    """One shard as WebDataset writes it, with a label and a text per image."""
    (tmp_path / "in").mkdir()
    with wds.ShardWriter(str(tmp_path / "in" / "a-%04d.tar"), maxcount=1000, verbose=0) as writer:
        for number, (key, data) in enumerate(kinds().items()):
            writer.write({"__key__": key, "cls": number, "jpg": data, "caption.txt": f"an image: {key}"})
    return tmp_path / "in" / "a-0000.tar"


def members(tar: Path) -> dict[str, bytes]:
    with tarfile.open(tar) as opened:
        return {info.name: opened.extractfile(info).read() for info in opened}  # type: ignore[union-attr]


def summary(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    code = main([*map(str, arguments), "--json"])
    out, errors = capsys.readouterr()
    assert code == 0, errors
    facts: dict[str, Any] = json.loads(out)
    return facts


@pytest.mark.parametrize("packing", PACKINGS)
def test_members_of_a_shard_become_records_and_the_rest_stays(
    shard: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], packing: Packing
) -> None:
    facts = summary(capsys, "transcode", shard, tmp_path / "out", "--packing", packing)
    before, after = members(shard), members(tmp_path / "out" / "a-0000.tar")
    renamed = [f"{name[:-4]}.dct" if name[:-4] in FITTING and name.endswith(".jpg") else name for name in before]
    assert list(after) == renamed
    for (name, data), new in zip(before.items(), renamed, strict=True):
        assert after[new] == (data if new == name else slipstream.transcode(data, packing)), name
    assert facts["converted"] == 5 and facts["copied"] == 14 and sum(facts["kept"].values()) == 2
    assert any("colour space" in reason for reason in facts["kept"])
    assert any("another format" in reason for reason in facts["kept"])
    assert facts["bytes_after"] == sum(len(data) for name, data in after.items() if name.endswith(".dct"))


def test_headers_of_members_stay(tmp_path: Path) -> None:
    source = tmp_path / "in.tar"
    long = "a/folder/" * 20 + "image"
    with tarfile.open(source, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in ((f"./{long}.JPEG", images.jpeg(48, 40)), (f"./{long}.cls", b"7")):
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode, info.uname = len(data), 1234.5, 0o640, "someone"  # type: ignore[assignment]
            tar.addfile(info, io.BytesIO(data))
        folder = tarfile.TarInfo("empty")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
    assert main(["transcode", str(source), str(tmp_path / "out")]) == 0
    with tarfile.open(tmp_path / "out" / "in.tar") as tar:
        image, label, folder = tar.getmembers()
    assert (image.name, label.name, folder.name) == (f"./{long}.dct", f"./{long}.cls", "empty")
    assert folder.isdir()
    assert (image.mtime, image.mode, image.uname) == (1234.5, 0o640, "someone")


def test_webdataset_decodes_records_as_it_decodes_jpegs(shard: Path, tmp_path: Path) -> None:
    main(["transcode", str(shard), str(tmp_path / "out"), "--quiet"])
    for stage in (slipstream.decode(size=32), slipstream.decode(size=32, fidelity="exact")):
        before, after = (
            list(wds.WebDataset(str(tar), shardshuffle=False).decode(only="cls").compose(stage))
            for tar in (shard, tmp_path / "out" / "a-0000.tar")
        )
        assert [sample["__key__"] for sample in after] == list(kinds())
        for old, new in zip(before, after, strict=True):
            assert new["cls"] == old["cls"]
            assert torch.equal(new["dct" if "dct" in new else "jpg"], old["jpg"]), old["__key__"]


def test_batches_of_records_and_kept_jpegs_go_by_one_name(shard: Path, tmp_path: Path) -> None:
    main(["transcode", str(shard), str(tmp_path / "out"), "--quiet"])
    dataset = wds.WebDataset(str(tmp_path / "out" / "a-0000.tar"), shardshuffle=False).decode(only="cls")
    (batch,) = dataset.rename(image="dct;jpg").compose(slipstream.decode(size=32, batch_size=8))
    assert torch.equal(batch["image"], slipstream.decode(size=32)(list(kinds().values())))


def test_source_reads_records_where_it_read_jpegs(shard: Path, tmp_path: Path) -> None:
    main(["transcode", str(shard), str(tmp_path / "out"), "--quiet"])
    before, after = open_source(shard), open_source(tmp_path / "out")
    assert dict(after.fields) == dict(before.fields)
    decode = slipstream.Compose([slipstream.BatchDecode(), slipstream.CenterCrop(24)])
    for index in range(len(before)):
        old, new = before[index], after[index]
        assert (new["key"], new["label"]) == (old["key"], old["label"])
        assert torch.equal(decode([new["image"]]), decode([old["image"]]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Class folders, with a text and a tar among them."""
    for number, (key, data) in enumerate(kinds().items()):
        path = tmp_path / "photos" / f"class{number % 2}" / f"{key}.JPEG"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (tmp_path / "photos" / "notes.txt").write_text("left as it is")
    with tarfile.open(tmp_path / "photos" / "more.tar", "w") as tar:
        tar.add(tmp_path / "photos" / "class0" / "baseline.JPEG", "baseline.jpg")
    return tmp_path / "photos"


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_folder_is_mirrored(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["transcode", str(folder), str(out), "--workers", "1"]) == 0
    expected = {name.replace(".JPEG", ".dct") if Path(name).stem in FITTING else name for name in files(folder)}
    assert files(out) == expected
    assert (out / "notes.txt").read_text() == "left as it is"
    assert list(members(out / "more.tar")) == ["baseline.dct"]
    assert (out / "class0" / "baseline.dct").read_bytes() == slipstream.transcode(kinds()["baseline"])


def test_folder_source_reads_records(folder: Path, tmp_path: Path) -> None:
    (folder / "more.tar").unlink()
    for key in ("cmyk", "png"):
        next(folder.rglob(f"{key}.JPEG")).unlink()
    main(["transcode", str(folder), str(tmp_path / "out"), "--quiet"])
    before, after = open_source(folder), open_source(tmp_path / "out")
    assert len(after) == len(before) == 5
    for index in range(5):
        assert np.array_equal(slipstream.decode([before[index]["image"]]), slipstream.decode([after[index]["image"]]))
        assert after[index]["label"] == before[index]["label"]


def test_damaged_member_is_named_and_leaves_nothing_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "in.tar", tmp_path / "out"
    with wds.TarWriter(str(source)) as tar:
        for key, data in (("good", images.jpeg(64, 48)), ("bad", images.truncated(images.jpeg(160, 120)))):
            tar.write({"__key__": key, "jpg": data})
    assert main(["transcode", str(source), str(out)]) == 2
    errors = capsys.readouterr().err
    assert "in.tar: Corrupt JPEG data" in errors and '"bad.jpg"' in errors and "--keep-going" in errors
    assert files(out) == set()
    facts = summary(capsys, "transcode", source, out, "--keep-going")
    assert facts["converted"] == 1 and len(facts["problems"]) == 1 and "bad.jpg" in facts["problems"][0]
    assert list(members(out / "in.tar")) == ["good.dct", "bad.jpg"]


def test_damaged_or_cut_tar_is_refused(shard: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = shard.read_bytes()
    with tarfile.open(shard) as tar:
        member = tar.getmembers()[6]
    header = member.offset_data - 512
    for damaged in (whole[: member.offset_data + 20], whole[:header] + b"\x55" * 512 + whole[header + 512 :]):
        shard.write_bytes(damaged)
        assert main(["transcode", str(shard), str(tmp_path / "out")]) == 2
        assert "the tar is damaged" in capsys.readouterr().err
        assert not (tmp_path / "out").exists()


KILLED = """
import os, signal, sys, tarfile
from slipstream_plugins.cli import main
add = tarfile.TarFile.addfile
def addfile(tar, info, file=None):
    if info.name.startswith("cmyk"):
        tar.fileobj.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    add(tar, info, file)
tarfile.TarFile.addfile = addfile
main(sys.argv[1:])
"""


def test_killed_run_leaves_no_file_under_its_name(shard: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = subprocess.run([sys.executable, "-c", KILLED, "transcode", str(shard), str(out), "--quiet"])
    assert done.returncode == -signal.SIGKILL
    (left,) = out.iterdir()
    assert left.name.startswith(".a-0000.tar.") and left.stat().st_size > 5000
    assert main(["transcode", str(shard), str(out), "--quiet"]) == 0
    assert len(members(out / "a-0000.tar")) == 3 * len(kinds())


def test_outputs_are_never_replaced_and_resume_goes_on(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    main(["transcode", str(folder), str(out), "--quiet"])
    (out / "class0" / "gray.dct").unlink()
    before = {name: (out / name).stat().st_mtime_ns for name in files(out)}
    capsys.readouterr()
    assert main(["transcode", str(folder), str(out)]) == 2
    assert "there already" in capsys.readouterr().err
    assert summary(capsys, "transcode", folder, out, "--resume")["converted"] == 1
    after = {name: (out / name).stat().st_mtime_ns for name in files(out)}
    assert after.items() > before.items() and set(after) - set(before) == {"class0/gray.dct"}


def test_names_that_would_collide_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.jpg", "a.jpeg"):
        (tmp_path / "in" / name).write_bytes(images.jpeg(48, 40))
    assert main(["transcode", str(tmp_path / "in"), str(tmp_path / "out")]) == 2
    assert "expected one source" in capsys.readouterr().err
    with tarfile.open(tmp_path / "in.tar", "w") as tar:
        for name in ("a.jpg", "a.jpeg"):
            tar.add(tmp_path / "in" / name, name)
    assert main(["transcode", str(tmp_path / "in.tar"), str(tmp_path / "out")]) == 2
    assert '"a.dct"' in capsys.readouterr().err
    assert files(tmp_path / "out") == set()


@pytest.mark.parametrize(
    ("inputs", "message"),
    [(["nowhere.tar"], "neither is"), (["notes.txt"], "a file of another kind"), (["."], "a folder outside")],
)
def test_wrong_inputs_are_one_line_and_exit_code_2(
    inputs: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("notes.txt").write_text("no tar")
    assert main(["transcode", *inputs, "out"]) == 2
    errors = capsys.readouterr().err
    assert message in errors and errors.count("\n") == 1

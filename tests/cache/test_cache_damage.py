"""Damaged caches: an error that names the file, never a crash, never other bytes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slipstream_plugins.cache import format as layout
from slipstream_plugins.cache.reader import Reader
from slipstream_plugins.cache.verify import verify
from slipstream_plugins.errors import CacheError


def shard(cache: Path, number: int = 1) -> Path:
    return sorted(cache.glob("0*-*"))[number]


def rewrite(cache: Path, change: Any) -> None:
    """Edits the manifest and seals it again, as an attacker could."""
    file = cache / "manifest.json"
    content = json.loads(file.read_text())
    del content["checksum"]
    change(content)
    file.write_bytes(layout._sealed(content))


def test_what_is_no_cache_is_named(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(CacheError, match=r"nothing\.slip: there is no such cache; build it with"):
        Reader(tmp_path / "nothing.slip")
    (tmp_path / "file.slip").write_bytes(b"")
    with pytest.raises(CacheError, match=r"file\.slip: expected a \.slip directory, got a file"):
        Reader(tmp_path / "file.slip")
    (cache / "manifest.json").unlink()
    with pytest.raises(CacheError, match="the build was not finished; run the same build again"):
        Reader(cache)


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff\xfe", b'{"format": "slipstream-cache"}'])
def test_a_damaged_manifest_is_named(cache: Path, damage: bytes) -> None:
    (cache / "manifest.json").write_bytes(damage)
    with pytest.raises(CacheError, match=r"manifest\.json: .*build the cache again"):
        Reader(cache)


def test_every_flipped_byte_of_the_manifest_is_noticed(cache: Path) -> None:
    file = cache / "manifest.json"
    good = file.read_bytes()
    before = layout.read_manifest(cache)
    for at in np.random.default_rng(0).integers(0, len(good), 200).tolist():
        file.write_bytes(good[:at] + bytes([good[at] ^ 1 << at % 8]) + good[at + 1 :])
        try:
            assert layout.read_manifest(cache) == before  # white space
        except CacheError as error:
            assert "manifest.json" in str(error)


def test_a_newer_version_says_what_to_do(cache: Path) -> None:
    rewrite(cache, lambda content: content.update(version=2))
    with pytest.raises(CacheError, match=r"manifest\.json: expected format version 1, got 2; read it with the version"):
        Reader(cache)


@pytest.mark.parametrize("name", ["../../etc", "/etc", ".hidden", "a\\b", ""])
def test_a_manifest_cannot_lead_out_of_its_cache(cache: Path, name: str) -> None:
    rewrite(cache, lambda content: content["shards"][0].update(name=name))
    with pytest.raises(CacheError, match="manifest"):
        Reader(cache)


def test_a_manifest_that_contradicts_itself_is_refused(cache: Path) -> None:
    rewrite(cache, lambda content: content.update(samples=22))
    with pytest.raises(CacheError, match="expected 22 samples in its shards, got 21"):
        Reader(cache)


@pytest.mark.parametrize("io", ["mmap", "pread"])
@pytest.mark.parametrize("name", ["image.bin", "key.bin", "blob.bin", "image.npy", "label.npy", "key.npy"])
@pytest.mark.parametrize("change", ["truncate", "extend", "remove"])
def test_a_file_of_the_wrong_size_is_named(cache: Path, io: Any, name: str, change: str) -> None:
    file = shard(cache) / name
    if change == "remove":
        file.unlink()
    else:
        os.truncate(file, file.stat().st_size + (1 if change == "extend" else -1))
    reader = Reader(cache, io=io)
    reader.read([0, 8])
    with pytest.raises(CacheError, match=name.replace(".", r"\.")):
        reader.read([0, 5, 8])


TRUNCATED_UNDER_A_MAP = """
import os, sys
from pathlib import Path
from slipstream_plugins.cache.reader import Reader
from slipstream_plugins.errors import CacheError
cache, io = Path(sys.argv[1]), sys.argv[2]
reader = Reader(cache, io=io)
bytes(reader.read([5])["image"][0])
for file in cache.glob("*/*.bin"):
    os.truncate(file, 0)
try:
    bytes(reader.read([5])["image"][0])
except CacheError as error:
    print(error)
"""


@pytest.mark.parametrize("io", ["mmap", "pread"])
def test_a_file_truncated_after_it_was_mapped_is_an_error_not_a_signal(cache: Path, io: str) -> None:
    command = [sys.executable, "-c", TRUNCATED_UNDER_A_MAP, str(cache), io]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "image.bin: expected" in done.stdout and "got 0: the file was truncated or replaced" in done.stdout


@pytest.mark.parametrize("name", ["image", "key", "blob"])
@pytest.mark.parametrize("io", ["mmap", "pread"])
def test_a_flipped_byte_of_a_payload_is_found_when_asked_for(cache: Path, name: str, io: Any) -> None:
    row = np.load(shard(cache) / f"{name}.npy")[2]
    file = shard(cache) / f"{name}.bin"
    data = bytearray(file.read_bytes())
    data[int(row["offset"]) + int(row["size"]) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(CacheError, match=f"field '{name}'.*sample 6"):
        Reader(cache, check=True, io=io).read(np.arange(21))
    Reader(cache, check=True, io=io).read([5, 7])


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("offset", 2**63),
        ("offset", 10**6),
        ("size", 2**64 - 1),
        ("size", 10**7),
        ("height", 0),
        ("width", -5),
        ("orientation", 0),
        ("orientation", 9),
        ("encoding", 77),
    ],
)
def test_an_index_that_points_elsewhere_is_refused(cache: Path, column: str, value: int) -> None:
    file = shard(cache) / "image.npy"
    rows = np.load(file).copy()
    rows[column][1] = value
    np.save(file, rows)
    with pytest.raises(CacheError, match=r"image\.npy: expected records that lie in a file"):
        Reader(cache).read([0, 5])
    Reader(cache).read([0])


def test_a_numpy_file_of_another_kind_is_refused(cache: Path) -> None:
    file = shard(cache) / "label.npy"
    for other in (np.array([1.0, 2, 3, 4]), np.array([1, 2]), np.array([[1, 2, 3, 4]])):
        np.save(file, other)
        with pytest.raises(CacheError, match=r"label\.npy"):
            Reader(cache).read([5])
    np.save(file, np.array([{}, {}, {}, {}], object), allow_pickle=True)
    with pytest.raises(CacheError, match=r"label\.npy"):
        Reader(cache).read([5])


def test_every_flipped_byte_is_found_by_verify(cache: Path, tmp_path: Path) -> None:
    assert verify(cache).problems == []
    draw = np.random.default_rng(1)
    files = sorted(file for file in cache.rglob("*") if file.is_file() and file.name not in (".lock", "manifest.json"))
    for file in draw.choice(np.array(files, object), 25, replace=False):
        good = file.read_bytes()
        data = bytearray(good)
        data[int(draw.integers(len(data)))] ^= 1 << int(draw.integers(8))
        file.write_bytes(data)
        problems = verify(cache).problems
        assert problems and str(file.name) in problems[0], file
        file.write_bytes(good)
    shutil.rmtree(shard(cache))
    assert any("image.bin" in problem for problem in verify(cache).problems)

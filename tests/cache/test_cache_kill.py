"""Builders that die, and builders that meet."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from slipstream_plugins.cache.reader import Reader
from slipstream_plugins.cache.writer import BuildOptions, build
from slipstream_plugins.sources import ImageFolderSource
from tests import images

SHARD = 8
IMAGES = 96


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose build takes long enough to be hit in the middle."""
    root = tmp_path_factory.mktemp("kill") / "photos"
    for number in range(IMAGES):
        path = root / f"class{number % 3}" / f"{number:03d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(images.jpeg(300, 200, seed=number % 8, quality=70 + number % 25))
    return root


def start(folder: Path, path: Path, workers: int) -> subprocess.Popen[bytes]:
    """The console script, in a group of its own."""
    command = [sys.executable, "-m", "slipstream_plugins.cli", "build", str(folder), str(path), "--encoding", "yuv420"]
    options = ["--short", "96", "--shard-size", str(SHARD), "--workers", str(workers), "--quiet"]
    return subprocess.Popen([*command, *options], stderr=subprocess.PIPE)


def files(path: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(path)): file.read_bytes()
        for file in path.rglob("*")
        if file.is_file() and file.name != ".lock"
    }


@pytest.fixture(scope="module")
def undisturbed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a build that nobody disturbed."""
    options = BuildOptions(encoding="yuv420", short=96, shard_size=SHARD, workers=0)
    return files(build(ImageFolderSource(folder), tmp_path_factory.mktemp("whole") / "a.slip", options))


def finished_shards(path: Path) -> dict[str, int]:
    """The shards that have their name, by inode."""
    return {entry.name: entry.stat().st_ino for entry in path.glob("0*-*")}


@pytest.mark.parametrize("workers", [0, 2])
def test_a_killed_build_loses_no_shard_and_ends_with_the_same_bytes(
    folder: Path, undisturbed: dict[str, bytes], tmp_path: Path, workers: int
) -> None:
    path = tmp_path / "a.slip"
    draw = random.Random(workers)
    kept: dict[str, int] = {}
    for _ in range(6):
        process = start(folder, path, workers)
        goal = len(kept) + draw.randrange(1, 3)
        while process.poll() is None and len(finished_shards(path)) < goal:
            time.sleep(0.002)
        time.sleep(draw.random() * 0.03)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        now = finished_shards(path)
        assert kept.items() <= now.items(), "a finished shard was lost or made again"
        kept = now
        if (path / "manifest.json").exists():
            break
    assert kept, "nothing was finished before a kill"
    assert start(folder, path, workers).wait() == 0
    assert kept.items() <= finished_shards(path).items()
    assert files(path) == undisturbed


def test_a_killed_build_leaves_no_worker_and_no_rubbish(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.slip"
    process = start(folder, path, 2)
    while process.poll() is None and not finished_shards(path):
        time.sleep(0.002)
    workers = children(process.pid)
    assert workers
    process.send_signal(signal.SIGKILL)
    process.communicate()
    until = time.monotonic() + 20
    while any(alive(pid) for pid in workers) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(alive(pid) for pid in workers)
    assert start(folder, path, 2).wait() == 0
    assert not list(path.glob(".building-*"))


def children(parent: int) -> list[int]:
    """The processes that `parent` has started."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.append(int(status.parent.name))
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_a_killed_worker_is_an_error_that_says_what_to_do(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.slip"
    process = start(folder, path, 2)
    while process.poll() is None and not finished_shards(path):
        time.sleep(0.002)
    for pid in children(process.pid):
        os.kill(pid, signal.SIGKILL)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 2
    assert b"signal 9" in errors and b"run the same build again" in errors and b"Traceback" not in errors


def test_concurrent_builders_share_one_result(folder: Path, undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "a.slip"
    processes = [start(folder, path, workers) for workers in (0, 2, 0)]
    assert [process.wait(timeout=120) for process in processes] == [0, 0, 0]
    assert files(path) == undisturbed
    assert len(Reader(path)) == IMAGES


def test_half_written_shards_are_not_taken_for_whole_ones(
    folder: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    options = BuildOptions(encoding="yuv420", short=96, shard_size=SHARD, workers=0)
    path = build(ImageFolderSource(folder), tmp_path / "a.slip", options)
    (path / "manifest.json").unlink()
    shards = sorted(path.glob("0*-*"))
    (shards[0] / "shard.json").write_text("{")
    (shards[1] / "image.bin").write_bytes(b"short")
    (shards[2] / "label.npy").unlink()
    (shards[3] / "shard.json").unlink()
    build(ImageFolderSource(folder), path, options)
    assert files(path) == undisturbed


def test_ctrl_c_ends_a_build_at_once(folder: Path, tmp_path: Path) -> None:
    process = start(folder, tmp_path / "a.slip", 2)
    while process.poll() is None and not finished_shards(tmp_path / "a.slip"):
        time.sleep(0.002)
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130 and b"Traceback" not in errors
    assert time.monotonic() - begin < 2

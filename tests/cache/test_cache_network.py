"""Which way of reading suits a file system."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slipstream_plugins.cache import network, reader
from slipstream_plugins.cache.reader import Reader


def mounts(path: Path, kind: str, folder: Path) -> str:
    """A mountinfo table in which `path` lies on a file system of `kind`."""
    device = os.stat(path).st_dev
    table = folder / "mountinfo"
    table.write_text(
        "22 1 0:9999 / /proc rw,nosuid - proc proc rw\n"
        f"36 35 {os.major(device)}:{os.minor(device)} / /data rw,noatime shared:1 master:2 - {kind} server:/data rw\n"
    )
    return str(table)


@pytest.mark.parametrize("kind", ["ext4", "nfs4", "fuse.s3fs"])
def test_the_file_system_is_that_of_the_mount(tmp_path: Path, kind: str) -> None:
    assert network.file_system(tmp_path, mounts(tmp_path, kind, tmp_path)) == kind
    assert network.file_system(tmp_path, str(tmp_path / "no such table")) == ""


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("ext4", False), ("overlay", False), ("", False), ("fuse.mergerfs", False)]
    + [(kind, True) for kind in ("nfs", "nfs4", "cifs", "lustre", "ceph", "beegfs", "9p", "fuse.sshfs", "fuse.s3fs")],
)
def test_network_file_systems_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, expected: bool
) -> None:
    monkeypatch.setattr(network, "file_system", lambda path: kind)
    assert network.on_network(tmp_path) is expected


@pytest.mark.parametrize(("remote", "io"), [(True, "pread"), (False, "mmap")])
def test_the_reader_maps_only_local_files(
    shared_cache: Path, monkeypatch: pytest.MonkeyPatch, remote: bool, io: str
) -> None:
    monkeypatch.setattr(reader, "on_network", lambda path: remote)
    assert Reader(shared_cache).io == io
    assert Reader(shared_cache, io="mmap").io == "mmap"

"""Which file systems are reached over a network."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["file_system", "on_network"]

NETWORK = frozenset(
    ("nfs", "nfs4", "cifs", "smb3", "lustre", "gpfs", "beegfs", "ceph", "glusterfs", "afs", "9p", "pvfs2", "panfs")
)
LOCAL_FUSE = frozenset(("fuse.mergerfs", "fuse.overlayfs", "fuse.fuse-overlayfs", "fuseblk", "fuse.ntfs-3g"))


def file_system(path: Path, mounts: str = "/proc/self/mountinfo") -> str:
    """The type of the file system that holds `path`, such as "ext4"; "" where this cannot be known."""
    device = os.stat(path).st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = Path(mounts).read_text(errors="replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        mount, _, kind = line.partition(" - ")
        if mount.split()[2] == number:
            return kind.split()[0]
    return ""


def on_network(path: Path) -> bool:
    """Whether a file under `path` may vanish or shrink without this machine's doing."""
    kind = file_system(path)
    return kind in NETWORK or (kind.startswith("fuse.") and kind not in LOCAL_FUSE)

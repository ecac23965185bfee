"""One tar rewritten with its images converted."""

from __future__ import annotations

import io
import mmap
import tarfile
from collections.abc import Callable, Iterator
from copy import copy
from pathlib import Path
from posixpath import splitext

from slipstream_plugins.errors import SourceError
from slipstream_plugins.sources.tar_members import tar_members
from slipstream_plugins.tools.groups import Entry, converted
from slipstream_plugins.tools.outcomes import Conversion, Made, Tally
from slipstream_plugins.tools.whole_files import whole_file

__all__ = ["rewrite_tar"]

_REPLACED = ("path", "size")
"""What a pax header says and the writer must say anew for a member with another name and content."""


def rewrite_tar(
    source: Path,
    target: Path,
    conversion: Conversion,
    tally: Tally,
    keep_going: bool,
    progress: Callable[[int], object],
) -> None:
    """Copies a tar, member by member in order, and converts the images in it.

    Args:
        source: An uncompressed tar.
        target: The file to make; it appears when it is whole.
        conversion: What is done with the images whose names have its suffixes.
        tally: Counts what was done.
        keep_going: Whether damaged images stay as they are instead of ending the work.
        progress: Gets the number of bytes that were dealt with.

    Raises:
        SourceError: The tar or an image in it is damaged; names it.
    """
    with open(source, "rb") as file:
        content = _mapped(source, file)
        # tarfile ends quietly at a damaged header; this walk does not.
        names = {member.name for member in tar_members(source, content)}
        with (
            tarfile.open(fileobj=file, mode="r:") as reader,
            whole_file(target) as out,
            tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT, pax_headers=reader.pax_headers) as writer,
        ):
            at = 0
            for entry, outcome in converted(_entries(source, reader, content, conversion), conversion):
                info: tarfile.TarInfo = entry.origin
                made = None
                if outcome is not None:
                    made = tally.settle(source, entry.name, entry.image, outcome, keep_going)
                elif info.isreg():
                    tally.copied += 1
                _add(writer, content, info, made, source, names)
                progress(info.offset_data + info.size - at)
                at = info.offset_data + info.size


def _mapped(source: Path, file: io.BufferedReader) -> memoryview:
    try:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except ValueError:
        raise SourceError(f"{source}: expected a tar, got an empty file; fetch or write it again") from None


def _entries(source: Path, reader: tarfile.TarFile, content: memoryview, conversion: Conversion) -> Iterator[Entry]:
    for info in reader:
        wanted = splitext(info.name)[1].lower() in conversion.suffixes
        if wanted and (info.islnk() or info.issym()):
            raise SourceError(
                f'{source}: expected plain files, got a link ("{info.name}"); write the tar without links'
            )
        image = content[info.offset_data : info.offset_data + info.size] if wanted and info.isreg() else None
        yield Entry(info.name, image, info)


def _add(
    writer: tarfile.TarFile,
    content: memoryview,
    info: tarfile.TarInfo,
    made: Made | None,
    source: Path,
    names: set[str],
) -> None:
    if made is None:
        writer.addfile(info, _Slice(content[info.offset_data : info.offset_data + info.size]))
        return
    renamed = copy(info)
    renamed.name = splitext(info.name)[0] + made.suffix
    if renamed.name in names:
        raise SourceError(f'{source}: expected one member of that name, got two ("{renamed.name}"); rename one')
    names.add(renamed.name)
    renamed.size = len(made.data)
    renamed.pax_headers = {key: value for key, value in info.pax_headers.items() if key not in _REPLACED}
    writer.addfile(renamed, io.BytesIO(made.data))


class _Slice(io.RawIOBase):
    """Part of a map as a file, without a copy of the whole."""

    def __init__(self, content: memoryview) -> None:
        self._content = content
        self._at = 0

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, all of the rest where it is negative."""
        end = len(self._content) if size < 0 else min(self._at + size, len(self._content))
        data = bytes(self._content[self._at : end])
        self._at = end
        return data

"""Caches of coefficients: trained tables, exact pixels, JPEGs that do not fit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from slipstream_plugins import BatchDecode, codec
from slipstream_plugins.cache.format import ENCODING_CODES
from slipstream_plugins.cache.reader import Reader
from slipstream_plugins.cache.verify import verify
from slipstream_plugins.cache.writer import BuildOptions, build
from slipstream_plugins.errors import BuildError, CacheError
from slipstream_plugins.sources import IterableSource
from tests import images

JPEGS = [images.jpeg(160 + 9 * n, 120 + 5 * n, sampling=images.SAMPLINGS[n % 6], seed=n) for n in range(12)]


def source_of(jpegs: list[bytes]) -> IterableSource:
    return IterableSource([{"image": jpeg, "label": n} for n, jpeg in enumerate(jpegs)])


def kinds(reader: Reader) -> list[int]:
    return reader.images("image", np.arange(len(reader))).infos()["encoding"].tolist()


@pytest.mark.parametrize("packing", codec.PACKINGS)
def test_cache_of_coefficients_shows_the_pixels_of_its_source(packing: codec.Packing, tmp_path: Path) -> None:
    path = build(source_of(JPEGS), tmp_path / "a.slip", BuildOptions(encoding="dct", packing=packing, workers=0))
    reader = Reader(path)
    assert kinds(reader) == [ENCODING_CODES["dct"]] * len(JPEGS)
    stage = BatchDecode(fidelity="exact")
    for n, jpeg in enumerate(JPEGS):
        assert np.array_equal(np.asarray(stage([reader[n]["image"]])[0]), np.asarray(stage([jpeg])[0]))
    result = verify(path, source=source_of(JPEGS), progress=False)
    assert not result.problems and result.images == len(JPEGS) and not result.reduced


def test_tables_are_trained_for_the_cache_and_named_in_its_manifest(tmp_path: Path) -> None:
    sizes = {}
    for packing in codec.PACKINGS:
        options = BuildOptions(encoding="dct", packing=packing, workers=0)
        path = build(source_of(JPEGS), tmp_path / f"{packing}.slip", options)
        (name,) = Reader(path).manifest.tables
        assert codec.packing_of((path / name).read_bytes()) == packing
        reader = Reader(path)
        sizes[packing] = sum(len(reader[n]["image"]) for n in range(len(JPEGS)))
    assert sizes["compact"] < sizes["wide"]
    assert sizes["compact"] < sum(map(len, codec.transcode_batch(JPEGS)))


def test_another_process_reads_the_tables(tmp_path: Path) -> None:
    path = build(source_of(JPEGS), tmp_path / "a.slip", BuildOptions(encoding="dct", workers=0))
    script = (
        "import sys, pickle\n"
        "from slipstream_plugins import BatchDecode\n"
        "from slipstream_plugins.cache.reader import Reader\n"
        "batch = pickle.load(open(sys.argv[1], 'rb'))\n"
        "print(sum(int(image.sum()) for image in BatchDecode()({'image': batch})['image']))\n"
    )
    import pickle

    columns = Reader(path).read(range(len(JPEGS)))
    (tmp_path / "batch").write_bytes(pickle.dumps(columns["image"]))
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "batch")], capture_output=True, text=True, check=True
    )
    here = BatchDecode()({"image": columns["image"]})["image"]
    assert int(done.stdout) == sum(int(image.sum()) for image in here)


def test_jpegs_that_do_not_fit_keep_their_bytes_and_other_formats_their_pixels(tmp_path: Path) -> None:
    odd = [JPEGS[0], images.cmyk_jpeg(), images.other_format("PNG")]
    reader = Reader(build(source_of(odd), tmp_path / "a.slip", BuildOptions(encoding="dct", workers=0)))
    assert kinds(reader) == [ENCODING_CODES[name] for name in ("dct", "jpeg", "rgb")]
    assert bytes(reader[1]["image"]) == odd[1]


def test_damaged_jpegs_stop_the_build_by_name(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"\(sample 1\)"):
        build(source_of([JPEGS[0], images.truncated(JPEGS[1])]), tmp_path / "a.slip", BuildOptions(encoding="dct"))


@pytest.mark.parametrize("encoding", ["jpeg", "dct", "rgb", "yuv420"])
def test_cache_of_coefficients_is_a_source_for_every_encoding(encoding: str, tmp_path: Path) -> None:
    first = Reader(build(source_of(JPEGS), tmp_path / "a.slip", BuildOptions(encoding="dct", workers=0)))
    options = BuildOptions(encoding=encoding, packing="wide", workers=0)
    second = Reader(build(first, tmp_path / "b.slip", options))
    stage = BatchDecode(fidelity="exact")
    for n, jpeg in enumerate(JPEGS):
        mine, theirs = (np.asarray(stage([image])[0]).astype(int) for image in (second[n]["image"], jpeg))
        assert mine.shape == theirs.shape
        if encoding != "yuv420":
            assert np.array_equal(mine, theirs)


def test_shrunk_images_train_the_tables(tmp_path: Path) -> None:
    options = BuildOptions(encoding="dct", short=64, quality=90, workers=0)
    path = build(source_of(JPEGS), tmp_path / "a.slip", options)
    assert not verify(path, source=source_of(JPEGS), progress=False).problems
    assert kinds(Reader(path)) == [ENCODING_CODES["dct"]] * len(JPEGS)


def test_damaged_tables_are_refused_when_the_cache_is_opened(tmp_path: Path) -> None:
    path = build(source_of(JPEGS), tmp_path / "a.slip", BuildOptions(encoding="dct", workers=0))
    (name,) = Reader(path).manifest.tables
    tables = bytearray((path / name).read_bytes())
    tables[len(tables) // 2] ^= 1
    (path / name).write_bytes(tables)
    with pytest.raises(CacheError, match=name):
        Reader(path)


def test_the_same_source_gives_the_same_bytes(tmp_path: Path) -> None:
    options = BuildOptions(encoding="dct", shard_size=4, workers=0)
    paths = [build(source_of(JPEGS), tmp_path / f"{name}.slip", options) for name in "ab"]
    files = [sorted(path.rglob("*.bin")) for path in paths]
    assert [file.read_bytes() for file in files[0]] == [file.read_bytes() for file in files[1]]

"""Building: which bytes come out, who may build, what is left out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slipstream_plugins.cache.reader import Reader
from slipstream_plugins.cache.writer import BuildOptions, build, default_cache_path
from slipstream_plugins.errors import BuildError, CacheError, SourceError
from slipstream_plugins.sources import ImageFolderSource, IterableSource
from slipstream_plugins.types import Sample
from tests import images


def files(path: Path) -> dict[str, bytes]:
    """Every file of a cache but its lock."""
    return {
        str(file.relative_to(path)): file.read_bytes()
        for file in sorted(path.rglob("*"))
        if file.is_file() and file.name != ".lock"
    }


def test_any_number_of_workers_writes_the_same_bytes(
    source: IterableSource, shared_cache: Path, tmp_path: Path
) -> None:
    build(source, tmp_path / "two.slip", BuildOptions(shard_size=4, workers=2))
    assert files(tmp_path / "two.slip") == files(shared_cache)


def test_numpy_alone_reads_the_columns(shared_cache: Path, samples: list[dict[str, Any]]) -> None:
    labels = [np.load(file, allow_pickle=False) for file in sorted(shared_cache.glob("*/label.npy"))]
    assert np.concatenate(labels).tolist() == [sample["label"] for sample in samples]
    shard = sorted(shared_cache.glob("0*"))[1]
    index = np.load(shard / "image.npy", allow_pickle=False)
    payload = (shard / "image.bin").read_bytes()
    for row, sample in zip(index, samples[4:8], strict=True):
        assert payload[row["offset"] : row["offset"] + row["size"]] == sample["image"]
    assert payload.endswith(bytes(64)) and (index["offset"] % 64 == 0).all()


def test_a_finished_cache_is_found_again_and_not_rebuilt(source: IterableSource, cache: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in cache.rglob("*")}
    build(source, cache, BuildOptions(shard_size=4, workers=0))
    assert {file: file.stat().st_mtime_ns for file in cache.rglob("*")} == before


def test_the_path_depends_on_source_and_options(
    samples: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPSTREAM_CACHE_DIR", str(tmp_path))
    source = IterableSource(samples)
    one = default_cache_path(source)
    assert one.parent == tmp_path and one.suffix == ".slip"
    assert one == default_cache_path(IterableSource(list(samples)), BuildOptions(workers=3, progress=True))
    others = {
        default_cache_path(IterableSource(samples[1:])),
        default_cache_path(source, BuildOptions(short=32)),
        default_cache_path(source, BuildOptions(encoding="yuv420")),
        default_cache_path(source, BuildOptions(fields=("image",))),
    }
    assert len(others | {one}) == 5
    assert build(source) == one and len(Reader(one)) == len(samples)


def test_a_changed_source_is_noticed_and_rebuilt_on_request(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "1.jpg").write_bytes(images.jpeg(40, 30))
    path = build(ImageFolderSource(folder), tmp_path / "a.slip")
    old = Reader(path)
    (folder / "a" / "1.jpg").write_bytes(images.jpeg(41, 30))
    with pytest.raises(CacheError, match=r"a\.slip.*its source has changed; rebuild it"):
        build(ImageFolderSource(folder), path)
    build(ImageFolderSource(folder), path, BuildOptions(rebuild=True))
    assert Reader(path).read([0])["image"].rows["width"] == 41
    assert len([entry for entry in path.iterdir() if entry.is_dir()]) == 1
    with pytest.raises(CacheError, match="replaced or damaged"):
        old.read([0])


def test_other_options_are_not_taken_for_the_same_cache(source: IterableSource, cache: Path) -> None:
    with pytest.raises(CacheError, match="built with other options"):
        build(source, cache, BuildOptions(shard_size=4, short=32))


def test_a_strange_directory_is_left_alone(source: IterableSource, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(CacheError, match=r"thesis\.txt"):
        build(source, tmp_path)
    (tmp_path / "file.slip").write_text("a file")
    with pytest.raises(CacheError, match="got a file"):
        build(source, tmp_path / "file.slip")
    assert (tmp_path / "thesis.txt").read_text() == "precious"


def damaged_samples(samples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    bad = [dict(sample) for sample in samples]
    bad[5]["image"] = b"this is text"
    bad[11]["image"] = b""
    bad[13]["label"] = 2**70
    return bad


@pytest.mark.parametrize("workers", [0, 2])
def test_a_bad_sample_stops_the_build_by_name(samples: list[dict[str, Any]], tmp_path: Path, workers: int) -> None:
    source = IterableSource(damaged_samples(samples))
    with pytest.raises(BuildError, match=r'sample 5, "n005/größe 5\.jpg"\).*on_error="skip"') as caught:
        build(source, tmp_path / "a.slip", BuildOptions(shard_size=100, workers=workers))
    assert caught.value.index == 5 and caught.value.key == "n005/größe 5.jpg" and caught.value.reason
    with pytest.raises(CacheError, match="was not finished"):
        Reader(tmp_path / "a.slip")


def test_skipped_samples_are_noted_and_the_rest_is_whole(samples: list[dict[str, Any]], tmp_path: Path) -> None:
    source = IterableSource(damaged_samples(samples))
    one = build(source, tmp_path / "1.slip", BuildOptions(shard_size=4, workers=0, on_error="skip"))
    two = build(source, tmp_path / "2.slip", BuildOptions(shard_size=4, workers=2, on_error="skip"))
    assert files(one) == files(two)
    manifest = json.loads((one / "manifest.json").read_text())
    skipped = [each for shard in manifest["shards"] for each in shard["skipped"]]
    assert [each["index"] for each in skipped] == [5, 11, 13]
    assert "label" in skipped[2]["reason"] and skipped[0]["key"] == "n005/größe 5.jpg"
    kept = [sample["key"] for index, sample in enumerate(samples) if index not in (5, 11, 13)]
    assert Reader(one).read(np.arange(18))["key"] == kept


class MissingFile(IterableSource):
    """A source whose sample 2 cannot be read."""

    def __getitem__(self, index: int) -> Sample:
        if index == 2:
            raise SourceError("gone.jpg: no such file (sample 2)")
        return super().__getitem__(index)


def test_a_sample_that_the_source_cannot_give_is_a_bad_sample(samples: list[dict[str, Any]], tmp_path: Path) -> None:
    source = MissingFile(samples)
    with pytest.raises(BuildError, match=r"gone\.jpg"):
        build(source, tmp_path / "a.slip", BuildOptions(workers=0))
    assert len(Reader(build(source, tmp_path / "b.slip", BuildOptions(workers=0, on_error="skip")))) == len(samples) - 1


def test_only_the_chosen_fields_are_stored(source: IterableSource, tmp_path: Path) -> None:
    reader = Reader(build(source, tmp_path / "a.slip", BuildOptions(fields=("label", "image"))))
    assert list(reader.fields) == ["label", "image"] and list(reader.read([0])) == ["label", "image"]
    with pytest.raises(SourceError, match="expected some of image, label, score, key, blob, got 'depth'"):
        build(source, tmp_path / "b.slip", BuildOptions(fields=("depth",)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encoding": "jxl"}, "encoding: expected one of jpeg"),
        ({"quality": 0}, "quality: expected 1 to 100, got 0"),
        ({"short": 0}, "short: expected at least 1"),
        ({"short": 64, "max_long": 32}, "max_long: expected at least short"),
        ({"on_error": "ignore"}, "on_error"),
        ({"workers": -1}, "workers: expected at least 0"),
        ({"shard_size": 0}, "shard_size"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BuildOptions(**options)


@pytest.mark.parametrize("name", ["../up", ".hidden", "a/b", "epoch", ""])
def test_field_names_that_are_no_file_names_are_refused(
    name: str, samples: list[dict[str, Any]], tmp_path: Path
) -> None:
    source = IterableSource(samples)
    source.fields = {"image": "image", name: "int"}
    with pytest.raises(SourceError):
        build(source, tmp_path / "a.slip")
    assert not (tmp_path / "a.slip").exists()


def test_a_cache_is_a_source_for_another_encoding(shared_cache: Path, tmp_path: Path) -> None:
    original = Reader(shared_cache)
    path = build(original, tmp_path / "yuv.slip", BuildOptions(encoding="yuv420", shard_size=8, workers=2))
    copy = Reader(path)
    assert copy.fields == original.fields and copy.manifest.source == f"slip:{original.manifest.id}"
    everything = np.arange(len(copy))
    mine, theirs = copy.read(everything), original.read(everything)
    for name in ("label", "score", "key", "blob"):
        assert list(mine[name]) == list(theirs[name])
    for name in ("height", "width", "orientation"):
        assert (mine["image"].rows[name] == theirs["image"].rows[name]).all()
    assert set(mine["image"].rows["encoding"].tolist()) == {2}


def test_an_empty_shard_reads_like_any_other(samples: list[dict[str, Any]], tmp_path: Path) -> None:
    data = [dict(sample, image=b"") if 4 <= index < 8 else sample for index, sample in enumerate(samples)]
    reader = Reader(build(IterableSource(data), tmp_path / "a.slip", BuildOptions(shard_size=4, on_error="skip")))
    assert [shard.samples for shard in reader.manifest.shards] == [4, 0, 4, 4, 4, 1]
    assert reader.read([3, 4])["key"] == [samples[3]["key"], samples[8]["key"]]


SCRIPT = """
from pathlib import Path
from slipstream_plugins.cache.writer import BuildOptions, build
from slipstream_plugins.sources import ImageFolderSource
build(ImageFolderSource({folder!r}), {path!r}, BuildOptions(shard_size=2, workers=2))
"""


def test_a_script_without_a_main_guard_gets_an_error_not_a_hang(tmp_path: Path) -> None:
    folder = tmp_path / "photos" / "a"
    folder.mkdir(parents=True)
    for number in range(6):
        (folder / f"{number}.jpg").write_bytes(images.jpeg(16, 16, seed=number))
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(folder=str(folder.parent), path=str(tmp_path / "a.slip")))
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert 'if __name__ == "__main__":' in done.stderr.splitlines()[-1]


def test_a_source_that_cannot_be_pickled_says_so(samples: list[dict[str, Any]], tmp_path: Path) -> None:
    source = IterableSource(samples)
    source.hook = lambda: None  # type: ignore[attr-defined]
    with pytest.raises(CacheError, match="workers=0"):
        build(source, tmp_path / "a.slip", BuildOptions(shard_size=4, workers=2))
    build(source, tmp_path / "a.slip", BuildOptions(shard_size=4, workers=0))

"""Reading: what comes out, and what is refused."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slipstream_plugins import _core
from slipstream_plugins.cache.reader import Reader
from slipstream_plugins.cache.writer import BuildOptions, build
from slipstream_plugins.errors import CacheError
from slipstream_plugins.sources import IterableSource
from tests import images

Samples = list[dict[str, Any]]


def assert_equal(columns: dict[str, Any], expected: Samples) -> None:
    for name in ("label", "score", "key", "blob"):
        assert list(columns[name]) == [sample[name] for sample in expected]
    assert [bytes(image) for image in columns["image"]] == [sample["image"] for sample in expected]


@pytest.mark.parametrize("io", ["mmap", "pread"])
@pytest.mark.parametrize("check", [False, True])
@given(st.lists(st.integers(0, 20), max_size=40))
@settings(max_examples=30, deadline=None)
def test_any_indices_give_their_samples(
    shared_cache: Path, samples: Samples, io: Any, check: bool, indices: list[int]
) -> None:
    columns = Reader(shared_cache, check=check, io=io).read(indices)
    assert_equal(columns, [samples[index] for index in indices])
    assert columns["label"].dtype == np.int64 and columns["score"].dtype == np.float64


def test_one_sample_is_a_dict(shared_cache: Path, samples: Samples) -> None:
    reader = Reader(shared_cache)
    for index, expected in enumerate(samples):
        sample = reader[index]
        assert isinstance(sample["image"], memoryview) and sample["image"].readonly
        assert type(sample["label"]) is int and type(sample["score"]) is float
        assert {**sample, "image": bytes(sample["image"])} == expected


VALUES = {
    "int": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(allow_nan=False),
    "text": st.text(),
    "bytes": st.binary(max_size=200),
}


@given(
    st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=4).flatmap(
        lambda kinds: st.tuples(
            st.just(kinds), st.lists(st.tuples(*(VALUES[kind] for kind in kinds)), min_size=1, max_size=12)
        )
    ),
    st.integers(1, 5),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_values_come_back(drawn: tuple[list[str], list[tuple[Any, ...]]], shard_size: int) -> None:
    kinds, rows = drawn
    fields = {f"field {number}": kind for number, kind in enumerate(kinds)}
    source = IterableSource(rows, fields)
    with tempfile.TemporaryDirectory() as folder:
        path = build(source, Path(folder) / "a.slip", BuildOptions(shard_size=shard_size, workers=0))
        columns = Reader(path, check=True).read(np.arange(len(rows)))
    assert columns.keys() == fields.keys()
    for number, name in enumerate(fields):
        assert list(columns[name]) == [row[number] for row in rows]


@pytest.mark.parametrize("index", [-1, 21, 10**12])
def test_an_index_out_of_range_names_the_range(shared_cache: Path, index: int) -> None:
    reader = Reader(shared_cache)
    with pytest.raises(IndexError, match=f"expected 0 to 20, got {index}"):
        reader[index]
    with pytest.raises(IndexError, match=f"expected 0 to 20, got {index}"):
        reader.read([0, index])


@pytest.mark.parametrize("indices", [[0.5], [[0]], ["a"], [True]])
def test_indices_that_are_no_integers_are_refused(shared_cache: Path, indices: Any) -> None:
    with pytest.raises(TypeError, match="expected a list of integers"):
        Reader(shared_cache).read(indices)


def test_the_index_says_what_the_headers_say(shared_cache: Path, samples: Samples) -> None:
    records = Reader(shared_cache).images("image", np.arange(len(samples)))
    probed, failures = _core.Encoded.from_buffers([sample["image"] for sample in samples]).probe()
    assert not failures
    assert (records.infos() == probed).all()
    turned = probed["orientation"] >= 5
    assert turned.any()
    assert (records.rows["height"] == np.where(turned, probed["width"], probed["height"])).all()


def test_images_are_views_of_the_map(shared_cache: Path) -> None:
    records = Reader(shared_cache, io="mmap").read([0, 1])["image"]
    first = np.frombuffer(records[0], np.uint8).__array_interface__["data"][0]
    again = np.frombuffer(Reader(shared_cache).read([0])["image"][0], np.uint8).__array_interface__["data"][0]
    second = np.frombuffer(records[1], np.uint8).__array_interface__["data"][0]
    assert second - first == records.rows["offset"][1] - records.rows["offset"][0]
    assert first != again
    views = list(records)
    del records
    assert bytes(views[0])[:2] == b"\xff\xd8"


def test_a_batch_pickles_as_its_indices(shared_cache: Path, samples: Samples) -> None:
    for io in ("mmap", "pread"):
        columns = Reader(shared_cache, io=io).read([5, 2, 2])  # type: ignore[arg-type]
        data = pickle.dumps(columns["image"])
        assert len(data) < 1000
        again = pickle.loads(data)
        assert [bytes(image) for image in again] == [samples[index]["image"] for index in (5, 2, 2)]
        assert [bytes(image) for image in columns["image"].take([1])] == [samples[2]["image"]]


def read_in_child(reader: Reader, queue: Any) -> None:
    queue.put([bytes(image) for image in reader.read([20, 3])["image"]])


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("io", ["mmap", "pread"])
def test_a_reader_works_in_child_processes(shared_cache: Path, samples: Samples, method: str, io: Any) -> None:
    reader = Reader(shared_cache, io=io)
    reader.read([3])
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    child = context.Process(target=read_in_child, args=(reader, queue))
    child.start()
    assert queue.get(timeout=60) == [samples[20]["image"], samples[3]["image"]]
    child.join(60)
    assert child.exitcode == 0


def test_threads_read_side_by_side(shared_cache: Path, samples: Samples) -> None:
    reader = Reader(shared_cache)
    errors: list[BaseException] = []

    def work(seed: int) -> None:
        draw = np.random.default_rng(seed)
        try:
            for _ in range(50):
                indices = draw.integers(0, len(samples), 16)
                assert_equal(reader.read(indices), [samples[index] for index in indices])
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


def test_only_the_fields_asked_for_are_read(shared_cache: Path, samples: Samples) -> None:
    reader = Reader(shared_cache, fields=["key"])
    assert reader.read([1]) == {"key": [samples[1]["key"]]} and list(reader.fields) == ["key"]
    with pytest.raises(CacheError, match="'depth'"):
        Reader(shared_cache, fields=["depth"])


def test_pictures_of_other_formats_keep_their_bytes(tmp_path: Path) -> None:
    data = [images.other_format(name) for name in images.OTHER_FORMATS]
    path = build(IterableSource([{"image": image} for image in data]), tmp_path / "a.slip")
    records = Reader(path).images("image", range(4))  # type: ignore[arg-type]
    assert [bytes(image) for image in records] == data
    assert (records.rows["encoding"] == 5).all()
    assert (records.rows["height"] == 120).all() and (records.rows["width"] == 160).all()


BENCH = """
import json, sys, time
import numpy as np
from slipstream_plugins.cache.reader import Reader
path, n = sys.argv[1], int(sys.argv[2])
draw = np.random.default_rng(0)
batches = [draw.integers(0, n, 256) for _ in range(60)]
times = []
begin = time.perf_counter()
reader = Reader(path)
opened = time.perf_counter() - begin
for batch in batches:
    begin = time.perf_counter()
    reader.read(batch)["image"].encoded()
    times.append(time.perf_counter() - begin)
print(json.dumps({"opened": opened, "first": times[0], "steady": sorted(times[1:])[len(times) // 2]}))
"""


def test_opening_and_the_first_batch_are_quick(tmp_path: Path) -> None:
    tiny = images.jpeg(16, 16)
    source = IterableSource([{"image": tiny, "label": number, "key": str(number)} for number in range(2560)])
    path = build(source, tmp_path / "many.slip", BuildOptions(shard_size=10, workers=0))
    command = [sys.executable, "-c", BENCH, str(path), "2560"]
    runs = [eval(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(3)]
    assert min(run["opened"] for run in runs) < 0.05
    assert min(run["first"] - run["steady"] for run in runs) < 0.06
    assert len(os.listdir("/proc/self/fd")) < 1000


def test_reading_does_not_slow_down_with_the_number_of_samples(shared_cache: Path) -> None:
    reader = Reader(shared_cache)
    batch = np.random.default_rng(0).integers(0, len(reader), 256)
    reader.read(batch)
    times = []
    for _ in range(30):
        begin = time.perf_counter()
        reader.read(batch)["image"].encoded()
        times.append(time.perf_counter() - begin)
    assert statistics.median(times) < 0.005

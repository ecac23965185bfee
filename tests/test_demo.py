"""The demo, small: it builds caches, trains, compares and writes a contact sheet."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path

import numpy as np
from PIL import Image

from examples.photos import SIZES, encode, photo, write_folder
from tests.test_examples import run


def test_demo_without_data_makes_pictures_trains_and_compares(tmp_path: Path) -> None:
    said = run(["examples.demo", "--out", "demo", "--count", "48", "--epochs", "2", "--rounds", "1"], tmp_path)
    assert len(re.findall(r"epoch \d: loss \d", said)) == 2
    rates = dict(re.findall(r"^ {2}(.+?) {2,}(\d+) images/s", said, re.MULTILINE))
    assert len(rates) == 5 and all(int(rate) > 0 for rate in rates.values()), said
    sheet = Image.open(tmp_path / "demo" / "contact-sheet.png")
    assert sheet.width > 8 * 224 and np.asarray(sheet).std() > 10


def test_demo_takes_a_folder(tmp_path: Path) -> None:
    write_folder(tmp_path / "mine", count=40, classes=2)
    said = run(["examples.demo", "--data", "mine", "--limit", "36", "--epochs", "1", "--rounds", "1"], tmp_path)
    assert "caches of 36 images" in said and "on 2 classes" in said


def test_photos_are_a_pure_function_of_their_arguments(tmp_path: Path) -> None:
    np.testing.assert_array_equal(photo(3, 80, 60), photo(3, 80, 60))
    assert (photo(3, 80, 60) != photo(4, 80, 60)).mean() > 0.5
    first, second = write_folder(tmp_path / "a", count=4), write_folder(tmp_path / "b", count=4)
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]


def test_photos_cost_a_decoder_what_photographs_cost() -> None:
    sizes = [len(encode(photo(seed, 250, 188), 92, "4:4:4")) / (250 * 188) for seed in range(12)]
    assert 0.25 < np.mean(sizes) < 1.0  # ImageNet: 0.54 bytes a pixel; noise would cost above 1.5
    mean = np.average([w * h for w, h in SIZES], weights=list(SIZES.values()))
    assert 170_000 < mean < 230_000
    assert Image.open(io.BytesIO(encode(photo(0, 33, 21)))).size == (33, 21)


def test_resuming_keeps_finished_pictures(tmp_path: Path) -> None:
    first = write_folder(tmp_path, count=3)
    stamps = [path.stat().st_mtime_ns for path in first]
    time.sleep(0.01)
    assert [path.stat().st_mtime_ns for path in write_folder(tmp_path, count=3)] == stamps

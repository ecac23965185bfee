"""Every form of a batch becomes the same columns; anything else is refused with a sentence that helps."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from slipstream_plugins import columns, rng
from slipstream_plugins.columns import parse

DATA = [b"one", b"two", b"three"]


def buffers_of(batch: columns.Batch) -> list[bytes]:
    return [bytes(memoryview(cell)) for cell in batch.columns[batch.images[0]]]


BUFFERS: dict[str, Any] = {
    "bytes": DATA,
    "bytearray": [bytearray(d) for d in DATA],
    "memoryview": [memoryview(d) for d in DATA],
    "uint8 arrays": [np.frombuffer(d, np.uint8) for d in DATA],
    "uint8 tensors": [torch.tensor(list(d), dtype=torch.uint8) for d in DATA],
    "an object array": np.array([*DATA, None], object)[:3],
    "a tuple": tuple(DATA),
    "undecoded Hugging Face cells": [{"bytes": d, "path": None} for d in DATA],
}


@pytest.mark.parametrize("kind", BUFFERS)
def test_any_buffer_is_an_encoded_image(kind: str) -> None:
    bare = parse(BUFFERS[kind])
    assert (bare.form, bare.bare, buffers_of(bare)) == ("columns", True, DATA)
    named = parse({"jpg": BUFFERS[kind], "cls": [1, 2, 3]})
    assert (named.form, named.bare, named.images, buffers_of(named)) == ("columns", False, ("jpg",), DATA)


def test_a_path_backed_cell_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(b"from disk")
    assert buffers_of(parse([{"bytes": None, "path": str(tmp_path / "x.jpg")}])) == [b"from disk"]


def test_a_memory_map_is_one_image(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(b"mapped")
    with open(tmp_path / "x.jpg", "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert parse(mapped).form == "sample"


def test_sample_dicts_become_columns() -> None:
    batch = parse([{"image": d, "label": i} for i, d in enumerate(DATA)])
    assert batch.form == "columns" and not batch.bare
    assert batch.columns["label"] == [0, 1, 2]
    assert batch.rows.tolist() == [0, 1, 2]


def test_one_dict_or_one_buffer_is_one_sample() -> None:
    assert parse({"image": b"x", "label": 3}).form == "sample"
    assert parse({"image": torch.zeros(3, 4, 5), "label": 3}).columns["image"].shape == (1, 3, 4, 5)
    assert parse(b"x").bare
    assert parse(torch.zeros(3, 4, 5)).columns["image"].shape == (1, 3, 4, 5)


def test_a_tensor_is_a_batch() -> None:
    batch = parse(torch.zeros(2, 3, 4, 5))
    assert (batch.form, batch.bare, len(batch)) == ("columns", True, 2)


@pytest.mark.parametrize("name", columns.IMAGE_NAMES)
def test_the_image_column_is_found_by_name(name: str) -> None:
    assert parse({"other": DATA, name: DATA, "label": [1, 2, 3]}).images == (name,)
    assert parse({"other": DATA, name.upper(): DATA}).images == (name.upper(),)


def test_the_only_column_of_buffers_is_the_image() -> None:
    assert parse({"photo": DATA, "label": [1, 2, 3], "text": ["a", "b", "c"]}).images == ("photo",)


def test_several_candidates_are_listed_and_field_chooses() -> None:
    batch = {"left": DATA, "right": DATA, "label": [1, 2, 3]}
    with pytest.raises(ValueError, match=r"candidates \['left', 'right'\]; say field="):
        parse(batch)
    assert parse(batch, "right").images == ("right",)
    with pytest.raises(ValueError, match="field: expected a column of the batch, got 'middle'"):
        parse(batch, "middle")


REFUSED: dict[str, tuple[Any, type[Exception], str]] = {
    "indices": ([1, 2], TypeError, "MmapCacheReader"),
    "tuples": ([(b"x", 1)], TypeError, 'use sample dicts such as {"image"'),
    "text": (["a.jpg"], TypeError, "got a list of str"),
    "none": (None, TypeError, "got NoneType"),
    "a matrix": (torch.zeros(4, 5), TypeError, "a 2-d tensor"),
    "no image": ({"label": [1, 2]}, ValueError, "got only \\['label'\\]"),
    "unequal columns": ({"image": DATA, "label": [1]}, ValueError, "expected 3 entries in every column, got 1"),
    "a scalar column": ({"image": DATA, "label": 1}, ValueError, "got int in 'label'"),
    "a picture": ({"image": [b"x", object()]}, TypeError, r"got object \(sample 1\)"),
    "float arrays": ([np.zeros(3), np.zeros(3)], TypeError, "got a list of ndarray"),
    "a lacking field": ([{"image": b"x", "label": 1}, {"image": b"y"}], ValueError, r"'label' \(sample 1\)"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_batch_is_refused(kind: str) -> None:
    batch, error, message = REFUSED[kind]
    with pytest.raises(error, match=message):
        parse(batch)


def test_notes_that_some_samples_lack_are_dropped() -> None:
    batch = parse([{"jpg": b"x", "__key__": "a", "__local_path__": "p"}, {"jpg": b"y", "__key__": "b"}])
    assert set(batch.columns) == {"jpg", "__key__"}


def test_identity_is_the_index() -> None:
    found = columns.identity(parse({"image": DATA, "index": np.array([5, 6, 7]), "key": ["a", "b", "c"]}))
    assert found is not None and found.tolist() == [5, 6, 7] and found.dtype == np.uint64


def test_identity_of_a_stream_is_shard_and_key_wherever_the_shard_lies() -> None:
    def of(url: str) -> list[int]:
        found = columns.identity(parse([{"jpg": b"x", "__key__": "a", "__url__": url}]))
        assert found is not None
        return list(found.tolist())

    assert of("/data/train-0.tar") == of("https://host/else/train-0.tar") == [rng.sample_identity("a", "train-0.tar")]
    assert of("/data/train-0.tar") != of("/data/train-1.tar")


def test_a_batch_without_names_has_no_identity() -> None:
    assert columns.identity(parse(DATA)) is None


def test_taking_shrinks_every_column_but_the_images_alike() -> None:
    batch = parse({"image": DATA, "a": [1, 2, 3], "b": np.arange(3), "c": torch.arange(3), "key": ["x", "y", "z"]})
    taken = batch.take(np.array([0, 2]))
    assert taken.columns["a"] == [1, 3] and taken.columns["key"] == ["x", "z"]
    assert taken.columns["b"].tolist() == taken.columns["c"].tolist() == [0, 2]
    assert taken.rows.tolist() == [0, 2] and len(taken) == 2

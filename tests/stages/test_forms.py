"""What goes in a form comes out in that form, with the same pixels however it is split."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

import slipstream_plugins as slipstream
from slipstream_plugins.columns import Batch
from tests import images

SIZES = [(120, 90), (90, 120), (64, 64), (200, 80), (81, 201), (100, 100)]
DATA = [images.jpeg(width, height, seed=i) for i, (width, height) in enumerate(SIZES)]
VAL = slipstream.Compose([slipstream.BatchDecode(), slipstream.ResizeCrop(36, 32)])


@pytest.fixture(scope="module")
def expected() -> torch.Tensor:
    pixels: torch.Tensor = VAL(DATA)
    assert pixels.shape == (6, 3, 32, 32) and pixels.dtype == torch.uint8 and pixels.is_contiguous()
    return pixels


def test_buffers_give_a_tensor(expected: torch.Tensor) -> None:
    for buffers in ([memoryview(d) for d in DATA], tuple(DATA), [np.frombuffer(d, np.uint8) for d in DATA]):
        assert torch.equal(VAL(buffers), expected)


def test_sample_dicts_give_columns(expected: torch.Tensor) -> None:
    batch = VAL([{"image": d, "label": i, "weight": i / 2, "name": f"n{i}"} for i, d in enumerate(DATA)])
    assert list(batch) == ["image", "label", "weight", "name"]
    assert torch.equal(batch["image"], expected)
    assert batch["label"].dtype == torch.int64 and batch["label"].tolist() == [0, 1, 2, 3, 4, 5]
    assert batch["weight"].dtype == torch.float64
    assert batch["name"] == ["n0", "n1", "n2", "n3", "n4", "n5"]


def test_columns_give_columns(expected: torch.Tensor) -> None:
    given = {"jpg": DATA, "cls": np.arange(6, dtype=np.int32), "box": np.ones((6, 4), np.float32), "ok": [True] * 6}
    before = copy.deepcopy(given)
    batch = VAL(given)
    assert torch.equal(batch["jpg"], expected)
    assert batch["cls"].dtype == torch.int64 and batch["box"].dtype == torch.float32 and batch["ok"].dtype == torch.bool
    assert given["jpg"] == before["jpg"] and isinstance(given["cls"], np.ndarray), (
        "the batch that came in is left alone"
    )


def test_one_sample_gives_one_sample(expected: torch.Tensor) -> None:
    sample = VAL({"jpg": DATA[1], "cls": 7, "__key__": "k", "__url__": "u"})
    assert torch.equal(sample["jpg"], expected[1])
    assert {n: sample[n] for n in ("cls", "__key__", "__url__")} == {"cls": 7, "__key__": "k", "__url__": "u"}
    assert torch.equal(VAL(DATA[1]), expected[1])


def test_webdataset_notes_become_the_key_of_a_batch() -> None:
    samples = [{"__key__": f"k{i}", "__url__": "a.tar", "jpg": d, "cls": i} for i, d in enumerate(DATA)]
    batch = VAL(samples)
    assert list(batch) == ["key", "jpg", "cls"]
    assert batch["key"] == [f"k{i}" for i in range(6)]


def test_an_iterator_gives_an_iterator(expected: torch.Tensor) -> None:
    def stream() -> Iterator[Any]:
        yield DATA[:2]
        yield {"image": DATA[2:4], "label": [2, 3]}
        yield {"image": DATA[4], "label": 4}

    results = VAL(stream())
    assert isinstance(results, Iterator)
    one, two, three = results
    assert torch.equal(one, expected[:2]) and torch.equal(two["image"], expected[2:4])
    assert torch.equal(three["image"], expected[4]) and three["label"] == 4


def test_an_iterator_is_consumed_only_as_asked() -> None:
    taken = []

    def stream() -> Iterator[Any]:
        for i, data in enumerate(DATA):
            taken.append(i)
            yield [data]

    results = VAL(stream())
    assert taken == []
    next(results)
    assert taken == [0]


def test_a_torchdata_node_gives_a_node(expected: torch.Tensor) -> None:
    nodes = pytest.importorskip("torchdata.nodes")
    batches = nodes.Batcher(nodes.IterableWrapper(DATA), 4, drop_last=False)
    node = VAL(batches)
    assert isinstance(node, nodes.BaseNode)
    assert torch.equal(torch.cat(list(nodes.Loader(node))), expected)


def test_a_dataset_that_is_no_iterator_is_refused_with_advice() -> None:
    class Dataset(torch.utils.data.IterableDataset[Any]):
        def __iter__(self) -> Iterator[Any]:
            return iter(DATA)

    with pytest.raises(TypeError, match=r"for a stream pass an iterator, such as iter"):
        VAL(Dataset())


def test_sizes_that_differ_give_a_list_and_sizes_that_agree_a_tensor() -> None:
    decode = slipstream.BatchDecode()
    assert [tuple(image.shape) for image in decode(DATA)] == [(3, h, w) for w, h in SIZES]
    assert decode([DATA[2], DATA[2]]).shape == (2, 3, 64, 64)


def test_an_empty_batch_has_the_right_shape() -> None:
    assert VAL([]).shape == (0, 3, 32, 32)
    assert VAL({"image": [], "label": []})["image"].shape == (0, 3, 32, 32)


@pytest.mark.parametrize("stages", [VAL, slipstream.Compose([VAL, slipstream.Normalize()])])
def test_any_split_and_any_number_of_threads_give_the_same_pixels(stages: Any) -> None:
    whole = stages(DATA)
    for size in (1, 2, 4, 5):
        assert torch.equal(torch.cat([stages(DATA[i : i + size]) for i in range(0, 6, size)]), whole)
    rest = [stage for stage, _ in stages.parts()][1:]
    for threads in (1, 2, 4, 8):
        assert torch.equal(slipstream.Compose([slipstream.BatchDecode(num_threads=threads), *rest])(DATA), whole)


def test_a_batch_that_is_kept_is_not_changed_by_later_ones(expected: torch.Tensor) -> None:
    kept = VAL(DATA)
    for _ in range(4):
        VAL(list(reversed(DATA)))
    assert torch.equal(kept, expected)


def test_the_image_column_can_be_named() -> None:
    batch = {"left": DATA, "right": list(reversed(DATA))}
    for stage in (slipstream.BatchDecode(field="right"), slipstream.Compose([slipstream.BatchDecode()], field="right")):
        out = stage(batch)
        assert isinstance(out["right"][0], torch.Tensor) and out["left"] == DATA


def test_a_foreign_stage_sees_columns_and_the_form_stays() -> None:
    def brighter(batch: Any) -> Any:
        assert batch["image"].shape[1:] == (3, 32, 32) and batch["label"].dtype == torch.int64
        return {**batch, "image": batch["image"] // 2, "mean": batch["image"].float().mean((1, 2, 3))}

    stages = slipstream.Compose([*VAL.stages, brighter, slipstream.ToLayout(dtype="float32")])
    batch = stages([{"image": d, "label": i, "__key__": str(i)} for i, d in enumerate(DATA)])
    assert batch["image"].max() <= 0.5 and batch["mean"].shape == (6,) and batch["key"][5] == "5"
    sample = stages({"image": DATA[0], "label": 3, "__key__": "0"})
    assert set(sample) == {"image", "label", "__key__", "mean"} and sample["image"].shape == (3, 32, 32)


def test_a_foreign_stage_that_loses_the_image_is_named() -> None:
    def lose(batch: Any) -> Any:
        return {"label": batch["label"]}

    with pytest.raises(TypeError, match=r"lose.*expected a dict of columns with 'image', got \['label'\]"):
        slipstream.Compose([slipstream.BatchDecode(), lose])({"image": DATA, "label": [0] * 6})


@pytest.mark.parametrize("of", ["plain", "numpy"])
def test_results_own_their_memory_and_pickle(of: str) -> None:
    batch = VAL({"image": DATA, "label": np.arange(6) if of == "numpy" else list(range(6))})
    again = pickle.loads(pickle.dumps(batch))
    assert torch.equal(again["image"], batch["image"]) and torch.equal(again["label"], batch["label"])


def test_readonly_arrays_come_out_writable() -> None:
    label = np.arange(6)
    label.flags.writeable = False
    batch = VAL({"image": DATA, "label": label})
    batch["label"] += 1
    assert label.tolist() == [0, 1, 2, 3, 4, 5]


def test_indices_reach_a_reader_that_comes_first(expected: torch.Tensor) -> None:
    class Reader:
        def __call__(self, indices: list[int]) -> dict[str, Any]:
            return {"image": [DATA[i] for i in indices], "index": np.array(indices)}

    batch = slipstream.Compose([Reader(), VAL])([4, 2])
    assert torch.equal(batch["image"], expected[[4, 2]]) and batch["index"].tolist() == [4, 2]


def test_parsed_batches_are_not_part_of_the_public_form() -> None:
    assert not isinstance(VAL({"image": DATA}), Batch)

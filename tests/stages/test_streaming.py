"""`decode`, bare and configured, over batches, samples and streams of them."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import pytest
import torch

import slipstream_plugins as slipstream
from slipstream_plugins.stages.streaming import GROUP
from tests import images

COUNT = 2 * GROUP + 5
DATA = [images.jpeg(60 + i % 5, 48, seed=i % 7) for i in range(COUNT)]
BAD = images.truncated(DATA[0])


def samples(data: list[bytes] = DATA) -> Iterator[dict[str, Any]]:
    return iter([{"__key__": f"k{i}", "__url__": "a.tar", "jpg": d, "cls": i} for i, d in enumerate(data)])


def test_the_bare_function_decodes_batches_and_samples() -> None:
    assert slipstream.decode(DATA[0]).shape == (3, 48, 60)
    assert slipstream.decode({"jpg": DATA[0], "cls": 3})["cls"] == 3
    assert len(slipstream.decode(DATA)) == COUNT


def test_the_bare_function_over_a_stream_of_samples_keeps_order_and_fields() -> None:
    results = slipstream.decode(samples())
    assert isinstance(results, Iterator)
    for i, (sample, given) in enumerate(zip(results, samples(), strict=True)):
        assert {n: sample[n] for n in sample if n != "jpg"} == {n: given[n] for n in given if n != "jpg"}
        assert torch.equal(sample["jpg"], slipstream.decode(DATA[i]))


def test_a_sample_of_a_stream_owns_its_memory() -> None:
    for sample in slipstream.decode(size=32)(samples()):
        assert sample["jpg"].untyped_storage().nbytes() == 3 * 32 * 32
        assert len(pickle.dumps(sample)) < 3 * 32 * 32 + 2000


def test_with_a_size_it_is_resize_crop() -> None:
    expected = slipstream.Compose([slipstream.BatchDecode(), slipstream.ResizeCrop(37, 32)])(DATA)
    assert torch.equal(slipstream.decode(size=32)(DATA), expected)
    assert torch.equal(torch.stack([s["jpg"] for s in slipstream.decode(size=32)(samples())]), expected)
    assert torch.equal(slipstream.decode(DATA, size=32), expected)


def test_with_a_batch_size_it_collects_column_batches_the_last_one_partial() -> None:
    batches = list(slipstream.decode(size=32, batch_size=16)(samples()))
    assert [len(batch["cls"]) for batch in batches] == [16, 16, 5]
    assert batches[2]["jpg"].shape == (5, 3, 32, 32) and batches[2]["key"] == [f"k{i}" for i in range(32, 37)]
    assert torch.equal(torch.cat([batch["jpg"] for batch in batches]), slipstream.decode(size=32)(DATA))
    assert [len(batch) for batch in slipstream.decode(size=32, batch_size=20)(iter(DATA))] == [20, 17]


def test_a_stream_of_batches_stays_one() -> None:
    one, two = slipstream.decode(size=32)(iter([DATA[:3], {"image": DATA[3:5], "label": [3, 4]}]))
    assert one.shape == (3, 3, 32, 32) and two["label"].tolist() == [3, 4]
    with pytest.raises(TypeError, match="expected single samples beside batch_size=4, got a list"):
        list(slipstream.decode(size=32, batch_size=4)(iter([DATA[:3]])))


def test_samples_with_other_fields_and_batches_may_alternate() -> None:
    mixed = [{"jpg": DATA[0], "cls": 0}, {"png": images.other_format("PNG"), "cls": 1}, DATA[1], DATA[2:4], DATA[4]]
    results = list(slipstream.decode(size=32)(iter(mixed)))
    assert [list(result) for result in results[:2]] == [["jpg", "cls"], ["png", "cls"]]
    assert [tuple(result.shape) for result in results[2:]] == [(3, 32, 32), (2, 3, 32, 32), (3, 32, 32)]


@pytest.mark.parametrize("place", [0, 3, GROUP, COUNT - 1])
def test_an_error_comes_after_the_samples_before_it_and_names_its_place(place: int) -> None:
    results = slipstream.decode(samples([*DATA[:place], BAD, *DATA[place + 1 :]]))
    for i in range(place):
        assert next(results)["cls"] == i
    with pytest.raises(slipstream.DecodeError) as caught:
        next(results)
    assert (caught.value.index, caught.value.key) == (place, f"k{place}")


@pytest.mark.parametrize("place", [0, 5, 20])
def test_a_batched_stream_names_the_place_in_the_stream(place: int) -> None:
    results = slipstream.decode(batch_size=8)(samples([*DATA[:place], BAD, *DATA[place + 1 :]]))
    for _ in range(place // 8):
        next(results)
    with pytest.raises(slipstream.DecodeError, match=f"sample {place}, 'k{place}'"):
        next(results)


def test_a_sample_that_knows_its_index_keeps_it() -> None:
    stream = iter([{"image": DATA[0], "index": 70}, {"image": BAD, "index": 71}])
    with pytest.raises(slipstream.DecodeError) as caught:
        list(slipstream.decode(stream))
    assert caught.value.index == 71


def test_skip_and_fill_pass_through() -> None:
    damaged = [BAD if i in (1, 20) else data for i, data in enumerate(DATA)]
    kept = [sample["cls"] for sample in slipstream.decode(samples(damaged), on_error="skip")]
    assert kept == [i for i in range(COUNT) if i not in (1, 20)]
    filled = list(slipstream.decode(size=32, on_error="fill")(samples(damaged)))
    assert [i for i, sample in enumerate(filled) if not sample["valid"]] == [1, 20]
    sizes = [len(b["cls"]) for b in slipstream.decode(size=32, batch_size=16, on_error="skip")(samples(damaged))]
    assert sizes == [15, 15, 5], "batches shrink, their number stays"


def test_an_error_of_the_source_comes_after_what_it_gave() -> None:
    def failing() -> Iterator[dict[str, Any]]:
        yield from list(samples())[:3]
        raise OSError("the shard ended")

    results = slipstream.decode(failing())
    assert [next(results)["cls"] for _ in range(3)] == [0, 1, 2]
    with pytest.raises(OSError, match="the shard ended"):
        next(results)


def test_stages_may_take_the_place_of_options() -> None:
    stages = slipstream.Compose([slipstream.BatchDecode(), slipstream.RRC(16), slipstream.Normalize()], seed=0, epoch=0)
    whole = stages(list(samples()))["jpg"]
    assert torch.equal(torch.stack([s["jpg"] for s in slipstream.decode(stages)(samples())]), whole)
    assert torch.equal(torch.cat([b["jpg"] for b in slipstream.decode(stages, batch_size=10)(samples())]), whole)
    with pytest.raises(TypeError, match="expected stages alone"):
        slipstream.decode(stages, size=16)


def test_to_tuple_over_a_stream_of_samples() -> None:
    stages = slipstream.Compose([slipstream.BatchDecode(), slipstream.CenterCrop(16), slipstream.ToTuple("jpg", "cls")])
    pairs = list(slipstream.decode(stages)(samples()))
    assert [label for _, label in pairs] == list(range(COUNT)) and pairs[0][0].shape == (3, 16, 16)


def test_the_field_reaches_every_form() -> None:
    sample = {"left": DATA[0], "right": DATA[1]}
    decode = slipstream.decode(size=16, field="right")
    for result in (decode(sample), next(decode(iter([sample]))), decode([sample])):
        assert isinstance(result["right"], torch.Tensor)
        assert not isinstance(result["left"], torch.Tensor)


def test_a_node_with_a_batch_size_is_batched() -> None:
    nodes = pytest.importorskip("torchdata.nodes")
    node = slipstream.decode(size=16, batch_size=16)(nodes.IterableWrapper(list(samples())))
    assert [len(batch["cls"]) for batch in nodes.Loader(node)] == [16, 16, 5]


def test_wrong_options_are_refused_when_it_is_made() -> None:
    with pytest.raises(ValueError, match="batch_size: expected at least 1"):
        slipstream.decode(batch_size=0)
    with pytest.raises(ValueError, match="on_error: expected one of"):
        slipstream.decode(on_error="ignore")

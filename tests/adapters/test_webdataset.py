"""WebDataset with our stages in its own idioms, with workers, handlers and several passes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import webdataset as wds

import slipstream_plugins as slipstream
from slipstream_plugins.sources import open_source
from slipstream_plugins.testing import same

pytestmark = pytest.mark.filterwarnings("ignore")

STAGES = slipstream.Compose([slipstream.BatchDecode(), slipstream.RRC(24)], seed=1, epoch=0)  # type: ignore[arg-type]


def dataset(tars: list[str], **options: Any) -> Any:
    return wds.WebDataset(tars, shardshuffle=False, **options)


def test_samples_come_out_decoded_under_their_own_name(small_tars: list[str], small_samples: list[Any]) -> None:
    found = list(dataset(small_tars).compose(slipstream.decode))
    assert [sample["__key__"] for sample in found] == [sample["key"] for sample in small_samples]
    for sample, source in zip(found, small_samples, strict=True):
        assert same(sample["jpg"], slipstream.decode(source["image"]))
    assert found[3]["cls"] == b"3"


def test_a_configured_decode_gives_column_batches(small_tars: list[str]) -> None:
    pipe = dataset(small_tars).decode(only="cls").compose(slipstream.decode(size=32, batch_size=8))
    batches = list(pipe)
    assert [tuple(batch["jpg"].shape) for batch in batches] == [(8, 3, 32, 32)] * 3 + [(2, 3, 32, 32)]
    assert batches[0]["cls"].dtype == torch.int64 and batches[0]["cls"].tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
    assert batches[0]["key"] == [f"k{i:02}" for i in range(8)]


def test_listed_batches_go_through_stages(small_tars: list[str]) -> None:
    batches = list(dataset(small_tars).decode(only="cls").listed(8).compose(STAGES))
    assert [tuple(batch["jpg"].shape) for batch in batches] == [(8, 3, 24, 24)] * 3 + [(2, 3, 24, 24)]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_pixels_per_key_are_the_same_in_workers(small_tars: list[str], method: str) -> None:
    def pixels(batches: Any) -> dict[str, torch.Tensor]:
        return {key: image for batch in batches for key, image in zip(batch["key"], batch["jpg"], strict=True)}

    alone = pixels(dataset(small_tars).listed(8).compose(STAGES))
    loader = wds.WebLoader(
        dataset(small_tars).listed(5).compose(STAGES),
        batch_size=None,
        num_workers=2,
        multiprocessing_context=method,
    )
    seen = pixels(loader)
    assert len(seen) == 26 and same(dict(sorted(seen.items())), alone)


def test_workers_without_a_seed_never_repeat_each_others_draws(small_tars: list[str]) -> None:
    stages = slipstream.Compose([slipstream.BatchDecode(), slipstream.RRC(16)])  # type: ignore[arg-type]
    copies = [small_tars[0], small_tars[0]]
    loader = wds.WebLoader(dataset(copies).listed(4).compose(stages), batch_size=None, num_workers=2)
    drawn = [
        (key, image.numpy().tobytes())
        for _ in range(2)
        for batch in loader
        for key, image in zip(batch["key"], batch["jpg"], strict=True)
    ]
    assert len(drawn) == 52 and len(set(drawn)) == 52


def test_a_shared_epoch_changes_the_crops_of_persistent_workers(small_tars: list[str]) -> None:
    epoch = slipstream.SharedEpoch()
    stages = slipstream.Compose([slipstream.BatchDecode(), slipstream.RRC(16)], seed=1, epoch=epoch)  # type: ignore[arg-type]
    pipe = dataset(small_tars).listed(8).compose(stages)
    loader = wds.WebLoader(pipe, batch_size=None, num_workers=1, persistent_workers=True)
    passes = []
    for number in (0, 1, 0):
        epoch.set(number)
        passes.append(list(loader))
    assert same(passes[0], passes[2]) and not same(passes[0], passes[1])


def broken_tars(folder: Path, samples: list[Any], bad: int) -> str:
    path = str(folder / "broken.tar")
    with wds.TarWriter(path) as tar:
        for i, sample in enumerate(samples[:12]):
            tar.write({"__key__": sample["key"], "jpg": b"text" if i == bad else sample["image"], "cls": i})
    return path


def test_an_error_names_key_and_comes_after_the_samples_before_it(tmp_path: Path, small_samples: list[Any]) -> None:
    pipe = iter(dataset([broken_tars(tmp_path, small_samples, 5)]).compose(slipstream.decode))
    assert [next(pipe)["__key__"] for _ in range(5)] == [f"k{i:02}" for i in range(5)]
    with pytest.raises(slipstream.DecodeError, match="'k05'"):
        next(pipe)


@pytest.mark.parametrize(("batch_size", "left"), [(None, 11), (4, 8)])
def test_a_handler_can_skip(tmp_path: Path, small_samples: list[Any], batch_size: int | None, left: int) -> None:
    seen: list[Exception] = []

    def note(error: Exception) -> bool:
        seen.append(error)
        return True

    pipe = dataset([broken_tars(tmp_path, small_samples, 5)])
    if batch_size is not None:
        pipe = pipe.listed(batch_size)
    found = list(pipe.compose(slipstream.webdataset.Handled(slipstream.decode, note)))
    keys = [key for each in found for key in ([each["__key__"]] if batch_size is None else each["key"])]
    assert len(keys) == left and "k05" not in keys
    assert len(seen) == 1 and "k05" in str(seen[0])


def test_a_handler_can_stop_or_raise(tmp_path: Path, small_samples: list[Any]) -> None:
    tar = broken_tars(tmp_path, small_samples, 5)

    def run(handler: Any) -> list[Any]:
        return list(dataset([tar]).compose(slipstream.webdataset.Handled(slipstream.decode, handler)))

    assert len(run(wds.ignore_and_stop)) == 5 and len(run(wds.ignore_and_continue)) == 11
    with pytest.raises(slipstream.DecodeError, match="'k05'"):
        run(wds.reraise_exception)


def test_a_handler_is_not_asked_about_errors_of_the_stream(small_samples: list[Any]) -> None:
    def stream() -> Iterator[Any]:
        yield small_samples[0]
        raise OSError("the connection was lost")

    with pytest.raises(OSError, match="connection"):
        list(slipstream.webdataset.Handled(slipstream.decode, lambda error: True)(stream()))


def test_the_same_tars_are_a_source_for_the_loader(small_tars: list[str], small_samples: list[Any]) -> None:
    batch = next(iter(slipstream.SlipstreamLoader(open_source(small_tars), batch_size=26, shuffle=False)))
    images = next(name for name in ("image", "jpg") if name in batch)
    assert [bytes(image) for image in batch[images]] == [sample["image"] for sample in small_samples]

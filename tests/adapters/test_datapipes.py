"""`slip_decode` on torch's DataPipes, however it was registered and wherever it runs."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from torch.utils.data import DataLoader, IterDataPipe
from torch.utils.data.datapipes.iter import IterableWrapper
from torch.utils.data.datapipes.map import SequenceWrapper

import slipstream_plugins as slipstream
import slipstream_plugins.datapipes
from slipstream_plugins.testing import same

pytestmark = pytest.mark.filterwarnings("ignore")

STAGES = slipstream.Compose([slipstream.BatchDecode(), slipstream.RRC(24)], seed=1, epoch=0)  # type: ignore[arg-type]


def test_samples_become_decoded_samples(small_samples: list[dict[str, Any]]) -> None:
    decoded = list(IterableWrapper(small_samples).slip_decode())
    assert len(decoded) == 26
    assert [tuple(sample["image"].shape) for sample in decoded[:2]] == [(3, 90, 70), (3, 89, 71)]
    assert [sample["key"] for sample in decoded] == [sample["key"] for sample in small_samples]
    assert same(decoded[5]["image"], slipstream.decode(small_samples[5]["image"]))


def test_options_are_those_of_decode(small_samples: list[dict[str, Any]]) -> None:
    pipe = IterableWrapper(small_samples).slip_decode(size=32, batch_size=8)
    batches = list(pipe)
    assert [tuple(batch["image"].shape) for batch in batches] == [(8, 3, 32, 32)] * 3 + [(2, 3, 32, 32)]
    assert len(pipe) == 4
    assert same(batches, list(slipstream.decode(size=32, batch_size=8)(iter(small_samples))))
    with pytest.raises(TypeError, match="colour"):
        IterableWrapper(small_samples).slip_decode(colour="blue")


def test_batches_go_through_stages(small_samples: list[dict[str, Any]]) -> None:
    batches = list(IterableWrapper(small_samples).batch(8).slip_decode(STAGES))
    assert same(batches[0], STAGES(small_samples[:8])) and len(batches) == 4
    singles = list(IterableWrapper(small_samples).slip_decode(STAGES))
    assert same([sample["image"] for sample in singles[:8]], list(batches[0]["image"]))


def test_map_pipes_decode_by_index(small_samples: list[dict[str, Any]]) -> None:
    pipe = SequenceWrapper(small_samples).slip_decode(STAGES)
    assert len(pipe) == 26 and pipe[7]["image"].shape == (3, 24, 24)
    assert same(pipe[7], next(iter(IterableWrapper(small_samples[7:8]).slip_decode(STAGES))))
    batched = SequenceWrapper(small_samples).slip_decode(size=32, batch_size=8)
    assert len(batched) == 4 and batched[3]["image"].shape == (2, 3, 32, 32)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_of_any_kind_agree_to_the_bit(small_samples: list[dict[str, Any]], method: str) -> None:
    def pipe() -> Any:
        return (
            IterableWrapper(small_samples).shuffle().set_shuffle(False).sharding_filter().batch(4).slip_decode(STAGES)
        )

    alone = {key: image for batch in pipe() for key, image in zip(batch["key"], batch["image"], strict=True)}
    loader = DataLoader(pipe(), batch_size=None, num_workers=2, multiprocessing_context=method)
    seen = {key: image for batch in loader for key, image in zip(batch["key"], batch["image"], strict=True)}
    assert sorted(seen) == list(alone) and same(dict(sorted(seen.items())), alone)


def test_map_pipes_work_in_spawned_workers(small_samples: list[dict[str, Any]]) -> None:
    pipe = SequenceWrapper(small_samples).batch(8).slip_decode(STAGES)
    loader = DataLoader(pipe, batch_size=None, num_workers=1, multiprocessing_context="spawn")
    assert same(list(loader), [pipe[i] for i in range(4)])


@pytest.mark.parametrize(
    "lines",
    [
        "import slipstream_plugins.datapipes",
        "import slipstream_plugins.datapipes; import slipstream_plugins as s; s.BatchDecode",
        "import slipstream_plugins as s; s.BatchDecode; import slipstream_plugins.datapipes",
        "import slipstream_plugins as s; s.decode",
        "import torch.utils.data; import slipstream_plugins as s; s.RRC; s.datapipes.register()",
        "from slipstream_plugins import Normalize",
    ],
)
def test_any_way_to_a_stage_registers_the_method_once(lines: str) -> None:
    code = f"{lines}\nfrom torch.utils.data import IterDataPipe, MapDataPipe\n"
    code += "assert 'slip_decode' in IterDataPipe.functions and 'slip_decode' in MapDataPipe.functions"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


def test_an_error_names_the_sample_after_those_before_it(small_samples: list[dict[str, Any]]) -> None:
    broken = [*small_samples[:5], {**small_samples[5], "image": b"text"}, *small_samples[6:]]
    stream = iter(IterableWrapper(broken).slip_decode())
    assert [next(stream)["key"] for _ in range(5)] == ["k00", "k01", "k02", "k03", "k04"]
    with pytest.raises(slipstream.DecodeError, match="'k05'"):
        next(stream)


def test_the_length_is_that_of_the_source_where_it_has_one() -> None:
    class Endless(IterDataPipe[Any]):
        def __iter__(self) -> Any:
            yield from ()

    assert len(IterableWrapper([b""] * 5).slip_decode()) == 5
    with pytest.raises(TypeError, match="length"):
        len(Endless().slip_decode())

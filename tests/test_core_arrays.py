"""Output memory: DLPack and numpy views of it, who keeps it alive, and how much of it there is."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest
import torch

from slipstream_plugins import _core
from tests import images

TORCH = {"uint8": torch.uint8, "float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


def in_use() -> int:
    gc.collect()
    return _core.pool_stats()["bytes_in_use"]


@pytest.mark.parametrize("shape", [(2, 3, 5, 7), (3, 5, 7), (1, 3, 4, 4), (0, 3, 4, 4)])
@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("dtype", list(TORCH))
def test_torch_sees_shape_dtype_and_strides(dtype: str, channels_last: bool, shape: tuple[int, ...]) -> None:
    array = _core.PooledArray(shape, dtype, channels_last)
    tensor = torch.from_dlpack(array)
    assert (tuple(tensor.shape), tensor.dtype) == (shape, TORCH[dtype])
    assert (array.shape, array.dtype, array.nbytes) == (shape, dtype, tensor.nbytes)
    batch = tensor if len(shape) == 4 else tensor[None]
    layout = torch.channels_last if channels_last else torch.contiguous_format
    assert batch.is_contiguous(memory_format=layout)


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float16"])
def test_numpy_and_torch_share_the_memory(dtype: str, channels_last: bool) -> None:
    array = _core.PooledArray((2, 3, 4, 5), dtype, channels_last)
    view, other, tensor = np.asarray(array), np.from_dlpack(array), torch.from_dlpack(array)
    view[...] = np.arange(view.size).reshape(view.shape)
    np.testing.assert_array_equal(tensor.numpy(), view)
    np.testing.assert_array_equal(other, view)
    tensor[1, 2, 3, 4] = 7
    assert view[1, 2, 3, 4] == other[1, 2, 3, 4] == 7


def test_both_versions_of_dlpack_are_spoken() -> None:
    array = _core.PooledArray((3, 4, 5), "uint8")
    np.asarray(array)[...] = 3
    for request, name in [
        ({}, "dltensor"),
        ({"max_version": (1, 1)}, "dltensor_versioned"),
        ({"max_version": (0, 8)}, "dltensor"),
    ]:
        capsule = array.__dlpack__(**request)
        assert f'"{name}"' in repr(capsule)
        assert (torch.utils.dlpack.from_dlpack(capsule) == 3).all()
    assert array.__dlpack_device__() == (1, 0)
    with pytest.raises(BufferError):
        array.__dlpack__(dl_device=(2, 0))
    with pytest.raises(BufferError):
        array.__dlpack__(copy=True)


def test_numpy_has_no_bfloat16() -> None:
    with pytest.raises(TypeError, match="numpy has no bfloat16"):
        np.asarray(_core.PooledArray((3, 4, 5), "bfloat16"))


@pytest.mark.parametrize("view", [torch.from_dlpack, np.asarray, np.from_dlpack, lambda a: a.__dlpack__()])
def test_memory_lives_as_long_as_its_last_user(view: Any) -> None:
    before = in_use()
    array = _core.PooledArray((3, 700, 1000), "uint8")
    users = [view(array), view(array)]
    taken = in_use() - before
    assert taken >= 2_100_000
    del array
    assert in_use() - before == taken
    users.pop()
    assert in_use() - before == taken
    users.pop()
    assert in_use() == before


def test_a_part_of_a_tensor_keeps_its_memory() -> None:
    before = in_use()
    part = torch.from_dlpack(_core.PooledArray((2, 3, 64, 64), "float32"))[1, :, ::2].permute(1, 2, 0)
    assert in_use() > before
    del part
    assert in_use() == before


def test_a_batch_that_is_kept_never_changes() -> None:
    data = [images.jpeg(120, 90, seed=seed) for seed in range(4)]
    encoded = _core.Encoded.from_buffers(data)
    infos, _ = encoded.probe()
    views = np.zeros(4, _core.VIEW_DTYPE)
    views["bounds"] = views["box"] = (0, 0, 120, 90)
    views["size"] = 64

    def batch(shift: int) -> torch.Tensor:
        out = _core.PooledArray((4, 3, 64, 64), "uint8")
        assert not _core.decode(encoded, infos, np.roll(np.arange(4), shift), [views], [_core.Output()], [out])
        return torch.from_dlpack(out)

    kept = batch(0)
    copy = kept.clone()
    for shift in range(1, 50):
        assert batch(shift).data_ptr() != kept.data_ptr()
    assert torch.equal(kept, copy)


def test_a_thousand_batches_make_a_constant_number_of_buffers() -> None:
    before = _core.pool_stats()
    held: list[torch.Tensor] = []
    for _ in range(1000):
        held.append(torch.from_dlpack(_core.PooledArray((32, 3, 96, 96), "uint8")))
        del held[:-3]
    after = _core.pool_stats()
    assert after["made"] - before["made"] <= 4
    assert after["reused"] - before["reused"] >= 996


def test_memory_stays_flat_over_epochs_of_varied_sizes() -> None:
    sizes = np.random.default_rng(0).integers(32, 160, 40)

    def epoch() -> int:
        most = 0
        for size in sizes:
            out = torch.from_dlpack(_core.PooledArray((16, 3, int(size), int(size)), "uint8"))
            out[0] = 1
            stats = _core.pool_stats()
            most = max(most, stats["bytes_in_use"] + stats["bytes_free"])
        return most

    first = epoch()
    assert max(epoch() for _ in range(50)) <= 1.25 * first


def test_memory_is_let_go_on_any_thread() -> None:
    before = in_use()
    tensors = [torch.from_dlpack(_core.PooledArray((3, 300, 300), "uint8")) for _ in range(8)]
    threads = [threading.Thread(target=tensors.pop) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert in_use() == before


def test_a_tensor_may_outlive_the_interpreter() -> None:
    code = (
        "import torch, numpy as np, slipstream_plugins._core as core\n"
        "torch.kept = [torch.from_dlpack(core.PooledArray((8, 3, 224, 224), 'float32')) for _ in range(3)]\n"
        "np.kept = np.asarray(core.PooledArray((3, 5, 5), 'uint8'))\n"
        "torch.capsule = core.PooledArray((3, 5, 5), 'uint8').__dlpack__()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("shape", "dtype", "error"),
    [
        ((3, 4), "uint8", "shape: expected"),
        ((1, 1, 3, 4, 4), "uint8", "shape: expected"),
        ((3, -4, 4), "uint8", "shape: expected numbers of at least 0"),
        ((2**31, 2**31, 3, 2**31), "uint8", "fits in memory"),
        ((3, 4, 4), "int64", "dtype: expected"),
    ],
)
def test_arrays_that_make_no_sense_are_refused(shape: tuple[int, ...], dtype: str, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        _core.PooledArray(shape, dtype)


def test_too_much_memory_is_an_error() -> None:
    with pytest.raises(MemoryError):
        _core.PooledArray((3, 2**25, 2**25), "float32")

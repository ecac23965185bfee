"""Checks for authors of stages, sources and loaders. Each raises AssertionError and says which promise was broken."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import torch

from slipstream_plugins.types import FIELD_TYPES, Sample, Source, Stage

__all__ = ["check_resume", "check_source", "check_stage", "same"]

_CELLS: dict[str, tuple[type, ...]] = {"int": (int, np.integer), "float": (float, np.floating), "text": (str,)}


def same(one: Any, other: Any) -> bool:
    """Whether two batches are equal to the bit: structure, types of tensors, and every value."""
    if isinstance(one, torch.Tensor) or isinstance(other, torch.Tensor):
        alike = type(one) is type(other) and one.dtype == other.dtype and one.shape == other.shape
        return alike and torch.equal(
            one.cpu().contiguous().view(torch.uint8), other.cpu().contiguous().view(torch.uint8)
        )
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return type(one) is type(other) and one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return list(one) == list(other) and all(same(one[name], other[name]) for name in one)
    if _buffer(one) and _buffer(other):
        return bytes(one) == bytes(other)
    if isinstance(one, Sequence) and not isinstance(one, str) and isinstance(other, Sequence):
        return len(one) == len(other) and all(map(same, one, other))
    if hasattr(one, "encoded") and hasattr(other, "encoded"):
        return same([bytes(cell) for cell in one], [bytes(cell) for cell in other])
    return type(one) is type(other) and bool(one == other)


def check_stage(stage: Stage, batch: Any) -> None:
    """Holds a stage to what makes it work in every loader.

    Args:
        stage: With a fixed seed, if it draws.
        batch: One that it takes; with `index` and `epoch` columns, if it draws.

    Raises:
        AssertionError: It changes its input, differs from call to call, does not turn an iterator into an iterator,
            cannot be pickled, or does not print itself.
    """
    name = type(stage).__name__
    before = copy.deepcopy(batch)
    once = stage(batch)
    assert same(batch, before), f"{name}: changes the batch that it is given; make a new one"
    assert not isinstance(once, Iterator), f"{name}: a batch in must give a batch out, got {type(once).__name__}"
    assert same(stage(batch), once), f"{name}: two calls with the same batch differ; draw from seed, epoch and index"
    stream = stage(iter([batch, batch]))
    assert isinstance(stream, Iterator), (
        f"{name}: an iterator in must give an iterator out, got {type(stream).__name__}"
    )
    streamed = list(stream)
    assert len(streamed) == 2, f"{name}: two batches in an iterator came out as {len(streamed)}"
    assert same(streamed, [once, once]), f"{name}: a batch from an iterator differs from the same batch alone"
    assert " object at 0x" not in repr(stage), f"{name}: repr must name the parameters, got {stage!r}"
    again = pickle.loads(pickle.dumps(stage))
    assert repr(again) == repr(stage), f"{name}: prints {again!r} after pickling, {stage!r} before"
    assert same(again(batch), once), f"{name}: gives another batch after pickling; workers started by spawn would too"


def check_source(source: Source) -> None:
    """Holds a source to the protocol, on its first, middle and last sample.

    Raises:
        AssertionError: Fields, samples, bounds or fingerprint are not as the protocol says.
    """
    name = type(source).__name__
    fields = dict(source.fields)
    assert fields, f"{name}: fields must name at least one field"
    for field, kind in fields.items():
        assert kind in FIELD_TYPES, f"{name}: field {field!r} must be one of {FIELD_TYPES}, got {kind!r}"
    assert "index" not in fields, f"{name}: 'index' is the loader's; name the field otherwise"
    n = len(source)
    for index in sorted({0, n // 2, n - 1}) if n else ():
        sample = source[index]
        _check_sample(name, index, sample, fields)
        assert same(_held(source[index]), _held(sample)), f"{name}: sample {index} differs when it is read again"
    try:
        source[n]
    except IndexError:
        pass
    else:
        raise AssertionError(f"{name}: source[{n}] must raise IndexError, the source has {n} samples")
    mark = source.fingerprint()
    assert isinstance(mark, str) and mark, f"{name}: fingerprint must be a text, got {mark!r}"
    again = pickle.loads(pickle.dumps(source))
    assert again.fingerprint() == source.fingerprint() == mark, (
        f"{name}: fingerprint must follow from the content alone"
    )
    assert len(again) == n and list(again.fields.items()) == list(fields.items()), f"{name}: changes when it is pickled"


def _check_sample(name: str, index: int, sample: Sample, fields: Mapping[str, str]) -> None:
    assert list(sample) == list(fields), f"{name}: sample {index} has {list(sample)}, the fields are {list(fields)}"
    for field, kind in fields.items():
        value = sample[field]
        good = isinstance(value, _CELLS[kind]) and not isinstance(value, bool) if kind in _CELLS else _buffer(value)
        assert good, f"{name}: sample {index}: field {field!r} must be {kind}, got {type(value).__name__}"


def check_resume(make_loader: Callable[[], Any], epochs: int = 2) -> None:
    """Stops a loader after every batch of its first epochs and goes on in a new one.

    Args:
        make_loader: A new loader each time: iterable, with `state_dict` and `load_state_dict`, where each `iter`
            is the next epoch.
        epochs: How many to go through.

    Raises:
        AssertionError: The state is not plain data, or the batches after it are not those of an unbroken run.
    """
    unbroken = make_loader()
    wanted = [[_held(batch) for batch in unbroken] for _ in range(epochs + 1)]
    for epoch in range(epochs):
        for stop in range(len(wanted[epoch]) + 1):
            state = _state_after(make_loader(), epoch, stop)
            resumed = make_loader()
            resumed.load_state_dict(json.loads(json.dumps(state)))
            # A state taken after the last batch may go on with an empty rest or with the next epoch.
            rest = [_held(batch) for batch in resumed]
            if stop == len(wanted[epoch]) and not rest:
                rest = [_held(batch) for batch in resumed]
            after = wanted[epoch][stop:] or wanted[epoch + 1]
            place = f"after batch {stop} of epoch {epoch}"
            assert len(rest) == len(after), f"resumed {place}: {len(rest)} batches are left, expected {len(after)}"
            for position, (batch, expected) in enumerate(zip(rest, after, strict=True)):
                assert same(batch, expected), f"resumed {place}: batch {position} from there differs"


def _state_after(loader: Any, epoch: int, stop: int) -> dict[str, Any]:
    for _ in range(epoch):
        for _ in loader:
            pass
    batches = iter(loader)
    taken = sum(1 for _ in islice(batches, stop))
    assert taken == stop, f"epoch {epoch} has {taken} batches in one run and at least {stop} in another"
    state: dict[str, Any] = loader.state_dict()
    return state


def _buffer(value: Any) -> bool:
    return isinstance(value, (bytes, bytearray, memoryview)) or (
        isinstance(value, np.ndarray) and value.dtype == np.uint8
    )


def _held(value: Any) -> Any:
    """A copy that later batches cannot change."""
    if isinstance(value, torch.Tensor):
        return value.clone()
    if isinstance(value, Mapping):
        return {name: _held(cell) for name, cell in value.items()}
    if isinstance(value, (memoryview, bytearray)):
        return bytes(value)
    if isinstance(value, (list, tuple)):
        return type(value)(_held(cell) for cell in value)
    return copy.copy(value)

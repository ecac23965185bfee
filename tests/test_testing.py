"""The checks for plugin authors pass what keeps its promises and name the promise that was broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from slipstream_plugins.testing import check_resume, check_source, check_stage, same
from tests.plugins_fixture.slip_tint import Tint, Words


def batch() -> dict[str, Any]:
    return {"image": torch.arange(24, dtype=torch.uint8).reshape(2, 3, 2, 2), "index": np.arange(2), "key": ["a", "b"]}


@dataclass(frozen=True)
class Mutates(Tint):
    def __call__(self, batch: Any) -> Any:
        if not hasattr(batch, "__next__"):
            batch["image"] += 1
        return super().__call__(batch)


class Counts(Tint):
    calls = 0

    def __call__(self, batch: Any) -> Any:
        if hasattr(batch, "__next__"):
            return map(self, batch)
        Counts.calls += 1
        return {**batch, "image": batch["image"] + Counts.calls}


@dataclass(frozen=True)
class NoStream(Tint):
    def __call__(self, batch: Any) -> Any:
        return [Tint.__call__(self, b) for b in batch] if hasattr(batch, "__next__") else super().__call__(batch)


class Mute(Tint):
    __repr__ = object.__repr__


@dataclass(frozen=True)
class Unpicklable(Tint):
    function: Callable[[int], int] = lambda value: value


@dataclass(frozen=True)
class Swallows(Tint):
    def __call__(self, batch: Any) -> Any:
        return iter(list(map(self, batch))[:1]) if hasattr(batch, "__next__") else super().__call__(batch)


def test_a_good_stage_passes() -> None:
    check_stage(Tint(3), batch())


@pytest.mark.parametrize(
    ("stage", "promise"),
    [
        (Mutates(), "changes the batch"),
        (Counts(), "two calls with the same batch differ"),
        (NoStream(), "an iterator in must give an iterator out"),
        (Mute(), "repr must name the parameters"),
        (Swallows(), "two batches in an iterator came out as 1"),
    ],
)
def test_a_stage_that_breaks_a_promise_is_told_which(stage: Any, promise: str) -> None:
    with pytest.raises(AssertionError, match=promise):
        check_stage(stage, batch())


def test_a_stage_that_cannot_be_pickled_fails() -> None:
    with pytest.raises((AttributeError, Exception), match="pickle"):
        check_stage(Unpicklable(function=lambda value: value), batch())


def test_a_good_source_passes() -> None:
    check_source(Words("words://a,b,c"))


class Endless(Words):
    def __getitem__(self, index: int) -> dict[str, str]:
        return {"word": self.words[index % len(self.words)]}


class Extra(Words):
    def __getitem__(self, index: int) -> dict[str, str]:
        return {**super().__getitem__(index), "more": "x"}


class Numbers(Words):
    fields: Mapping[str, str] = {"word": "int"}


class Unknown(Words):
    fields: Mapping[str, str] = {"word": "complex"}


class Restless(Words):
    def fingerprint(self) -> str:
        return str(id(self))


@pytest.mark.parametrize(
    ("kind", "promise"),
    [
        (Endless, "must raise IndexError"),
        (Extra, r"sample 0 has \['word', 'more'\]"),
        (Numbers, "field 'word' must be int, got str"),
        (Unknown, "must be one of"),
        (Restless, "fingerprint must follow"),
    ],
)
def test_a_source_that_breaks_a_promise_is_told_which(kind: type[Words], promise: str) -> None:
    with pytest.raises(AssertionError, match=promise):
        check_source(kind("words://a,b,c"))


class Counter:
    """Ten batches an epoch, and a state that is right unless told otherwise."""

    def __init__(self, wrong: str = "") -> None:
        self.wrong, self.epoch, self.seen = wrong, 0, 0

    def __iter__(self) -> Iterator[int]:
        while self.seen < 10:
            self.seen += 1
            yield self.epoch * 10 + self.seen
        self.epoch, self.seen = self.epoch + 1, 0

    def state_dict(self) -> dict[str, Any]:
        return {"epoch": self.epoch, "seen": self.seen - (self.wrong == "behind" and self.seen == 7)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.seen = state["seen"]
        self.epoch = 0 if self.wrong == "forgets" else state["epoch"]


def test_an_exact_resume_passes() -> None:
    check_resume(Counter)


@pytest.mark.parametrize(
    ("wrong", "promise"),
    [("behind", "after batch 7 of epoch 0: 4 batches are left, expected 3"), ("forgets", "batch 0 from there differs")],
)
def test_a_resume_that_is_off_is_told_where(wrong: str, promise: str) -> None:
    with pytest.raises(AssertionError, match=promise):
        check_resume(lambda: Counter(wrong))


def test_equality_is_to_the_bit() -> None:
    assert same({"a": [b"x", torch.tensor([float("nan")])]}, {"a": [b"x", torch.tensor([float("nan")])]})
    assert not same(torch.tensor([0.0]), torch.tensor([-0.0]))
    assert not same(torch.zeros(2), torch.zeros(2, dtype=torch.float16))
    assert not same({"a": 1}, {"b": 1}) and not same([1], [1, 2]) and not same((1,), "1")
    assert same(memoryview(b"ab"), bytearray(b"ab"))

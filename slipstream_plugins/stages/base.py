"""What every stage has: the one rule, the eager run, parameters for replay, and a way to dicts and back."""

from __future__ import annotations

import dataclasses
import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from slipstream_plugins import columns, ops, rng
from slipstream_plugins.columns import Batch
from slipstream_plugins.plan import DecodePlan
from slipstream_plugins.stages.forms import is_decoded, pixels, restore
from slipstream_plugins.stages.randomness import Draws, Randomness, Replay

__all__ = ["Stage", "image_sizes", "map_images"]

Sizes = NDArray[np.int32]


class Stage:
    """A batch in, a batch out; an iterator in, an iterator out. A frozen dataclass of its parameters, without state."""

    def __call__(self, batch: Any) -> Any:
        """Applies the stage to a batch, a sample, an iterator of these, or a torchdata node.

        Args:
            batch: Any form of `slipstream_plugins.columns`, an iterator of them, or a `torchdata.nodes.BaseNode`.

        Returns:
            The same form, with images as tensors; an iterator gives a generator, a node gives a node.

        Raises:
            DecodeError: An image cannot be decoded, and `on_error` is "raise".
        """
        nodes = sys.modules.get("torchdata.nodes")
        if nodes is not None and isinstance(batch, nodes.BaseNode):
            return nodes.Mapper(batch, self)
        if isinstance(batch, Iterator):
            return self._stream(batch)
        done = self.run(batch, self.randomness())
        if done.form == "sample" and not len(done):
            raise done.failures[0]
        return self.finish(done)

    def _stream(self, batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            done = self.run(batch, self.randomness())
            if done.form != "sample" or len(done):
                yield self.finish(done)

    def parts(self) -> list[tuple[Any, str]]:
        """The stages in order, each with the name of its random stream."""
        return [(self, f"{type(self).__name__}/0")]

    @property
    def image_field(self) -> str | None:
        """The image column that was asked for; None finds it by name."""
        return getattr(self, "field", None)

    def randomness(self) -> Randomness:
        """Where the numbers of one call come from."""
        return Randomness()

    def parse(self, batch: Any) -> Batch:
        """The columns of a batch."""
        return columns.parse(batch, self.image_field)

    def run(self, batch: Any, draws: Draws) -> Batch:
        """One batch, parsed (unless it is already) and processed."""
        parsed = batch if isinstance(batch, Batch) else self.parse(batch)
        return self.process(parsed, draws, self.parts()[0][1])

    def finish(self, batch: Batch) -> Any:
        """The batch in the form it came in."""
        return restore(batch)

    def fold(self, plan: DecodePlan | None, stream: str) -> DecodePlan | None:
        """The plan with this stage in it, or None where it cannot be part of the native call."""
        return None

    def process(self, batch: Batch, draws: Draws, stream: str) -> Batch:
        """This stage alone, on columns."""
        raise NotImplementedError(f"{type(self).__name__}.process")

    @property
    def random(self) -> bool:
        """Whether the stage draws parameters."""
        return type(self).draw is not Stage.draw

    def draw(self, sizes: Sizes, key: int, who: rng.Identity) -> NDArray[Any]:
        """One row of parameters per sample, for a random stage."""
        raise NotImplementedError(f"{type(self).__name__}.draw")

    def resized(self, sizes: Sizes) -> Sizes:
        """[n, 2] int32, (height, width) after this stage."""
        return sizes

    def sample(self, batch: Any) -> dict[str, NDArray[Any]]:
        """Draws the parameters for a batch, without decoding it.

        Returns:
            Stream to an array with one row per sample, for `apply`.
        """
        return _sample(self, batch)

    def apply(self, batch: Any, params: Mapping[str, NDArray[Any]]) -> Any:
        """Applies the stage with parameters from `sample`, on a second view of the same samples, say."""
        return self.finish(self.run(batch, Replay(params)))

    def to_dict(self) -> dict[str, Any]:
        """A plain dict in the form of LightningCLI and Hydra: {"class_path": ..., "init_args": {...}}."""
        cls = type(self)
        ours = cls.__module__.startswith("slipstream_plugins.")
        path = f"slipstream_plugins.{cls.__name__}" if ours else f"{cls.__module__}.{cls.__qualname__}"
        return {"class_path": path, "init_args": {name: _to_plain(value) for name, value in self._given().items()}}

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Any:
        """The stage that `to_dict` described.

        Raises:
            ValueError: The dict has another form, or names no stage.
        """
        stage = _from_plain(dict(data))
        if isinstance(stage, dict):
            raise ValueError(f'from_dict: expected {{"class_path": ..., "init_args": ...}}, got keys {list(data)}')
        return stage

    def _given(self) -> dict[str, Any]:
        """The parameters that differ from their defaults."""
        fields = [field for field in dataclasses.fields(self) if field.init]  # type: ignore[arg-type]
        values = {field.name: getattr(self, field.name) for field in fields}
        return {field.name: values[field.name] for field in fields if values[field.name] != field.default}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self._given().items())})"


def _to_plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_to_plain(entry) for entry in value]
    if value is None or isinstance(value, (str, int, float)):
        return value
    if hasattr(value, "to_dict"):
        return value.to_dict()
    raise TypeError(f"to_dict: expected plain values and stages, got {type(value).__name__}; give it a to_dict()")


def _from_plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_from_plain(entry) for entry in value]
    if not isinstance(value, dict) or "class_path" not in value:
        return value
    module, _, name = str(value["class_path"]).rpartition(".")
    made = getattr(importlib.import_module(module), name, None) if module else None
    if not isinstance(made, type) or not hasattr(made, "to_dict"):
        raise ValueError(f"from_dict: expected the path of a stage, got {value['class_path']!r}; see to_dict()")
    return made(**{key: _from_plain(entry) for key, entry in value.get("init_args", {}).items()})


def _sample(whole: Stage, batch: Any) -> dict[str, NDArray[Any]]:
    parts = whole.parts()
    while parts and not isinstance(parts[0][0], Stage):
        batch = parts.pop(0)[0](batch)
    parsed = whole.parse(batch)
    decoder = next((plan for stage, stream in parts if (plan := stage.fold(None, stream))), None)
    sizes = image_sizes(parsed, decoder or DecodePlan())
    draws = whole.randomness()
    everyone = np.arange(len(parsed), dtype=np.int64)
    params: dict[str, NDArray[Any]] = {}
    for stage, stream in parts:
        if not isinstance(stage, Stage):
            continue
        if stage.random:
            params[stream] = draws.params(stream, parsed, everyone, _drawing(stage, sizes))
        sizes = stage.resized(sizes)
    return params


def _drawing(stage: Stage, sizes: Sizes) -> Callable[[int, Any], Any]:
    return lambda key, who: stage.draw(sizes, key, who)


def image_sizes(batch: Batch, plan: DecodePlan) -> Sizes:
    """[n, 2] int32, (height, width) of the images as oriented; 1x1 for those without a readable header."""
    column = batch.columns[batch.images[0]]
    if not is_decoded(batch):
        opened = ops.open_images(column, dataclasses.replace(plan, on_error="skip"))
        return np.maximum(ops.oriented_sizes(opened.infos), 1)
    if isinstance(column, torch.Tensor):
        return np.broadcast_to(np.array(column.shape[-2:], np.int32), (len(column), 2))
    return np.array([image.shape[-2:] for image in column], np.int32).reshape(-1, 2)


def map_images(stage: Stage, batch: Batch, change: Callable[[Any], Any]) -> Batch:
    """`batch` with `change` applied to every decoded image column: [N, 3, H, W], or a list of [3, H, W]."""
    if not is_decoded(batch):
        name = type(stage).__name__
        raise TypeError(f"{name}: expected decoded images, got encoded ones; put BatchDecode() before {name}")
    return batch.with_columns(**{name: change(pixels(batch.columns[name])) for name in batch.images})

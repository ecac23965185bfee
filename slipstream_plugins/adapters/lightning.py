"""A LightningDataModule over a cache or a source."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from dataclasses import replace
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipstream_plugins.cache.writer import BuildOptions, default_cache_path
from slipstream_plugins.cache.writer import build as build_cache
from slipstream_plugins.errors import missing_extra
from slipstream_plugins.loader import LoaderOptions, SlipstreamLoader, open_data
from slipstream_plugins.stages.composing import Compose
from slipstream_plugins.stages.conversions import Normalize
from slipstream_plugins.stages.crops import RandomResizedCrop, ResizeCrop
from slipstream_plugins.stages.decoding import BatchDecode
from slipstream_plugins.stages.flips import HorizontalFlip
from slipstream_plugins.stages.placement import ToTuple
from slipstream_plugins.types import Source

__all__ = ["SlipstreamDataModule"]


def _data_module() -> Any:
    """LightningDataModule of the Lightning that is in use: `lightning`, or `pytorch_lightning`."""
    names = ["lightning.pytorch", "pytorch_lightning"]
    for name in sorted(names, key=lambda name: name not in sys.modules):
        try:
            return importlib.import_module(name).LightningDataModule
        except ImportError:
            continue
    raise missing_extra("lightning", "lightning")


if TYPE_CHECKING:
    from lightning.pytorch import LightningDataModule
else:
    LightningDataModule = _data_module()


def default_train_stages(size: int = 224) -> Compose:
    """RandomResizedCrop, mirror, ImageNet's statistics; (image, label)."""
    return Compose(
        (BatchDecode(), RandomResizedCrop(size), HorizontalFlip(), Normalize(), ToTuple("image", "label")), seed=0
    )


def default_val_stages(size: int = 224) -> Compose:
    """Exact decode, short side to size * 256/224, centre crop, ImageNet's statistics; (image, label)."""
    crop = ResizeCrop(round(size * 256 / 224), size)
    return Compose((BatchDecode(fidelity="exact"), crop, Normalize(), ToTuple("image", "label")))


class SlipstreamDataModule(LightningDataModule):
    """Training and validation batches for Lightning, from caches or from sources.

    A checkpoint holds where the training loader is, so a resumed run goes on with the very next batch.

    Args:
        train: A `.slip` cache, anything that `open_source` understands, or a Source.
        val: As `train`; None for no validation.
        batch_size: Samples per rank and batch.
        stages: For training; None crops at random, mirrors and normalises to 224 x 224, and gives (image, label).
        val_stages: For validation; None crops the centre, normalises, and gives (image, label).
        cache: Build caches of sources in this directory, once per node; True for the default one. None reads
            the sources themselves.
        build: How caches are built.
        options: Of the loaders; validation keeps the order of its data and every sample.
    """

    def __init__(
        self,
        train: str | PathLike[str] | Source,
        val: str | PathLike[str] | Source | None = None,
        batch_size: int = 256,
        stages: Callable[[Any], Any] | None = None,
        val_stages: Callable[[Any], Any] | None = None,
        cache: str | PathLike[str] | bool | None = None,
        build: BuildOptions | None = None,
        options: LoaderOptions | None = None,
    ) -> None:
        super().__init__()
        self.train = train
        self.val = val
        self.batch_size = batch_size
        self.stages = stages if stages is not None else default_train_stages()
        self.val_stages = val_stages if val_stages is not None else default_val_stages()
        self.cache = cache
        self.build = build or BuildOptions()
        self.options = options or LoaderOptions()
        self._train_loader: SlipstreamLoader | None = None
        self._state: dict[str, Any] | None = None

    def prepare_data(self) -> None:
        """Builds the caches that are asked for and missing; Lightning calls it once per node."""
        for data in (self.train, self.val):
            self._path(data, make=True)

    def train_dataloader(self) -> SlipstreamLoader:
        """The training loader, always the same one."""
        if self._train_loader is None:
            options = replace(self.options, batch_size=self.batch_size, device=self._device())
            self._train_loader = SlipstreamLoader(self._path(self.train), self.stages, options)
            if self._state is not None:
                self._train_loader.load_state_dict(self._state)
        return self._train_loader

    def val_dataloader(self) -> SlipstreamLoader | list[Any]:
        """The validation loader, in the order of the data; an empty list where there is none."""
        if self.val is None:
            return []
        options = replace(
            self.options,
            batch_size=self.batch_size,
            device=self._device(),
            shuffle=False,
            drop_last=False,
            indices=None,
        )
        return SlipstreamLoader(self._path(self.val), self.val_stages, options)

    def state_dict(self) -> dict[str, Any]:
        """Where the training loader is, for the checkpoint."""
        return {} if self._train_loader is None else {"train": self._train_loader.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on from a checkpoint."""
        self._state = state_dict.get("train")
        if self._state is not None and self._train_loader is not None:
            self._train_loader.load_state_dict(self._state)

    def _path(self, data: Any, make: bool = False) -> Any:
        """The cache of a source where one is asked for; anything else as it is."""
        if data is None or self.cache is None or self.cache is False or _is_cache(data):
            return data
        source = open_data(data)
        path = default_cache_path(source, self.build)
        if self.cache is not True:
            path = Path(self.cache).expanduser() / path.name
        return build_cache(source, path, self.build) if make else path

    def _device(self) -> Any:
        """The trainer's device, so that batches are there before Lightning asks for them."""
        strategy = getattr(self.trainer, "strategy", None)
        return self.options.device if strategy is None else strategy.root_device


def _is_cache(data: Any) -> bool:
    return isinstance(data, (str, PathLike)) and fspath(data).rstrip("/").endswith(".slip")

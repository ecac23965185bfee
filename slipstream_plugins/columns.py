"""The forms of a batch, and the columns that they all become.

A batch is a list of buffers, a list of sample dicts, a dict of columns, an NCHW tensor; a sample is one buffer, a CHW
tensor, or a dict whose image is one of these. `parse` turns each into columns; `stages.base` gives the form back.

Columns named `__like_this__` are a stream's notes about a sample (WebDataset's `__key__`, `__url__`). A single sample
keeps them as they are; a batch carries `__key__` as `key` and drops the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipstream_plugins import rng
from slipstream_plugins.cells import buffer_of, is_image, is_image_column, is_tensor, is_wrapped
from slipstream_plugins.errors import DecodeError

__all__ = ["IMAGE_NAMES", "Batch", "identity", "is_sample", "keys", "parse", "parse_samples", "take"]

IMAGE_NAMES = ("image", "jpg", "jpeg", "png", "webp", "img", "dct")
"""The names of an image column, the first one found wins."""

FORMS = (
    'a list of buffers, a list of sample dicts, a dict of columns ({"image": [...], "label": [...]}), an NCHW tensor'
)


@dataclass(frozen=True)
class Batch:
    """A batch as columns.

    Args:
        columns: Name to one entry per sample.
        images: The names of the image columns.
        form: "columns", "sample", or "samples" (a list of samples).
        rows: [n] int64, the positions of the samples in the batch that came in; shrinks with `on_error="skip"`.
        bare: Only images came in, so only images go out.
        originals: The samples that came in, for the forms "samples" and "sample".
        failures: The errors of the samples that were skipped.
    """

    columns: dict[str, Any]
    images: tuple[str, ...]
    form: str
    rows: NDArray[np.int64]
    bare: bool = False
    originals: tuple[Mapping[str, Any], ...] = ()
    failures: tuple[DecodeError, ...] = field(default=(), compare=False)

    def __len__(self) -> int:
        return len(self.rows)

    def with_columns(self, **columns: Any) -> Batch:
        """This batch with columns added or replaced."""
        return replace(self, columns={**self.columns, **columns})

    def take(self, positions: NDArray[np.int64]) -> Batch:
        """The samples at these positions, every column alike but the images, which the caller replaces."""
        taken = {
            name: column if name in self.images else take(column, positions) for name, column in self.columns.items()
        }
        return replace(self, columns=taken, rows=self.rows[positions])


def take(column: Any, positions: NDArray[np.int64]) -> Any:
    """The entries of a column at these positions."""
    if isinstance(column, np.ndarray) or is_tensor(column):
        return column[positions]
    return [column[position] for position in positions.tolist()]


def parse(batch: Any, image: str | None = None) -> Batch:
    """Any batch as columns.

    Args:
        batch: One of the forms of this module's head.
        image: The name of the image column; None finds it.

    Returns:
        The columns; images are a list of buffers, an EncodedColumn, an [N, 3, H, W] tensor or a list of [3, H, W].

    Raises:
        TypeError: The batch has none of the forms.
        ValueError: No image column, or columns of several lengths.
    """
    if isinstance(batch, Mapping) and not is_wrapped(batch):
        return _parse_dict(batch, image)
    if is_image(batch):
        column = batch[None] if is_tensor(batch) and batch.ndim == 3 else [buffer_of(batch)]
        return _batch({"image": column}, "image", "sample", ({"image": batch},), bare=True)
    if is_image_column(batch):
        return _batch({"image": batch}, "image", "columns", bare=True)
    if isinstance(batch, (list, tuple)):
        if not batch:
            return _batch({"image": []}, "image", "columns", bare=True)
        if isinstance(batch[0], Mapping):
            return _batch(_stack(batch), image, "columns")
        raise TypeError(_explain_list(batch[0]))
    kind = f"a {batch.ndim}-d tensor" if is_tensor(batch) else type(batch).__name__
    raise TypeError(f"batch: expected {FORMS}, got {kind}; for a stream pass an iterator, such as iter(...)")


def parse_samples(samples: Sequence[Any], image: str | None = None) -> Batch:
    """Single samples, all dicts with the same fields or all one image, as one batch: a list of samples goes out."""
    if isinstance(samples[0], Mapping) and not is_wrapped(samples[0]):
        return _batch(_stack(samples), image, "samples", tuple(samples))
    return _batch({"image": list(samples)}, "image", "samples", tuple({"image": s} for s in samples), bare=True)


def is_sample(value: Any, image: str | None = None) -> bool:
    """Whether `value` is a single sample: one image, or a dict whose image is one."""
    if isinstance(value, Mapping) and not is_wrapped(value):
        return is_image(value[_image_name(value, image)])
    return is_image(value)


def _parse_dict(batch: Mapping[str, Any], image: str | None) -> Batch:
    name = _image_name(batch, image)
    if not is_image(batch[name]):
        return _batch(dict(batch), name, "columns")
    value = batch[name]
    columns: dict[str, Any] = {key: [cell] for key, cell in batch.items()}
    if is_tensor(value) and value.ndim == 3:
        columns[name] = value[None]
    return _batch(columns, name, "sample", (batch,))


def _batch(
    columns: dict[str, Any],
    image: str | None,
    form: str,
    originals: tuple[Mapping[str, Any], ...] = (),
    bare: bool = False,
) -> Batch:
    """Checks that columns are of one length and images are buffers or tensors."""
    name = _image_name(columns, image)
    column = columns[name]
    n = len(column)
    for key, value in columns.items():
        if not hasattr(value, "__len__") or isinstance(value, (str, bytes)) or len(value) != n:
            got = f"{len(value)}" if hasattr(value, "__len__") else type(value).__name__
            raise ValueError(f"batch: expected {n} entries in every column, got {got} in {key!r}; make them agree")
    if not is_tensor(column) and not hasattr(column, "encoded"):
        columns[name] = _image_cells(name, column)
    return Batch(columns, (name,), form, np.arange(n, dtype=np.int64), bare, originals)


def _image_cells(name: str, column: Iterable[Any]) -> list[Any]:
    """Buffers, or [3, H, W] tensors, never both."""
    cells = list(column)
    decoded = bool(cells) and is_tensor(cells[0]) and cells[0].ndim == 3
    for position, cell in enumerate(cells):
        if (is_tensor(cell) and cell.ndim == 3) != decoded or not is_image(cell):
            wanted = "a [3, H, W] tensor" if decoded else "the bytes of an image"
            raise TypeError(
                f"{name}: expected {wanted}, got {type(cell).__name__} (sample {position}); "
                f"hand over encoded images (for datasets that decode, switch that off)"
            )
    return cells if decoded else [buffer_of(cell) for cell in cells]


def _stack(samples: Sequence[Any]) -> dict[str, Any]:
    """Sample dicts as columns. Notes (`__name__`) that some samples lack are dropped; other fields must be in all."""
    names = list(samples[0])
    for position, sample in enumerate(samples):
        if not isinstance(sample, Mapping):
            raise TypeError(f"batch: expected sample dicts, got {type(sample).__name__} (sample {position}); use dicts")
        missing = [name for name in names if name not in sample]
        names = [name for name in names if name in sample or not name.startswith("__")]
        if missing and missing[0] in names:
            raise ValueError(
                f"batch: expected the fields {names} in every sample, got none named {missing[0]!r} "
                f"(sample {position}); give every sample the same fields"
            )
    return {name: [sample[name] for sample in samples] for name in names}


def _image_name(columns: Mapping[str, Any], image: str | None) -> str:
    """The image column: the one asked for, else by name, else the only one that holds images."""
    if image is not None:
        if image not in columns:
            raise ValueError(f"field: expected a column of the batch, got {image!r}; it has {list(columns)}")
        return image
    lower: dict[str, str] = {name.lower(): name for name in reversed(list(columns))}
    for known in IMAGE_NAMES:
        if known in lower:
            return lower[known]
    found = [name for name, value in columns.items() if is_image(value) or is_image_column(value)]
    if len(found) == 1:
        return found[0]
    candidates = f"the candidates {found}" if found else f"only {list(columns)}"
    raise ValueError(f"batch: expected an image column named {', '.join(IMAGE_NAMES)}, got {candidates}; say field=...")


def _explain_list(first: Any) -> str:
    if isinstance(first, (int, np.integer)):
        return "batch: expected images, got a list of indices; put MmapCacheReader(path) before the other stages"
    if isinstance(first, (tuple, list)):
        return (
            'batch: expected named fields, got tuples; use sample dicts such as {"image": ..., "label": ...}, '
            'or IterableSource(..., fields=("image", "label"))'
        )
    return f"batch: expected {FORMS}, got a list of {type(first).__name__}; hand over encoded images"


def keys(batch: Batch) -> list[str] | None:
    """The samples' names, where they have some."""
    column = batch.columns.get("__key__", batch.columns.get("key"))
    return None if column is None else [str(key) for key in column]


def identity(batch: Batch) -> NDArray[np.uint64] | None:
    """Who the samples are: their index, else a hash of shard and key, else None.

    Args:
        batch: May carry `index`, or `__key__` or `key` with `__url__`.

    Returns:
        [n] uint64, or None where the samples have no names.
    """
    if "index" in batch.columns:
        return np.asarray(batch.columns["index"]).astype(np.uint64)
    names = keys(batch)
    if names is None:
        return None
    shards = batch.columns.get("__url__", [""] * len(names))
    return np.array([rng.sample_identity(k, str(s)) for k, s in zip(names, shards, strict=True)], np.uint64)

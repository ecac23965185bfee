"""Any Python objects as a source."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from slipstream_plugins.cells import buffer_of, is_buffer
from slipstream_plugins.columns import IMAGE_NAMES
from slipstream_plugins.errors import SourceError
from slipstream_plugins.sources.indices import checked
from slipstream_plugins.types import FIELD_TYPES, Sample

__all__ = ["IterableSource"]

FORMS = 'sample dicts such as {"image": ..., "label": ...}, or tuples with fields=("image", "label")'


class IterableSource:
    """Samples that Python holds: a sequence, or any iterable, which is gone through once and kept as references.

    Args:
        data: Dicts, or tuples whose entries `fields` names. Anything with `len` and `[i]` is read by index.
        fields: Names, in order, or name to type; None takes the names of the first dict. Types that are not given
            follow the first sample: int, float, text (str), and for buffers "image" where the name is one of
            `columns.IMAGE_NAMES` or where it is the only buffer, else "bytes".

    Raises:
        SourceError: There is no sample, or a field cannot be held; names the sample.
    """

    name = "samples"

    def __init__(self, data: Iterable[Any], fields: Sequence[str] | Mapping[str, str] | None = None) -> None:
        indexable = hasattr(data, "__len__") and hasattr(data, "__getitem__") and not isinstance(data, Mapping)
        held: Any = data if indexable else list(data)
        self._data = held
        if len(held) == 0:
            raise SourceError("source: expected at least one sample, got none")
        self._names = None if fields is None else tuple(fields)
        if isinstance(fields, str) or any(name in ("index", "epoch") for name in self._names or ()):
            raise SourceError(f"fields: expected names other than index and epoch, got {fields!r}; rename them")
        first = self._named(0)
        inferred = _kinds(first)
        given = dict(fields) if isinstance(fields, Mapping) else {}
        for name, kind in given.items():
            if kind not in FIELD_TYPES:
                raise SourceError(f"field {name!r}: expected a type out of {', '.join(FIELD_TYPES)}, got {kind!r}")
        self.fields = {name: given.get(name) or _known(name, inferred[name], first[name]) for name in first}

    def _named(self, index: int) -> Sample:
        sample = self._data[index]
        if isinstance(sample, Mapping):
            names = [name for name in sample if name not in ("index", "epoch")] if self._names is None else self._names
            missing = [name for name in names if name not in sample]
            if missing:
                raise SourceError(
                    f"source: expected the fields {', '.join(names)}, got no {missing[0]!r} (sample {index})"
                )
            return {name: sample[name] for name in names}
        if not isinstance(sample, (tuple, list)) or self._names is None:
            raise SourceError(f"source: expected {FORMS}, got {type(sample).__name__} (sample {index})")
        if len(sample) != len(self._names):
            raise SourceError(f"source: expected {len(self._names)} entries, got {len(sample)} (sample {index})")
        return dict(zip(self._names, sample, strict=True))

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, index: int) -> Sample:
        index = checked(index, len(self))
        sample = self._named(index)
        if sample.keys() != self.fields.keys():
            raise SourceError(
                f"source: expected the fields {', '.join(self.fields)}, got {', '.join(sample)} (sample {index}); "
                "give every sample the same fields"
            )
        return {name: _value(name, kind, sample[name], index) for name, kind in self.fields.items()}

    def fingerprint(self) -> str:
        """A hash of everything in it; what is wrong with a bad sample stands for its content."""
        digest = hashlib.blake2b(digest_size=16)
        for index in range(len(self)):
            try:
                sample = self[index]
            except SourceError as error:
                sample = {"error": str(error)}
            for name, value in sample.items():
                content = memoryview(value).cast("B") if is_buffer(value) else repr(value).encode()
                digest.update(f"{name}\0{len(content)}\0".encode())
                digest.update(content)
        return f"samples:{digest.hexdigest()}"

    def __repr__(self) -> str:
        return f"IterableSource({len(self)} samples, fields={self.fields})"


def _kinds(sample: Sample) -> dict[str, str | None]:
    buffers = [name for name, value in sample.items() if is_buffer(value)]
    images = [name for name in buffers if name.lower() in IMAGE_NAMES] or (buffers if len(buffers) == 1 else [])
    kinds: dict[str, str | None] = {}
    for name, value in sample.items():
        if name in buffers:
            kinds[name] = "image" if name in images else "bytes"
        elif isinstance(value, str):
            kinds[name] = "text"
        elif isinstance(value, (bool, int, np.integer, np.bool_)):
            kinds[name] = "int"
        else:
            kinds[name] = "float" if isinstance(value, (float, np.floating)) else None
    return kinds


def _known(name: str, kind: str | None, value: Any) -> str:
    if kind is None:
        raise SourceError(
            f"field {name!r}: expected a number, a str or a buffer, got {type(value).__name__} (sample 0); "
            "convert it, or leave it out with fields=..."
        )
    return kind


def _value(name: str, kind: str, value: Any, index: int) -> Any:
    if kind in ("image", "bytes"):
        if not is_buffer(value):
            raise SourceError(f"field {name!r}: expected a buffer, got {type(value).__name__} (sample {index})")
        return buffer_of(value)
    if kind == "int" and isinstance(value, (bool, np.bool_)):
        return int(value)
    return value.item() if isinstance(value, np.generic) else value

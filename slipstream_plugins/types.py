"""The words that floors share: sources, stages, encoded batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from slipstream_plugins._core import Encoded

__all__ = ["FIELD_TYPES", "EncodedColumn", "Sample", "Source", "Stage"]

Sample = dict[str, Any]

FIELD_TYPES = ("image", "int", "float", "text", "bytes")
"""What a field of a source holds: an encoded image, an int64, a float64, a str, or bytes."""


@runtime_checkable
class Source(Protocol):
    """Samples by index, each a dict with the declared fields. An image field holds any buffer."""

    @property
    def fields(self) -> Mapping[str, str]:
        """Field name to one of FIELD_TYPES, in order. "index" is never among them, "key" is a text field."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Sample: ...

    def fingerprint(self) -> str:
        """A short text that changes when the content does."""


@runtime_checkable
class Stage(Protocol):
    """A batch in, a batch out; an iterator in, an iterator out. Holds no state, is picklable, prints itself."""

    def __call__(self, batch: Any) -> Any: ...


class EncodedColumn(Protocol):
    """A column of encoded images whose headers are known, such as MmapCacheReader returns. Also a sequence of
    memoryviews. `ops` takes the batch from here instead of probing every header."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> memoryview: ...

    def __iter__(self) -> Iterator[memoryview]: ...

    def encoded(self) -> Encoded:
        """The native batch."""

    def infos(self) -> NDArray[np.void]:
        """[n] of _core.INFO_DTYPE."""

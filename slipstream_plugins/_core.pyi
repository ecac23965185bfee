"""The native core. Only `ops`, `rng`, `codec` and `cache` call it; everything else goes through them."""

from collections.abc import Sequence
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import NDArray

def simd_level() -> str:
    """The kernels in use: "avx2" or "portable"."""

def force_simd_level(level: str) -> None:
    """Overrides the kernels of this process, for tests. Raises ValueError where the processor cannot run them."""

def default_num_threads() -> int:
    """(affinity and cgroup quota) / LOCAL_WORLD_SIZE, at least 1; SLIPSTREAM_NUM_THREADS overrides."""

def libjpeg_version() -> str:
    """The libjpeg-turbo that this build was compiled against, such as "2.1.5"."""

def crc32c(data: Any, value: int = 0) -> int:
    """CRC-32C of a contiguous buffer, continuing from `value`."""

class Encoded:
    """A batch of encoded images: pointers into buffers that it keeps alive. Nothing is copied."""

    @staticmethod
    def from_buffers(buffers: Sequence[Any]) -> Encoded:
        """One contiguous buffer (bytes, memoryview, uint8 array, ...) per image. Raises TypeError naming the index."""
    @staticmethod
    def from_shards(
        shards: Sequence[Any],
        shard: NDArray[np.uint32],
        offset: NDArray[np.uint64],
        size: NDArray[np.uint64],
    ) -> Encoded:
        """Record i is shards[shard[i]][offset[i] : offset[i] + size[i]]. Raises ValueError naming the first record
        that does not lie inside its shard."""
    def __len__(self) -> int: ...
    def __getitem__(self, index: SupportsIndex) -> memoryview:
        """The bytes of one image, read-only, without a copy."""
    def crc32c(self, num_threads: int = 0) -> NDArray[np.uint32]:
        """[n] checksums, computed on the pool."""
    def probe(self, num_threads: int = 0) -> tuple[NDArray[np.void], list[tuple[int, int, str]]]:
        """Reads every header. Returns the infos, a structured [n] array of INFO_DTYPE, and the failures as
        (index, code, reason)."""

INFO_DTYPE: np.dtype[np.void]
"""encoding u1, orientation u1 (EXIF, 1-8), width i4, height i4 (as stored, before orientation); packed as the native
struct is."""

VIEW_DTYPE: np.dtype[np.void]
"""box f8[4] (x, y, width, height), bounds i4[4] (x, y, width, height), size i4[2] (height, width), flip u1; in the
coordinates of the oriented image."""

class Output:
    """How pixels are written. `mean` and `std` are in units of [0, 1]; with dtype "uint8" they must be None."""

    def __init__(
        self,
        dtype: str = "uint8",
        channels_last: bool = False,
        scale: bool = True,
        mean: tuple[float, float, float] | None = None,
        std: tuple[float, float, float] | None = None,
    ) -> None: ...

class PooledArray:
    """Output memory from the pool, uninitialised. It returns to the pool when the last user of its memory dies: this
    object, a tensor from `torch.from_dlpack`, or a numpy array from `numpy.asarray` (not for bfloat16)."""

    def __init__(self, shape: Sequence[int], dtype: str, channels_last: bool = False) -> None:
        """`shape` is logical (N, C, H, W) or (C, H, W); with channels_last the strides are those of NHWC."""
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> str: ...
    @property
    def nbytes(self) -> int: ...
    def __dlpack__(self, *, stream: Any = None, **kwargs: Any) -> Any: ...
    def __dlpack_device__(self) -> tuple[int, int]: ...
    @property
    def __array_interface__(self) -> dict[str, Any]: ...

def pool_stats() -> dict[str, int]:
    """The output pool: "bytes_in_use", "bytes_free", and the buffers "made" and "reused" so far."""

def decode(
    encoded: Encoded,
    infos: NDArray[np.void],
    rows: NDArray[np.int64],
    views: Sequence[NDArray[np.void]],
    outputs: Sequence[Output],
    destinations: Sequence[PooledArray | Sequence[PooledArray]],
    exact: bool = False,
    num_threads: int = 0,
) -> list[tuple[int, int, str]]:
    """Decodes records `rows` of `encoded` ([m] positions), once each, and renders view k of it, views[k][j] for row j
    (VIEW_DTYPE [m]), as outputs[k] says into destinations[k]: one array of m images, or m arrays of one image.
    Without the GIL. Returns the failures as (j, code, reason); the outputs of a failed row are zero."""

def to_yuv420(
    encoded: Encoded, rows: NDArray[np.int64], num_threads: int = 0
) -> tuple[list[bytes], list[tuple[int, int, str]]]:
    """Re-packs images as yuv420 records; b"" for those that failed."""

def to_yuv444(
    encoded: Encoded, rows: NDArray[np.int64], num_threads: int = 0
) -> tuple[list[bytes], list[tuple[int, int, str]]]:
    """The same with chroma at full size, for sources of 4:4:4."""

def to_rgb(pixels: NDArray[np.uint8], orientation: int = 1) -> bytes:
    """An rgb record of [H, W, 3] pixels."""

def to_dct(
    encoded: Encoded,
    rows: NDArray[np.int64],
    packing: str = "compact",
    tables: int | None = None,
    keep_icc: bool = True,
    keep_exif: bool = False,
    num_threads: int = 0,
) -> tuple[list[bytes], list[tuple[int, int, str]]]:
    """Re-packs JPEGs as dct records; b"" for those that failed, with code "unsupported" where a record cannot hold the
    image. `tables` is the id of registered tables of that packing; None takes the built-in ones."""

def from_dct(
    encoded: Encoded, rows: NDArray[np.int64], num_threads: int = 0
) -> tuple[list[bytes], list[tuple[int, int, str]]]:
    """JPEGs with the coefficients of dct records; b"" for those that failed. Checksums are verified."""

def train_tables(encoded: Encoded, packing: str = "compact", num_threads: int = 0) -> bytes:
    """Entropy tables from the statistics of JPEGs; images that a record cannot hold are left out."""

def register_tables(tables: Any) -> int:
    """Makes entropy tables known to this process; returns their id. Raises ValueError where they are damaged."""

def builtin_tables(packing: str) -> bytes:
    """The bytes of the built-in entropy tables."""

def builtin_tables_id(packing: str = "compact") -> int:
    """The id of the built-in tables."""

def uniform(key: int, epoch: NDArray[np.uint64], identity: NDArray[np.uint64], count: int) -> NDArray[np.float64]:
    """[n, count] draws in [0, 1): Philox4x32-10 with key `key` (64 bits of seed and stream) and counter (identity,
    epoch, draw). A pure function: the same on every machine and for every batch."""

def draw_crops(
    key: int,
    epoch: NDArray[np.uint64],
    identity: NDArray[np.uint64],
    height: NDArray[np.int32],
    width: NDArray[np.int32],
    scale: tuple[float, float],
    ratio: tuple[float, float],
    direct: bool = False,
) -> NDArray[np.int32]:
    """[n, 4] crops (x, y, width, height) by the law of torchvision's RandomResizedCrop.get_params: 10 tries, then the
    ratio-clamped centre; with `direct`, ratio, then the long edge from its valid range, then the corner."""

def permutation(n: int, key: int) -> NDArray[np.int64]:
    """A pseudo-random order of range(n), a pure function of key."""

CODES: tuple[str, ...]
"""Names of the failure codes, by number."""

"""The frozen plan of one native call: what is decoded, cropped, flipped and how pixels are written."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache

from slipstream_plugins import _core
from slipstream_plugins.boxes import Geometry

__all__ = ["DTYPES", "FIDELITIES", "MAX_PIXELS", "ON_ERROR", "DecodePlan", "OutputSpec", "Triple", "choice"]

DTYPES = ("uint8", "float32", "float16", "bfloat16")
FIDELITIES = ("fast", "exact")
ON_ERROR = ("raise", "skip", "fill")
DECODERS = ("native", "turbojpeg")
MAX_PIXELS = 178_956_970
"""Where Pillow refuses an image too: twice its MAX_IMAGE_PIXELS."""

Triple = tuple[float, float, float]


def choice(name: str, value: str, allowed: tuple[str, ...]) -> str:
    """`value`, when it is one of `allowed`."""
    if value not in allowed:
        raise ValueError(f"{name}: expected one of {', '.join(map(repr, allowed))}, got {value!r}; choose one of these")
    return value


@dataclass(frozen=True)
class OutputSpec:
    """How pixels are written.

    Args:
        dtype: "uint8" keeps the level; any other is level / 255, then normalised when `mean` is given.
        channels_last: The memory format; the logical shape is always [N, 3, H, W].
        mean: Per channel, in units of [0, 1], or None.
        std: As `mean`.
    """

    dtype: str = "uint8"
    channels_last: bool = False
    mean: Triple | None = None
    std: Triple | None = None

    def native(self) -> _core.Output:
        """The native table of this output."""
        return _native_output(self)


@lru_cache(maxsize=64)
def _native_output(spec: OutputSpec) -> _core.Output:
    return _core.Output(spec.dtype, spec.channels_last, True, spec.mean, spec.std)


@dataclass(frozen=True)
class DecodePlan:
    """One native call over a batch: decode, crop, resize, flip, normalise, layout and dtype.

    Args:
        on_error: "raise", "skip" or "fill".
        max_pixels: Images with more are refused before memory is touched.
        orient: Apply the EXIF orientation.
        fidelity: "fast" or "exact".
        decoder: "native" or "turbojpeg".
        num_threads: 0 for the default.
        crop: What is shown, or None for whole images.
        crop_stream: The random stream of `crop`, "" when it draws nothing.
        flip: The probability of a mirrored image, or None.
        flip_stream: The random stream of `flip`.
        flip_first: The mirror comes before the crop.
        output: How pixels are written.
        steps: The reprs of the stages that were folded in.
    """

    on_error: str = "raise"
    max_pixels: int = MAX_PIXELS
    orient: bool = True
    fidelity: str = "fast"
    decoder: str = "native"
    num_threads: int = 0
    crop: Geometry | None = None
    crop_stream: str = ""
    flip: float | None = None
    flip_stream: str = ""
    flip_first: bool = False
    output: OutputSpec = field(default_factory=OutputSpec)
    steps: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        choice("on_error", self.on_error, ON_ERROR)
        choice("fidelity", self.fidelity, FIDELITIES)
        choice("decoder", self.decoder, DECODERS)
        if self.max_pixels < 1:
            raise ValueError(f"max_pixels: expected at least 1, got {self.max_pixels}; give a number of pixels")
        if self.num_threads < 0:
            raise ValueError(f"num_threads: expected at least 0, got {self.num_threads}; 0 or None takes the default")

    @property
    def exact(self) -> bool:
        """Whether chroma is upsampled before anything is resized."""
        return self.fidelity == "exact"

    @property
    def random(self) -> bool:
        """Whether a run draws numbers."""
        return bool(self.crop_stream or self.flip_stream)

    def with_step(self, step: object) -> DecodePlan:
        """This plan, naming one more stage."""
        return replace(self, steps=(*self.steps, repr(step)))

    def __repr__(self) -> str:
        shape = "[3, H, W] each" if self.crop is None else f"[N, 3, {self.crop.size[0]}, {self.crop.size[1]}]"
        layout = " channels_last" if self.output.channels_last else ""
        return f"DecodePlan({' + '.join(self.steps)} -> {shape} {self.output.dtype}{layout})"

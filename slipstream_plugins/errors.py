"""The exceptions that this package raises. Every message reads `what: expected X, got Y (sample ...); do Z`."""

from __future__ import annotations

__all__ = [
    "BuildError",
    "CacheError",
    "DecodeError",
    "MissingExtraError",
    "SlipstreamError",
    "SourceError",
    "TranscodeError",
    "missing_extra",
]


class SlipstreamError(Exception):
    """The base of every error of this package."""


class DecodeError(SlipstreamError, ValueError):
    """An image could not be decoded.

    Args:
        reason: What is wrong with the image.
        index: Its index in the source, else its position in the batch; None where neither is known.
        key: Its name (a path or a WebDataset key), or None.
        code: One of `slipstream_plugins._core.CODES`.
    """

    def __init__(self, reason: str, index: int | None = None, key: str | None = None, code: str = "corrupt") -> None:
        self.reason = reason
        self.index = index
        self.key = key
        self.code = code
        named = [] if index is None else [f"sample {index}"]
        if key is not None:
            named.append(repr(key))
        where = f" ({', '.join(named)})" if named else ""
        super().__init__(f"decode: {reason}{where}; BatchDecode(on_error='skip') or 'fill' goes on without it")

    def __reduce__(self) -> tuple[type[DecodeError], tuple[str, int | None, str | None, str]]:
        return (type(self), (self.reason, self.index, self.key, self.code))


class CacheError(SlipstreamError):
    """A cache is missing, damaged or of another version."""


class BuildError(CacheError):
    """A sample cannot go into a cache that is being built.

    Args:
        reason: What is wrong with it.
        index: Its index in the source.
        key: Its name, or None.
    """

    def __init__(self, reason: str, index: int, key: str | None = None) -> None:
        self.reason = reason
        self.index = index
        self.key = key
        where = f"sample {index}" + ("" if key is None else f', "{key}"')
        super().__init__(f'build: {reason} ({where}); repair it, or leave such samples out with on_error="skip"')

    def __reduce__(self) -> tuple[type[BuildError], tuple[str, int, str | None]]:
        return (type(self), (self.reason, self.index, self.key))


class SourceError(SlipstreamError):
    """A source of samples is missing, damaged or not understood."""


class TranscodeError(SlipstreamError, ValueError):
    """An image could not be turned into another encoding, bit for bit.

    Args:
        reason: What is wrong with the image, or what the encoding cannot hold.
        index: Its position in the batch.
        code: One of `slipstream_plugins._core.CODES`.
    """

    def __init__(self, reason: str, index: int, code: str) -> None:
        self.reason = reason
        self.index = index
        self.code = code
        remedy = "keep its bytes (fallback=True)" if code == "unsupported" else "replace the image"
        super().__init__(f"transcode: {reason} (sample {index}); {remedy}")

    def __reduce__(self) -> tuple[type[TranscodeError], tuple[str, int, str]]:
        return (type(self), (self.reason, self.index, self.code))


class MissingExtraError(SlipstreamError, ImportError):
    """An optional library is not installed."""


def missing_extra(library: str, extra: str) -> MissingExtraError:
    """The error for an optional library that is missing, with the line that installs it."""
    return MissingExtraError(f"{library} is not installed; install it with: pip install 'slipstream-plugins[{extra}]'")

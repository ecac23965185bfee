"""What became of images that were to be converted, and the count of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from slipstream_plugins.errors import SourceError

__all__ = ["Conversion", "Kept", "Made", "Outcome", "Tally"]


@dataclass(frozen=True)
class Made:
    """An image in its new form: the bytes, and the suffix that its name gets."""

    data: Any
    suffix: str


@dataclass(frozen=True)
class Kept:
    """An image that has no new form: why, and whether that ends the work unless it is told to go on."""

    reason: str
    stops: bool


Outcome = Made | Kept


class Conversion(Protocol):
    """Turns images into another form."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The suffixes of the names that it takes, in lower case."""

    @property
    def suffix(self) -> str:
        """The suffix that they usually get."""

    def __call__(self, images: Sequence[Any]) -> list[Outcome]:
        """The outcomes of n buffers, in order."""


@dataclass
class Tally:
    """What was done.

    Args:
        converted: Images in their new form.
        copied: Other files and members, as they were.
        kept: Images that stayed as they were (of a cache: were left out), by reason.
        problems: Those among them that end the work unless it is told to go on, named.
        bytes_before: Of the converted images.
        bytes_after: Of what they became.
    """

    converted: int = 0
    copied: int = 0
    kept: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    bytes_before: int = 0
    bytes_after: int = 0

    def settle(self, place: object, name: str, image: Any, outcome: Outcome, keep_going: bool) -> Made | None:
        """Counts an outcome.

        Args:
            place: The tar, folder or cache, for messages.
            name: The image in it.
            image: The image as it was.
            outcome: What became of it.
            keep_going: Whether images that stop the work are only counted.

        Returns:
            The new form, or None where the image stays as it is.

        Raises:
            SourceError: The image is damaged or refused; names it.
        """
        if isinstance(outcome, Made):
            self.converted += 1
            self.bytes_before += len(image)
            self.bytes_after += len(outcome.data)
            return outcome
        if outcome.stops:
            problem = f'{place}: {outcome.reason} ("{name}")'
            if not keep_going:
                raise SourceError(f"{problem}; replace the image, or go on past such images with --keep-going")
            self.problems.append(problem)
        self.kept[outcome.reason] += 1
        return None

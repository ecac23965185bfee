"""A plugin as a stranger would write it: one stage and one source."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from slipstream_plugins.hookspecs import hookimpl


@dataclass(frozen=True)
class Tint:
    """Adds `amount` to every level of a batch's first channel."""

    amount: int = 10

    def __call__(self, batch: Any) -> Any:
        if hasattr(batch, "__next__"):
            return map(self, batch)
        image = batch["image"].clone()
        channel = image[..., 0, :, :]
        channel.copy_((channel.int() + self.amount).clamp(0, 255))
        return {**batch, "image": image}


class Words:
    """`words://a,b,c`: the words as text samples."""

    fields: Mapping[str, str] = {"word": "text"}

    def __init__(self, spec: str) -> None:
        self.words = spec.partition("://")[2].split(",")

    def __len__(self) -> int:
        return len(self.words)

    def __getitem__(self, index: int) -> dict[str, str]:
        return {"word": self.words[range(len(self.words))[index]]}

    def fingerprint(self) -> str:
        return hashlib.sha256(",".join(self.words).encode()).hexdigest()


@hookimpl
def slip_stages() -> Mapping[str, Callable[..., Any]]:
    return {"Tint": Tint}


@hookimpl
def slip_sources() -> Mapping[str, Callable[..., Any]]:
    return {"words": Words}

"""What a plugin can provide. A plugin is a module with any of these functions, marked with `hookimpl`, and an entry
point of the group `slipstream_plugins` that names it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from slipstream_plugins.types import Source, Stage

__all__ = ["GROUP", "hookimpl", "hookspec", "slip_sources", "slip_stages"]

GROUP = "slipstream_plugins"
"""The entry-point group, and the project name of the hooks."""

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def slip_stages() -> Mapping[str, Callable[..., Stage]]:  # type: ignore[empty-body]
    """Name to class or factory of each stage, for `slipstream_plugins.stage(name, **parameters)`."""


@hookspec
def slip_sources() -> Mapping[str, Callable[..., Source]]:  # type: ignore[empty-body]
    """URL scheme (`"s3"` of `"s3://..."`) to class or factory of each source, called with the whole spec by
    `slipstream_plugins.open_source(spec)`."""

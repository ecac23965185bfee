"""Finds plugins through entry points and knows who provides which stage and source."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

import pluggy

from slipstream_plugins import hookspecs
from slipstream_plugins.errors import SlipstreamError

if TYPE_CHECKING:
    from slipstream_plugins.types import Source, Stage

__all__ = ["Plugin", "Registry", "installed", "registry", "source", "stage"]

_HOOKS = ("slip_stages", "slip_sources")


@dataclass(frozen=True)
class Plugin:
    """An installed plugin: what it provides, or why it was skipped."""

    name: str
    distribution: str
    version: str
    stages: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    error: str | None = None


@dataclass
class Registry:
    """What a set of entry points provides. A plugin that fails is warned about and skipped.

    Args:
        points: Entry points, each naming a module with hook implementations.
    """

    points: list[EntryPoint]
    plugins: list[Plugin] = field(default_factory=list, init=False)
    _provided: dict[str, dict[str, list[tuple[str, Callable[..., Any]]]]] = field(init=False)

    def __post_init__(self) -> None:
        self._provided = {hook: {} for hook in _HOOKS}
        manager = pluggy.PluginManager(hookspecs.GROUP)
        manager.add_hookspecs(hookspecs)
        for point in sorted(self.points, key=lambda point: (_owner(point), point.name)):
            self.plugins.append(self._add(manager, point))

    def names(self, hook: str) -> list[str]:
        """Every name that a hook provides, sorted."""
        return sorted(self._provided[hook])

    def owners(self, hook: str, name: str) -> list[str]:
        """The distributions that provide a name."""
        return [owner for owner, _ in self._provided[hook].get(name, [])]

    def find(self, hook: str, name: str) -> Callable[..., Any] | None:
        """The class or factory behind a name, or None.

        Raises:
            SlipstreamError: Two plugins provide it.
        """
        found = self._provided[hook].get(name, [])
        if len(found) > 1:
            owners = " and ".join(self.owners(hook, name))
            raise SlipstreamError(
                f"{name!r}: expected one plugin to provide it, got {owners}; uninstall one or import the class itself"
            )
        return found[0][1] if found else None

    def _add(self, manager: pluggy.PluginManager, point: EntryPoint) -> Plugin:
        owner = _owner(point)
        version = point.dist.version if point.dist is not None else "unknown"
        try:
            provided = _load(manager, point)
        except Exception as error:  # whatever a plugin's import raises must not take the others with it
            reason = f"{type(error).__name__}: {error}"
            warnings.warn(f"plugin {point.name!r} of {owner} {version} is skipped: {reason}", stacklevel=2)
            return Plugin(point.name, owner, version, error=reason)
        for hook, table in provided.items():
            for name, factory in table.items():
                self._provided[hook].setdefault(name, []).append((owner, factory))
        stages, sources = (tuple(sorted(provided[hook])) for hook in _HOOKS)
        return Plugin(point.name, owner, version, stages, sources)


def _load(manager: pluggy.PluginManager, point: EntryPoint) -> dict[str, Mapping[str, Callable[..., Any]]]:
    """Imports one plugin and asks each of its hooks; registers it only once all of it works."""
    module = point.load()
    name = f"{_owner(point)}:{point.name}"
    manager.register(module, name=name)
    try:
        manager.check_pending()
        provided = {hook: _ask(manager, module, hook) for hook in _HOOKS}
    except BaseException:
        manager.unregister(module)
        raise
    if not any(provided.values()):
        raise SlipstreamError(f"expected hookimpls of {' or '.join(_HOOKS)}, got none; mark them with hookimpl")
    return provided


def _ask(manager: pluggy.PluginManager, module: object, hook: str) -> Mapping[str, Callable[..., Any]]:
    others = [plugin for plugin in manager.get_plugins() if plugin is not module]
    answers = manager.subset_hook_caller(hook, others)()
    table: dict[str, Callable[..., Any]] = {}
    for answer in answers:
        for name, factory in answer.items():
            if not isinstance(name, str) or not callable(factory):
                raise SlipstreamError(f"{hook}: expected names and callables, got {name!r}: {factory!r}")
            table[name] = factory
    return table


def _owner(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.value


@cache
def registry() -> Registry:
    """The plugins that are installed in this environment, loaded once."""
    return Registry(list(entry_points(group=hookspecs.GROUP)))


def installed() -> list[Plugin]:
    """Every installed plugin, skipped ones included."""
    return registry().plugins


def stage(name: str, **parameters: Any) -> Stage:
    """A stage by its name, from this package or from a plugin.

    Args:
        name: As a plugin's `slip_stages` names it, such as "RRC".
        parameters: Of the stage.

    Raises:
        SlipstreamError: No plugin provides it, or several do.
    """
    factory = registry().find("slip_stages", name)
    if factory is None:
        names = ", ".join(registry().names("slip_stages"))
        raise SlipstreamError(f"stage: expected one of {names}; got {name!r}; install the plugin that provides it")
    made: Stage = factory(**parameters)
    return made


def source(spec: str, **options: Any) -> Source | None:
    """The source behind `scheme://...` where a plugin provides that scheme, else None."""
    scheme, separator, _ = spec.partition("://")
    factory = registry().find("slip_sources", scheme) if separator else None
    if factory is None:
        return None
    made: Source = factory(spec, **options)
    return made

from collections.abc import Mapping

from slipstream_plugins.hookspecs import hookimpl


@hookimpl
def slip_stages() -> Mapping[str, object]:
    return {"Tint": dict, "Shade": dict}

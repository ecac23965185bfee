"""The stages, one concept per file; users reach them as `slipstream_plugins.NAME`."""

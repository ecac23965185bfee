"""Where samples come from: folders, tars, caches, Python objects."""

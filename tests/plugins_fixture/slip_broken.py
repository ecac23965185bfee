raise RuntimeError("built for another version")

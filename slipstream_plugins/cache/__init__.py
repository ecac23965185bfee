"""The cache: a directory of shards that is written once and read through maps."""

"""One small file per contender: prepare(job, **options) returns a function that goes over the images once."""

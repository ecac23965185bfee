"""Open and read every file, in random order: what an image folder costs before anything is decoded."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.job import Job, Pass


def prepare(job: Job) -> Pass:
    """Paths are listed beforehand."""
    paths = [str(path) for path in job.paths()]

    def run(number: int) -> Iterator[list[bytes]]:
        order = np.random.default_rng(number).permutation(len(paths)).tolist()
        for rows in job.batches(len(paths)):
            batch = []
            for i in order[rows]:
                with open(paths[i], "rb") as file:
                    batch.append(file.read())
            yield batch

    return run

"""The process of one contender: says when it is ready, then runs an epoch for every line it reads.

python -m benchmarks.worker NAME JOB-AS-JSON
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.job import CONTENDERS, Job, Pass, prepare

WARM_SECONDS = 0.4


def say(**words: Any) -> None:
    """One line of JSON to the runner."""
    print(json.dumps(words), flush=True)


def describe(batch: Any) -> str:
    """Shape, dtype and device of a batch, as it came."""
    if hasattr(batch, "shape"):
        return f"{list(batch.shape)} {str(batch.dtype).replace('torch.', '')} {getattr(batch, 'device', 'cpu')}"
    return f"{len(batch)} records"


def images_in(batch: Any) -> int:
    """Images of one batch."""
    return int(batch.shape[0]) if hasattr(batch, "shape") else len(batch)


def colours(batch: Any) -> list[list[float]]:
    """[n][3] mean levels of every image, by which the runner sees that contenders show the same."""
    if not hasattr(batch, "shape"):
        return []
    pixels = np.asarray(batch)
    means: list[list[float]] = pixels.mean(axis=(1, 2) if pixels.shape[-1] == 3 else (2, 3)).tolist()
    return means


def peak_mb() -> float:
    """Peak resident memory of this process; getrusage would count the one it was forked from."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def epoch(run: Pass, start: int, seconds: float) -> dict[str, Any]:
    """Whole passes over the images until `seconds` are over, at least one."""
    images = passes = 0
    shape = ""
    began, began_cpu = time.perf_counter(), time.process_time()
    while passes == 0 or time.perf_counter() - began < seconds:
        for batch in run(start + passes):
            images += images_in(batch)
            shape = shape or describe(batch)
        passes += 1
    taken, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    return {
        "images": images,
        "passes": passes,
        "seconds": taken,
        "rate": images / taken,
        "cpu_rate": images / cpu,
        "batch": shape,
    }


def main() -> None:
    name, job = sys.argv[1], Job(**json.loads(sys.argv[2]))
    if name not in CONTENDERS:
        raise SystemExit(f"contender: expected one of {', '.join(CONTENDERS)}, got {name!r}")
    began = time.perf_counter()
    try:
        run = prepare(name, job)
    except ImportError as error:
        say(missing=str(error))
        return
    ready = time.perf_counter() - began
    say(ready=ready, colours=colours(next(iter(run(0)))))
    done = 0
    for line in sys.stdin:
        result = epoch(run, done, 0.0 if line.strip() == "cold" else WARM_SECONDS)
        done += result["passes"]
        say(**result, peak_mb=peak_mb())


if __name__ == "__main__":
    main()

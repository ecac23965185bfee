"""One figure each, measured in a process of its own: python -m benchmarks.probes NAME JOB-AS-JSON prints JSON."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from benchmarks.job import SIZE, Job

Figures = dict[str, float]


def resident_mb() -> float:
    """Memory of this process that is its own: mapped files, which the page cache keeps anyway, are not counted."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(("RssAnon", "RssShmem"))) / 1024


def yardstick(job: Job) -> Figures:
    """What Python adds to the FFCV way: its loop over one-pixel images through calls that do next to nothing."""
    import cv2
    import numpy as np

    from benchmarks.contenders import ffcv_way

    run = ffcv_way.prepare(job)
    whole = best_per_image(lambda: sum(len(batch) for batch in run(0)))
    turbo, pixels, dot = ffcv_way.fast_decoder(), np.empty((1, 1, 3), np.uint8), np.zeros((1, 1, 3), np.uint8)
    blob = cv2.imencode(".jpg", dot)[1].tobytes()
    views, crops, batch = {(1, 1): pixels}, [[0, 0, 1, 1]] * 1000, np.zeros((1000, 1, 1, 3), np.uint8)

    def overhead() -> int:
        for place in range(1000):
            view = views[1, 1]
            turbo(blob, view)
            x, y, w, h = crops[place]
            cv2.resize(view[y : y + h, x : x + w], (1, 1), dst=batch[place], interpolation=cv2.INTER_AREA)
        return 1000

    python = best_per_image(overhead)
    return {"image_us": whole * 1e6, "python_us_at_most": python * 1e6, "share_at_most": python / whole}


def best_per_image(run: Callable[[], int], rounds: int = 5) -> float:
    """Seconds of processor time per image, the least of some rounds."""
    times: list[float] = []
    for _ in range(rounds):
        began = time.process_time()
        images = run()
        times.append((time.process_time() - began) / images)
    return min(times)


def import_time(job: Job) -> Figures:
    """`import slipstream_plugins` in a fresh interpreter, median of nine."""
    code = (
        "import time; t, c = time.perf_counter(), time.process_time(); import slipstream_plugins; "
        "print(time.perf_counter() - t, time.process_time() - c)"
    )
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True) for _ in range(9)]
    wall, cpu = zip(*(map(float, run.stdout.split()) for run in runs), strict=True)
    return {"seconds": statistics.median(wall), "cpu_seconds": statistics.median(cpu)}


def first_batch(job: Job) -> Figures:
    """Opening a cache and its first batch, against a steady one; libraries are loaded before."""
    import slipstream_plugins as slipstream
    from benchmarks.contenders.ours import cache_of

    stages = slipstream.Compose([slipstream.BatchDecode(num_threads=job.threads), slipstream.RRC(SIZE)], seed=0)
    path = cache_of(job, "yuv420")
    loader_type = slipstream.SlipstreamLoader
    wall, cpu = [time.perf_counter()], [time.process_time()]
    loader = loader_type(path, stages, batch_size=job.batch_size, prefetch=0)
    for _ in range(4):
        for batch in loader:
            del batch
            wall.append(time.perf_counter())
            cpu.append(time.process_time())
    first, steady = above_steady(wall, len(loader))
    first_cpu, steady_cpu = above_steady(cpu, len(loader))
    return {
        "first_ms": first,
        "steady_ms": steady,
        "above_ms": first - steady,
        "above_cpu_ms": first_cpu - steady_cpu,
    }


def above_steady(clock: list[float], batches: int) -> tuple[float, float]:
    """Milliseconds of the first batch, and the median of those after the first epoch."""
    times = [(after - before) * 1e3 for before, after in pairwise(clock)]
    return times[0], statistics.median(times[batches:])


def memory(job: Job) -> Figures:
    """The most that 50 epochs of SlipstreamLoader hold, and what they hold at the end, above a loaded torch."""
    import torch

    torch.zeros(1000).sum()
    import slipstream_plugins as slipstream
    from benchmarks.contenders.ours import cache_of

    path = cache_of(job, "yuv420")
    before = resident_mb()
    stages = slipstream.Compose([slipstream.BatchDecode(num_threads=job.threads), slipstream.RRC(SIZE)], seed=0)
    loader = slipstream.SlipstreamLoader(path, stages, batch_size=job.batch_size)
    most = after_five = 0.0
    for epoch in range(50):
        for batch in loader:
            most = max(most, resident_mb() - before)
            del batch
        if epoch == 4:
            after_five = resident_mb() - before
    batch_mb = job.batch_size * 3 * SIZE * SIZE / 2**20
    prefetch = loader.options.prefetch
    return {
        "most_mb": most,
        "allowed_mb": (prefetch + 2) * batch_mb + 30,
        "after_5_epochs_mb": after_five,
        "after_50_epochs_mb": resident_mb() - before,
    }


PROBES: dict[str, Callable[[Job], Figures]] = {
    "yardstick": yardstick,
    "import": import_time,
    "first-batch": first_batch,
    "memory": memory,
}


def main() -> None:
    name, job = sys.argv[1], Job(**json.loads(sys.argv[2]))
    print(json.dumps(PROBES[name](job)))


if __name__ == "__main__":
    main()

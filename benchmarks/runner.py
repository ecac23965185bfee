"""Runs contenders in turns: one process each, all alive, only one at work."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.job import OWN_DRAWS, Job


@dataclass
class Result:
    """What one contender did.

    Args:
        name: The contender.
        prepare_seconds: Importing its libraries and opening its data.
        cold: images/s of the first epoch.
        warm: images/s of every later one, in the order of the rounds.
        warm_cpu: The same per second of processor time, all threads of the process together.
        batch: Shape, dtype and device of its first batch.
        peak_mb: Peak resident memory of its process.
        missing: Why it did not run, or "".
        colours: [n][3] mean levels of the images of its first batch.
    """

    name: str
    prepare_seconds: float = 0.0
    cold: float = 0.0
    warm: list[float] = field(default_factory=list)
    warm_cpu: list[float] = field(default_factory=list)
    batch: str = ""
    peak_mb: float = 0.0
    missing: str = ""
    colours: list[list[float]] = field(default_factory=list, repr=False)

    @property
    def median(self) -> float:
        """Of the warm epochs."""
        return statistics.median(self.warm) if self.warm else 0.0


class Worker:
    """A contender's process."""

    def __init__(self, name: str, job: Job) -> None:
        env = {key: value for key, value in os.environ.items() if not key.startswith("SLIPSTREAM_NUM_THREADS")}
        env |= {"OMP_NUM_THREADS": str(job.threads), "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "benchmarks.worker", name, job.dump()]
        self.result = Result(name)
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        answer = self._answer()
        self.result.missing = answer.get("missing", "")
        self.result.prepare_seconds = answer.get("ready", 0.0)
        self.result.colours = answer.get("colours", [])

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        while line := self.process.stdout.readline():
            if line.startswith("{"):
                answer: dict[str, Any] = json.loads(line)
                return answer
        raise SystemExit(f"{self.result.name}: its process ended with {self.process.wait()}; its error stands above")

    def epoch(self, cold: bool = False) -> None:
        """One more epoch, added to the result."""
        assert self.process.stdin is not None
        self.process.stdin.write("cold\n" if cold else "warm\n")
        self.process.stdin.flush()
        answer = self._answer()
        if cold:
            self.result.cold = answer["rate"]
        else:
            self.result.warm.append(answer["rate"])
            self.result.warm_cpu.append(answer["cpu_rate"])
        self.result.batch, self.result.peak_mb = answer["batch"], answer["peak_mb"]

    def close(self) -> None:
        """Ends the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def same_pictures(results: list[Result]) -> None:
    """Stops when a contender shows other pixels than the first one: its speed would mean nothing."""
    for result in results[1:]:
        difference = np.abs(np.subtract(result.colours, results[0].colours))
        if difference.size and difference.max() > 4:
            worst = int(difference.max(axis=1).argmax())
            raise SystemExit(f"{result.name}: image {worst} is not what {results[0].name} shows; mend the contender")


def run(names: list[str], job: Job, rounds: int) -> list[Result]:
    """1 cold epoch each, then `rounds` warm ones, a round being one epoch of everybody, in rotating order."""
    workers: list[Worker] = []
    try:
        for name in names:
            workers.append(Worker(name, job))
        running = [worker for worker in workers if not worker.result.missing]
        same_pictures([worker.result for worker in running if worker.result.name not in OWN_DRAWS])
        for worker in running:
            worker.epoch(cold=True)
        for number in range(rounds):
            first = number % max(len(running), 1)
            for worker in running[first:] + running[:first]:
                worker.epoch()
    finally:
        for worker in workers:
            worker.close()
    return [worker.result for worker in workers]


def ratio(result: Result, yardstick: Result) -> float:
    """The median of the rounds' own ratios: what disturbs a round disturbs both."""
    return statistics.median(a / b for a, b in zip(result.warm, yardstick.warm, strict=True))


def cpu_ratio(result: Result, yardstick: Result) -> float:
    """`ratio` by processor time, which holds on a busy machine; workers of a DataLoader are not counted in it."""
    return statistics.median(a / b for a, b in zip(result.warm_cpu, yardstick.warm_cpu, strict=True))

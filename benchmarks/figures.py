"""What the tables of contenders do not show: python -m benchmarks.figures --data FOLDER."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from dataclasses import replace

from benchmarks.job import Job
from benchmarks.probes import PROBES, Figures
from benchmarks.runner import ratio, run
from benchmarks.sets import SETS, make_job


def probed(name: str, job: Job, times: int) -> Figures:
    """A probe's figures, each the median of some fresh processes."""
    command = [sys.executable, "-m", "benchmarks.probes", name, job.dump()]
    answers = []
    for _ in range(times):
        said = subprocess.run(command, capture_output=True, text=True)
        if said.returncode:
            raise SystemExit(f"{name}: {said.stderr}")
        answers.append(json.loads(said.stdout.splitlines()[-1]))
    return {key: statistics.median(answer[key] for answer in answers) for key in answers[0]}


def loader_against_compose(job: Job, rounds: int) -> Figures:
    """SlipstreamLoader beside Compose over the same reader, in turns."""
    compose, loader = run(["ours-compose", "ours-loader"], job, rounds)
    return {"compose": compose.median, "loader": loader.median, "ratio": ratio(loader, compose)}


def more_threads(job: Job, rounds: int, threads: int) -> Figures:
    """The same cache on one thread and on several."""
    one = run(["ours-yuv420-cache"], job, rounds)[0].median
    several = run(["ours-yuv420-cache"], replace(job, threads=threads), rounds)[0].median
    return {"one": one, f"on_{threads}": several, "ratio": several / one}


def reading(job: Job, rounds: int) -> Figures:
    """Records and headers handed to the decoder, nothing decoded."""
    records = run(["ours-records"], replace(job, case="io", batch_size=240), rounds)[0]
    return {"records_per_second": records.median, "per_cpu_second": statistics.median(records.warm_cpu)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.figures", description=__doc__)
    parser.add_argument("--set", choices=SETS, default="s256q100", dest="name")
    parser.add_argument("--data", help="a folder of class folders; without it, photo-like pictures are made")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2, help="what one thread is compared with")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    job = make_job("rrc", options.name, options.data, options.batch_size, threads=1)
    figures = {name: probed(name, job, times=1 if name == "memory" else 3) for name in PROBES}
    figures["loader against compose"] = loader_against_compose(job, options.rounds)
    figures["threads"] = more_threads(job, options.rounds, options.threads)
    figures["reading"] = reading(job, options.rounds)
    if options.json:
        print(json.dumps(figures))
        return
    for name, values in figures.items():
        print(f"{name:24} " + ", ".join(f"{key} {value:.4g}" for key, value in values.items()))


if __name__ == "__main__":
    main()

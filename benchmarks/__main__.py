"""The command: python -m benchmarks --case rrc --set s256q100 --data FOLDER."""

from __future__ import annotations

import argparse
import json
import platform
from dataclasses import asdict

from benchmarks.job import CASES, CONTENDERS, YARDSTICK, Job
from benchmarks.runner import Result, cpu_ratio, ratio, run
from benchmarks.sets import SETS, make_job


def conditions(job: Job, rounds: int) -> str:
    """The line that has to stand beside every figure."""
    return (
        f"{job.case}, {len(job.paths())} images of {job.folder}, batches of {job.batch_size}, {job.threads} thread(s), "
        f"1 cold epoch and {rounds} warm ones in turns, medians; {processor()}"
    )


def processor() -> str:
    """The processor's own name."""
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def table(results: list[Result], case: str) -> str:
    """Markdown."""
    base = next((r for r in results if r.name == YARDSTICK[case] and r.warm), None)
    unit = "records/s" if case == "io" else "images/s"
    lines = [
        f"| contender | {unit} | x {YARDSTICK[case]} | by CPU time | cold epoch | spread | peak MB | batch |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    for result in results:
        if result.missing:
            lines.append(f"| {result.name} | not run: {result.missing} | | | | | | |")
            continue
        against = f"{ratio(result, base):.2f} | {cpu_ratio(result, base):.2f}" if base else "|"
        spread = f"{min(result.warm):.0f}-{max(result.warm):.0f}"
        lines.append(
            f"| {result.name} | {result.median:.0f} | {against} | {result.cold:.0f} | {spread} "
            f"| {result.peak_mb:.0f} | {result.batch} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="This package beside others.")
    parser.add_argument("--case", choices=CASES, default="rrc")
    parser.add_argument("--set", choices=SETS, default="originals", dest="name")
    parser.add_argument("--data", help="a folder of class folders; without it, photo-like pictures are made")
    parser.add_argument("--contenders", help=f"comma-separated, of {', '.join(CONTENDERS)}")
    parser.add_argument("--rounds", type=int, default=5, help="warm epochs, at least 2")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="every epoch, for programs")
    options = parser.parse_args()
    if options.rounds < 2:
        parser.error(f"--rounds: expected at least 2, got {options.rounds}")
    names = options.contenders.split(",") if options.contenders else list(CASES[options.case])
    unknown = [name for name in names if name not in CONTENDERS]
    if unknown:
        parser.error(f"--contenders: expected names of {', '.join(CONTENDERS)}, got {', '.join(unknown)}")
    job = make_job(options.case, options.name, options.data, options.batch_size, options.threads)
    results = run(names, job, options.rounds)
    if options.json:
        print(json.dumps({"conditions": conditions(job, options.rounds), "results": [asdict(r) for r in results]}))
    else:
        print(f"{conditions(job, options.rounds)}\n\n{table(results, options.case)}")


if __name__ == "__main__":
    main()

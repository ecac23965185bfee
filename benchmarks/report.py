"""Runs the comparison of README.md and writes it there: python -m benchmarks.report --data FOLDER."""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

from benchmarks.__main__ import processor
from benchmarks.runner import Result, cpu_ratio, run
from benchmarks.sets import make_job

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN, END = "<!-- comparison -->", "<!-- end of comparison -->"
COLUMNS = (("rrc", "originals"), ("rrc", "s256q100"), ("resizecrop", "s256q100"))
HEADINGS = ("RRC(224), files as they are", "RRC(224), short side 256, quality 100", "ResizeCrop(256, 224), the same")
CONTENDERS = {
    "ffcv-way": "the FFCV way",
    "pil-dataloader": "PIL + DataLoader",
    "opencv": "OpenCV, INTER_AREA",
    "ours-jpeg-fast": "slipstream, JPEG bytes, fast",
    "ours-jpeg-exact": "slipstream, JPEG bytes, exact",
    "ours-dct-compact": "slipstream, `dct` records, compact",
    "ours-dct-wide": "slipstream, `dct` records, wide",
    "ours-jpeg-cache": "slipstream, cache `jpeg`",
    "ours-dct-cache": "slipstream, cache `dct`",
    "ours-yuv420-cache": "slipstream, cache `yuv420`",
    "ours-loader": "SlipstreamLoader, cache `yuv420`",
}


def table(columns: list[list[Result]], images: str, rounds: int) -> str:
    """Ratios to the FFCV way, and images per second of processor time in parentheses."""
    lines = [
        f"One thread of {processor()}, {images}, medians of {rounds} rounds taken in turns after a cold one; "
        "times the FFCV way, by processor time (images per processor second):",
        "",
        f"| uint8 [64, 3, 224, 224] | {' | '.join(HEADINGS)} |",
        f"|---|{'---:|' * len(HEADINGS)}",
    ]
    for row, title in enumerate(CONTENDERS.values()):
        cells = [cell(results[row], results[0]) for results in columns]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def cell(result: Result, yardstick: Result) -> str:
    """One cell of the table."""
    return f"{cpu_ratio(result, yardstick):.2f} ({statistics.median(result.warm_cpu):.0f})"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("--data", required=True, help="a folder of class folders")
    parser.add_argument("--title", help="what the images are; by default how many")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    columns, images = [], 0
    for case, name in COLUMNS:
        job = make_job(case, name, options.data, batch_size=64, threads=1)
        images = len(job.paths())
        columns.append(run(list(CONTENDERS), job, options.rounds))
    text = README.read_text()
    before, after = text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]
    written = table(columns, options.title or f"{images} JPEGs", options.rounds)
    README.write_text(f"{before}\n{written}\n{after}")
    print(written)


if __name__ == "__main__":
    main()

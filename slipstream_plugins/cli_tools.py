"""The commands that convert data sets: transcode and export."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from slipstream_plugins.cache.format import MANIFEST
from slipstream_plugins.tools.conversions import ToFiles, ToRecords
from slipstream_plugins.tools.exporting import export_files, export_tars
from slipstream_plugins.tools.outcomes import Tally
from slipstream_plugins.tools.rewriting import rewrite

__all__ = ["export", "print_report", "report", "transcode"]


def transcode(options: argparse.Namespace) -> Tally:
    """JPEGs of tars and folders to dct records."""
    conversion = ToRecords(options.packing, not options.no_icc, options.keep_exif, options.workers)
    return rewrite(
        options.inputs,
        options.out,
        conversion,
        keep_going=options.keep_going,
        resume=options.resume,
        progress=_progress(options),
    )


def export(options: argparse.Namespace) -> Tally:
    """A cache to files or tars; dct records of tars and folders to JPEGs."""
    conversion = ToFiles(options.reencode, options.workers)
    caches = [
        path for path in options.inputs if path.rstrip("/").endswith(".slip") or (Path(path) / MANIFEST).is_file()
    ]
    keep = {"keep_going": options.keep_going, "progress": _progress(options)}
    if not caches:
        if options.tar:
            raise ValueError("export: expected a .slip cache with --tar, got other inputs; they keep their own form")
        return rewrite(options.inputs, options.out, conversion, resume=options.resume, **keep)
    if len(options.inputs) > 1 or options.resume:
        raise ValueError("export: expected one .slip cache alone, without --resume")
    if options.tar:
        return export_tars(caches[0], options.out, conversion, samples=options.tar_samples, **keep)
    return export_files(caches[0], options.out, conversion, **keep)


def _progress(options: argparse.Namespace) -> bool | None:
    return False if options.quiet or options.json else None


def report(out: str, tally: Tally) -> dict[str, Any]:
    """A tally as JSON."""
    return {"path": out, **asdict(tally), "kept": dict(tally.kept)}


def print_report(out: str, tally: Tally) -> None:
    """A tally in words; its problems on standard error."""
    size = f"{tally.bytes_before / 1e6:.1f} MB -> {tally.bytes_after / 1e6:.1f} MB"
    print(f"{out}: {tally.converted} images converted ({size}), {tally.copied} other files copied")
    for reason, count in tally.kept.most_common():
        print(f"not converted: {count}: {reason}")
    for problem in tally.problems:
        print(f"went on past {problem}", file=sys.stderr)

"""The console script: slipstream-plugins build | info | verify | transcode | export | bench | plugins."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from slipstream_plugins.errors import SlipstreamError

__all__ = ["main"]

GOOD, BAD, FAILED = 0, 1, 2
"""Exit codes: done; done, and what was looked at is damaged; could not be done."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        arguments: Without the program's name; None takes those of the process.

    Returns:
        The exit code: 0; 1 where `verify` found damage; 2 where a command could not do its work.
    """
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except (SlipstreamError, ValueError, TypeError, OSError) as error:
        print(f"slipstream-plugins {options.command}: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print(f"slipstream-plugins {options.command}: interrupted", file=sys.stderr)
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("slipstream-plugins", description="Batch image decoding for training: caches.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_build(commands)
    _add_info(commands)
    _add_verify(commands)
    _add_transcode(commands)
    _add_export(commands)
    _add_bench(commands)
    _add_plugins(commands)
    return parser


def _add(commands: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(run=run)
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _add_build(commands: Any) -> None:
    from slipstream_plugins.cache.encodings import ENCODINGS
    from slipstream_plugins.codec import PACKINGS

    parser = _add(commands, "build", _build, "build a cache, or go on with one that is unfinished")
    parser.add_argument("source", help="a folder of class folders, tars ('train-{000..127}.tar'), or a .slip cache")
    parser.add_argument("out", nargs="?", help="NAME.slip; without it, a directory of the default cache folder")
    parser.add_argument("--encoding", default="jpeg", choices=list(ENCODINGS), help="how images are stored (jpeg)")
    parser.add_argument(
        "--packing", default="compact", choices=PACKINGS, help="of encoding dct: smaller or faster (compact)"
    )
    parser.add_argument("--short", type=int, metavar="PIXELS", help="shrink to at most this short side")
    parser.add_argument("--max-long", type=int, metavar="PIXELS", help="shrink to at most this long side")
    parser.add_argument("--quality", type=int, default=100, help="JPEG quality of images that were shrunk (100)")
    parser.add_argument("--fields", help="fields to store, separated by commas; all by default")
    parser.add_argument("--workers", type=int, metavar="N", help="processes; one per core by default")
    parser.add_argument("--shard-size", type=int, metavar="N", help="samples per shard")
    parser.add_argument("--skip-errors", action="store_true", help="leave out samples that cannot be stored")
    parser.add_argument("--rebuild", action="store_true", help="replace another cache at the same path")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def _add_info(commands: Any) -> None:
    parser = _add(commands, "info", _info, "what is in a cache or another source")
    parser.add_argument("path", help="a .slip cache, or any source")


def _add_verify(commands: Any) -> None:
    parser = _add(commands, "verify", _verify, "compare a cache with its checksums, and with its source")
    parser.add_argument("path", help="the .slip cache")
    parser.add_argument("--source", help="what it was built from: compares every pixel and field as well")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def _add_transcode(commands: Any) -> None:
    from slipstream_plugins.codec import PACKINGS

    parser = _add(commands, "transcode", _transcode, "JPEGs of WebDataset tars and of folders to dct records (.dct)")
    _add_inputs(parser, "tars ('train-{000..127}.tar') or folders")
    parser.add_argument("--packing", default="compact", choices=PACKINGS, help="smaller or faster (compact)")
    parser.add_argument("--keep-exif", action="store_true", help="keep EXIF data; the orientation is kept in any case")
    parser.add_argument("--no-icc", action="store_true", help="drop ICC profiles")


def _add_export(commands: Any) -> None:
    from slipstream_plugins.tools.exporting import TAR_SAMPLES

    parser = _add(commands, "export", _export, "back to image files: a cache, or the dct records of tars and folders")
    _add_inputs(parser, "one .slip cache, or tars or folders with .dct members")
    parser.add_argument("--reencode", type=int, metavar="QUALITY", help="make JPEGs of records of pixels, too")
    parser.add_argument("--tar", action="store_true", help="write a cache as WebDataset tars, with all its fields")
    parser.add_argument("--tar-samples", type=int, default=TAR_SAMPLES, metavar="N", help=f"in a tar ({TAR_SAMPLES})")


def _add_inputs(parser: argparse.ArgumentParser, text: str) -> None:
    parser.add_argument("inputs", nargs="+", metavar="IN", help=text)
    parser.add_argument("out", help="the folder that receives the output")
    parser.add_argument("--workers", type=int, default=0, metavar="N", help="threads; one per core by default")
    parser.add_argument(
        "--keep-going",
        action="store_true",
        help="go on past damaged or refused images: list them, and leave them as they are (those of a cache: out)",
    )
    parser.add_argument("--resume", action="store_true", help="leave out files that are there already")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def _add_bench(commands: Any) -> None:
    parser = _add(commands, "bench", _bench, "decode speed of a cache or source, beside Pillow on the same images")
    parser.add_argument("path", help="a .slip cache, or any source")
    parser.add_argument("--size", type=int, default=224, help="pixels of the crop's output (224)")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--threads", type=int, default=0, help="threads of both; 0 for every core")
    parser.add_argument("--samples", type=int, default=512, help="how many samples to decode in a round (512)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, of which the median counts (5)")


def _add_plugins(commands: Any) -> None:
    _add(commands, "plugins", _plugins, "the installed plugins and what they provide")


def _build(options: argparse.Namespace) -> int:
    from slipstream_plugins.cache.format import read_manifest
    from slipstream_plugins.cache.writer import BuildOptions, build
    from slipstream_plugins.sources import open_source

    path = build(
        open_source(options.source),
        options.out,
        BuildOptions(
            encoding=options.encoding,
            packing=options.packing,
            short=options.short,
            max_long=options.max_long,
            quality=options.quality,
            fields=tuple(options.fields.split(",")) if options.fields else None,
            shard_size=options.shard_size,
            on_error="skip" if options.skip_errors else "raise",
            workers=options.workers,
            progress=False if options.quiet or options.json else None,
            rebuild=options.rebuild,
        ),
    )
    manifest = read_manifest(path)
    skipped = [each for shard in manifest.shards for each in shard.skipped]
    size = sum(file.size for shard in manifest.shards for file in shard.files.values())
    if options.json:
        _print_json(
            {"path": str(path), "id": manifest.id, "samples": manifest.samples, "bytes": size, "skipped": skipped}
        )
        return GOOD
    print(f"{path}: {manifest.samples} samples, {size / 1e6:.1f} MB")
    for each in skipped:
        print(f"left out: sample {each['index']}, {each['key']!r}: {each['reason']}", file=sys.stderr)
    return GOOD


def _info(options: argparse.Namespace) -> int:
    from slipstream_plugins.cache.info import describe
    from slipstream_plugins.sources import open_source

    facts = describe(open_source(options.path))
    if options.json:
        _print_json(facts)
    else:
        _print_facts(facts)
    return GOOD


def _verify(options: argparse.Namespace) -> int:
    from slipstream_plugins.cache.verify import verify
    from slipstream_plugins.sources import open_source

    source = open_source(options.source) if options.source else None
    result = verify(options.path, source, False if options.quiet or options.json else None)
    if options.json:
        _print_json({"path": options.path, "good": not result.problems, **asdict(result)})
    else:
        for problem in result.problems:
            print(problem)
        compared = ""
        if source is not None:
            compared = f"; pixels: {result.images} as the source's, {result.reduced} reduced by the encoding"
        state = f"{len(result.problems)} problems" if result.problems else "good"
        print(f"{options.path}: {state}: {result.samples} samples, {result.bytes / 1e6:.1f} MB{compared}")
    return BAD if result.problems else GOOD


def _transcode(options: argparse.Namespace) -> int:
    from slipstream_plugins import cli_tools

    return _print_tally(options, cli_tools.transcode(options))


def _export(options: argparse.Namespace) -> int:
    from slipstream_plugins import cli_tools

    return _print_tally(options, cli_tools.export(options))


def _print_tally(options: argparse.Namespace, tally: Any) -> int:
    from slipstream_plugins import cli_tools

    if options.json:
        _print_json(cli_tools.report(options.out, tally))
    else:
        cli_tools.print_report(options.out, tally)
    return GOOD


def _bench(options: argparse.Namespace) -> int:
    from slipstream_plugins.cli_bench import measure

    facts = measure(options.path, options.size, options.batch_size, options.threads, options.samples, options.rounds)
    if options.json:
        _print_json(facts)
    else:
        _print_facts(facts)
    return GOOD


def _plugins(options: argparse.Namespace) -> int:
    from slipstream_plugins.plugins import installed

    plugins = installed()
    if options.json:
        _print_json([asdict(plugin) for plugin in plugins])
        return GOOD
    for plugin in plugins:
        print(f"{plugin.name} ({plugin.distribution} {plugin.version})")
        if plugin.error:
            print(f"  skipped: {plugin.error}")
        for kind, names in (("stages", plugin.stages), ("sources", plugin.sources)):
            if names:
                print(f"  {kind}: {', '.join(names)}")
    return GOOD


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=1))


def _print_facts(facts: dict[str, Any]) -> None:
    width = max(len(name) for name in facts)
    for name, value in facts.items():
        shown = ", ".join(f"{key}: {each}" for key, each in value.items()) if isinstance(value, dict) else value
        print(f"{name:{width}}  {shown}")


if __name__ == "__main__":
    sys.exit(main())

"""What README.md says is true: its code runs, its commands exist, its files are there."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

import pytest

from examples.photos import write_folder

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the README talks about: photos/, shards/0000.tar."""
    wds = pytest.importorskip("webdataset")
    paths = write_folder(tmp_path / "photos", count=20, classes=2)
    (tmp_path / "shards").mkdir()
    with wds.TarWriter(str(tmp_path / "shards" / "0000.tar")) as tar:
        for i, path in enumerate(paths):
            tar.write({"__key__": f"{i:04d}", "jpg": path.read_bytes(), "cls": str(i % 2).encode()})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_python_blocks_run_in_order(workplace: Path) -> None:
    namespace: dict[str, object] = {"__name__": "readme"}
    assert len(blocks("python")) >= 8
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), namespace)
    batch = namespace["stages"]([(workplace / "photos/class_00/00000.jpg").read_bytes()])  # type: ignore[operator]
    assert tuple(batch.shape) == (1, 3, 224, 224) and str(batch.dtype) == "torch.float32"


def test_names_of_the_package_exist() -> None:
    import slipstream_plugins

    used = set(re.findall(r"\bslipstream\.([A-Za-z_]+)", README))
    assert len(used) >= 10
    missing = {name for name in used if not hasattr(slipstream_plugins, name)}
    assert not missing


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    used = set(re.findall(r"\bmake ([a-z-]+)", "\n".join(blocks("sh"))))
    assert {"demo", "test", "setup", "lint"} <= used <= targets
    described = set(re.findall(r"make ([a-z-]+)", makefile[makefile.index("help:") : makefile.index("setup:")]))
    assert described <= targets


def parsers() -> dict[str, argparse.ArgumentParser]:
    from slipstream_plugins.cli import _parser

    actions = [a for a in _parser()._actions if isinstance(a, argparse._SubParsersAction)]
    return dict(actions[0].choices)


def test_commands_and_their_options_exist() -> None:
    from slipstream_plugins.cli import _parser

    lines = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("slipstream-plugins ")]
    assert {line.split()[1] for line in lines} == set(parsers())
    for line in lines:
        _parser().parse_args(line.split()[1:])
    for option in re.findall(r"`(--[a-z-]+)[ `]", README):
        assert any(option in parser.format_help() for parser in parsers().values()), option


@pytest.mark.parametrize("module", ["benchmarks", "benchmarks.figures", "benchmarks.report", "examples.demo"])
def test_modules_that_are_run_explain_themselves(module: str) -> None:
    said = subprocess.run([sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True)
    assert said.returncode == 0 and "--data" in said.stdout, said.stderr


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)", README):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target


def test_every_dotted_module_that_is_named_exists() -> None:
    for name in set(re.findall(r"\b((?:benchmarks|examples|slipstream_plugins)(?:\.[a-z_]+)+)", README)):
        path = ROOT.joinpath(*name.split("."))
        assert path.exists() or path.with_suffix(".py").exists() or name.endswith(".py"), name


def test_changelog_keeps_its_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert text.startswith("# Changelog\n") and "## [Unreleased]" in text
    assert set(re.findall(r"^### (\w+)", text, re.MULTILINE)) <= {"Added", "Changed", "Fixed", "Removed", "Security"}

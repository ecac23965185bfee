"""Every example runs as its docstring says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from examples.photos import write_folder

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = {
    "plain_loader": "(8, 3, 224, 224) torch.float32",
    "torch_dataloader": "(8, 3, 224, 224)",
    "datapipes": "centre crops, the last (8, 3, 224, 224)",
    "webdataset_shards": "one sample at a time",
    "lightning_training": "loss ",
}


def run(arguments: list[str], folder: Path) -> str:
    """Output of `python -m arguments` in `folder`, where whatever it writes stays."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def small_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("examples") / "photos"
    write_folder(folder, count=24, classes=3)
    return folder


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_runs(name: str, small_folder: Path, tmp_path: Path) -> None:
    assert EXAMPLES[name] in run([f"examples.{name}", str(small_folder)], tmp_path)


def test_every_example_is_tried_and_short() -> None:
    helpers = {"__init__", "inputs", "photos", "pil_loader", "demo"}
    files = {path.stem: path for path in (ROOT / "examples").glob("*.py") if path.stem not in helpers}
    assert set(files) == set(EXAMPLES)
    for path in files.values():
        assert len(path.read_text().splitlines()) <= 60, path.name

"""The console script, as people and programs use it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from slipstream_plugins.cache.reader import Reader
from slipstream_plugins.cli import main
from tests import images


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(12):
        path = tmp_path / "photos" / f"class{number % 3}" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(images.jpeg(80, 60, seed=number))
    return tmp_path / "photos"


Run = Any


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return call


def test_build_info_verify(folder: Path, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "a.slip"
    code, text, errors = run("build", folder, out, "--short", 32, "--quality", 90, "--workers", 2, "--shard-size", 5)
    assert code == 0 and "12 samples" in text and "Traceback" not in errors
    code, text, _ = run("info", out, "--json")
    facts = json.loads(text)
    assert code == 0 and facts["samples"] == 12 and facts["shards"] == 3 and facts["classes"] == 3
    assert facts["image"] == {
        "jpeg": 12,
        "median height": 32,
        "median width": 43,
        "median bytes": facts["image"]["median bytes"],
    }
    assert facts["options"]["short"] == 32 and facts["options"]["quality"] == 90
    code, text, _ = run("info", out)
    assert code == 0 and "label: int" in text
    code, text, _ = run("verify", out, "--source", folder, "--json")
    assert code == 0 and json.loads(text)["good"] and json.loads(text)["images"] == 12
    code, text, _ = run("verify", out)
    assert code == 0 and "good: 12 samples" in text


def test_build_without_a_path_goes_to_the_cache_folder(
    folder: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPSTREAM_CACHE_DIR", str(tmp_path / "caches"))
    _, text, _ = run("build", folder, "--json", "--encoding", "yuv420", "--fields", "image,label")
    facts = json.loads(text)
    assert Path(facts["path"]).parent == tmp_path / "caches" and facts["samples"] == 12
    assert list(Reader(facts["path"]).fields) == ["image", "label"]
    assert run("build", folder, "--json", "--encoding", "yuv420", "--fields", "image,label")[1] == text


def test_bad_samples_stop_the_build_or_are_listed(folder: Path, tmp_path: Path, run: Run) -> None:
    (folder / "class1" / "bad.jpg").write_bytes(b"text")
    code, _, errors = run("build", folder, tmp_path / "a.slip")
    assert code == 2 and "class1/bad.jpg" in errors and "Traceback" not in errors
    code, text, errors = run("build", folder, tmp_path / "a.slip", "--skip-errors", "--quiet")
    assert code == 0 and "12 samples" in text and "left out: sample" in errors and "class1/bad.jpg" in errors


def test_damage_is_exit_code_1(folder: Path, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "a.slip"
    run("build", folder, out)
    (file,) = out.glob("*/image.bin")
    data = bytearray(file.read_bytes())
    data[100] ^= 1
    file.write_bytes(data)
    code, text, _ = run("verify", out, "--quiet")
    assert code == 1 and "image.bin: expected CRC-32C" in text
    code, text, _ = run("verify", out, "--json")
    assert code == 1 and not json.loads(text)["good"]


def test_bench_compares_with_pillow(folder: Path, tmp_path: Path, run: Run) -> None:
    code, text, _ = run("bench", folder, "--json", "--rounds", 1, "--threads", 1, "--size", 32)
    facts = json.loads(text)
    assert code == 0 and facts["images"] == 12 and facts["slipstream images/s"] > 0 and facts["pillow images/s"] > 0
    run("build", folder, tmp_path / "a.slip", "--encoding", "yuv420")
    code, text, _ = run("bench", tmp_path / "a.slip", "--json", "--rounds", 1, "--threads", 1)
    assert code == 0 and "pillow images/s" not in json.loads(text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["info", "nowhere"], "a path where nothing is"),
        (["info", "nowhere.slip"], "there is no such cache"),
        (["verify", "nowhere.slip"], "there is no such cache"),
        (["build", "nowhere", "a.slip"], "a path where nothing is"),
        (["build", ".", "a.slip", "--quality", "0"], "quality: expected 1 to 100"),
        (["bench", "nowhere"], "a path where nothing is"),
    ],
)
def test_user_errors_are_one_line_and_exit_code_2(
    arguments: list[str], message: str, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.chdir(folder)
    code, text, errors = run(*arguments)
    assert code == 2 and message in errors and errors.count("\n") == 1 and text == ""


def test_the_script_as_a_process(folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "slipstream_plugins.cli"]
    done = subprocess.run([*command, "build", folder, tmp_path / "a.slip"], capture_output=True, text=True, check=True)
    assert "12 samples" in done.stdout
    done = subprocess.run([*command, "fly"], capture_output=True, text=True)
    assert done.returncode == 2 and "invalid choice: 'fly'" in done.stderr

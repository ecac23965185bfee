"""The package's front: every name found lazily, the version, and the DataPipes registered by the first stage."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import slipstream_plugins as slipstream

ROOT = Path(__file__).resolve().parents[1]


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_every_public_name_is_its_modules() -> None:
    for name in slipstream.__all__:
        value = getattr(slipstream, name)
        assert value is not None
        assert getattr(value, "__name__", name) in (name, "RandomResizedCrop") or value.__name__.endswith(name)


def test_a_name_is_imported_once_and_kept() -> None:
    assert slipstream.Compose is slipstream.Compose
    assert "Compose" in vars(slipstream)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Decoder'"):
        slipstream.Decoder  # noqa: B018


def test_the_version_is_the_distributions() -> None:
    from importlib.metadata import version

    assert slipstream.__version__ == version("slipstream-plugins")


def test_rrc_is_the_only_alias() -> None:
    assert slipstream.RRC is slipstream.RandomResizedCrop


def test_errors_need_no_torch() -> None:
    code = "import sys, slipstream_plugins as s; s.DecodeError, s.CacheError; print('torch' in sys.modules)"
    assert run(code) == "False"


@pytest.mark.parametrize(
    "first", ["slipstream_plugins.Compose", "slipstream_plugins.decode", "slipstream_plugins.datapipes"]
)
@pytest.mark.parametrize("torch_first", [True, False])
def test_the_first_stage_registers_the_datapipes(first: str, torch_first: bool) -> None:
    imports = ["import torch.utils.data", f"import slipstream_plugins, importlib; {touch(first)}"]
    code = "; ".join(imports if torch_first else reversed(imports))
    check = "print(hasattr(torch.utils.data.IterDataPipe, 'slip_decode') or 'slip_decode' in "
    assert run(f"{code}; {check}torch.utils.data.IterDataPipe.functions)") == "True"


def touch(name: str) -> str:
    return "import slipstream_plugins.datapipes" if name.endswith("datapipes") else name


def test_type_checkers_see_the_same_names() -> None:
    text = (ROOT / "slipstream_plugins" / "__init__.py").read_text()
    typed = {line.split(" as ")[-1] for line in text.splitlines() if line.startswith("    from slipstream_plugins.")}
    assert typed == set(slipstream.__all__)

"""The house's rules: imports point down, the package imports fast and light, files and signatures stay small."""

from __future__ import annotations

import ast
import inspect
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "slipstream_plugins"

# Every module belongs to a floor and imports from its own or a lower one. The first part of the dotted name after
# "slipstream_plugins." decides, unless the whole name is listed.
FLOORS: dict[str, int] = {
    **dict.fromkeys(("_core", "errors", "types", "hookspecs", "plugins"), 1),
    **dict.fromkeys(("cells", "columns", "rng", "boxes", "plan", "ops", "codec", "formats"), 2),
    "cache": 3,
    "sources": 4,
    **dict.fromkeys(("order", "sampler", "transfer", "tools"), 5),
    "stages": 6,
    **dict.fromkeys(("prefetch", "loader"), 7),
    **dict.fromkeys(("adapters", "datapipes", "pillow"), 8),
    **dict.fromkeys(("builtin", "testing"), 9),
    **dict.fromkeys(("cli", "cli_bench", "cli_tools", "view"), 10),
}
MAX_LINES = 350
MAX_PARAMETERS = 8
IMPORT_SECONDS = 0.2


def python_files() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py"))


def module_name(path: Path) -> str:
    """`cache.reader` for slipstream_plugins/cache/reader.py; "" for the facade."""
    parts = list(path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def floor(module: str) -> int:
    first = module.split(".")[0]
    assert first in FLOORS, f"slipstream_plugins.{module} is on no floor: add it to FLOORS in {Path(__file__).name}"
    return FLOORS[first]


def is_type_checking(test: ast.expr) -> bool:
    return "TYPE_CHECKING" in ast.unparse(test)


def runtime_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node of the module, function bodies included, but not what stands under `if TYPE_CHECKING`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and is_type_checking(node.test):
            for other in node.orelse:
                yield from runtime_nodes(other)
            continue
        yield node
        yield from runtime_nodes(node)


def imported_names(path: Path) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything that this file imports when it runs, lazily or not."""
    for node in runtime_nodes(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute here"
            module = node.module or ""
            for alias in node.names:
                yield node.lineno, f"{module}.{alias.name}"
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module") and node.args:
            target = node.args[0]
            if isinstance(target, ast.Constant) and isinstance(target.value, str):
                yield node.lineno, target.value


def inner_module(name: str) -> str | None:
    """The module of this package behind an imported dotted name; "" for a name of the facade."""
    parts = name.split(".")
    if parts[0] != "slipstream_plugins":
        return None
    rest = parts[1:]
    while rest:
        path = PACKAGE.joinpath(*rest)
        if path.is_dir() or path.with_suffix(".py").exists() or path.with_suffix(".pyi").exists():
            return ".".join(rest)
        rest = rest[:-1]
    return ""


@pytest.mark.parametrize("path", python_files(), ids=module_name)
def test_imports_point_down(path: Path) -> None:
    importer = module_name(path)
    if importer == "":
        return  # the facade names everything and imports nothing until asked
    wrong = []
    for line, name in imported_names(path):
        target = inner_module(name)
        if target is None:
            continue
        if target == "":
            wrong.append(f"{path.name}:{line} imports the facade ({name}): import the module that defines it")
        elif floor(target) > floor(importer):
            wrong.append(f"{path.name}:{line} on floor {floor(importer)} imports {name} on floor {floor(target)}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", python_files(), ids=module_name)
def test_cache_sources_and_ops_do_not_import_torch(path: Path) -> None:
    if module_name(path) == "" or floor(module_name(path)) >= FLOORS["order"]:
        return
    found = [f"{path.name}:{line}" for line, name in imported_names(path) if name.split(".")[0] == "torch"]
    assert not found


def run_python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_the_import_loads_neither_torch_nor_numba_nor_pillow() -> None:
    code = "import sys, json, slipstream_plugins; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    loaded = set(json.loads(run_python(code)))
    assert "slipstream_plugins" in loaded
    assert not loaded & {"torch", "numba", "PIL", "webdataset", "lightning", "torchdata", "cv2"}


def test_the_import_is_fast() -> None:
    # Processor time: an import runs on one thread, and other tests may be keeping this machine busy.
    code = (
        "import time; t = time.process_time(); import slipstream_plugins; "
        "slipstream_plugins.__version__; print(time.process_time() - t)"
    )
    seconds = [float(run_python(code)) for _ in range(5)]
    assert statistics.median(seconds) < IMPORT_SECONDS, seconds


def test_dir_lists_the_public_names_without_importing_torch() -> None:
    code = "import sys, slipstream_plugins as s; assert set(s.__all__) <= set(dir(s)); print('torch' in sys.modules)"
    assert run_python(code).strip() == "False"


def test_pybind11_appears_only_in_the_bindings() -> None:
    bindings = ROOT / "csrc" / "bindings"
    sources = [p for p in (ROOT / "csrc").rglob("*") if p.suffix in (".cpp", ".h")]
    assert any("pybind11" in p.read_text() for p in sources if bindings in p.parents)
    assert not [p for p in sources if bindings not in p.parents and "pybind11" in p.read_text()]
    assert not [p for p in sources if bindings not in p.parents and "Python.h" in p.read_text()]


def source_files() -> list[Path]:
    found = [ROOT / "slipstream_plugins", ROOT / "csrc", ROOT / "tests", ROOT / "benchmarks", ROOT / "examples"]
    return sorted(p for top in found for p in top.rglob("*") if p.suffix in (".py", ".pyi", ".cpp", ".h"))


@pytest.mark.parametrize("path", source_files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_files_stay_small(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= MAX_LINES, f"{path.name} has {lines} lines: two concepts?"


def public_objects() -> list[tuple[str, object]]:
    import slipstream_plugins

    return [(name, getattr(slipstream_plugins, name)) for name in sorted(slipstream_plugins.__all__)]


def test_every_public_name_exists_and_says_what_it_is() -> None:
    missing = [name for name, thing in public_objects() if not (isinstance(thing, str) or inspect.getdoc(thing))]
    assert not missing


def test_public_methods_say_what_they_do() -> None:
    missing = []
    for name, thing in public_objects():
        if not inspect.isclass(thing):
            continue
        for attribute, value in vars(thing).items():
            if not attribute.startswith("_") and (callable(value) or isinstance(value, property)):
                target = value.fget if isinstance(value, property) else getattr(thing, attribute)
                if not (inspect.getdoc(getattr(thing, attribute)) or inspect.getdoc(target) or "").strip():
                    missing.append(f"{name}.{attribute}")
    assert not missing


def test_no_constructor_has_over_eight_parameters() -> None:
    large = {}
    for name, thing in public_objects():
        if inspect.isclass(thing) and not (is_dataclass(thing) and name.endswith(("Options", "Plan"))):
            parameters = [p for p in inspect.signature(thing.__init__).parameters if p != "self"]
            if len(parameters) > MAX_PARAMETERS:
                large[name] = parameters
    assert not large


def test_every_module_says_what_it_holds() -> None:
    assert not [str(p) for p in python_files() if not ast.get_docstring(ast.parse(p.read_text()))]

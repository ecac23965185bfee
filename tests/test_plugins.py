"""Plugins come from real entry points of other distributions; a broken one takes nobody with it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest

from slipstream_plugins import plugins
from slipstream_plugins.errors import SlipstreamError
from slipstream_plugins.hookspecs import GROUP
from slipstream_plugins.types import Source, Stage

FIXTURE = str(Path(__file__).parent / "plugins_fixture")

Find = Callable[..., list[EntryPoint]]


@pytest.fixture
def find(monkeypatch: pytest.MonkeyPatch) -> Iterator[Find]:
    """Entry points of this environment with the fixture's distributions, by name."""
    monkeypatch.syspath_prepend(FIXTURE)
    plugins.registry.cache_clear()
    yield lambda *names: [point for point in entry_points(group=GROUP) if point.name in names]
    plugins.registry.cache_clear()


def test_a_plugin_of_another_distribution_is_found_and_described(find: Find) -> None:
    registry = plugins.Registry(find("tint"))
    assert registry.plugins == [plugins.Plugin("tint", "slip-tint", "1.2", ("Tint",), ("words",))]
    assert registry.names("slip_stages") == ["Tint"]
    assert isinstance(registry.find("slip_stages", "Tint")(3), Stage)
    assert isinstance(registry.find("slip_sources", "words")("words://a,b"), Source)
    assert registry.find("slip_stages", "Unheard") is None


def test_a_broken_plugin_is_warned_about_and_skipped(find: Find) -> None:
    with pytest.warns(UserWarning, match=r"'broken' of slip-broken 0\.3 is skipped: RuntimeError: built for another"):
        registry = plugins.Registry(find("tint", "broken"))
    by_name = {plugin.name: plugin for plugin in registry.plugins}
    assert by_name["tint"].error is None
    assert by_name["broken"].error == "RuntimeError: built for another version"
    assert registry.names("slip_stages") == ["Tint"]


def test_a_clash_names_both_owners_and_leaves_other_names_alone(find: Find) -> None:
    registry = plugins.Registry(find("tint", "clash"))
    with pytest.raises(SlipstreamError, match=r"'Tint': expected one plugin .* slip-clash and slip-tint"):
        registry.find("slip_stages", "Tint")
    assert registry.find("slip_stages", "Shade") is dict


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("x = 1", "expected hookimpls"),
        ("@hookimpl\ndef slip_stages(): return {'A': 3}", "expected names and callables, got 'A'"),
        ("@hookimpl\ndef slip_stagez(): return {}", "slip_stagez"),
        ("@hookimpl\ndef slip_stages(): 1 / 0", "ZeroDivisionError"),
        ("raise SystemError('no')", "SystemError: no"),
    ],
)
def test_every_kind_of_bad_plugin_is_skipped_with_its_reason(
    body: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, find: Find
) -> None:
    name = f"slip_bad_{abs(hash(body))}"
    (tmp_path / f"{name}.py").write_text(f"from slipstream_plugins.hookspecs import hookimpl\n{body}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.warns(UserWarning, match="is skipped"):
        registry = plugins.Registry([EntryPoint("bad", name, GROUP), *find("tint")])
    assert {plugin.name for plugin in registry.plugins if plugin.error and reason in plugin.error} == {"bad"}
    assert registry.names("slip_stages") == ["Tint"]


def test_stages_and_sources_are_made_by_name(find: Find, recwarn: pytest.WarningsRecorder) -> None:
    assert repr(plugins.stage("Shade")) == "{}"
    made = plugins.source("words://a,b,c")
    assert made is not None and len(made) == 3 and made[1] == {"word": "b"}
    assert plugins.source("nobody://a") is None and plugins.source("/a/folder") is None
    with pytest.raises(SlipstreamError, match=r"expected one of .*RRC.*; got 'Unheard'"):
        plugins.stage("Unheard")


def test_our_own_stages_come_through_the_same_hook(find: Find, recwarn: pytest.WarningsRecorder) -> None:
    ours = [plugin for plugin in plugins.installed() if plugin.distribution == "slipstream-plugins"]
    assert [plugin.name for plugin in ours] == ["builtin"] and ours[0].error is None
    assert {"BatchDecode", "RRC", "RandomResizedCrop", "Normalize", "MmapCacheReader"} <= set(ours[0].stages)
    stage = plugins.stage("RRC", size=32)
    assert type(stage).__name__ == "RandomResizedCrop"


def test_the_command_lists_plugins_for_people_and_programs(find: Find) -> None:
    def run(*arguments: str) -> str:
        code = "import sys; from slipstream_plugins.cli import main; sys.exit(main(sys.argv[1:]))"
        environment = {"PYTHONPATH": FIXTURE, "PATH": "/usr/bin:/bin"}
        command = [sys.executable, "-W", "ignore", "-c", code, "plugins", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout

    listed = {plugin["name"]: plugin for plugin in json.loads(run("--json"))}
    assert listed["tint"]["distribution"] == "slip-tint" and listed["tint"]["version"] == "1.2"
    assert listed["tint"]["stages"] == ["Tint"] and listed["tint"]["sources"] == ["words"]
    assert "another version" in listed["broken"]["error"]
    text = run()
    assert "slip-tint 1.2" in text and "Tint" in text and "another version" in text

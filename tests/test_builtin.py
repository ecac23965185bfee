"""Our own stages and sources keep the promises that plugin authors are held to."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import slipstream_plugins as slipstream
from slipstream_plugins import plugins
from slipstream_plugins.cache.writer import BuildOptions, build
from slipstream_plugins.sources import IterableSource
from slipstream_plugins.testing import check_source, check_stage
from tests.images import rgb_jpeg

pytestmark = pytest.mark.filterwarnings("ignore:Compose")

IMAGES = [rgb_jpeg(60, 50, seed=i) for i in range(4)]

STAGES: dict[str, dict[str, Any]] = {
    "BatchDecode": {},
    "CenterCrop": {"size": 20},
    "HorizontalFlip": {"p": 0.0},
    "Normalize": {},
    "RandomResizedCrop": {"size": 20, "scale": (1.0, 1.0), "ratio": (1.2, 1.2)},
    "RRC": {"size": 20, "scale": (1.0, 1.0), "ratio": (1.2, 1.2)},
    "ResizeCrop": {"resize": 24, "size": 20},
    "ToDevice": {"device": "cpu"},
    "ToLayout": {"memory_format": "channels_last", "dtype": "float16"},
}


def encoded() -> dict[str, Any]:
    return {"image": list(IMAGES), "label": np.arange(4), "index": np.arange(4), "epoch": np.zeros(4, np.int64)}


def decoded() -> dict[str, Any]:
    pixels = torch.arange(4 * 3 * 50 * 60).remainder(251).to(torch.uint8).reshape(4, 3, 50, 60)
    return {**encoded(), "image": pixels}


@pytest.mark.parametrize("name", STAGES)
def test_our_stages_pass(name: str) -> None:
    check_stage(plugins.stage(name, **STAGES[name]), encoded() if name == "BatchDecode" else decoded())


def test_every_stage_that_we_register_is_tried_here() -> None:
    others = {"Compose", "MmapCacheReader", "ToTuple"}
    registered = set(plugins.registry().names("slip_stages"))
    ours = {name for name in registered if plugins.registry().owners("slip_stages", name) == ["slipstream-plugins"]}
    assert ours - others == set(STAGES)


@pytest.mark.parametrize(
    "stages",
    [
        [slipstream.BatchDecode(), slipstream.RRC(20), slipstream.HorizontalFlip(), slipstream.Normalize()],
        [slipstream.BatchDecode(), slipstream.CenterCrop(20), slipstream.ToTuple("image", "label")],
        [slipstream.BatchDecode(), slipstream.Normalize(), slipstream.RRC(20)],
    ],
)
def test_composed_stages_pass(stages: list[Any]) -> None:
    check_stage(slipstream.Compose(stages, seed=1), encoded())  # type: ignore[arg-type]


def samples() -> list[dict[str, Any]]:
    return [{"image": image, "label": i, "weight": i / 3, "key": f"k{i}"} for i, image in enumerate(IMAGES)]


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, str]:
    """One of each kind of source, by the scheme that names it."""
    build(IterableSource(samples()), tmp_path / "c.slip", BuildOptions(workers=0, progress=False))
    with tarfile.open(tmp_path / "t.tar", "w") as tar:
        for i, image in enumerate(IMAGES):
            for name, data in (("jpg", image), ("cls", str(i).encode())):
                member = tarfile.TarInfo(f"k{i}.{name}")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    for i, image in enumerate(IMAGES):
        (tmp_path / "folder" / f"class{i % 2}").mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / f"class{i % 2}" / f"{i}.jpg").write_bytes(image)
    return {"folder": "folder", "webdataset": "t.tar", "slip": "c.slip"}


@pytest.mark.parametrize("scheme", ["folder", "webdataset", "slip"])
def test_our_sources_pass_and_have_a_scheme(sources: dict[str, str], tmp_path: Path, scheme: str) -> None:
    source = slipstream.open_source(f"{scheme}://{tmp_path / sources[scheme]}")
    assert type(source) is type(slipstream.open_source(tmp_path / sources[scheme])) and len(source) == 4
    check_source(source)


def test_an_iterable_source_passes() -> None:
    check_source(IterableSource(samples()))


def test_a_scheme_that_nobody_provides_is_an_error() -> None:
    with pytest.raises(slipstream.SourceError, match="scheme 'nobody'"):
        slipstream.open_source("nobody://x")

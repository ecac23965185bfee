"""SlipstreamDataModule under a real Trainer: it trains, builds caches once, and resumes with the very next batch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import lightning
import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

import slipstream_plugins as slipstream
from slipstream_plugins.cache.writer import BuildOptions
from slipstream_plugins.loader import LoaderOptions
from slipstream_plugins.order import epoch_order
from slipstream_plugins.sources import IterableSource

pytestmark = pytest.mark.filterwarnings("ignore")

N = 26
STAGES = slipstream.Compose(
    [
        slipstream.BatchDecode(),
        slipstream.RRC(16),
        slipstream.Normalize(),
        slipstream.ToTuple("image", "label", "index"),
    ],  # type: ignore[arg-type]
    seed=2,
)


class Model(lightning.LightningModule):
    """A linear classifier that notes which samples it saw."""

    def __init__(self, cycle: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 16 * 16, 4))
        self.cycle = cycle
        self.seen: list[list[int]] = []
        self.validated: list[int] = []
        self.stop_at: int | None = None

    def training_step(self, batch: Any, position: int) -> torch.Tensor:
        image, label, index = batch
        if self.stop_at is not None and self.global_step == self.stop_at:
            raise KeyboardInterrupt
        self.seen.append(index.tolist())
        return torch.nn.functional.cross_entropy(self.net(image), label)

    def validation_step(self, batch: Any, position: int) -> None:
        self.validated += batch[2].tolist()

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.SGD(self.parameters(), lr=0.05, momentum=0.9)
        if not self.cycle:
            return optimizer
        steps = int(self.trainer.estimated_stepping_batches)
        scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=steps)
        return [optimizer], [{"scheduler": scheduler, "interval": "step"}]


def data(cache: Path, **options: Any) -> Any:
    return slipstream.SlipstreamDataModule(
        cache, batch_size=6, stages=STAGES, val_stages=STAGES, options=LoaderOptions(**options)
    )


def trainer(folder: Path, epochs: int = 3, **options: Any) -> lightning.Trainer:
    return lightning.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
        **{"devices": 1, **options},
    )


def epochs_seen(model: Model) -> list[list[int]]:
    flat = [index for batch in model.seen for index in batch]
    return [flat[begin : begin + N] for begin in range(0, len(flat), N)]


def test_a_model_trains_and_sees_every_epochs_own_order(small_cache: Path, tmp_path: Path) -> None:
    model = Model()
    before = model.net[1].weight.detach().clone()
    trainer(tmp_path, enable_checkpointing=False).fit(model, datamodule=data(small_cache))
    assert epochs_seen(model) == [epoch_order(N, epoch).tolist() for epoch in range(3)]
    assert not torch.equal(model.net[1].weight, before)


def test_validation_keeps_the_order_of_the_data(small_cache: Path, tmp_path: Path) -> None:
    model, module = Model(), data(small_cache)
    module.val = small_cache
    trainer(tmp_path, 2, num_sanity_val_steps=1, enable_checkpointing=False).fit(model, datamodule=module)
    assert model.validated == [*range(6), *range(N), *range(N)]


def test_the_defaults_train_on_images_and_labels(small_cache: Path, tmp_path: Path) -> None:
    module = slipstream.SlipstreamDataModule(small_cache, small_cache, batch_size=4)
    module.prepare_data()
    for loader in (module.train_dataloader(), module.val_dataloader()):
        image, label = next(iter(loader))
        assert image.shape == (4, 3, 224, 224) and image.dtype == torch.float32 and label.dtype == torch.int64


@pytest.mark.parametrize("cycle", [False, True])
@pytest.mark.parametrize("step", [1, 4, 5, 6, 9, 10])
def test_a_stopped_run_ends_with_the_weights_of_an_unbroken_one(
    small_cache: Path, tmp_path: Path, step: int, cycle: bool
) -> None:
    unbroken = Model(cycle)
    trainer(tmp_path, enable_checkpointing=False).fit(unbroken, datamodule=data(small_cache))
    stopped = Model(cycle)
    stopped.stop_at = step
    saving = ModelCheckpoint(
        tmp_path, filename="last", every_n_train_steps=1, save_top_k=1, enable_version_counter=False
    )
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        trainer(tmp_path, callbacks=[saving]).fit(stopped, datamodule=data(small_cache))
    assert len(stopped.seen) == step
    resumed = Model(cycle)
    trainer(tmp_path, enable_checkpointing=False).fit(
        resumed, datamodule=data(small_cache), ckpt_path=tmp_path / "last.ckpt", weights_only=False
    )
    assert stopped.seen + resumed.seen == unbroken.seen
    assert torch.equal(resumed.net[1].weight, unbroken.net[1].weight)


def test_a_run_resumed_at_the_end_of_an_epoch_goes_on_with_the_next(small_cache: Path, tmp_path: Path) -> None:
    first = Model()
    saving = ModelCheckpoint(tmp_path, filename="epoch", every_n_epochs=1, enable_version_counter=False)
    trainer(tmp_path, 2, callbacks=[saving]).fit(first, datamodule=data(small_cache))
    second = Model()
    trainer(tmp_path, 3, enable_checkpointing=False).fit(
        second, datamodule=data(small_cache), ckpt_path=tmp_path / "epoch.ckpt", weights_only=False
    )
    assert epochs_seen(second) == [epoch_order(N, 2).tolist()]


class Reports(Model):
    """Writes down what its rank saw."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def on_train_end(self) -> None:
        (self.folder / f"{self.trainer.global_rank}.json").write_text(json.dumps(self.seen))


def test_two_processes_share_every_epoch(small_cache: Path, tmp_path: Path) -> None:
    run = trainer(tmp_path, 2, strategy="ddp_spawn", devices=2, enable_checkpointing=False)
    run.fit(Reports(tmp_path), datamodule=data(small_cache))
    ranks = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2)]
    flat = [index for step in zip(*ranks, strict=True) for part in step for index in part]
    assert [flat[:N], flat[N:]] == [epoch_order(N, epoch).tolist() for epoch in range(2)]


def test_the_cache_is_built_once_and_used(
    small_samples: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPSTREAM_CACHE_DIR", str(tmp_path / "default"))
    for cache, folder in ((True, tmp_path / "default"), (tmp_path / "here", tmp_path / "here")):
        module = slipstream.SlipstreamDataModule(
            IterableSource(small_samples),
            batch_size=6,
            stages=STAGES,
            cache=cache,
            build=BuildOptions(encoding="yuv420", workers=0, progress=False),
        )
        module.prepare_data()
        (path,) = folder.glob("*.slip")
        written = (path / "manifest.json").stat().st_mtime_ns
        module.prepare_data()
        assert (path / "manifest.json").stat().st_mtime_ns == written
        reader = module.train_dataloader().source
        assert isinstance(reader, slipstream.MmapCacheReader) and reader.path == path.absolute()
        assert sum(len(batch[0]) for batch in module.train_dataloader()) == N


def test_without_lightning_the_error_says_what_to_install() -> None:
    code = """
import sys
sys.modules["lightning"] = sys.modules["lightning.pytorch"] = sys.modules["pytorch_lightning"] = None
import slipstream_plugins
try:
    slipstream_plugins.SlipstreamDataModule
except slipstream_plugins.MissingExtraError as error:
    print(error)
"""
    out = subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, capture_output=True, text=True)
    assert "pip install 'slipstream-plugins[lightning]'" in out.stdout

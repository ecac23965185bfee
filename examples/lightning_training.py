"""Lightning: a model trains from a SlipstreamDataModule, which builds the cache.

python -m examples.lightning_training [FOLDER]
"""

from __future__ import annotations

import lightning.pytorch as pl
import torch

import slipstream_plugins as slipstream
from examples.inputs import OUT, image_folder
from slipstream_plugins.cache.writer import BuildOptions


class Classifier(pl.LightningModule):
    """Three convolutions and a linear layer for `classes` labels."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        layers: list[torch.nn.Module] = []
        for wide, narrow in ((3, 16), (16, 32), (32, 64)):
            layers += [torch.nn.Conv2d(wide, narrow, 3, 2, 1), torch.nn.BatchNorm2d(narrow), torch.nn.ReLU()]
        pooled = [torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(64, classes)]
        self.net = torch.nn.Sequential(*layers, *pooled)
        self.losses: list[float] = []
        self.accuracies: list[float] = []

    def training_step(self, batch: tuple[torch.Tensor, torch.Tensor], number: int) -> torch.Tensor:
        images, labels = batch
        logits = self.net(images)
        loss = torch.nn.functional.cross_entropy(logits, labels)
        self.losses.append(float(loss.detach()))
        self.accuracies.append(float((logits.argmax(1) == labels).float().mean()))
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(self.parameters(), 3e-3)


def train_stages(size: int) -> slipstream.Compose:
    """Random crops of size x size, mirrored and normalised, as (image, label)."""
    geometry = [slipstream.RRC(size), slipstream.HorizontalFlip(), slipstream.Normalize()]
    return slipstream.Compose([slipstream.BatchDecode(), *geometry, slipstream.ToTuple("image", "label")], seed=0)


def main() -> None:
    folder = image_folder()
    data = slipstream.SlipstreamDataModule(
        folder, batch_size=8, stages=train_stages(64), cache=OUT, build=BuildOptions(encoding="yuv420")
    )
    model = Classifier(sum(path.is_dir() for path in folder.iterdir()))
    trainer = pl.Trainer(max_epochs=2, logger=False, enable_checkpointing=False, enable_progress_bar=False)
    trainer.fit(model, datamodule=data)
    print(f"loss {model.losses[0]:.2f} -> {model.losses[-1]:.2f} in {trainer.global_step} steps")


if __name__ == "__main__":
    main()

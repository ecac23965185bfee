"""Compose: stages in order, those that can be native folded into one plan."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from slipstream_plugins.columns import Batch
from slipstream_plugins.plan import DecodePlan
from slipstream_plugins.stages.base import Stage
from slipstream_plugins.stages.decoding import BatchDecode, run_plan
from slipstream_plugins.stages.forms import plain
from slipstream_plugins.stages.placement import ToDevice, ToTuple
from slipstream_plugins.stages.randomness import Draws, Randomness, SharedEpoch

__all__ = ["Compose", "Fused", "Single"]

Parts = tuple[tuple[Any, str], ...]


@dataclass(frozen=True)
class Fused:
    """Stages that run as one native call."""

    plan: DecodePlan

    def __call__(self, batch: Batch, draws: Draws) -> Batch:
        return run_plan(self.plan, batch, draws)

    def __repr__(self) -> str:
        return f"fused {self.plan!r}"


@dataclass(frozen=True)
class Single:
    """A stage that runs by itself; one of another house sees the tensor, or the dict of columns."""

    stage: Any
    stream: str

    def __call__(self, batch: Batch, draws: Draws) -> Batch:
        if isinstance(self.stage, Stage):
            return self.stage.process(batch, draws, self.stream)
        changed = self.stage(plain(batch))
        if batch.bare:
            return batch.with_columns(**{batch.images[0]: changed})
        if not isinstance(changed, dict) or batch.images[0] not in changed:
            got = list(changed) if isinstance(changed, dict) else type(changed).__name__
            raise TypeError(
                f"{self.stage!r}: expected a dict of columns with {batch.images[0]!r}, got {got}; return one"
            )
        notes = {name: column for name, column in batch.columns.items() if name.startswith("__")}
        return replace(batch, columns={**notes, **changed})

    def __repr__(self) -> str:
        return repr(self.stage)


@dataclass(frozen=True, repr=False)
class Compose(Stage):
    """Stages in order. Decode, crop, flip, normalise and layout become one native call over the whole batch.

    Args:
        stages: Stages, or any callables that take a batch and return one. A reader of indices may come first.
        seed: An integer makes every draw a function of (seed, epoch, sample, stage); None draws anew in every call.
        epoch: For streams, whose samples carry no `epoch` column: an integer, or a SharedEpoch.
        field: The image column; None finds it by name.

    Returns:
        The batch in the form it came in, without its `epoch` column unless ToTuple names it.
    """

    stages: Sequence[Any]
    seed: int | None = None
    epoch: int | SharedEpoch | None = None
    field: str | None = None
    _parts: Parts = dataclasses.field(default=(), init=False, repr=False, compare=False)
    _steps: tuple[Fused | Single, ...] = dataclasses.field(default=(), init=False, repr=False, compare=False)
    _keeps_epoch: bool = dataclasses.field(default=False, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.stages, Stage) or not isinstance(self.stages, Iterable):
            raise TypeError(f"Compose: expected a list of stages, got {self.stages!r}; put it in a list")
        if self.seed is not None:
            if not hasattr(self.seed, "__index__"):
                raise TypeError(f"seed: expected an integer or None, got {self.seed!r}; give an integer")
            object.__setattr__(self, "seed", int(self.seed))
        object.__setattr__(self, "stages", tuple(self.stages))
        self._set_parts(_parts(_flat(self.stages)))

    def _set_parts(self, parts: Parts) -> None:
        object.__setattr__(self, "_parts", parts)
        object.__setattr__(self, "_steps", _steps(parts))

    def parts(self) -> list[tuple[Any, str]]:
        """The stages in order, each with the name of its random stream."""
        return list(self._parts)

    def randomness(self) -> Randomness:
        """Draws by the seed."""
        return Randomness(self.seed, self.epoch)

    @property
    def image_field(self) -> str | None:
        """The image column that was asked for, here or in BatchDecode."""
        named = (stage.field for stage, _ in self._parts if isinstance(stage, BatchDecode))
        return self.field or next(named, None)

    def run(self, batch: Any, draws: Draws) -> Batch:
        """One batch through all stages."""
        steps = list(self._steps)
        if isinstance(batch, Batch):
            parsed = batch
        else:
            while steps and isinstance(steps[0], Single) and not isinstance(steps[0].stage, Stage):
                batch = steps[0].stage(batch)
                del steps[0]
            parsed = self.parse(batch)
        for step in steps:
            parsed = step(parsed, draws)
        return parsed

    def finish(self, batch: Batch) -> Any:
        """The form of the batch, without its epoch; then ToTuple."""
        last = self._parts[-1][0] if self._parts else None
        names = last.names if isinstance(last, ToTuple) else ()
        if batch.form == "columns" and "epoch" not in names and not self._keeps_epoch:
            batch = replace(batch, columns={name: c for name, c in batch.columns.items() if name != "epoch"})
        done = super().finish(batch)
        if not isinstance(last, ToTuple):
            return done
        return [last.pick(sample) for sample in done] if batch.form == "samples" else last.pick(done)

    def split(self) -> tuple[Compose, Compose]:
        """The host part, for worker processes, and the device part, which begins with ToDevice, for the trainer's.

        Returns:
            (host, device); without a ToDevice the device part does nothing.
        """
        cut = next((i for i, (stage, _) in enumerate(self._parts) if isinstance(stage, ToDevice)), len(self._parts))
        return self._part(self._parts[:cut], keeps_epoch=cut < len(self._parts)), self._part(self._parts[cut:])

    def _part(self, parts: Parts, keeps_epoch: bool = False) -> Compose:
        part = Compose(tuple(stage for stage, _ in parts), self.seed, self.epoch, self.field)
        part._set_parts(parts)
        object.__setattr__(part, "_keeps_epoch", keeps_epoch or self._keeps_epoch)
        return part

    def __repr__(self) -> str:
        given = self._given()
        stages = "".join(f"  {step!r},\n" for step in self._steps)
        rest = "".join(f", {name}={value!r}" for name, value in given.items() if name != "stages")
        return f"Compose([\n{stages}]{rest})"


def _flat(stages: Iterable[Any]) -> list[Any]:
    """The stages, those of nested Composes among them."""
    flat: list[Any] = []
    for stage in stages:
        if not isinstance(stage, Compose):
            flat.append(stage)
            continue
        if set(stage._given()) - {"stages"}:
            raise ValueError(f"Compose: expected seed, epoch and field on the outer one, got {stage!r}; move them out")
        flat.extend(stage.stages)
    return flat


def _parts(stages: list[Any]) -> Parts:
    """Every stage with its stream: class name and occurrence, so that another stage in between changes no draw."""
    seen: Counter[str] = Counter()
    parts = []
    for position, stage in enumerate(stages):
        if isinstance(stage, type) or not callable(stage):
            raise TypeError(f"Compose: expected a stage, got {stage!r} (position {position}); give an instance")
        if isinstance(stage, ToTuple) and position != len(stages) - 1:
            raise ValueError(f"Compose: expected ToTuple last, got it at position {position}; move it to the end")
        name = type(stage).__name__
        parts.append((stage, f"{name}/{seen[name]}"))
        seen[name] += 1
    return tuple(parts)


def _steps(parts: Parts) -> tuple[Fused | Single, ...]:
    """Runs of stages that fold into one plan, and those between."""
    steps: list[Fused | Single] = []
    for stage, stream in parts:
        plan = steps[-1].plan if steps and isinstance(steps[-1], Fused) else None
        folded = stage.fold(plan, stream) if isinstance(stage, Stage) else None
        if folded is None:
            steps.append(Single(stage, stream))
            continue
        if plan is not None:
            steps.pop()
        steps.append(Fused(folded.with_step(stage)))
    return tuple(steps)

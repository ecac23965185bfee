"""The plan checks its words and says what it does."""

from __future__ import annotations

import pickle

import pytest

from slipstream_plugins import boxes
from slipstream_plugins.plan import MAX_PIXELS, DecodePlan, OutputSpec


@pytest.mark.parametrize(
    "wrong",
    [{"on_error": "ignore"}, {"fidelity": "best"}, {"decoder": "pil"}, {"max_pixels": 0}, {"num_threads": -1}],
)
def test_unknown_words_are_refused_by_name(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}: expected"):
        DecodePlan(**wrong)  # type: ignore[arg-type]


def test_the_limit_is_pillows() -> None:
    from PIL import Image

    assert Image.MAX_IMAGE_PIXELS
    assert 2 * Image.MAX_IMAGE_PIXELS == MAX_PIXELS


def test_a_plan_is_frozen_and_travels() -> None:
    plan = DecodePlan(crop=boxes.Center((8, 8)), output=OutputSpec("float16", True))
    with pytest.raises(AttributeError):
        plan.fidelity = "exact"  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(plan)) == plan


def test_its_repr_shows_steps_shape_and_dtype() -> None:
    plan = DecodePlan(crop=boxes.Center((8, 9)), output=OutputSpec("float16", True)).with_step("a").with_step("b")
    assert repr(plan) == "DecodePlan('a' + 'b' -> [N, 3, 8, 9] float16 channels_last)"

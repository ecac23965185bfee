"""Python objects as a source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slipstream_plugins.errors import SourceError
from slipstream_plugins.sources import IterableSource
from slipstream_plugins.testing import check_source
from tests import images

IMAGE = images.jpeg(16, 16)


def test_dicts_name_their_fields() -> None:
    source = IterableSource(
        [{"jpg": IMAGE, "label": np.int32(3), "score": 0.5, "text": "a", "blob": b"x", "flag": True, "index": 9}] * 3
    )
    assert source.fields == {
        "jpg": "image",
        "label": "int",
        "score": "float",
        "text": "text",
        "blob": "bytes",
        "flag": "int",
    }
    assert len(source) == 3 and type(source[0]["label"]) is int and source[0]["jpg"] is IMAGE
    check_source(source)


def test_tuples_take_the_names_given() -> None:
    source = IterableSource([(IMAGE, 1), (IMAGE, 2)], fields=("image", "label"))
    assert source[1] == {"image": IMAGE, "label": 2}
    assert IterableSource([(IMAGE, IMAGE)], {"image": "image", "mask": "image"}).fields["mask"] == "image"


def test_the_only_buffer_is_the_image() -> None:
    assert IterableSource([{"picture": IMAGE, "label": 1}]).fields["picture"] == "image"
    assert IterableSource([{"a": IMAGE, "b": b""}]).fields == {"a": "bytes", "b": "bytes"}


def test_a_generator_is_gone_through_once_and_a_sequence_is_read_when_needed() -> None:
    assert len(IterableSource({"image": IMAGE, "label": number} for number in range(4))) == 4

    class Lazy:
        reads: list[int] = []  # noqa: RUF012

        def __len__(self) -> int:
            return 1000

        def __getitem__(self, index: int) -> dict[str, Any]:
            self.reads.append(index)
            return {"image": IMAGE, "label": index}

    source = IterableSource(Lazy())
    assert source[700]["label"] == 700 and Lazy.reads == [0, 700]


def test_the_fingerprint_is_that_of_the_content() -> None:
    data = [{"image": IMAGE, "label": number} for number in range(3)]
    mark = IterableSource(data).fingerprint()
    assert IterableSource([dict(sample) for sample in data]).fingerprint() == mark
    assert IterableSource([*data[:2], {"image": IMAGE, "label": 7}]).fingerprint() != mark
    assert IterableSource(data[:2]).fingerprint() != mark


@pytest.mark.parametrize(
    ("data", "fields", "message"),
    [
        ([], None, "at least one sample"),
        ([1, 2], None, "expected sample dicts"),
        ([(IMAGE, 1)], None, "expected sample dicts"),
        ([(IMAGE, 1, 2)], ("image", "label"), r"expected 2 entries, got 3 \(sample 0\)"),
        ([{"image": IMAGE}], ("image", "label"), r"no 'label' \(sample 0\)"),
        ([{"image": IMAGE, "x": object()}], None, r"field 'x': expected a number, a str or a buffer, got object"),
        ([{"image": IMAGE}], {"image": "video"}, "out of image, int, float, text, bytes, got 'video'"),
        ([{"image": IMAGE}], ("image", "index"), "other than index and epoch"),
    ],
)
def test_what_is_no_sample_is_explained(data: Any, fields: Any, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        IterableSource(data, fields)


def test_a_sample_with_other_fields_is_named() -> None:
    source = IterableSource([{"image": IMAGE}, {"image": IMAGE, "label": 1}, {"image": "path.jpg"}])
    with pytest.raises(SourceError, match=r"expected the fields image, got image, label \(sample 1\)"):
        source[1]
    with pytest.raises(SourceError, match=r"field 'image': expected a buffer, got str \(sample 2\)"):
        source[2]
    with pytest.raises(IndexError):
        source[-1]


def test_wrapped_images_and_tensors_are_buffers(tmp_path: Path) -> None:
    import torch

    (tmp_path / "1.jpg").write_bytes(IMAGE)
    cells = [
        {"bytes": IMAGE, "path": None},
        {"bytes": None, "path": str(tmp_path / "1.jpg")},
        torch.frombuffer(bytearray(IMAGE), dtype=torch.uint8),
        np.frombuffer(IMAGE, np.uint8),
    ]
    source = IterableSource([{"image": cell} for cell in cells])
    assert source.fields == {"image": "image"}
    assert [bytes(source[index]["image"]) for index in range(4)] == [IMAGE] * 4
    assert IterableSource([{"image": cells[0]}]).fingerprint() == IterableSource([{"image": IMAGE}]).fingerprint()

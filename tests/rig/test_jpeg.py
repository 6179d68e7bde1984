"""The walker: thumbnails, splits at every byte, garbage, cut pictures."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from rig.jpeg import NotJpeg, Splitter, check


@pytest.fixture
def with_thumbnail(kit: SimpleNamespace) -> bytes:
    """A picture with a whole JPEG in its header, whose FF D9 is not the end."""
    inner = kit.jpeg("red", (32, 32))
    exif = Image.Exif()
    exif[0x010E] = "x"
    plain: bytes = kit.jpeg("teal", (64, 48), exif=exif)
    comment = b"\xff\xfe" + (len(inner) + 2).to_bytes(2, "big") + inner
    return plain[:2] + comment + plain[2:]


def test_a_thumbnail_does_not_end_the_picture(with_thumbnail: bytes) -> None:
    assert with_thumbnail.count(b"\xff\xd9") == 2
    assert check(with_thumbnail) == (64, 48)


@pytest.mark.parametrize("options", [{"progressive": True}, {"quality": 100}, {"optimize": True}])
def test_kinds_of_pictures(kit: SimpleNamespace, options: dict[str, Any]) -> None:
    assert check(kit.jpeg("navy", (80, 50), **options)) == (80, 50)


def test_a_stream_cut_at_every_byte_gives_the_same_pictures(
    kit: SimpleNamespace, with_thumbnail: bytes
) -> None:
    other = kit.jpeg("navy")
    stream = b"garbage\xff\xd8" + with_thumbnail + b"\r\n--frame\r\n" + other
    for cut in range(len(stream)):
        splitter = Splitter()
        found = [*splitter.feed(stream[:cut]), *splitter.feed(stream[cut:])]
        assert found == [with_thumbnail, other], cut


def test_byte_by_byte(with_thumbnail: bytes) -> None:
    splitter = Splitter()
    found = [jpeg for byte in with_thumbnail * 2 for jpeg in splitter.feed(bytes([byte]))]
    assert found == [with_thumbnail] * 2


def test_cut_and_padded_pictures_are_refused(kit: SimpleNamespace) -> None:
    jpeg = kit.jpeg()
    for bad in (b"", jpeg[:-1], jpeg[: len(jpeg) // 2], jpeg + b"\n", b"x" * 400, jpeg[2:]):
        with pytest.raises(NotJpeg):
            check(bad)


@given(st.binary(max_size=600))
def test_garbage_never_trips_it(garbage: bytes) -> None:
    splitter = Splitter(max_bytes=256)
    for data in (b"\xff\xd8\xff" + garbage, garbage):
        for jpeg in splitter.feed(data):
            assert jpeg.startswith(b"\xff\xd8\xff")


def test_an_endless_picture_is_given_up(kit: SimpleNamespace) -> None:
    splitter = Splitter(max_bytes=2000)
    head = kit.jpeg()[:300]
    assert list(splitter.feed(head + b"\x00" * 5000)) == []
    assert list(splitter.feed(kit.jpeg("navy"))) == [kit.jpeg("navy")]

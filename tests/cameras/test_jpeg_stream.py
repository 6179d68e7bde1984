"""Pictures cut out of a stream: every kind of picture, cut at every byte, garbage in between."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from cameras.jpeg import size_of
from cameras.jpeg_stream import JpegStream
from tests.cameras.conftest import make_jpeg

MARKERS = b"\xff\xd8\xff\xd9\xff\xdaA"


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


@cache
def kinds() -> dict[str, bytes]:
    plain = make_jpeg()
    thumbnail = segment(0xE1, b"Exif\0\0" + make_jpeg("red", quality=5))
    return {
        "plain": plain,
        "progressive": make_jpeg(progressive=True),
        "restarts": make_jpeg(restart_marker_blocks=1),
        "comment": plain[:2] + segment(0xFE, MARKERS) + plain[2:],
        "thumbnail": plain[:2] + thumbnail + plain[2:],
        "two thumbnails": plain[:2] + thumbnail + segment(0xE2, make_jpeg("blue")) + plain[2:],
        "fill bytes": plain[:2] + b"\xff\xff\xff" + plain[2:-2] + b"\xff\xff" + plain[-2:],
    }


def cut(data: bytes, at: Sequence[int] = ()) -> list[bytes]:
    stream, found, start = JpegStream(), list[bytes](), 0
    for end in (*sorted(at), len(data)):
        found += stream.feed(data[start:end])
        start = max(start, end)
    return found


@pytest.mark.parametrize("kind", list(kinds()))
def test_every_kind_at_every_split(kind: str) -> None:
    """The picture, and one behind it, whichever byte the packets end at."""
    picture, behind = kinds()[kind], kinds()["plain"]
    both = picture + behind
    for at in range(len(both) + 1):
        assert cut(both, [at]) == [picture, behind], at


@pytest.mark.parametrize("kind", list(kinds()))
def test_byte_by_byte(kind: str) -> None:
    picture = kinds()[kind]
    assert cut(picture + picture, range(2 * len(picture))) == [picture, picture]


def test_they_are_all_pictures() -> None:
    for picture in kinds().values():
        with Image.open(io.BytesIO(picture)) as image:
            image.load()
            assert size_of(picture) == image.size == (64, 48)


GAPS = st.one_of(
    st.just(b""),
    st.just(b"\r\n--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 9\r\n\r\n"),
    st.binary(max_size=60).map(lambda noise: noise.replace(b"\xff\xd8\xff", b"") + b"."),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    order=st.lists(st.sampled_from(list(kinds())), max_size=5),
    gaps=st.lists(GAPS, min_size=6, max_size=6),
    splits=st.lists(st.integers(0, 20_000), max_size=12),
)
@example(order=["plain"], gaps=[b"\xff\xd8."] * 6, splits=[1, 2, 3, 4, 5])
def test_any_order_any_gaps_any_splits(
    order: list[str], gaps: list[bytes], splits: list[int]
) -> None:
    pictures = [kinds()[kind] for kind in order]
    data = gaps[0] + b"".join(p + gap for p, gap in zip(pictures, gaps[1:], strict=False))
    assert cut(data, [at for at in splits if at < len(data)]) == pictures


@settings(max_examples=150, deadline=None)
@given(damage=st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 255)), max_size=6))
@example(damage=[(-1, 0xE0)])  # its end becomes a segment as long as a segment can be
def test_a_damaged_picture_hides_no_more_than_a_segment(damage: list[tuple[int, int]]) -> None:
    """Whatever becomes of the first: 64 kB later pictures are found whole again."""
    first = bytearray(kinds()["plain"])
    for at, value in damage:
        first[at % len(first)] = value
    good = kinds()["restarts"]
    assert cut(bytes(first) + good * (2 * 65_536 // len(good)))[-1] == good


@pytest.mark.parametrize("bad", [b"", b"\xff\xd8", b"\xff\xd8\xff\xd9", b"GIF89a....", b"\xff" * 9])
def test_size_of_what_is_no_picture(bad: Any) -> None:
    assert size_of(bad) == (0, 0)

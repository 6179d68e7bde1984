from __future__ import annotations

import io
import random
import time
from collections.abc import Callable

import pytest
from PIL import Image

from cameras.jpeg import BadJpeg, first_jpeg, jpeg_end

Make = Callable[..., bytes]


def _with_thumbnail(picture: bytes, thumbnail: bytes) -> bytes:
    """Put a whole JPEG into an APP1 segment, as cameras with EXIF do."""
    body = b"Exif\0\0" + thumbnail
    return picture[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body + picture[2:]


@pytest.fixture(
    params=[{}, {"progressive": True}, {"restart_marker_blocks": 1}, {"comment": b"x\xff\xd9y"}]
)
def picture(request: pytest.FixtureRequest, jpeg: Make) -> bytes:
    return jpeg(**request.param)


def test_end_is_the_true_end(picture: bytes) -> None:
    assert jpeg_end(picture) == len(picture)
    assert jpeg_end(picture + b"\0garbage\xff\xd9") == len(picture)
    assert jpeg_end(b"..." + picture, 3) == len(picture) + 3


def test_an_embedded_thumbnail_does_not_end_it(picture: bytes, jpeg: Make) -> None:
    nested = _with_thumbnail(picture, jpeg(quality=5))
    assert nested.count(b"\xff\xd9") >= 2
    assert jpeg_end(nested) == len(nested)
    assert first_jpeg(nested) == nested
    Image.open(io.BytesIO(nested)).load()


def test_incomplete_at_every_byte(picture: bytes) -> None:
    for length in range(3, len(picture)):
        assert jpeg_end(picture[:length]) == 0
        assert first_jpeg(picture[:length]) is None


def test_fill_bytes_before_markers(picture: bytes) -> None:
    filled = picture[:2] + b"\xff\xff\xff" + picture[2:]
    assert jpeg_end(filled) == len(filled)


def test_garbage_around_is_cut_off(picture: bytes) -> None:
    noise = b"\x00\x17garbage\xff\xd8\xff\x00\xff\xd9"
    assert first_jpeg(noise + picture + b"tail") == picture


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8\xff\xd8\xff\xd9",
        b"\xff\xd8\xff\xe0\x00\x01x",
        b"\xff\xd8\xff\xe0\x00\x03xyz",
        b"\xff\xd8\xff\x00",
        b"GIF89a",
        b"",
    ],
)
def test_what_can_never_be_one(data: bytes) -> None:
    with pytest.raises(BadJpeg):
        jpeg_end(data)
    assert first_jpeg(data) is None


def test_bytes_made_to_be_slow() -> None:
    """Every segment hides the start of another chain of segments."""
    started = time.monotonic()
    assert first_jpeg(b"\xff\xd8" + b"\xff\xe0\x00\x05\xff\xd8\xff" * 500_000) is None
    assert time.monotonic() - started < 2.0


def test_noise_never_hangs_or_escapes(jpeg: Make) -> None:
    chance = random.Random(7)
    whole = jpeg()
    for _ in range(500):
        broken = bytearray(whole)
        for _ in range(3):
            broken[chance.randrange(len(broken))] = chance.choice((0x00, 0xFF, 0xD8, 0xD9, 0xDA))
        found = first_jpeg(bytes(broken))
        assert found is None or found in bytes(broken)


def claiming(picture: bytes, width: int, height: int) -> bytes:
    at = next(i for i in range(len(picture)) if picture[i : i + 2] in (b"\xff\xc0", b"\xff\xc2"))
    sides = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return picture[: at + 5] + sides + picture[at + 9 :]


def test_a_small_file_that_claims_to_be_huge(picture: bytes) -> None:
    assert first_jpeg(claiming(picture, 8000, 8000)) is not None
    for width, height in ((30_000, 30_000), (65_500, 1000), (8001, 8000)):
        with pytest.raises(BadJpeg, match="pixels"):
            jpeg_end(claiming(picture, width, height))


def test_a_picture_drawn_a_thousand_times_over(jpeg: Make) -> None:
    whole = jpeg(progressive=True)
    scan = whole[whole.rindex(b"\xff\xda") : -2]
    assert first_jpeg(whole[:-2] + scan * 50 + b"\xff\xd9") is not None
    with pytest.raises(BadJpeg, match="scans"):
        jpeg_end(whole[:-2] + scan * 1000 + b"\xff\xd9")

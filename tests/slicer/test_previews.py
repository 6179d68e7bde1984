"""Previews as QOI and JPG become PNG; broken and hostile ones become none."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from core.clock import ManualClock
from core.errors import NotFound
from slicer import png, previews
from slicer.inspection import inspect_file
from slicer.library import FileLibrary
from tests.slicer import bgcode_writer as write
from tests.slicer.test_library_kinds import GCODE

Save = Callable[[bytes], Path]
RED = (200, 30, 40)


def qoi(width: int = 64, height: int = 48, said: tuple[int, int] | None = None) -> bytes:
    """One red pixel and a run of it, by the format's specification; ``said``: another size."""
    head = b"qoif" + b"".join(side.to_bytes(4, "big") for side in said or (width, height))
    full, rest = divmod(width * height - 1, 62)
    runs = b"\xfd" * full + (bytes([0xC0 | rest - 1]) if rest else b"")
    return head + b"\3\0" + b"\xfe" + bytes(RED) + runs + bytes(7) + b"\1"


def jpg(width: int = 64, height: int = 48) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), RED).save(buffer, "JPEG")
    return buffer.getvalue()


def in_comments(picture: bytes, kind: str) -> bytes:
    text = base64.b64encode(picture)
    return b"; thumbnail_%s begin 64x48 %d\n; %s\n; thumbnail_%s end\n%s" % (
        kind.encode(), len(text), text, kind.encode(), GCODE,
    )  # fmt: skip


def in_blocks(picture: bytes, kind: str) -> bytes:
    form = write.QOI if kind == "QOI" else write.JPG
    return write.whole(pictures=[write.block(write.PICTURE, picture, encoding=form)])


@pytest.mark.parametrize("kind", ["QOI", "JPG"])
@pytest.mark.parametrize("wrap", [in_comments, in_blocks])
def test_a_preview_in_another_form_is_shown(
    tmp_path: Path, kind: str, wrap: Callable[[bytes, str], bytes]
) -> None:
    library = FileLibrary(tmp_path, ManualClock(), 1_000_000)
    content = wrap(qoi() if kind == "QOI" else jpg(), kind)
    stored = library.add(io.BytesIO(content), "part")
    assert stored.file.plates[0].has_thumbnail and stored.file.warnings == ()
    picture = library.thumbnail(stored.id, 1)
    assert png.size_of(picture) == (64, 48)
    with Image.open(io.BytesIO(picture)) as shown:
        pixel = shown.convert("RGB").getpixel((10, 10))
    assert isinstance(pixel, tuple)
    assert all(abs(got - wanted) < 8 for got, wanted in zip(pixel, RED, strict=True))
    assert (tmp_path / f"{stored.id}.png").read_bytes() == picture
    library.delete(stored.id)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "picture",
    [b"", b"qoif", qoi()[:-1], qoi(said=(0, 48)), qoi(said=(5000, 5000)), jpg()[:-2], b"\x89PNG"],
    ids=["nothing", "mark", "cut", "empty", "wide", "cut JPG", "PNG"],
)  # fmt: skip
def test_what_is_no_whole_picture_is_none(save: Save, picture: bytes) -> None:
    assert previews.sane(picture) is None
    assert not inspect_file(save(in_comments(picture, "QOI")), "p").plates[0].has_thumbnail


@pytest.mark.parametrize(
    "picture",
    [b"\xff\xd8\xff\xe0" + b"noise" * 99 + b"\xff\xd9", jpg(5000, 8), qoi()[:30] + qoi()[-9:]],
    ids=["noise", "wide JPG", "QOI without its pixels"],
)
def test_what_cannot_be_read_is_no_picture(tmp_path: Path, picture: bytes) -> None:
    """It looks whole from outside, so the list offers it; then there is none, and no harm."""
    library = FileLibrary(tmp_path, ManualClock(), 10_000_000)
    stored = library.add(io.BytesIO(in_comments(picture, "JPG")), "part")
    with pytest.raises(NotFound) as caught:
        library.thumbnail(stored.id, 1)
    assert caught.value.error_code == "thumbnail_not_found"


def test_a_png_is_preferred(tmp_path: Path, png_bytes: bytes) -> None:
    content = write.whole(
        pictures=[
            write.block(write.PICTURE, qoi(200, 200), encoding=write.QOI),
            write.block(write.PICTURE, png_bytes, encoding=write.PNG),
        ]
    )
    library = FileLibrary(tmp_path, ManualClock(), 1_000_000)
    stored = library.add(io.BytesIO(content), "part")
    assert library.thumbnail(stored.id, 1) == png_bytes


@pytest.fixture
def png_bytes(png: Callable[..., bytes]) -> bytes:
    return png(64, 64)

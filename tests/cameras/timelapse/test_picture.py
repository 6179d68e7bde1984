"""What counts as a frame."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from cameras.configured import Turn
from cameras.timelapse import picture
from cameras.timelapse.picture import BadPicture, Form


def test_a_whole_picture_counts(kit: SimpleNamespace) -> None:
    assert picture.check(kit.frame(size=(161, 121))) == Form((161, 121), "RGB", 2)
    assert picture.check(kit.frame(subsampling=0)).sampling == 0


def test_a_thumbnail_inside_is_no_end(kit: SimpleNamespace) -> None:
    thumbnail = b"Exif\0\0" + kit.frame(1, size=(16, 12))
    assert picture.check(kit.frame(exif=thumbnail)).size == (160, 120)


@pytest.mark.parametrize("kept", [0, 2, 700, 1024, 2000, -2, -1])
def test_a_cut_one_does_not(kit: SimpleNamespace, kept: int) -> None:
    with pytest.raises(BadPicture):
        picture.check(kit.frame()[:kept])


@pytest.mark.parametrize("change", ["tail", "text", "png"])
def test_nor_does_what_is_no_picture(kit: SimpleNamespace, change: str) -> None:
    good = kit.frame()
    png = io.BytesIO()
    Image.effect_noise((90, 90), 80).save(png, "PNG")
    content = {
        "tail": b"garbage" + good,
        "text": b"<html>" + b"x" * 4000,
        "png": png.getvalue(),
    }
    with pytest.raises(BadPicture):
        picture.check(content[change])


def test_another_size_is_fitted_with_borders(kit: SimpleNamespace) -> None:
    wide = picture.fitted(kit.frame(size=(300, 100)), Form((160, 120)))
    assert picture.check(wide) == Form((160, 120), "RGB", 2)
    with Image.open(io.BytesIO(wide)) as made:
        assert max(made.getpixel((80, 2))) < 16, "black above"


def test_the_poster_is_small_and_turned(kit: SimpleNamespace, tmp_path: Path) -> None:
    path = tmp_path / "000001.jpg"
    path.write_bytes(kit.frame(size=(1280, 720)))
    with Image.open(io.BytesIO(picture.poster(path, Turn(rotate=90)))) as made:
        assert made.size == (360, 640)

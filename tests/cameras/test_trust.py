"""A configured camera's certificate: remembered, or an authority's."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cameras.book import CameraBook
from cameras.frames import CameraFailed
from cameras.sources import mjpeg
from cameras.trust import CameraTrust
from core.camera_config import CameraConfig, CamerasConfig
from printers.base import CameraSource
from simulator.certificates import CertificateAuthority, Identity, server_context
from tests.cameras.web_camera import Viewer, web_camera


def book_of(url: str, folder: Path, tls: str = "") -> CameraBook:
    camera = CameraConfig(id="door", name="Door", type="mjpeg", url=url, tls=tls)
    return CameraBook(lambda _: None, (), CamerasConfig(list=(camera,)), trust=CameraTrust(folder))


def first_picture(book: CameraBook) -> bytes:
    source = book.source("door")
    assert isinstance(source, CameraSource)
    with closing(mjpeg.frames(source, lambda: False)) as stream:
        return next(stream)


@pytest.fixture
def identities(tmp_path: Path) -> tuple[Identity, Identity]:
    return tuple(CertificateAuthority(tmp_path / name).identity(name) for name in "ab")  # type: ignore[return-value]


@pytest.fixture
def serve(jpeg: Any) -> Callable[[Viewer], None]:
    return lambda viewer: viewer.answer(jpeg())


def test_the_first_certificate_is_remembered_across_restarts(
    tmp_path: Path, identities: tuple[Identity, Identity], serve: Any, jpeg: Any
) -> None:
    with web_camera(serve, server_context(identities[0])) as camera:
        assert first_picture(book_of(camera.url, tmp_path)) == jpeg()
        (kept,) = tmp_path.glob("*.pem")
        assert first_picture(book_of(camera.url, tmp_path)) == jpeg()
        kept.write_text(identities[1].certificate.read_text())
        with pytest.raises(CameraFailed) as caught:
            first_picture(book_of(camera.url, tmp_path))
        assert caught.value.error_code == "certificate"


def test_other_rules(tmp_path: Path, identities: tuple[Identity, Identity], serve: Any) -> None:
    with web_camera(serve, server_context(identities[0])) as camera:
        for tls in ("system", str(identities[1].certificate)):
            with pytest.raises(CameraFailed) as caught:
                first_picture(book_of(camera.url, tmp_path, tls))
            assert caught.value.error_code == "certificate"
        with pytest.raises(CameraFailed, match="is no certificate"):
            first_picture(book_of(camera.url, tmp_path, str(tmp_path / "none.pem")))
        assert camera.requests == []


def test_nobody_answers(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{free.getsockname()[1]}/"
    with pytest.raises(CameraFailed, match="cannot be reached"):
        first_picture(book_of(url, tmp_path))
    assert not list(tmp_path.glob("*.pem"))

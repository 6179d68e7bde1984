"""Web cameras that want a user and a password."""

from __future__ import annotations

import hashlib
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from cameras.frames import CameraFailed
from cameras.sources import mjpeg, snapshot
from core.secret import Secret
from printers.base import CameraSource
from tests.cameras.web_camera import Viewer, source_of, web_camera

DIGEST = 'Digest realm="cam", nonce="n1", qop="auth", algorithm=MD5'
BASIC = 'Basic realm="cam"'


def source(url: str, kind: str, password: str = "canary-p") -> CameraSource:
    return replace(source_of(url, kind), user="me", secret=Secret(password))


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def knows(viewer: Viewer, password: str) -> bool:
    """As a camera checks it (RFC 2617 3.2.2), worked out apart from the product."""
    kind, _, rest = viewer.headers.get("Authorization", "").partition(" ")
    if kind == "Basic":
        return rest == "bWU6Y2FuYXJ5LXA="
    said = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
    said = {name: value.strip('"') for name, value in said.items()}
    if kind != "Digest" or said["uri"] != viewer.path:
        return False
    secret, asked = md5(f"me:cam:{password}"), md5(f"GET:{viewer.path}")
    parts = (secret, said["nonce"], said["nc"], said["cnonce"], said["qop"], asked)
    return said["response"] == md5(":".join(parts))


def serving(challenge: str, jpeg: Any) -> Any:
    def serve(viewer: Viewer) -> None:
        if knows(viewer, "canary-p"):
            viewer.answer(jpeg())
        else:
            head = f"HTTP/1.1 401 No\r\nWWW-Authenticate: {challenge}\r\n"
            viewer.send(f"{head}Content-Length: 0\r\n\r\n".encode())

    return serve


@pytest.mark.parametrize("challenge", [DIGEST, BASIC])
@pytest.mark.parametrize(("kind", "read"), [("mjpeg", mjpeg), ("snapshot", snapshot)])
def test_a_refusal_is_answered(challenge: str, kind: str, read: Any, jpeg: Any) -> None:
    with (
        web_camera(serving(challenge, jpeg)) as camera,
        closing(read.frames(source(camera.url, kind), lambda: False)) as stream,
    ):
        assert next(stream) == jpeg()
    assert "Authorization" not in camera.requests[0].headers, "not before it is asked for"


def test_the_next_picture_is_asked_for_signed(jpeg: Any) -> None:
    with web_camera(serving(DIGEST, jpeg)) as camera:
        stream = snapshot.frames(source(camera.url, "snapshot"), lambda: False, every_s=0.01)
        with closing(stream):
            assert [next(stream) for _ in range(3)] == [jpeg()] * 3
    assert len(camera.requests) == 4


@pytest.mark.parametrize("challenge", [DIGEST, BASIC, "Negotiate"])
def test_a_wrong_password(challenge: str, jpeg: Any) -> None:
    with web_camera(serving(challenge, jpeg)) as camera, pytest.raises(CameraFailed) as caught:
        snapshot.fetch(source(camera.url, "snapshot", "canary-q"), lambda: False)
    assert caught.value.error_code == "auth" and len(camera.requests) <= 2
    assert all("canary" not in str(viewer.headers) for viewer in camera.requests)

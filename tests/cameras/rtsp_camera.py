"""A camera with real H.264 on a loopback port: the GStreamer RTSP server in a child process."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import psutil
import pytest

from core.secret import Secret
from printers.base import CameraSource
from simulator.certificates import CertificateAuthority

SERVER = Path(__file__).with_name("gst_server.py")
PYTHON = "/usr/bin/python3"  # python3-gi belongs to the system's
CODE = "canary-code-4711"


@dataclass(frozen=True, kw_only=True)
class Wish:
    port: int
    user: str = "bblp"
    password: str = CODE
    auth: str = "digest"
    cert: str = ""
    key: str = ""
    path: str = "/streaming/live/1"
    fps: int = 15
    width: int = 320
    height: int = 180


@cache
def has_server() -> bool:
    look = 'import gi; gi.require_version("GstRtspServer", "1.0")'
    try:
        return subprocess.run([PYTHON, "-c", look], capture_output=True).returncode == 0
    except OSError:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RtspCamera:
    """Started and stopped as often as a test wants, on the same port."""

    def __init__(
        self, folder: Path, *, tls: bool = True, auth: str = "digest", **more: int
    ) -> None:
        identity = CertificateAuthority(folder).identity("00M00SIM0000001")
        self.certificate = identity.certificate
        self.tls = tls
        cert, key = (str(identity.certificate), str(identity.key)) if tls else ("", "")
        self.wish = Wish(port=free_port(), auth=auth, cert=cert, key=key)
        self._child: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self._child = child = subprocess.Popen(
            [PYTHON, str(SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert child.stdin is not None and child.stdout is not None
        child.stdin.write(json.dumps(asdict(self.wish)) + "\n")
        child.stdin.flush()
        assert child.stdout.readline() == "ready\n"

    @property
    def process(self) -> psutil.Process:
        assert self._child is not None
        return psutil.Process(self._child.pid)

    def freeze(self, *, frozen: bool = True) -> None:
        assert self._child is not None
        os.kill(self._child.pid, signal.SIGSTOP if frozen else signal.SIGCONT)

    def stop(self) -> None:
        """As a power cut: nothing is said to anybody."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.communicate()

    def source(self, code: str = CODE, **fields: object) -> CameraSource:
        known: dict[str, object] = {
            "kind": "rtsps" if self.tls else "rtsp", "host": "127.0.0.1", "port": self.wish.port,
            "user": "bblp", "secret": Secret(code), "tls": self.pinned if self.tls else None,
            "fps": 15.0,
        }  # fmt: skip
        return CameraSource(**{**known, **fields})  # type: ignore[arg-type]

    def pinned(self) -> ssl.SSLContext:
        return pinned_to(str(self.certificate))


def pinned_to(certificate: str) -> ssl.SSLContext:
    """Accepts this leaf and nothing else, as the adapter's context does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(certificate)
    return context


@contextmanager
def rtsp_camera(folder: Path, *, tls: bool = True, auth: str = "digest") -> Iterator[RtspCamera]:
    if not has_server():
        pytest.skip("needs python3-gi and gir1.2-gst-rtsp-server-1.0")
    camera = RtspCamera(folder, tls=tls, auth=auth)
    camera.start()
    try:
        yield camera
    finally:
        camera.stop()

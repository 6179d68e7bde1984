"""Keys and certificates: who gets them, who is believed, what is never shown."""

from __future__ import annotations

import json
import ssl
from pathlib import Path
from typing import Any

import pytest

from core.errors import (
    Blocked,
    ConfigError,
    PrinterOffline,
    PrinterRejected,
)
from printers import commands as c
from simulator.certificates import CertificateAuthority, server_context
from tests.printers.follow import seen
from tests.printers.octoprint.server import KEY, FakeOctoPrint
from tests.printers.octoprint.steps import Make, S, ready
from tests.waiting import wait_for


def test_the_camera_gets_the_key_only_at_its_own_server(server: FakeOctoPrint, make: Make) -> None:
    server.webcam = {"streamUrl": "/webcam/?action=stream", "snapshotUrl": "/webcam/?action=snap"}
    printer = make(server.url)
    ready(printer)
    camera = printer.camera()
    assert camera is not None
    assert (camera.kind, camera.url) == ("mjpeg", f"{server.url}/webcam/?action=stream")
    assert camera.headers() == {"X-Api-Key": KEY}
    server.webcam = {"snapshotUrl": "http://192.0.2.9/snap"}
    server.event("SettingsUpdated")
    wait_for(lambda: (found := printer.camera()) is not None and found.kind == "snapshot")
    camera = printer.camera()
    assert camera is not None and dict(camera.headers()) == {}
    assert camera.url == camera.snapshot_url == "http://192.0.2.9/snap"


def test_no_key_is_ever_shown(
    server: FakeOctoPrint, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    server.webcam = {"streamUrl": "/webcam/"}
    printer = make(server.url)
    ready(printer)
    with pytest.raises(PrinterRejected):
        printer.execute(c.Stop())
    server.cut()
    seen(printer, lambda s: not s.link.online)
    shown = json.dumps(printer.diagnostics(), default=repr) + repr(printer.status) + caplog.text
    shown += repr(printer.camera())
    for secret in (KEY, "session1", "global-key"):
        assert secret not in shown


@pytest.mark.parametrize(
    "more", [{"url": ""}, {"key": ""}, {"url": "ftp://x"}, {"options": {"max_bed_c": "hot"}}]
)
def test_settings_that_cannot_work_are_refused_at_once(make: Make, more: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="Maple"):
        make(**({"url": "http://127.0.0.1:1", "start": False} | more))


def test_a_certificate_is_pinned_and_a_changed_one_needs_a_person(
    make: Make, tmp_path: Path
) -> None:
    with FakeOctoPrint(_context(tmp_path / "one")) as server:
        printer = make(server.url)
        ready(printer)
        server.webcam = {"streamUrl": "/webcam/"}
        server.event("SettingsUpdated")
        wait_for(lambda: printer.camera() is not None)
        camera = printer.camera()
        assert camera is not None and camera.tls is not None and camera.tls() is not None
        pinned = printer.diagnostics()["certificate_sha256"]
        server._server._context = _context(tmp_path / "two")
        server.cut()
        status = seen(printer, lambda s: s.state is S.IDENTITY)
        assert pinned in status.message
        asked = len(server.requests)
        with pytest.raises(PrinterOffline):
            printer.execute(c.Home())
        assert len(server.requests) == asked
        with pytest.raises(Blocked):
            printer.execute(c.TrustCertificate(sha256="00" * 32))
        shown = status.message.rstrip(".").rsplit(" ", 1)[-1]
        printer.execute(c.TrustCertificate(sha256=shown))
        ready(printer)
        assert printer.diagnostics()["certificate_sha256"] == shown


def _context(folder: Path) -> ssl.SSLContext:
    return server_context(CertificateAuthority(folder).identity("maple"), tls13=True)

"""A changed certificate gets no key before a person has looked."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from core.errors import (
    Blocked,
)
from printers import commands as c
from simulator.certificates import CertificateAuthority, server_context
from tests.printers.moonraker.server import KEY, FakeMoonraker
from tests.printers.moonraker.steps import Make, S, in_state


def tls_of(folder: Path) -> ssl.SSLContext:
    return server_context(CertificateAuthority(folder).identity("rowan"), tls13=True)


def test_a_changed_certificate_needs_a_person(make: Make, tmp_path: Path) -> None:
    with FakeMoonraker(key=KEY, context=tls_of(tmp_path / "first")) as server:
        printer = make(server.url, KEY)
        in_state(printer, S.IDLE)
        pinned = printer.diagnostics()["certificate_sha256"]
        server.show_certificate(tls_of(tmp_path / "second"))
        calls = len(server.calls)
        printer.execute(c.Reconnect())
        status = in_state(printer, S.IDENTITY)
        assert pinned in status.message
        assert len(server.calls) == calls  # no key, no word to a stranger
        with pytest.raises(Blocked, match="not the one"):
            printer.execute(c.TrustCertificate(sha256=pinned))
        shown = status.message.rsplit("Shown now: ", 1)[1].rstrip(".")
        printer.execute(c.TrustCertificate(sha256=shown))
        in_state(printer, S.IDLE)
        assert printer.diagnostics()["certificate_sha256"] == shown
        printer.stop()

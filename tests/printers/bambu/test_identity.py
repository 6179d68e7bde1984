"""The certificate comes before any credential (bambu-lan A2)."""

from __future__ import annotations

import hashlib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import Blocked, StorageError
from printers import commands as c
from printers.bambu.identity import Identity
from printers.lan.certificates import certificate, common_name, look
from printers.lan.dialer import Aborted, Dialer
from printers.status import PrinterState


def test_the_common_name_is_read_from_a_real_certificate(bambu_rig: Callable[..., Any]) -> None:
    rig = bambu_rig(start=False)
    endpoint = rig.farm.endpoints["cedar"]
    presented = look(Dialer(endpoint.host), endpoint.mqtt_port)
    assert presented.common_name == endpoint.serial
    assert presented.sha256 == endpoint.certificate_sha256
    assert presented.sha256 == hashlib.sha256(presented.der).hexdigest()
    assert ssl.PEM_cert_to_DER_cert(presented.pem) == presented.der


@pytest.mark.parametrize("length", [0, 1, 2, 5, 20, 60, 120])
def test_a_damaged_certificate_has_no_name_and_raises_nothing(
    bambu_rig: Callable[..., Any], length: int
) -> None:
    assert common_name(b"\x30\x82\x01" * length) == ""
    assert certificate(b"\x00" * length).common_name == ""


def test_first_use_pins_and_the_pin_outlives_the_process(bambu_rig: Callable[..., Any]) -> None:
    rig = bambu_rig()
    rig.online()
    endpoint = rig.farm.endpoints["cedar"]
    folder: Path = rig.data_dir / "certificates"
    rig.until(lambda _: folder.exists() and list(folder.glob("*.pem")), "no pin was saved")
    again = Identity("cedar", endpoint.serial, rig.data_dir)
    assert again.check(Dialer("127.0.0.1"), 1) is not None  # no look needed: port 1 is closed
    assert again.pin is not None
    assert again.pin.sha256 == endpoint.certificate_sha256
    assert rig.printer.diagnostics()["certificate_sha256"] == endpoint.certificate_sha256


def test_another_serial_is_named_and_gets_no_credentials(bambu_rig: Callable[..., Any]) -> None:
    rig = bambu_rig(serial="01P00SIM0009999")
    status = rig.in_state(PrinterState.IDENTITY)
    assert "Another printer answers" in status.message
    assert rig.farm.endpoints["cedar"].serial in status.message
    assert rig.sim.clients() == []
    assert rig.sim.requests() == []


def test_a_changed_certificate_is_a_state_of_its_own(bambu_rig: Callable[..., Any]) -> None:
    rig = bambu_rig()
    rig.online()
    before = rig.farm.endpoints["cedar"].certificate_sha256
    after = rig.sim.rotate_certificate()
    status = rig.in_state(PrinterState.IDENTITY)
    assert before in status.message
    assert after in status.message
    assert rig.sim.clients() == []

    with pytest.raises(Blocked, match="not the one you confirmed"):
        rig.printer.execute(c.TrustCertificate(sha256="00" * 32))
    result = rig.printer.execute(c.TrustCertificate(sha256=after.upper()))
    assert "trusted" in result.text
    rig.online()
    pem = next((rig.data_dir / "certificates").glob("*.pem")).read_text()
    assert certificate(ssl.PEM_cert_to_DER_cert(pem)).sha256 == after


def test_a_pinned_printer_that_is_replaced_never_sees_the_access_code(
    bambu_rig: Callable[..., Any],
) -> None:
    rig = bambu_rig()
    rig.online()
    rig.printer.stop()
    rig.sim.rotate_certificate()
    seen = rig.sim.requests()
    rig.build(rig.printer.config, rig.printer._timing)
    rig.printer.start()
    rig.in_state(PrinterState.IDENTITY)
    rig.printer.stop()
    assert rig.sim.requests() == seen


def test_a_damaged_pin_is_reported_and_never_replaced_silently(
    bambu_rig: Callable[..., Any],
) -> None:
    rig = bambu_rig(start=False)
    folder = rig.data_dir / "certificates"
    folder.mkdir()
    (folder / f"cedar-{rig.printer.config.serial}.pem").write_text("no certificate")
    rig.printer.start()
    status = rig.until(lambda s: "cannot be read" in s.message)
    assert status.state is PrinterState.OFFLINE
    with pytest.raises(StorageError, match="Delete the file"):
        Identity("cedar", rig.printer.config.serial, rig.data_dir).check(Dialer("127.0.0.1"), 1)


def test_opening_is_broken_off_from_another_thread() -> None:
    """A listener that never answers the TLS hello: stop must not wait for the time-out."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        dialer = Dialer("127.0.0.1")
        timer = threading.Timer(0.1, dialer.abort)
        began = time.monotonic()
        timer.start()
        with pytest.raises(Aborted):
            look(dialer, server.getsockname()[1])
        timer.join()
        assert time.monotonic() - began < 2.0
        with pytest.raises(Aborted):
            dialer.open_tcp(server.getsockname()[1])

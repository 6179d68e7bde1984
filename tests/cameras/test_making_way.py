"""A P1 camera hangs up while its printer is sent a file; others stay."""

from __future__ import annotations

import ssl
from dataclasses import replace

import pytest

from cameras.hub import CameraHub
from core.clock import SystemClock
from core.secret import Secret
from printers.base import CameraSource

SOURCE = CameraSource(
    kind="bambu_jpeg", host="127.0.0.1", port=9, user="bblp", secret=Secret("x"),
    tls=lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), pause_during_upload=True,
)  # fmt: skip


@pytest.mark.parametrize("pauses", [True, False])
def test_only_a_printer_that_cannot_do_both_loses_its_picture(pauses: bool) -> None:
    hub = CameraHub(lambda _: replace(SOURCE, pause_during_upload=pauses), SystemClock())
    try:
        with hub.making_way("cedar"):
            assert (hub.status("cedar").code == "paused") is pauses
        assert hub.status("cedar").code != "paused"
    finally:
        hub.stop()


def test_a_failed_upload_gives_the_camera_back() -> None:
    hub = CameraHub(lambda _: SOURCE, SystemClock())
    try:
        with pytest.raises(RuntimeError), hub.making_way("cedar"):
            raise RuntimeError("upload failed")
        assert hub.status("cedar").code != "paused"
    finally:
        hub.stop()

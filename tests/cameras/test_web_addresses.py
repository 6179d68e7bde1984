"""Addresses, redirects, keys and certificates of web cameras."""

from __future__ import annotations

import socket
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cameras.sources import snapshot
from core.errors import PrinterOffline
from simulator.certificates import CertificateAuthority, server_context
from tests.cameras.test_web_trouble import endless
from tests.cameras.web_camera import source_of, web_camera
from tests.cameras.web_reading import never, part, picture_failure, stream_failure, take


def redirect(viewer: Any, to: str) -> None:
    viewer.send(f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode())


def test_a_redirect_on_the_same_server_is_followed(jpeg: Any) -> None:
    def serve(viewer: Any) -> None:
        if viewer.path == "/pic":
            viewer.answer(jpeg())
        else:
            redirect(viewer, "/pic")

    with web_camera(serve) as camera:
        assert snapshot.fetch(source_of(camera.url, key="abc"), never) == jpeg()
    assert [viewer.headers["X-Api-Key"] for viewer in camera.requests] == ["abc", "abc"]


@pytest.mark.parametrize("read", [stream_failure, picture_failure])
def test_a_redirect_elsewhere_gets_no_key(read: Any, jpeg: Any) -> None:
    with web_camera(lambda viewer: viewer.answer(jpeg())) as other:
        for to in (other.url, other.url.replace("http:", ""), "file:///etc/passwd", "https://x/"):
            with web_camera(lambda viewer, to=to: redirect(viewer, to)) as camera:
                error = read(source_of(camera.url, key="abc"))
            assert error.error_code in ("redirected", "address")
        assert other.requests == []


def test_a_redirect_to_what_is_no_address() -> None:
    with web_camera(lambda viewer: redirect(viewer, "http://[::1/x")) as camera:
        assert picture_failure(source_of(camera.url)).error_code == "redirected"


def test_a_redirect_for_ever() -> None:
    with web_camera(lambda viewer: redirect(viewer, "/again")) as camera:
        assert picture_failure(source_of(camera.url)).error_code == "redirected"
    assert len(camera.requests) == 4


@pytest.mark.parametrize(
    "url", ["", "rtsp://x/", "//x", "http://", "http://[::1", "http://a:99999"]
)
def test_addresses_that_are_none(url: str) -> None:
    assert picture_failure(source_of(url)).error_code == "address"


def test_signing_in_by_the_address(jpeg: Any) -> None:
    with web_camera(lambda viewer: viewer.answer(jpeg())) as camera:
        url = camera.url.replace("://", "://me:p%40ss@").replace("action=x", "a=ü b")
        snapshot.fetch(source_of(url), never)
    (viewer,) = camera.requests
    assert viewer.headers["Authorization"] == "Basic bWU6cEBzcw=="
    assert viewer.path == "/webcam/?a=%C3%BC%20b"


def test_a_key_that_cannot_be_sent_is_not_shown() -> None:
    with web_camera(lambda viewer: None) as camera:
        source = source_of(camera.url, key="secret\r\nHost: evil")
        error = picture_failure(source)
    assert error.error_code == "address" and camera.requests == []
    assert error.__cause__ is None and error.__suppress_context__


def test_a_closed_port_is_a_camera_that_is_off() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
        error = stream_failure(source_of(url))
    assert (error.error_code, error.message) == ("off", "Camera is off")


def test_https_with_the_printers_certificate(tmp_path: Path, jpeg: Any) -> None:
    identity = CertificateAuthority(tmp_path).identity("oak")

    def pinned() -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(identity.certificate)
        return context

    def not_yet() -> ssl.SSLContext:
        raise PrinterOffline("Oak has not been reached yet.")

    with web_camera(endless(part(jpeg())), server_context(identity)) as camera:
        source = source_of(camera.url, key="abc")
        assert take(replace(source, tls=pinned), 2) == [jpeg(), jpeg()]
        seen = len(camera.requests)
        for tls in (None, lambda: None):
            strange = stream_failure(replace(source, tls=tls))
            assert strange.error_code == "certificate", "the system does not know it"
        early = stream_failure(replace(source, tls=not_yet))
        assert early.error_code == "not_ready" and "Oak" in early.message
        assert len(camera.requests) == seen, "no key was sent"

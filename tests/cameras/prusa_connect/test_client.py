"""The requests themselves: dead, hanging and pointing servers, certificates, and who hears of the
token (only the server)."""

from __future__ import annotations

import http.client
import logging
import socket
import ssl
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from cameras.prusa_connect import deadline
from cameras.prusa_connect.answers import Answer
from cameras.prusa_connect.client import ConnectClient
from core import jsonio
from core.clock import ManualClock
from core.secret import Secret
from simulator.certificates import CertificateAuthority, server_context
from tests.cameras.prusa_connect.certificate import self_signed
from tests.cameras.prusa_connect.conftest import FINGERPRINT, Scene
from tests.cameras.prusa_connect.connect_server import TOKEN, Order, connect_server

Draw = Callable[..., bytes]


@contextmanager
def client_of(host: str, **more: object) -> Iterator[ConnectClient]:
    with closing(ConnectClient(host, ManualClock(), **more)) as client:  # type: ignore[arg-type]
        yield client


def send(client: ConnectClient, jpeg: bytes) -> Answer:
    return client.snapshot(Secret(TOKEN), FINGERPRINT, jpeg)


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def test_a_server_that_is_down(draw: Draw) -> None:
    with client_of(f"http://127.0.0.1:{closed_port()}") as client:
        assert send(client, draw()) == Answer(problem="Prusa Connect cannot be reached")


def test_a_server_that_never_answers_costs_the_time_out(scene: Scene, draw: Draw) -> None:
    sender = scene.sender(timeout_s=0.3)
    scene.server.order("hang")
    assert scene.turn(sender, draw()) == pytest.approx(10)
    assert sender.status().text == "Prusa Connect did not answer in time"
    assert sender.status().state == "unreachable"


def test_an_answer_that_trickles_in_is_given_up(
    scene: Scene, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "WHOLE_ANSWER_S", 0.3)
    sender = scene.sender()
    scene.server.order("trickle")
    scene.turn(sender, draw())
    assert sender.status().text == "Prusa Connect did not answer in time"
    assert scene.server.trickled > 2


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(scene: Scene, draw: Draw, code: int) -> None:
    with connect_server(scene.clock) as other:
        sender = scene.sender()
        scene.server.order(Order(code, (("Location", f"{other.url}/c/snapshot"),)))
        assert scene.turn(sender, draw()) == pytest.approx(900)
        assert other.connections == 0
    assert len(scene.server.taken) == 1
    assert sender.status().state == "redirected"


def test_a_server_with_an_unknown_certificate_hears_nothing(tmp_path: Path, draw: Draw) -> None:
    authority = CertificateAuthority(tmp_path)
    context = server_context(authority.identity("127.0.0.1"))
    with connect_server(ManualClock(), context) as server:
        with client_of(server.url) as client:
            answer = send(client, draw())
        assert answer.code is None and "certificate is not trusted" in answer.problem
        assert server.taken == []


def own_authority(folder: Path) -> tuple[ssl.SSLContext, str]:
    """A server's side for 127.0.0.1, and the file that makes it trusted."""
    certificate, key = self_signed(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, str(certificate)


def test_a_verified_server_gets_the_picture(tmp_path: Path, draw: Draw) -> None:
    context, trusted = own_authority(tmp_path)
    with connect_server(ManualClock(), context) as server:
        with client_of(server.url, verify=trusted) as client:
            assert send(client, draw()).code == 204
        assert len(server.pictures) == 1


def test_proxies_of_the_environment_see_nothing(
    scene: Scene, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    scene.turn(scene.sender(), draw())
    assert len(scene.server.pictures) == 1


@pytest.mark.parametrize(
    "host", ["http://192.0.2.7", "http://connect.example", "http://10.0.0.1:8"]
)
def test_a_token_never_crosses_the_network_in_the_open(scene: Scene, draw: Draw, host: str) -> None:
    sender = scene.sender(host=host)
    scene.turn(sender, draw())
    assert sender.status().state == "misconfigured" and "https" in sender.status().text


def test_cookies_are_not_kept(scene: Scene, draw: Draw) -> None:
    sender = scene.sender()
    scene.server.order(Order(204, (("Set-Cookie", "session=1; Path=/"),)))
    scene.turn(sender, draw())
    scene.turn(sender, draw("red"))
    assert all("cookie" not in one.headers for one in scene.server.taken)


def test_an_answer_without_end_is_cut_off(scene: Scene, draw: Draw) -> None:
    sender = scene.sender()
    scene.server.order(Order(200, body=b"x" * 3_000_000))
    scene.turn(sender, draw())
    assert sender.status().state == "ok"


@pytest.mark.parametrize("code", [204, 400, 401, 403, 404, 409, 500, "drop", "hang", 302, 307])
def test_nobody_but_the_server_hears_of_the_token(
    scene: Scene,
    draw: Draw,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    code: int | str,
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("urllib3", "requests", "cameras"):
        caplog.set_level(logging.DEBUG, logger=name)
    sender = scene.sender(timeout_s=0.2)
    scene.server.order(code)
    scene.turn(sender, draw())
    assert scene.server.pictures[0].headers["token"] == TOKEN
    heard = caplog.text + "".join(capfd.readouterr()) + repr(sender.status())
    heard += jsonio.dumps(sender.status()).decode() + repr(sender._keys) + repr(scene.clients)
    assert TOKEN not in heard and FINGERPRINT not in heard


def test_no_exception_carries_the_token_out(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even one that nobody has foreseen, in a traceback of the log."""

    def burst(*args: object, **more: object) -> None:
        raise RuntimeError("something else")

    with client_of(scene.server.url) as client:
        monkeypatch.setattr(http.client.HTTPConnection, "endheaders", burst)
        with pytest.raises(RuntimeError) as caught:
            send(client, b"x")
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
